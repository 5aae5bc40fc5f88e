// Package entity describes the entities that a gateway serves: the metadata that is generated from an ent schema, and the
// annotations by which a schema tells the generator about its API.
package entity

import (
	"context"
	"fmt"

	"github.com/entwine-data/entwine/gateway/access"
)

// Catalog is all that the engine knows about the application's data. It is generated, linked once by [NewCatalog] and
// never changed afterwards, so that it may be used from many goroutines.
type Catalog struct {
	Entities []*Entity
	// Can says who may ask the query `can`, which tells what others may do; nil if the API does not have it.
	Can *access.Rule
	// Transaction calls a function with a context that carries a transaction, which is committed if it returns nil. It is nil if
	// the database's driver knows none.
	Transaction func(ctx context.Context, fn func(ctx context.Context) error) error
	// Recorder keeps the history of rows, of entities that have one. It is nil if the database's driver knows no transactions.
	Recorder Recorder

	byName   map[string]*Entity
	bySchema map[string]*Entity
	roots    map[string]Root
}

// Entity is one ent schema type.
type Entity struct {
	Name        string // its GraphQL type, "Post"
	Schema      string // its ent schema type; differs from Name only if an annotation renames it
	Table       string
	Description string
	// Hidden entities are not part of the API; rules may lead through them.
	Hidden bool
	// Fields holds all columns of the table that the schema names, in declared order, the primary key included. An entity
	// with a composite key has a field of type ID beside them, which has no column: it stands for the fields of ID.
	Fields []*Field
	// ID holds the primary key, in declared order: one field, several for an edge schema with a composite key.
	ID    []*Field
	Edges []*Edge
	// Keys holds the unique keys other than the primary key by which a row can be looked up.
	Keys  []*Key
	Rules access.Rules
	// SoftDelete is the nullable time column that hides a row, nil if rows are deleted for good.
	SoftDelete *Field
	// Deleted is who sees deleted rows and restores them, nil if nobody does.
	Deleted *access.Rule
	// Version is the column that counts the changes of a row, nil if there is none, and VersionOptional says that changes need
	// not say which version they are about.
	Version         *Field
	VersionOptional bool
	// History is the edge to what became of a row, see [HistoryOf]; nil if that is not kept. It is not one of Edges. Was is the
	// table's name before, by which older entries are kept.
	History *Edge
	Was     string
	// Tenant is the column that holds the tenant to which a row belongs, nil if rows belong to none. Whoever may do what across
	// tenants is said by Bypass.
	Tenant *Field
	Bypass *access.Rule
	// DefaultOrder applies where no order is asked for. The primary key is added to break ties.
	DefaultOrder []Order
	// Search are the fields in which words are looked for, none if the entity cannot be searched.
	Search []SearchField
	// PageSize and MaxPageSize are for every list of the entity; 0 means the setting of the application.
	PageSize, MaxPageSize int
	Names                 Names
	// Custom holds the hand-written fields. Handle.Custom executes them below its root field CustomRoot, for the parents
	// that the context carries.
	Custom     []*CustomField
	CustomRoot string

	guarded bool // some field has a Read rule
	// recorded are the edges to rows that hold the foreign key and have a history.
	recorded []*Edge
	fields   map[string]*Field
	ents     map[string]*Field
	edges    map[string]*Edge
	groups   map[string]*Edge
	keys     map[string]*Key
}

// SearchField is a field in which words are looked for. Weight is a letter from A, the most important, to D.
type SearchField struct {
	Field  *Field
	Weight string
}

// OrderByRank is the value of an entity's OrderField enum that stands for how well rows match a search.
const OrderByRank = "RANK"

// Names are the names in the API that belong to an entity. An empty name means that the thing is not offered.
type Names struct {
	One, Many              string // Query.post, Query.posts
	Groups                 string // Query.postGroups
	Connection, Edge       string // PostConnection, PostEdge
	Where                  string // PostWhere
	ToOneWhere             string // PostToOneWhere
	ToManyWhere            string // PostToManyWhere
	Order, OrderField      string // PostOrder, PostOrderField
	Create, Update, Delete string // Mutation.createPost, …
	Restore                string // Mutation.restorePost
	Upsert                 string // Mutation.upsertPost
	UniqueKey              string // PostUniqueKey, an enum of the keys by which upsertPost finds a row
	CreateMany             string // Mutation.createPosts
	UpdateMany, DeleteMany string // Mutation.updatePosts, Mutation.deletePosts
}

