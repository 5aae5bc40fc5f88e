package entity

import (
	"slices"

	"entgo.io/ent/schema"
	"entgo.io/ent/schema/mixin"

	"github.com/entwine-data/entwine/gateway/access"
)

// History keeps what became of each row of an entity: who created, changed, deleted and restored it and when, with the values of the
// changed fields before and after. The API shows it in a field `history` of the row, to those who may read the row, and of fields that
// they may read.
//
//	func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }
//
// All writes of the ORM are kept, in the transaction that makes them: those of one mutation, or of one transaction of the application's
// Go code, as one entry for each row. Sensitive and hidden fields are not kept. What the ORM does not see is not kept either: SQL,
// loaded data, the links of edges with a join table, and what the database itself does when a row is deleted that others refer to.
type History struct {
	mixin.Schema
	// Read says who sees the history of a row, of those who may read the row; everybody if nil.
	Read *access.Rule
}

// Annotations implements [ent.Mixin].
func (h History) Annotations() []schema.Annotation {
	a := KeepHistory()
	a.HistoryRead = h.Read
	return []schema.Annotation{a}
}

// KeepHistory is [History] as an annotation of the entity. Those whom one of the rules allows, of those who may read a row, see its
// history; all of them if there is none.
func KeepHistory(read ...*access.Rule) API {
	a := API{History: true}
	if len(read) > 0 {
		a.HistoryRead = access.Any(read...)
	}
	return a
}

// HistoryTable holds the history of all entities. It is the framework's own.
const HistoryTable = "entwine_history"

// The names of the history's types in the API, and of the field that leads there.
const (
	HistoryField = "history"
	HistoryEntry = "HistoryEntry"
	FieldChange  = "FieldChange"
)

// What happened to a row, as the history keeps it. A row that is deleted softly is hidden, and one that is deleted has no history
// any more: what is kept of it is for whoever reads the table.
const (
	HistoryCreate  = "create"
	HistoryUpdate  = "update"
	HistoryHide    = "hide"
	HistoryRestore = "restore"
	HistoryDelete  = "delete"
)

// HistoryOperations and HistoryActors are the values of the history's enums.
var (
	HistoryOperations = []EnumValue{{"CREATE", HistoryCreate}, {"UPDATE", HistoryUpdate}, {"DELETE", HistoryHide}, {"RESTORE", HistoryRestore}}
	HistoryActors     = []EnumValue{{"USER", "user"}, {"SERVICE", "service"}, {"ANONYMOUS", "anonymous"}, {"SYSTEM", "system"}}
)

// Actor says what kind of viewer it is that writes, as the history keeps it.
func Actor(v access.Viewer) string {
	switch {
	case v.System:
		return "system"
	case v.UserID != "":
		return "user"
	case v.SignedIn():
		return "service"
	}
	return "anonymous"
}

// HistoryOf is the edge from a row to its history, for those whom the rule allows; everybody if it is nil.
func HistoryOf(read *access.Rule) *Edge {
	return &Edge{Name: HistoryField, Target: HistoryEntry, Kind: ToMany, Column: "row_key", Guard: read, History: true}
}

// historyRule says who may read the history of a row, of those who may read the row.
func (e *Entity) historyRule() *access.Rule {
	if e.History == nil {
		return nil
	}
	return e.History.Guard
}

// KeepsHistory says whether some entity keeps the history of its rows.
func (c *Catalog) KeepsHistory() bool {
	return slices.ContainsFunc(c.Entities, func(e *Entity) bool { return e.History != nil })
}

// linkHistory gives the entities that keep one their edges to it.
func (c *Catalog) linkHistory() {
	var entries *Entity
	for _, e := range c.Entities {
		if e.History == nil {
			continue
		}
		if entries == nil {
			entries = c.historyEntity()
		}
		e.History.owner, e.History.target = e, entries
		e.edges[HistoryField] = e.History
	}
	for _, e := range c.Entities {
		for _, ed := range e.Edges {
			if (ed.Kind == ToMany || ed.Kind == ToOneInverse) && ed.target.History != nil {
				e.recorded = append(e.recorded, ed)
			}
		}
	}
}

