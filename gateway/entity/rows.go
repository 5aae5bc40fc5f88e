package entity

import "iter"

// Rows is a table's worth of data on its way into the database.
type Rows struct {
	Table   string
	Columns []string // names in the database
	// Count is the number of rows, for progress; 0 if it is not known beforehand.
	Count int
	// Values yields the rows. A value is nil, bool, int64, float64, string, []byte or time.Time (UTC). The slice may be
	// reused by the iterator.
	Values iter.Seq[[]any]
}
