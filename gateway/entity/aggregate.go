package entity

// Aggregate is a figure over the values of a field in a list.
type Aggregate string

// The aggregates. Rows without a value do not take part. Over no values at all, Sum, Avg, Min and Max are null and
// CountDistinct is 0.
const (
	Sum           Aggregate = "sum"
	Avg           Aggregate = "avg"
	Min           Aggregate = "min"
	Max           Aggregate = "max"
	CountDistinct Aggregate = "countDistinct"
)

// Aggregates are all of them, in the order in which they are offered.
func Aggregates() []Aggregate { return []Aggregate{Sum, Avg, Min, Max, CountDistinct} }

// Of returns the type of the aggregate over a field; ok is false if fields of that type do not have it. Sums of integers are
// wider than what they add up, and averages are floating point numbers.
func (a Aggregate) Of(f *Field) (t Type, ok bool) {
	number := f.Type == Int || f.Type == BigInt || f.Type == Float || f.Type == Decimal
	switch a {
	case CountDistinct:
		return Int, f.Type != JSON
	case Sum:
		switch f.Type {
		case Int, BigInt:
			return BigInt, true
		}
		return f.Type, number
	case Avg:
		return Float, number
	default:
		return f.Type, number || f.Type == DateTime || f.Type == Date || f.Type == String
	}
}
