package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// change is the work of one root field. An input is a tree of rows: those of the root, and along its edges those that are
// written with them. It is read as a whole first, with all that is wrong with it, then the rows that exist are looked up and
// locked, then rows are written level by level, many at a time, and then the rules are asked about what has become of them.
type change struct {
	engine *Engine
	q      store.Querier
	entity *entity.Entity
	kind   entity.RootKind
	viewer access.Viewer

	items   []*item // all rows of the input
	faults  []apierr.Field
	refused error // what the viewer may not do whatever the rows are
	touched map[rowName]bool
	sets    []setting // lists with a join table that are replaced
	// writing are the rows that the statement at work is about.
	writing []*item
	// upserting is the key by which a new row was looked for and not found.
	upserting *entity.Key
}

// rowName names a row of the database.
type rowName struct {
	entity string
	key    any
}

// rows is how many rows the payload of an input has at most.
func (m *change) rows(input map[string]any) int {
	if m.kind == entity.RootCreateMany {
		_, list := newRows(input)
		return len(list)
	}
	return 1
}

// newRows are the elements of the input of many new rows, and the name under which they stand there.
func newRows(input map[string]any) (name string, list []any) {
	for name, v := range input {
		if name != "clientMutationId" {
			return name, asList(v)
		}
	}
	return "", nil // which the schema refuses
}

// run writes.
func (m *change) run(ctx context.Context, input map[string]any) (outcome, error) {
	switch m.kind {
	case entity.RootCreate:
		it := m.read(&item{entity: m.entity, op: access.Create, path: []any{"input"}, input: input})
		err := m.write(ctx, it)
		return outcome{keys: []any{it.key}, affected: 1, created: true}, err
	case entity.RootCreateMany:
		return m.createMany(ctx, input)
	case entity.RootUpdate:
		it := m.read(&item{entity: m.entity, op: access.Update, path: []any{"input"}, input: input})
		err := m.write(ctx, it)
		return outcome{keys: []any{it.key}, affected: 1}, err
	case entity.RootUpsert:
		return m.upsert(ctx, input)
	case entity.RootDelete:
		return m.delete(ctx, input)
	case entity.RootRestore:
		return m.restore(ctx, input)
	}
	n, err := m.runMany(ctx, input)
	return outcome{affected: n}, err
}

func (m *change) createMany(ctx context.Context, input map[string]any) (outcome, error) {
	name, list := newRows(input)
	if len(list) > maxBulk {
		return outcome{}, tooManyRows([]any{"input", name})
	}
	items := make([]*item, len(list))
	for i, v := range list {
		values, _ := v.(map[string]any)
		items[i] = m.read(&item{entity: m.entity, op: access.Create, path: []any{"input", name, i}, input: values})
	}
	if len(items) == 0 {
		if m.entity.Rules.For(access.Create).Reduce(m.viewer) == nil {
			return outcome{}, m.entity.Denied(access.Create, m.viewer)
		}
		return outcome{}, nil
	}
	if err := m.write(ctx, items...); err != nil {
		return outcome{}, err
	}
	done := outcome{affected: int64(len(items)), keys: make([]any, len(items))}
	for i, it := range items {
		done.keys[i] = it.key
	}
	return done, nil
}

func (m *change) delete(ctx context.Context, input map[string]any) (outcome, error) {
	e := m.entity
	if e.Rules.For(access.Delete).Reduce(m.viewer) == nil {
		return outcome{}, e.Denied(access.Delete, m.viewer)
	}
	key, err := parseGlobalID(input["id"], e.Name, e.ParseKey)
	if err != nil {
		return outcome{}, badPath([]any{"input", "id"}, apierr.InvalidFormat, "id "+err.Error()+".")
	}
	it := &item{entity: e, op: access.Delete, path: []any{"input"}, key: key, input: input, values: make(entity.Input)}
	m.readVersion(it)
	if err := faulty(m.faults); err != nil {
		return outcome{}, err
	}
	if err := m.inspect(ctx, []*item{it}); err != nil {
		return outcome{}, err
	}
	return outcome{keys: []any{key}}, m.remove(ctx, e, []any{key})
}

func (m *change) mutator(e *entity.Entity) entity.Mutator { return m.engine.mutators[e.Name] }