// Type is a field's type in the API, which also says how its values are read, compared and written.
type Type string

// The types of fields.
const (
	ID       Type = "ID"      // the entity's own key; the API shows it as a global id
	Ref      Type = "Ref"     // the key of another entity (Field.Target); the API shows it as a global id
	Int      Type = "Int"     // 32 bits
	BigInt   Type = "BigInt"  // 64 bits, a string in the API
	Decimal  Type = "Decimal" // exact numeric, a string in the API
	Float    Type = "Float"
	Boolean  Type = "Boolean"
	String   Type = "String"
	Enum     Type = "Enum"
	DateTime Type = "DateTime" // RFC 3339, UTC, microseconds
	Date     Type = "Date"
	JSON     Type = "JSON"
	Bytes    Type = "Bytes"
	UUID     Type = "UUID"

	// Changes is the type of what an entry of the history holds: fields with their values before and after.
	Changes Type = "Changes"
)

// KeyType is the type of a key column in the database and in Go.
type KeyType string

// The types of keys.
const (
	IntKey    KeyType = "int"    // any integer width
	StringKey KeyType = "string" // text
	UUIDKey   KeyType = "uuid"
)

// Field is one column.
type Field struct {
	Name        string // in the API, "createdAt"
	Schema      string // in the ent schema, "created_at"
	Column      string // in the database; empty for the id of an entity with a composite key
	Type        Type
	GraphQL     string  // the type's name in the API without "!", "DateTime" or "PostStatus"
	Key         KeyType // for ID and Ref
	Target      string  // for Ref and ID: the name of the entity whose key it is; NewCatalog sets it for ID
	Description string

	// Nullable says that the column may hold null; NonNull that the API type has a "!". They differ for fields with a
	// read rule.
	Nullable, NonNull bool
	// Collated says that the column sorts otherwise than by code point, which it may in a database that somebody else migrates. It is
	// set when that is opened.
	Collated bool
	// Hidden fields exist in the database only: sensitive ones and those that an annotation takes out of the API.
	Hidden bool
	// Filter and Sort say whether where and orderBy offer the field.
	Filter, Sort bool
	// OrderValue is the field's value in the entity's OrderField enum, "CREATED_AT".
	OrderValue string
	// Enum holds the values of an Enum field in declared order.
	Enum []EnumValue

	// Read and Write say who may read and write the field, of the rows that they may read and write; nil is everybody.
	Read, Write *access.Rule

	// Was is the column's name before, of fields whose values a history keeps by it.
	Was string

	// MaxLen is how many characters a text may have; 0 means any number.
	MaxLen int

	// DBType overrides the database type used for casts of arrays and keys on Postgres, for example "bigint".
	DBType string

	owner *Entity  // for ID
	named []string // values that the schema itself names, see nameValues
}

// Owner returns the entity whose id the field is, nil for other fields.
func (f *Field) Owner() *Entity { return f.owner }

// ParseKey is [Entity.ParseKey] for the keys that an ID or Ref field holds.
func (f *Field) ParseKey(text string) (key any, ok bool) {
	if f.Type == ID {
		return f.owner.ParseKey(text)
	}
	return ParseKey(f.Key, text)
}

// CustomField is a hand-written field of an entity.
type CustomField struct {
	Name string
	// Needs are the columns that its resolver reads from the parents, the primary key included.
	Needs []*Field
}

// EnumValue is one value of an enum: PUBLISHED in the API, "published" in the database.
type EnumValue struct{ Name, Stored string }

// Edge is a relation to another entity, seen from one side.
type Edge struct {
	Name        string // in the API
	Schema      string // in the ent schema
	Target      string // the other entity's name
	Description string
	// Hidden edges are not part of the API.
	Hidden bool
	// Kind says which columns link the two rows.
	Kind EdgeKind
	// NonNull is for to-one edges: a target exists for every row and everyone may read it.
	NonNull bool
	// Column is the foreign key: in the own table for ToOne, in the target's table for ToOneInverse and ToMany.
	Column string
	// Nullable says whether the foreign key may be null.
	Nullable bool
	// Join, JoinOwn and JoinTarget are the join table and its two columns, for ManyToMany.
	Join, JoinOwn, JoinTarget string
	// Groups is the name of the field beside an edge to many rows that gives them in groups ("commentGroups"), empty if there
	// is none.
	Groups string
	// Guard says who may read the foreign key, of the row that holds it; nil is everybody. [NewCatalog] sets it for edges
	// whose foreign key is a field, and for the other side of the edge.
	Guard *access.Rule
	// Write says who may change the edge by an input of the entity, of the rows that they may write; nil is everybody.
	Write *access.Rule
	// Input is the name of the exposed foreign key in the API for ToOne edges ("authorId"), which may be a field of the entity.
	Input string
	// Required says that new rows need a target.
	Required bool
	// Inverse says, for ManyToMany edges, that the links belong to the rows of the other side: whoever changes them changes those.
	Inverse bool
	// Back is the name in the ent schema of the target's edge that leads back by the same foreign key, empty if there is none.
	Back string
	// OnDelete says what becomes of the rows behind the edge when the row is deleted softly: CascadeDelete, RestrictDelete or, if
	// it is empty, nothing.
	OnDelete string
	// Through is, for ManyToMany edges whose links are rows of an edge schema, the name in the ent schema of the own edge to
	// those rows.
	Through string
	// History says that the edge leads to the history of the row, whose text key the column holds. Guard is then about the row.
	History bool

	owner, target *Entity
}

