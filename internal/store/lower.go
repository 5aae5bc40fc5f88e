package store

import (
	"database/sql/driver"
	"fmt"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"modernc.org/sqlite"
)

// registerLower gives SQLite the function entwine_lower, which is lower for all scripts: SQLite's own knows ASCII only.
// It maps text as ICU's root locale does, which Postgres uses for the same filters.
func registerLower() error {
	return sqlite.RegisterDeterministicScalarFunction("entwine_lower", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		switch v := args[0].(type) {
		case nil:
			return nil, nil
		case string:
			// A Caser keeps state, so that each call takes its own.
			return cases.Lower(language.Und).String(v), nil
		}
		return nil, fmt.Errorf("entwine_lower of a %T", args[0])
	})
}
