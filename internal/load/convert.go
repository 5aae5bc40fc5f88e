package load

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

// convert turns the text of a value into what the drivers take for the column.
func convert(c *schema.Column, text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("is not valid UTF-8")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return nil, errors.New("contains a NUL character")
	}
	switch c.Type {
	case field.TypeBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, errors.New("is neither true nor false")
		}
		return b, nil
	case field.TypeInt8, field.TypeInt16, field.TypeInt32, field.TypeInt, field.TypeInt64:
		n, err := strconv.ParseInt(text, 10, bits(c.Type))
		return n, numberError(err, "is not a whole number")
	case field.TypeUint8, field.TypeUint16, field.TypeUint32, field.TypeUint, field.TypeUint64:
		n, err := strconv.ParseUint(text, 10, bits(c.Type))
		if err == nil && n > math.MaxInt64 {
			err = strconv.ErrRange
		}
		return int64(n), numberError(err, "is not a whole number of zero or more")
	case field.TypeFloat32, field.TypeFloat64:
		n, err := strconv.ParseFloat(text, 64)
		if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
			return nil, errors.New("is not a number")
		}
		return n, numberError(err, "is not a number")
	case field.TypeEnum:
		if !slices.Contains(c.Enums, text) {
			return nil, fmt.Errorf("is none of %s", strings.Join(c.Enums, ", "))
		}
		return text, nil
	case field.TypeTime:
		return convertTime(c, text)
	case field.TypeJSON:
		if !json.Valid([]byte(text)) {
			return nil, errors.New("is not JSON")
		}
		return text, nil
	case field.TypeBytes:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("is not base64")
		}
		return b, nil
	case field.TypeUUID:
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, errors.New("is not a UUID")
		}
		return id.String(), nil
	case field.TypeString:
		// The columns of SQLite have no length, so that it is the schema that knows it.
		if c.Size > 0 && int64(len(text)) > c.Size && int64(utf8.RuneCountInString(text)) > c.Size {
			return nil, fmt.Errorf("has more than %d characters", c.Size)
		}
		return text, nil
	default: // what only the database understands
		return text, nil
	}
}

func bits(t field.Type) int {
	switch t {
	case field.TypeInt8, field.TypeUint8:
		return 8
	case field.TypeInt16, field.TypeUint16:
		return 16
	case field.TypeInt32, field.TypeUint32:
		return 32
	}
	return 64
}

func numberError(err error, reason string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return errors.New("is out of range for the column")
	}
	return errors.New(reason)
}

func convertTime(c *schema.Column, text string) (any, error) {
	layouts, reason := []string{time.RFC3339Nano}, "is not a time like 2014-01-21T20:26:05.383Z"
	if isDate(c) {
		layouts, reason = []string{time.DateOnly, time.RFC3339Nano}, "is not a date like 2014-01-21"
	}
	for _, layout := range layouts {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
			return nil, errors.New("is out of range for the column")
		}
		if isDate(c) {
			at = at.Truncate(24 * time.Hour)
		}
		return at, nil
	}
	return nil, errors.New(reason)
}

func isDate(c *schema.Column) bool {
	return c.SchemaType[dialect.Postgres] == "date" || c.SchemaType[dialect.SQLite] == "date"
}

// empty returns the value of an empty cell: null, or what a column that cannot be null has instead.
func empty(c *schema.Column) (any, error) {
	switch {
	case c.Nullable:
		return nil, nil
	case c.Type == field.TypeString:
		return "", nil
	}
	return absent(c)
}

// absent returns the value of a column that a row does not have although others do.
func absent(c *schema.Column) (any, error) {
	switch value := c.Default.(type) {
	case nil:
		if c.Nullable {
			return nil, nil
		}
		return nil, errors.New("is empty, but the column needs a value")
	case bool, string, int64, float64:
		return value, nil
	case int:
		return int64(value), nil
	}
	if text := fmt.Sprint(c.Default); c.Type.Numeric() {
		return convert(c, text)
	}
	return nil, errors.New("is empty, and the column's default is only known to the database")
}
