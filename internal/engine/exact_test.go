package engine

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// A number that SQLite would round is refused, not rounded.
func TestDecimalsThatDoNotFit(t *testing.T) {
	e := &entity.Entity{Name: "Thing", Fields: []*entity.Field{{Name: "price", Type: entity.Decimal}}}
	for text, ok := range map[string]bool{
		"0": true, "12.50": true, "-999999999999.999": true, "123456789012345000000": true, "0.000000123456789012345": true, "100000000000000.000": true,
		"1234567890123456": false, "-0.1234567890123456": false, "100000000000000.01": false,
	} {
		for _, postgres := range []bool{false, true} {
			m := &change{engine: &Engine{postgres: postgres}, entity: e}
			m.fits(&item{entity: e, values: entity.Input{"price": text}})
			if (len(m.faults) == 0) != (ok || postgres) || len(m.faults) > 0 && m.faults[0].Code != apierr.OutOfRange {
				t.Errorf("%s, postgres %v: %v", text, postgres, m.faults)
			}
		}
	}
}
