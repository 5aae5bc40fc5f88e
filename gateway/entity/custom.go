package entity

// CustomField is a hand-written field of an entity, resolved in Go for all rows at once.
type CustomField struct {
	Name string
	// Needs are the columns that its code reads. The primary key is always there.
	Needs []*Field
}
