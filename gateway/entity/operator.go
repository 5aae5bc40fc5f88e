package entity

// Operator is a condition on one value, as `where` offers it.
type Operator string

// The operators. A comparison with null is false; Ne and NotIn are what Eq and In are not, so that null passes them.
const (
	Eq         Operator = "eq"
	Ne         Operator = "ne"
	In         Operator = "in"
	NotIn      Operator = "notIn"
	Lt         Operator = "lt"
	Lte        Operator = "lte"
	Gt         Operator = "gt"
	Gte        Operator = "gte"
	Contains   Operator = "contains"
	StartsWith Operator = "startsWith"
	EndsWith   Operator = "endsWith"
	// The Fold operators do not tell upper from lower case, in any script.
	EqFold         Operator = "eqFold"
	ContainsFold   Operator = "containsFold"
	StartsWithFold Operator = "startsWithFold"
	EndsWithFold   Operator = "endsWithFold"
	IsNull         Operator = "isNull"
	// Has and HasKey are for JSON: a list that holds a value, and an object that has a member.
	Has    Operator = "has"
	HasKey Operator = "hasKey"
)

// List says whether the operator takes a list of values.
func (o Operator) List() bool { return o == In || o == NotIn }

// Sorts says whether the operator depends on the order of the field's values. Prefixes are ranges.
func (o Operator) Sorts() bool {
	return o == Lt || o == Lte || o == Gt || o == Gte || o == StartsWith
}

// Text says whether the operator is about texts, whatever else the field may hold.
func (o Operator) Text() bool {
	switch o {
	case Contains, StartsWith, EndsWith, EqFold, ContainsFold, StartsWithFold, EndsWithFold, HasKey:
		return true
	}
	return false
}

// Operators are those that fields of the type have, in the order in which they are offered and checked.
func (t Type) Operators() []Operator {
	switch t {
	case Bytes:
		return nil
	case JSON:
		return []Operator{
			Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, Contains, StartsWith, EndsWith,
			EqFold, ContainsFold, StartsWithFold, EndsWithFold, Has, HasKey, IsNull,
		}
	case ID, Ref, UUID, Enum, Boolean:
		return []Operator{Eq, Ne, In, NotIn, IsNull}
	case String:
		return []Operator{
			Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, Contains, StartsWith, EndsWith,
			EqFold, ContainsFold, StartsWithFold, EndsWithFold, IsNull,
		}
	}
	return []Operator{Eq, Ne, In, NotIn, Lt, Lte, Gt, Gte, IsNull}
}
