package entity

import (
	"encoding/json"
	"maps"
	"time"

	"entgo.io/ent/schema"
)

// API is the annotation by which a schema tells the generator how an entity, a field or an edge appears in the API.
// Use the constructors; several of them on one thing add up.
type API struct {
	// ReadOnly takes a field or an edge out of the mutations' inputs.
	ReadOnly bool `json:"readOnly,omitempty"`
	// SoftDelete marks the time field that hides a row.
	SoftDelete bool `json:"softDelete,omitempty"`
	// EnumNames are the API's names of enum values, by stored spelling.
	EnumNames map[string]string `json:"enumNames,omitempty"`
	// PageSize and MaxPageSize are for every list of an entity.
	PageSize    int `json:"pageSize,omitempty"`
	MaxPageSize int `json:"maxPageSize,omitempty"`
}

// ReadOnly keeps clients from writing a field or an edge. The application's Go code and hooks still can.
func ReadOnly() API { return API{ReadOnly: true} }

// SoftDelete is for an optional, nillable time field: rows where it is set are hidden from every viewer, and the delete
// mutation sets it instead of deleting the row. Clients cannot write it.
func SoftDelete() API { return API{SoftDelete: true, ReadOnly: true} }

// EnumNames gives enum values, by their stored spelling, names in the API that cannot be derived from it.
func EnumNames(names map[string]string) API { return API{EnumNames: names} }

// Pages sets how many rows a list of the entity has if a client does not say, and at most.
func Pages(size, max int) API { return API{PageSize: size, MaxPageSize: max} }

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
	if len(o.EnumNames) > 0 {
		names := maps.Clone(a.EnumNames)
		if names == nil {
			names = make(map[string]string)
		}
		maps.Copy(names, o.EnumNames)
		a.EnumNames = names
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