// The values of [Edge.OnDelete].
const (
	CascadeDelete  = "cascade"  // they are deleted with it, and restored with it
	RestrictDelete = "restrict" // they forbid the deletion
)

// EdgeKind says where the link of an edge is stored.
type EdgeKind string

// The kinds of edges.
const (
	ToOne        EdgeKind = "toOne"        // own.Column = target.id
	ToOneInverse EdgeKind = "toOneInverse" // target.Column = own.id, unique
	ToMany       EdgeKind = "toMany"       // target.Column = own.id
	ManyToMany   EdgeKind = "manyToMany"   // Join.JoinOwn = own.id and Join.JoinTarget = target.id
)

// List says whether the edge leads to many rows.
func (e *Edge) List() bool { return e.Kind == ToMany || e.Kind == ManyToMany }

// From returns the entity whose edge it is.
func (e *Edge) From() *Entity { return e.owner }

// To returns the target entity.
func (e *Edge) To() *Entity { return e.target }

// Holder returns the entity whose rows hold the foreign key, for all kinds but ManyToMany.
func (e *Edge) Holder() *Entity {
	if e.Kind == ToOne {
		return e.owner
	}
	return e.target
}

// Own returns the field of the owning entity that the target refers to: its primary key.
func (e *Edge) Own() *Field { return e.owner.ID[0] }

// Key is a unique key.
type Key struct {
	Name   string   // the root field, "postBySlug"
	Value  string   // in the enum of an upsert, "SLUG"; empty if the key does not serve there
	Fields []*Field // in key order; the arguments have the fields' names
	// Tenant is the column of the key that is not an argument: it is the viewer's.
	Tenant *Field
}

// Order is one step of an order.
type Order struct {
	Field      *Field
	Desc       bool
	NullsFirst bool
}

// Root is what a field of Query or Mutation stands for.
type Root struct {
	Kind   RootKind
	Entity *Entity
	Key    *Key // for RootBy
}

// RootKind tells root fields apart.
type RootKind string

// The kinds of root fields that the engine executes.
const (
	RootNode   RootKind = "node"
	RootNodes  RootKind = "nodes"
	RootOne    RootKind = "one"
	RootBy     RootKind = "by"
	RootMany   RootKind = "many"
	RootGroups RootKind = "groups"
	RootCreate RootKind = "create"
	RootUpdate RootKind = "update"
	RootDelete RootKind = "delete"
	RootCan    RootKind = "can"

	RootRestore    RootKind = "restore"
	RootUpsert     RootKind = "upsert"
	RootCreateMany RootKind = "createMany"
	RootUpdateMany RootKind = "updateMany"
	RootDeleteMany RootKind = "deleteMany"
)