// historyEntity describes the entries of the history. It is reached by the edges of rows only: no look-up finds it.
func (c *Catalog) historyEntity() *Entity {
	by := &Field{Name: "by", Column: "user_key", Type: String, GraphQL: "ID", Nullable: true}
	if users := c.users(); users != nil {
		by.Type, by.Target, by.Key = Ref, users.Name, StringKey
	}
	id := &Field{Name: "id", Column: "id", Type: ID, GraphQL: "ID", Key: IntKey, Target: HistoryEntry, Hidden: true}
	e := &Entity{
		Name: HistoryEntry, Table: HistoryTable, Hidden: true, ID: []*Field{id},
		Fields: []*Field{
			id,
			{Name: "operation", Column: "operation", Type: Enum, GraphQL: "HistoryOperation", NonNull: true, Enum: HistoryOperations},
			{Name: "at", Column: "at", Type: DateTime, GraphQL: "DateTime", NonNull: true},
			{Name: "actor", Column: "actor", Type: Enum, GraphQL: "HistoryActor", NonNull: true, Enum: HistoryActors},
			by,
			{Name: "version", Column: "version", Type: Int, GraphQL: "Int", Nullable: true},
			{Name: "changes", Column: "changes", Type: Changes, NonNull: true},
		},
		Rules:        access.Rules{Read: access.Everyone()}, // of those who come by the edge
		DefaultOrder: []Order{{Field: id, Desc: true}},
		Names:        Names{Connection: HistoryEntry + "Connection", Edge: HistoryEntry + "Edge"},
		fields:       make(map[string]*Field), ents: make(map[string]*Field),
	}
	id.owner = e
	for _, f := range e.Fields {
		if !f.Hidden {
			e.fields[f.Name] = f
		}
	}
	return e
}

// users is the entity whose rows viewers are, as far as the rules tell: that to which all paths of [access.Owner] lead. It is nil if
// there is none, or more than one.
func (c *Catalog) users() *Entity {
	var found []*Entity
	var collect func(e *Entity, r *access.Rule)
	collect = func(e *Entity, r *access.Rule) {
		if r == nil {
			return
		}
		if r.Kind == access.KindOwner {
			for _, name := range r.Path {
				ed := e.SchemaEdge(name)
				if ed == nil {
					return
				}
				e = ed.target
			}
			if !slices.Contains(found, e) {
				found = append(found, e)
			}
		}
		if r.Kind == access.KindRelated {
			if ed := e.SchemaEdge(r.Edge); ed != nil {
				e = ed.target
			}
		}
		for _, sub := range r.Rules {
			collect(e, sub)
		}
	}
	for _, e := range c.Entities {
		for _, op := range access.Operations() {
			collect(e, e.Rules.For(op))
		}
		for _, f := range e.Fields {
			collect(e, f.Read)
			collect(e, f.Write)
		}
	}
	if len(found) != 1 || found[0].Hidden || found[0].Composite() {
		return nil
	}
	return found[0]
}

// KeptField is a field of a row as its history keeps it: by the name of its column, old ones of which are those before it was renamed.
type KeptField struct {
	*Field
	Columns []string
}

// KeptFields are the fields of which the history keeps values: all that the API can show, foreign keys of edges without a field
// included, but for the key, which never changes, and the version, which each entry has.
func (e *Entity) KeptFields() []KeptField {
	var kept []KeptField
	add := func(f *Field, was string) {
		k := KeptField{Field: f, Columns: []string{f.Column}}
		if was != "" {
			k.Columns = append(k.Columns, was)
		}
		kept = append(kept, k)
	}
	for _, f := range e.Fields {
		if f.Column != "" && !f.Hidden && f != e.Version && !slices.Contains(e.ID, f) {
			add(f, f.Was)
		}
	}
	for _, ed := range e.Edges {
		known := func(k KeptField) bool { return k.Column == ed.Column }
		exposed := slices.ContainsFunc(e.Fields, func(f *Field) bool { return f.Column == ed.Column })
		if ed.Kind == ToOne && !ed.Hidden && !exposed && !slices.ContainsFunc(kept, known) {
			key := ed.target.ID[0]
			add(&Field{Name: ed.Input, Column: ed.Column, Type: Ref, GraphQL: "ID", Key: key.Key, Target: ed.Target, DBType: key.DBType, Nullable: ed.Nullable}, "")
		}
	}
	return kept
}
