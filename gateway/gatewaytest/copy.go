package gatewaytest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// write sends a mutation that takes an input and returns the id of what it wrote, if that can be read. An error says that the
// mutation failed for another reason than rules.
func (g *Gateway) write(t testing.TB, ctx context.Context, h http.Handler, v access.Viewer, mutation string, input map[string]any) (id string, allowed bool, err error) {
	t.Helper()
	field := g.schema().Mutation.Fields.ForName(mutation)
	payload := g.schema().Types[field.Type.Name()]
	selection := "__typename"
	for _, f := range payload.Fields {
		if def := g.schema().Types[f.Type.Name()]; def.IsCompositeType() && def.Fields.ForName("id") != nil {
			selection = f.Name + " { id }"
		}
	}
	query := fmt.Sprintf("mutation($input: %s) { it: %s(input: $input) { %s } }", field.Arguments.ForName("input").Type, mutation, selection)
	r := read(t, send(t, access.NewContext(ctx, v), h, query, map[string]any{"input": input}))
	switch code := r.Code(); {
	case code == "":
		name, _, _ := strings.Cut(selection, " ")
		id, _ = r.At("it", name, "id").(string)
		return id, true, nil
	case slices.Contains(refusals, code):
		return "", false, nil
	case code == string(apierr.Conflict): // a row that is in use was not refused by a rule
		return "", true, nil
	}
	return "", false, fmt.Errorf("%s", r.Raw)
}

func (g *Gateway) schema() *ast.Schema { return g.Handle.Custom.Schema() }

// attemptCreate makes another row with what the viewer may write of this one. If two such rows cannot be, this one is removed
// first. All of it is undone.
func (g *Gateway) attemptCreate(t testing.TB, v access.Viewer, r row) (allowed bool, err error) {
	t.Helper()
	mutation := r.entity.Names.Create
	if mutation == "" {
		return false, errNotOffered
	}
	input, free, err := g.copy(t, v, r)
	if err != nil {
		return false, err
	}
	g.undone(t, func(ctx context.Context) {
		if err = g.free(ctx, r, free); err == nil {
			_, allowed, err = g.write(t, ctx, g.h, v, mutation, input)
		}
	})
	return allowed, err
}

// allowedCreate is what the rules say about it: the row is made by a gateway whose rules allow that, and then they are asked
// about the row.
func (g *Gateway) allowedCreate(t testing.TB, v access.Viewer, r row) (allowed bool, err error) {
	t.Helper()
	input, free, err := g.copy(t, v, r)
	if err != nil {
		return false, err
	}
	lifted := g.lifted(t, r.entity)
	g.undone(t, func(ctx context.Context) {
		if err = g.free(ctx, r, free); err != nil {
			return
		}
		var id string
		if id, allowed, err = g.write(t, ctx, lifted, v, r.entity.Names.Create, input); err != nil || !allowed {
			return
		}
		made, err2 := g.row(id)
		if err2 != nil {
			err = fmt.Errorf("the row that was made cannot be found: %w", err2)
			return
		}
		x, err2 := g.engine.Explain(ctx, r.entity, made.key, access.Create, v)
		if err = err2; err == nil {
			allowed = x.Allowed
		}
	})
	return allowed, err
}

// lifted is the application with rules that let everybody create rows of the entity, and see them. Tenants and the rules of other
// rows that an input names stay as they are.
func (g *Gateway) lifted(t testing.TB, e *entity.Entity) http.Handler {
	t.Helper()
	if h := g.unruled[e.Name]; h != nil {
		return h
	}
	handle, err := g.app.Handle(g.db.Driver())
	if err != nil {
		t.Fatal(err)
	}
	rules := &handle.Catalog.Entity(e.Name).Rules
	rules.Create, rules.Read = access.Everyone(), access.Everyone()
	if g.unruled == nil {
		g.unruled = make(map[string]http.Handler)
	}
	_, g.unruled[e.Name] = serve(g.db, handle)
	return g.unruled[e.Name]
}

