package entity

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"entgo.io/ent/schema"

	"github.com/entwine-data/entwine/gateway/access"
)

// API is the annotation by which a schema tells the generator how an entity, a field or an edge appears in the API.
// Use the constructors; several of them on one thing add up.
type API struct {
	// ReadOnly takes a field or an edge out of the mutations' inputs.
	ReadOnly bool `json:"readOnly,omitempty"`
	// SoftDelete marks the time field that hides a row, and Deleted says who sees and restores such rows.
	SoftDelete bool         `json:"softDelete,omitempty"`
	Deleted    *access.Rule `json:"deleted,omitempty"`
	// Version marks the field that counts the changes of a row: "required" or "optional".
	Version string `json:"version,omitempty"`
	// History keeps what became of each row of an entity, and HistoryRead says who sees it.
	History     bool         `json:"history,omitempty"`
	HistoryRead *access.Rule `json:"historyRead,omitempty"`
	// Tenant marks the field that holds a row's tenant, and Bypass says who works across tenants.
	Tenant bool         `json:"tenant,omitempty"`
	Bypass *access.Rule `json:"bypass,omitempty"`
	// EnumNames are the API's names of enum values, by stored spelling.
	EnumNames map[string]string `json:"enumNames,omitempty"`
	// PageSize and MaxPageSize are for every list of an entity.
	PageSize    int `json:"pageSize,omitempty"`
	MaxPageSize int `json:"maxPageSize,omitempty"`
	// Hide takes an entity, a field or an edge out of the API.
	Hide bool `json:"hide,omitempty"`
	// Omit are the root fields that an entity does not get.
	Omit []RootKind `json:"omit,omitempty"`
	// NewName is the name in the API. One and Many are those of an entity's root fields.
	NewName string `json:"newName,omitempty"`
	One     string `json:"one,omitempty"`
	Many    string `json:"many,omitempty"`
	// Groups is the name of the field that gives the rows of an entity, or of an edge, in groups.
	Groups string `json:"groups,omitempty"`
	// Description and Deprecated are what the API says of the thing.
	Description string `json:"description,omitempty"`
	Deprecated  string `json:"deprecated,omitempty"`
	// Was is what the table of an entity, or the column of a field or an edge, was called before.
	Was string `json:"was,omitempty"`
	// Order is the default order of an entity's lists.
	Order []string `json:"order,omitempty"`
	// Search are the fields of an entity in which words are looked for.
	Search []string `json:"search,omitempty"`
}

// ReadOnly keeps clients from writing a field or an edge. The application's Go code and hooks still can.
func ReadOnly() API { return API{ReadOnly: true} }

// SoftDelete is for an optional, nillable time field: rows where it is set are hidden from every viewer, and the delete
// mutation sets it instead of deleting the row. Clients cannot write it. Unique fields and indexes of the entity are unique among
// the rows that are not deleted. Edges that are declared with entsql.OnDelete(entsql.Cascade) hide the rows behind them, too, as far
// as these are deleted softly; with entsql.Restrict such rows forbid the deletion; others stay, without what they refer to.
//
// Those whom one of the rules allows see deleted rows in lists by the argument withDeleted, and restore what they may delete.
// Without rules nobody does. See [SoftDeleteMixin].
func SoftDelete(see ...*access.Rule) API {
	a := API{SoftDelete: true, ReadOnly: true}
	if len(see) > 0 {
		a.Deleted = access.Any(see...)
	}
	return a
}

// Version is for an integer field with the default 1: changes and deletions of a row carry the version that the client has
// seen, and are refused if the row has another one by now. Optional says that they may do without. See [Versioned], which also
// counts.
func Version(optional bool) API {
	if optional {
		return API{ReadOnly: true, Version: "optional"}
	}
	return API{ReadOnly: true, Version: "required"}
}

// Tenant is for the required field of an entity that holds the tenant to which a row belongs: a text, an integer or a UUID, or
// the foreign key of an edge to the tenants' own entity. Every query and every write is confined to the viewer's tenant,
// whatever the rules say; new rows get it, and clients cannot write it. Those whom one of the rules allows, which may be about
// the viewer only, work across tenants. See [TenantMixin].
func Tenant(bypass ...*access.Rule) API {
	a := API{Tenant: true, ReadOnly: true}
	if len(bypass) > 0 {
		a.Bypass = access.Any(bypass...)
	}
	return a
}

// EnumNames gives enum values, by their stored spelling, names in the API that cannot be derived from it.
func EnumNames(names map[string]string) API { return API{EnumNames: names} }

// Pages sets how many rows a list of the entity has if a client does not say, and at most.
func Pages(size, max int) API { return API{PageSize: size, MaxPageSize: max} }

// Hidden takes an entity, a field or an edge out of the API. Rules and Go code can still use it. The edges and foreign keys
// that lead to a hidden entity are hidden too.
func Hidden() API { return API{Hide: true} }

