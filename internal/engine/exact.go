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
func (m *change) fits(it *item) {
	if m.engine.postgres {
		return
	}
	for _, f := range it.entity.Fields {
		v := it.values[f.Name]
		if f.Type != entity.Decimal || v == nil {
			continue
		}
		text, err := scalar.UnmarshalDecimal(v)
		digits := strings.Trim(strings.Replace(strings.TrimPrefix(text, "-"), ".", "", 1), "0")
		if err == nil && len(digits) > sqliteDigits {
			m.faults = append(m.faults, it.located(apierr.Field{
				Path: []any{f.Name}, Code: apierr.OutOfRange, Message: "has more than 15 digits, which this database cannot keep", Limit: sqliteDigits,
			}))
		}
	}
}
