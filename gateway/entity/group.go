package entity

// Period is a stretch of the calendar by which times and days can be grouped.
type Period string

// The periods. A week begins on Monday, as in ISO 8601.
const (
	Hour    Period = "HOUR"
	Day     Period = "DAY"
	Week    Period = "WEEK"
	Month   Period = "MONTH"
	Quarter Period = "QUARTER"
	Year    Period = "YEAR"
)

// Periods are all of them, in the order in which they are offered.
func Periods() []Period { return []Period{Hour, Day, Week, Month, Quarter, Year} }

// Fits says whether values of the type lie in such periods.
func (p Period) Fits(t Type) bool { return t == DateTime || t == Date && p != Hour }

// Groupable says whether rows can be grouped by the field. By the id, each group would be one row, and documents have no
// equality that both databases share.
func (f *Field) Groupable() bool { return f.Filter && f.Type != ID && f.Type != JSON }