// write writes the rows of an input that was read.
func (m *change) write(ctx context.Context, roots ...*item) error {
	if m.refused != nil {
		return m.refused
	}
	if err := m.inspectAll(ctx, roots); err != nil {
		return err
	}
	if err := m.readCurrent(ctx); err != nil {
		return err
	}
	if err := m.draft(); err != nil {
		return err
	}
	if err := m.lookUp(ctx); err != nil {
		return err
	}
	if err := faulty(m.faults); err != nil {
		return err
	}
	var err error
	if roots[0].op == access.Create {
		err = m.create(ctx, roots)
	} else {
		err = m.update(ctx, roots)
	}
	if err != nil {
		return err
	}
	return m.verify(ctx)
}

// faulty makes one error of all that is wrong with an input, nil of nothing.
func faulty(fields []apierr.Field) error {
	code := apierr.NotFound
	for _, f := range fields {
		if f.Code != apierr.Missing {
			code = apierr.BadUserInput
		}
	}
	switch len(fields) {
	case 0:
		return nil
	case 1:
		return &apierr.Error{Code: code, Message: dotted(fields[0].Path) + " " + fields[0].Message + ".", Fields: fields}
	}
	return &apierr.Error{Code: code, Message: "Several values of the input are not valid.", Fields: fields}
}

// dotted names a value of an input for people: "comments.create.message".
func dotted(path []any) string {
	var text string
	for _, step := range path[min(1, len(path)-1):] {
		if name, ok := step.(string); ok {
			if text != "" {
				text += "."
			}
			text += name
		}
	}
	return text
}

// draft reads the values of all rows into mutations of the ORM. Rows of one list that change in the same way share one, and
// with it a statement.
func (m *change) draft() error {
	shared := make(map[string]*item)
	for _, it := range m.items {
		mutator := m.mutator(it.entity)
		if it.op == access.Create {
			it.draft = mutator.New(it.values)
		} else if first := shared[it.same()]; first != nil && it.same() != "" {
			first.alike = append(first.alike, it)
			it.follows = first
			continue
		} else {
			shared[it.same()] = it
			it.alike = []*item{it}
		}
	}
	for _, it := range m.items {
		if it.op == access.Update && it.follows == nil {
			keys := make([]any, len(it.alike))
			for i, other := range it.alike {
				keys[i] = other.key
			}
			var err error
			if it.draft, err = m.mutator(it.entity).Change(keys, it.values); err != nil {
				return err
			}
		}
	}
	for _, it := range m.items {
		d := it.draft
		if it.follows != nil {
			d = it.follows.draft
		}
		for _, f := range d.Faults {
			m.faults = append(m.faults, it.located(f))
		}
		m.fits(it)
	}
	return nil
}

// create writes new rows of one entity: first those that they refer to, then they themselves, then those that refer to them.
func (m *change) create(ctx context.Context, items []*item) error {
	if err := m.before(ctx, items); err != nil {
		return err
	}
	drafts := make([]*entity.Draft, len(items))
	for i, it := range items {
		drafts[i] = it.draft
	}
	m.writing = items
	keys, err := m.mutator(items[0].entity).Create(ctx, drafts)
	if err != nil {
		return err
	}
	for i, it := range items {
		it.key = keys[i]
	}
	return m.after(ctx, items)
}

// update changes rows of one entity, with those along their edges.
func (m *change) update(ctx context.Context, items []*item) error {
	if err := m.before(ctx, items); err != nil {
		return err
	}
	for _, it := range items {
		if it.follows != nil {
			continue
		}
		m.writing = it.alike
		if err := it.draft.Save(ctx); err != nil {
			return err
		}
	}
	return m.after(ctx, items)
}

// before creates the rows that are referred to, and makes the edges lead there.
func (m *change) before(ctx context.Context, items []*item) error {
	return along(items, func(ed *entity.Edge, branches []*branch) error {
		if ed.Kind != entity.ToOne && ed.Kind != entity.ManyToMany {
			return nil
		}
		created := creates(branches)
		if len(created) == 0 {
			return nil
		}
		if err := m.create(ctx, created); err != nil {
			return err
		}
		for _, b := range branches {
			if len(b.create) == 0 {
				continue
			}
			keys := make([]any, len(b.create))
			for i, it := range b.create {
				keys[i] = it.key
			}
			if err := b.owner.link(ed, keys); err != nil {
				return err
			}
		}
		return nil
	})
}

