package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// registerExact gives SQLite arithmetic that Postgres has and that it lacks: sums of integers beyond 64 bits, and exact sums of
// decimals. Sums are texts; the collation entwine_number compares them by their value.
func registerExact() error {
	return errors.Join(
		sqlite.RegisterDeterministicScalarFunction("entwine_wide", 2, wide),
		sqlite.RegisterDeterministicScalarFunction("entwine_mean", 2, mean),
		sqlite.RegisterFunction("entwine_sum", &sqlite.FunctionImpl{
			NArgs: 1, Deterministic: true,
			MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &decimalSum{}, nil },
		}),
		sqlite.RegisterCollationUtf8("entwine_number", compareNumbers),
		sqlite.RegisterCollationUtf8("C", strings.Compare), // as on Postgres: by code point, where a column is not
	)
}

// wide is entwine_wide(high, low): high·2³² + low, as a text. With sum(x >> 32) and sum(x & 4294967295) it is the sum of x.
func wide(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	high, ok := args[0].(int64)
	low, both := args[1].(int64)
	if !ok || !both {
		return nil, nil // the sum of nothing
	}
	if carried := high + low>>32; carried == int64(int32(carried)) {
		return strconv.FormatInt(high<<32+low, 10), nil
	}
	sum := new(big.Int).Lsh(big.NewInt(high), 32)
	return sum.Add(sum, big.NewInt(low)).String(), nil
}

// mean is entwine_mean(sum, n): the floating point number nearest to an exact sum, divided by n.
func mean(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	sum, ok := args[0].(string)
	n, _ := args[1].(int64)
	if !ok || n == 0 {
		return nil, nil
	}
	v, err := strconv.ParseFloat(sum, 64)
	if err != nil {
		return nil, fmt.Errorf("entwine_mean of %q: %w", sum, err)
	}
	return v / float64(n), nil
}

// decimalSum is the aggregate entwine_sum(x): the exact sum of decimals, null if there are none.
type decimalSum struct {
	sum   big.Rat
	value big.Rat
	any   bool
}

// Step implements [sqlite.AggregateFunction].
func (d *decimalSum) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	if args[0] == nil {
		return nil
	}
	if err := setDecimal(&d.value, args[0]); err != nil {
		return fmt.Errorf("entwine_sum: %w", err)
	}
	d.any = true
	d.sum.Add(&d.sum, &d.value)
	return nil
}

// WindowInverse implements [sqlite.AggregateFunction].
func (d *decimalSum) WindowInverse(_ *sqlite.FunctionContext, args []driver.Value) error {
	if args[0] == nil {
		return nil
	}
	if err := setDecimal(&d.value, args[0]); err != nil {
		return fmt.Errorf("entwine_sum: %w", err)
	}
	d.sum.Sub(&d.sum, &d.value)
	return nil
}

// WindowValue implements [sqlite.AggregateFunction].
func (d *decimalSum) WindowValue(*sqlite.FunctionContext) (driver.Value, error) {
	if !d.any {
		return nil, nil
	}
	digits, _ := d.sum.FloatPrec() // sums of decimals end
	return d.sum.FloatString(digits), nil
}

// Final implements [sqlite.AggregateFunction].
func (d *decimalSum) Final(*sqlite.FunctionContext) {}

var _ sqlite.AggregateFunction = (*decimalSum)(nil)

// setDecimal reads a number as SQLite holds it. One that SQLite keeps as a floating point number stands for the shortest
// decimal that gives it, which up to 15 digits is what was written.
func setDecimal(r *big.Rat, v driver.Value) error {
	text := ""
	switch v := v.(type) {
	case int64:
		r.SetInt64(v)
		return nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return fmt.Errorf("%v is no decimal", v)
		}
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		text = v
	}
	if _, ok := r.SetString(text); !ok {
		return fmt.Errorf("%q is no decimal", text)
	}
	return nil
}