// copy makes the input for a row like r, of what the viewer may write. free says that there cannot be another such row.
func (g *Gateway) copy(t testing.TB, v access.Viewer, r row) (input map[string]any, free bool, err error) {
	t.Helper()
	e := r.entity
	mutation := g.schema().Mutation.Fields.ForName(e.Names.Create)
	inputs := g.schema().Types[mutation.Arguments.ForName("input").Type.Name()].Fields
	output := g.schema().Types[e.Name]
	selection := "__typename"
	for _, in := range inputs {
		f := output.Fields.ForName(in.Name)
		if f == nil || in.Name == "id" || len(f.Arguments) > 0 || g.schema().Types[f.Type.Name()].IsCompositeType() {
			continue
		}
		if writable(e, in.Name, v) && !toItself(e, in.Name) {
			selection += " " + in.Name
		}
	}
	query := fmt.Sprintf("query($id: ID!) { it: node(id: $id) { ... on %s { %s } } }", e.Name, selection)
	input, _ = g.Must(t, access.Viewer{System: true}, query, map[string]any{"id": r.id()}).At("it").(map[string]any)
	if input == nil {
		return nil, false, fmt.Errorf("there is no %s:%v", e.Name, r.key)
	}
	delete(input, "__typename")
	for name, value := range input {
		if value == nil {
			delete(input, name)
		}
	}
	for _, in := range inputs {
		if _, given := input[in.Name]; in.Type.NonNull && in.DefaultValue == nil && !given {
			switch {
			case in.Name == "id":
				input["id"] = relay.ID(e.Name, another(fmt.Sprint(r.key), 0))
			case in.Type.Name() == "String":
				input[in.Name] = "another"
			default:
				return nil, false, fmt.Errorf("no value for the input %s", in.Name)
			}
		}
	}
	for _, k := range e.Keys {
		free = !renew(input, k) || free
	}
	return input, free, nil
}

// writable says whether the viewer may write the input in every row.
func writable(e *entity.Entity, input string, v access.Viewer) bool {
	may := func(r *access.Rule) bool {
		reduced := r.Reduce(v)
		return r == nil || reduced != nil && reduced.Kind == access.KindEveryone
	}
	for _, f := range e.Fields {
		if f.Name == input && !may(f.Write) {
			return false
		}
	}
	for _, ed := range e.Edges {
		if (ed.Input == input || ed.Name == input) && !may(ed.Write) {
			return false
		}
	}
	return true
}

// toItself says whether the input refers to another row of the entity, which stays out of copies: the rules of e are those that
// are tried.
func toItself(e *entity.Entity, input string) bool {
	return slices.ContainsFunc(e.Edges, func(ed *entity.Edge) bool { return ed.Input == input && ed.Target == e.Name })
}

// renew changes a value of a unique key, so that there can be another row. Rows that a key refers to stay the same.
func renew(input map[string]any, k *entity.Key) bool {
	for _, f := range k.Fields {
		switch value := input[f.Name].(type) {
		case string:
			switch f.Type {
			case entity.UUID:
				input[f.Name] = value[:32] + "beef"
				return true
			case entity.String, entity.BigInt:
				input[f.Name] = another(value, f.MaxLen)
				return true
			}
		case float64:
			input[f.Name] = 1_000_000_007 - value
			return true
		}
	}
	return false
}

// another is a text like the given one, of at most so many bytes, that is most likely not in use.
func another(text string, most int) string {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(1_000_000_007-n, 10)
	}
	if most > 0 && len(text)+2 > most {
		text = text[:len(text)-2]
	}
	return text + "zq"
}

// free removes the row if another like it cannot be beside it.
func (g *Gateway) free(ctx context.Context, r row, needed bool) error {
	if !needed {
		return nil
	}
	var where []string
	var args []any
	for i, value := range r.entity.KeyValues(r.key) {
		args = append(args, value)
		place := "?"
		if g.Dialect() == dialect.Postgres {
			place = "$" + strconv.Itoa(i+1)
		}
		where = append(where, fmt.Sprintf(`"%s" = %s`, r.entity.ID[i].Column, place))
	}
	statement := fmt.Sprintf(`DELETE FROM "%s" WHERE %s`, r.entity.Table, strings.Join(where, " AND "))
	if err := g.db.Driver().Exec(ctx, statement, args, nil); err != nil {
		return fmt.Errorf("there cannot be another %s like this one, which is in use", r.entity.Name)
	}
	return nil
}
