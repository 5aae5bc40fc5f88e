package engine

import (
	"strings"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/scalar"
)

// sqliteDigits is how many digits of a decimal SQLite keeps: a column of numeric affinity holds it as a floating point number,
// and would round others without a word.
const sqliteDigits = 15

// fits refuses decimals that the database would round.
func (m *change) fits() error {
	if m.engine.postgres {
		return nil
	}
	var fields []apierr.Field
	for _, f := range m.entity.Fields {
		v := m.input[f.Name]
		if f.Type != entity.Decimal || v == nil {
			continue
		}
		text, err := scalar.UnmarshalDecimal(v)
		digits := strings.Trim(strings.Replace(strings.TrimPrefix(text, "-"), ".", "", 1), "0")
		if err == nil && len(digits) > sqliteDigits {
			fields = append(fields, apierr.Field{
				Path: []any{"input", f.Name}, Code: apierr.OutOfRange, Message: "has more than 15 digits, which this database cannot keep", Limit: sqliteDigits,
			})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return apierr.Input("A number has too many digits.", fields...)
}