// after writes what refers to the rows, and changes what is along their edges.
func (m *change) after(ctx context.Context, items []*item) error {
	for _, it := range items {
		if it.draft == nil {
			continue
		}
		m.writing = []*item{it}
		for _, finish := range it.draft.Finish {
			if err := finish(ctx, it.key); err != nil {
				return err
			}
		}
	}
	return along(items, func(ed *entity.Edge, branches []*branch) error {
		if err := m.cut(ctx, ed, branches); err != nil {
			return err
		}
		if ed.Kind == entity.ToMany || ed.Kind == entity.ToOneInverse {
			back := ed.To().SchemaEdge(ed.Back)
			for _, b := range branches {
				for _, it := range b.create {
					if err := it.link(back, []any{b.owner.key}); err != nil {
						return err
					}
				}
			}
			if created := creates(branches); len(created) > 0 {
				if err := m.create(ctx, created); err != nil {
					return err
				}
			}
		}
		var updated []*item
		for _, b := range branches {
			updated = append(updated, b.update...)
		}
		if len(updated) == 0 {
			return nil
		}
		return m.update(ctx, updated)
	})
}

// along calls each with the branches of all items, edge by edge.
func along(items []*item, each func(*entity.Edge, []*branch) error) error {
	for _, ed := range items[0].entity.Edges {
		var all []*branch
		for _, it := range items {
			for _, b := range it.branches {
				if b.edge == ed {
					all = append(all, b)
				}
			}
		}
		if len(all) > 0 {
			if err := each(ed, all); err != nil {
				return err
			}
		}
	}
	return nil
}

func creates(branches []*branch) (items []*item) {
	for _, b := range branches {
		items = append(items, b.create...)
	}
	return items
}

// explain turns an error of a write into what the client may know. Paths of the ORM's errors begin in the input object.
func (m *change) explain(err error) error {
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		if len(e.Fields) == 0 || len(m.writing) == 0 || m.faulted(e) {
			return err
		}
		located := *e
		located.Fields = slices.Clone(e.Fields)
		for i, f := range located.Fields {
			located.Fields[i].Path = append(m.place(), f.Path...)
		}
		return &located
	}
	v := store.Classify(err)
	switch v.Kind {
	case store.Unique:
		return &violation{change: m, of: v}
	case store.ForeignKey:
		if m.kind == entity.RootDelete || m.kind == entity.RootDeleteMany {
			return apierr.Wrap(err, apierr.Conflict, "This %s is still in use.", m.entity.Name)
		}
		return &violation{change: m, of: v}
	case store.NotNull:
		return m.blame(v, apierr.Required, "A value is required.")
	case store.TooLong:
		return m.blame(v, apierr.TooLong, "The value is too long.")
	case store.OutOfRange:
		return m.blame(v, apierr.OutOfRange, "The value is out of range.")
	case store.InvalidText:
		return m.blame(v, apierr.InvalidFormat, "The value holds characters that cannot be stored.")
	case store.Check:
		return m.blame(v, apierr.Invalid, "The value is not allowed.")
	}
	return databaseError(err)
}

// faulted says whether the paths of an error begin at the input already.
func (m *change) faulted(e *apierr.Error) bool {
	return len(e.Fields[0].Path) > 0 && e.Fields[0].Path[0] == "input"
}

// place is the path to the row that is being written, or to the list if there are several.
func (m *change) place() []any {
	switch len(m.writing) {
	case 0:
		return []any{"input"}
	case 1:
		return slices.Clip(m.writing[0].path)
	}
	path := m.writing[0].path
	for len(path) > 1 {
		if _, index := path[len(path)-1].(int); index {
			return slices.Clip(path[:len(path)-1])
		}
		path = path[:len(path)-1]
	}
	return []any{"input"}
}

// blame says which inputs are behind an error about columns.
func (m *change) blame(v *store.Violation, code apierr.FieldCode, message string) error {
	e := m.entity
	if len(m.writing) > 0 {
		e = m.writing[0].entity
	}
	fields := make([]apierr.Field, 0, len(v.Columns))
	if v.Table == "" || v.Table == e.Table {
		for _, column := range v.Columns {
			for _, f := range e.Fields {
				// The tenant is no input: what is taken within it is the rest of the key.
				if f.Column == column && f != e.Tenant {
					fields = append(fields, apierr.Field{Path: append(m.place(), f.Name), Code: code, Message: message})
				}
			}
		}
	}
	return &apierr.Error{Code: apierr.BadUserInput, Message: message, Fields: fields}
}

// tooManyRows is said of an input that would write more rows than one may.
func tooManyRows(path []any) error {
	message := fmt.Sprintf("The input must not hold more than %d rows.", maxBulk)
	return apierr.Input(message, apierr.Field{Path: path, Code: apierr.OutOfRange, Message: message, Limit: maxBulk})
}
