package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// CheckNamedValue makes both databases store the same value for the same argument.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	if raw, ok := nv.Value.(json.RawMessage); ok {
		// As bytes it would be a blob on SQLite, and refused by Postgres as a binary parameter.
		nv.Value = nil
		if raw != nil {
			nv.Value = string(raw)
		}
	}
	err := driver.ErrSkip
	if inner, ok := c.driverConn.(driver.NamedValueChecker); ok {
		err = inner.CheckNamedValue(nv)
	}
	if errors.Is(err, driver.ErrSkip) {
		nv.Value, err = driver.DefaultParameterConverter.ConvertValue(nv.Value)
	}
	if err != nil {
		return err
	}
	switch v := nv.Value.(type) {
	case time.Time:
		// Postgres would round and SQLite keep nanoseconds.
		nv.Value = v.UTC().Truncate(time.Microsecond)
	case string:
		// Postgres refuses both, and the transaction with them. SQLite would store them.
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return &Violation{Kind: InvalidText, err: errors.New("text is not valid UTF-8 or contains a NUL")}
		}
	}
	return nil
}
