package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
)

// conversion is what changing a type means for rows that are there.
type conversion int

const (
	harmless conversion = iota
	rewrites            // all values fit, each row is written anew
	narrows             // some values may not fit
)

// sameType are other names of types on Postgres.
var sameType = map[string]string{
	"int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "character varying": "varchar", "bool": "boolean",
	"timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp", "decimal": "numeric", "float4": "real",
	"float8": "double precision", "float": "double precision", "character": "char", "time without time zone": "time",
	"time with time zone": "timetz",
}

var typeParts = regexp.MustCompile(`^([a-z_ ]+?) ?(\(([0-9]+)(,([0-9]+))?\))?( .*|\[\])?$`)

// shape is a type with its limits, of which 0 stands for none.
type shape struct {
	name         string
	size, digits int
}

// normal is a type in one spelling.
func normal(dialectName, typ string) shape {
	typ = strings.ToLower(typ)
	if dialectName == dialect.SQLite {
		return shape{name: affinity(typ)}
	}
	m := typeParts.FindStringSubmatch(typ)
	if m == nil {
		return shape{name: typ}
	}
	s := shape{name: m[1] + m[6]}
	if same, ok := sameType[s.name]; ok {
		s.name = same
	}
	s.size, _ = strconv.Atoi(m[3])
	s.digits, _ = strconv.Atoi(m[5])
	return s
}

// affinity is what SQLite makes of the name of a type.
func affinity(typ string) string {
	for _, rule := range []struct{ part, name string }{
		{"int", "integer"},
		{"char", "text"},
		{"clob", "text"},
		{"text", "text"},
		{"blob", "blob"},
		{"real", "real"},
		{"floa", "real"},
		{"double", "real"},
		{"json", "json"},
		{"bool", "boolean"},
		{"date", "time"},
		{"time", "time"},
		{"uuid", "uuid"},
	} {
		if strings.Contains(typ, rule.part) {
			return rule.name
		}
	}
	return "numeric"
}

// widens are the types that hold all values of a type, at the price of writing every row.
var widens = map[string][]string{
	"smallint": {"integer", "bigint", "numeric", "real", "double precision"},
	"integer":  {"bigint", "numeric", "double precision"},
	"bigint":   {"numeric"},
	"real":     {"double precision"},
	"date":     {"timestamp", "timestamptz"},
	"json":     {"jsonb"},
	"boolean":  {"integer"},
}

// convert says what it means to change a type into another one.
func convert(dialectName, from, to string) conversion {
	old, now := normal(dialectName, from), normal(dialectName, to)
	texts := func(s shape) bool { return s.name == "text" || s.name == "varchar" }
	fits := now.size == 0 || old.size > 0 && old.size <= now.size && old.digits == now.digits
	switch {
	case from == "" || old == now:
		return harmless
	case texts(old) && texts(now):
		if fits {
			return harmless
		}
		return narrows
	case texts(now) && now.size == 0:
		return rewrites
	case old.name == now.name:
		if fits {
			return harmless
		}
		return narrows
	case old.name == "timestamp" && now.name == "timestamptz", old.name == "timestamptz" && now.name == "timestamp":
		return rewrites
	case slices.Contains(widens[old.name], now.name) && now.size == 0:
		return rewrites
	}
	return narrows
}