// Without takes root fields of an entity out of the API: RootOne (post), RootBy (postBySlug), RootMany (posts, and with it
// postGroups), RootGroups, RootCreate, RootUpdate,
// RootDelete, RootRestore, RootUpsert, RootCreateMany (createPosts), RootUpdateMany and RootDeleteMany. What is for many rows goes with what is
// for one, and RootUpsert with RootCreate and with RootUpdate.
func Without(kinds ...RootKind) API { return API{Omit: kinds} }

// Rename gives an entity, a field or an edge another name in the API than the schema's. All types, root fields and
// mutations of an entity follow its name. The name is taken as it is: "Article", "writtenAt".
func Rename(name string) API { return API{NewName: name} }

// RenameRoots gives an entity's root fields for one row and for the list other names: "article", "allArticles".
func RenameRoots(one, many string) API { return API{One: one, Many: many} }

// RenamedFrom tells migrations that the table of an entity, or the column of a field or an edge, had another name before, so
// that its data is kept: RenamedFrom("text"). It is the name in the database. It can stay when the migration is written.
func RenamedFrom(old string) API { return API{Was: old} }

// Renaming says that a table, or a column of it, had another name before. The generator makes it from RenamedFrom.
type Renaming struct {
	// Table is the table as it is called now, and Column the column; it is empty if the table itself was renamed.
	Table, Column string
	// From is the old name.
	From string
}

// RenameGroups gives the field that groups an entity's rows at the root, or the rows of an edge to many, another name than
// "postGroups" and "commentGroups". The types of an entity's groups follow: "userBuckets" makes UserBucket.
func RenameGroups(name string) API { return API{Groups: name} }

// Describe sets what the API says of an entity, a field or an edge, in place of its comment in the schema.
func Describe(text string) API { return API{Description: text} }

// Deprecate marks a field, an edge, or all root fields of an entity as something to stop using. For fields, Deprecated of
// ent's field builders does the same.
func Deprecate(reason string) API { return API{Deprecated: reason} }

// DefaultOrder sets how lists of the entity are sorted where the client does not say: names of fields in the schema, with a
// minus for those that start with the largest. The id breaks ties.
func DefaultOrder(fields ...string) API { return API{Order: fields} }

// Search lets clients look for words in an entity: its lists take `search`, and are sorted by how well rows match. The fields are
// texts that everyone who may read a row may read, by their names in the schema; a letter from A to D says how much it counts
// that a word is found there, "title:A", and is D if it is left out. Migrations make the index.
func Search(fields ...string) API { return API{Search: fields} }

// Name implements [schema.Annotation].
func (API) Name() string { return "EntwineAPI" }

// Merge implements [schema.Merger].
func (a API) Merge(other schema.Annotation) schema.Annotation {
	o, ok := other.(API)
	if !ok {
		return a
	}
	a.ReadOnly = a.ReadOnly || o.ReadOnly
	a.SoftDelete = a.SoftDelete || o.SoftDelete
	if o.Deleted != nil {
		a.Deleted = o.Deleted
	}
	a.History = a.History || o.History
	if o.HistoryRead != nil {
		a.HistoryRead = o.HistoryRead
	}
	a.Tenant = a.Tenant || o.Tenant
	if o.Bypass != nil {
		a.Bypass = o.Bypass
	}
	if len(o.EnumNames) > 0 {
		names := maps.Clone(a.EnumNames)
		if names == nil {
			names = make(map[string]string)
		}
		maps.Copy(names, o.EnumNames)
		a.EnumNames = names
	}
	a.Hide = a.Hide || o.Hide
	a.Omit = append(slices.Clip(a.Omit), o.Omit...)
	replace := func(text *string, by string) {
		if by != "" {
			*text = by
		}
	}
	replace(&a.Version, o.Version)
	replace(&a.Was, o.Was)
	replace(&a.NewName, o.NewName)
	replace(&a.One, o.One)
	replace(&a.Many, o.Many)
	replace(&a.Groups, o.Groups)
	replace(&a.Description, o.Description)
	replace(&a.Deprecated, o.Deprecated)
	if len(o.Order) > 0 {
		a.Order = o.Order
	}
	if len(o.Search) > 0 {
		a.Search = o.Search
	}
	if o.PageSize != 0 {
		a.PageSize = o.PageSize
	}
	if o.MaxPageSize != 0 {
		a.MaxPageSize = o.MaxPageSize
	}
	return a
}

// Decode fills a from the form in which ent hands annotations to generators.
func (a *API) Decode(annotation any) error {
	b, err := json.Marshal(annotation)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, a)
}

// Now is the default of time fields: both databases keep microseconds, and what was written must equal what is read.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

var (
	_ schema.Annotation = API{}
	_ schema.Merger     = API{}
)