// NewCatalog links the entities by their names. It panics if they contradict each other, which only a fault of the
// generator can cause.
func NewCatalog(entities ...*Entity) *Catalog {
	c := &Catalog{Entities: entities, byName: make(map[string]*Entity), bySchema: make(map[string]*Entity), roots: map[string]Root{
		"node":  {Kind: RootNode},
		"nodes": {Kind: RootNodes},
	}}
	for _, e := range entities {
		c.byName[e.Name], c.bySchema[e.Schema] = e, e
		e.fields, e.ents = make(map[string]*Field), make(map[string]*Field)
		for _, f := range e.Fields {
			if f.Type == ID {
				f.Target, f.owner = e.Name, e
			}
			e.ents[f.Schema] = f
			e.guarded = e.guarded || f.Read != nil
			if !f.Hidden {
				e.fields[f.Name] = f
			}
		}
		e.nameValues()
		e.edges, e.groups, e.keys = make(map[string]*Edge), make(map[string]*Edge), make(map[string]*Key)
		for _, ed := range e.Edges {
			if !ed.Hidden {
				e.edges[ed.Name] = ed
			}
			if ed.Groups != "" {
				e.groups[ed.Groups] = ed
			}
		}
		for _, k := range e.Keys {
			e.keys[k.Name] = k
			c.root(k.Name, Root{Kind: RootBy, Entity: e, Key: k})
		}
		c.root(e.Names.One, Root{Kind: RootOne, Entity: e})
		c.root(e.Names.Many, Root{Kind: RootMany, Entity: e})
		c.root(e.Names.Groups, Root{Kind: RootGroups, Entity: e})
		c.root(e.Names.Create, Root{Kind: RootCreate, Entity: e})
		c.root(e.Names.Update, Root{Kind: RootUpdate, Entity: e})
		c.root(e.Names.Delete, Root{Kind: RootDelete, Entity: e})
		c.root(e.Names.Restore, Root{Kind: RootRestore, Entity: e})
		c.root(e.Names.Upsert, Root{Kind: RootUpsert, Entity: e})
		c.root(e.Names.CreateMany, Root{Kind: RootCreateMany, Entity: e})
		c.root(e.Names.UpdateMany, Root{Kind: RootUpdateMany, Entity: e})
		c.root(e.Names.DeleteMany, Root{Kind: RootDeleteMany, Entity: e})
	}
	for _, e := range entities {
		for _, ed := range e.Edges {
			ed.owner = e
			if ed.target = c.byName[ed.Target]; ed.target == nil {
				panic(fmt.Sprintf("entity %s: edge %s leads to unknown entity %s", e.Name, ed.Name, ed.Target))
			}
		}
	}
	c.guardEdges()
	c.linkHistory()
	return c
}

// guardEdges gives edges the rules of their foreign keys.
func (c *Catalog) guardEdges() {
	type key struct{ entity, column string }
	guards := make(map[key]*access.Rule)
	for _, e := range c.Entities {
		for _, f := range e.Fields {
			if f.Type == Ref && f.Read != nil {
				guards[key{e.Name, f.Column}] = f.Read
			}
		}
		for _, ed := range e.Edges {
			if ed.Kind == ToOne && ed.Guard != nil {
				guards[key{e.Name, ed.Column}] = ed.Guard
			}
		}
	}
	for _, e := range c.Entities {
		for _, ed := range e.Edges {
			if ed.Kind != ManyToMany {
				ed.Guard = guards[key{ed.Holder().Name, ed.Column}]
				ed.Holder().guarded = ed.Holder().guarded || ed.Guard != nil
			}
		}
	}
}

func (c *Catalog) root(name string, r Root) {
	if name == "" {
		return
	}
	if _, taken := c.roots[name]; taken {
		panic(fmt.Sprintf("root field %s exists twice", name))
	}
	c.roots[name] = r
}

// Entity returns the entity with the given GraphQL name, nil if there is none.
func (c *Catalog) Entity(name string) *Entity { return c.byName[name] }

// Root returns what a field of Query or Mutation stands for; ok is false for hand-written operations.
func (c *Catalog) Root(field string) (r Root, ok bool) {
	r, ok = c.roots[field]
	return r, ok
}

// Field returns the field with the given name in the API, nil if there is none.
func (e *Entity) Field(name string) *Field { return e.fields[name] }

// SchemaField returns the field with the given name in the ent schema, nil if there is none.
func (e *Entity) SchemaField(name string) *Field { return e.ents[name] }

// Edge returns the edge with the given name in the API, nil if there is none.
func (e *Entity) Edge(name string) *Edge { return e.edges[name] }

// EdgeOfGroups returns the edge whose rows the field with the given name in the API gives in groups, nil if there is none.
func (e *Entity) EdgeOfGroups(name string) *Edge { return e.groups[name] }

// SchemaEdge returns the edge with the given name in the ent schema, nil if there is none.
func (e *Entity) SchemaEdge(name string) *Edge {
	for _, ed := range e.Edges {
		if ed.Schema == name {
			return ed
		}
	}
	return nil
}

// AllVisible says whether every viewer may read every row of the entity: no row rule, no soft delete, no tenants.
func (e *Entity) AllVisible() bool {
	return e.SoftDelete == nil && e.Tenant == nil && e.Rules.Read.AllowsAll()
}
