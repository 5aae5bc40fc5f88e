package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/entwine-data/entwine/internal/store"
)

// SQLite adds integers beyond 64 bits and decimals as Postgres does, and divides sums as it does.
func TestExactFigures(t *testing.T) {
	lite := open(t, "sqlite::memory:", store.Options{})
	r := rand.New(rand.NewPCG(1, 0))
	for range 300 {
		values, total := "(NULL)", new(big.Int)
		n := 1 + r.IntN(6)
		for range n {
			v := r.Int64() >> r.IntN(64)
			switch r.IntN(6) {
			case 0:
				v = 1<<63 - 1
			case 1:
				v = -1 << 63
			case 2:
				v = -v
			}
			values += fmt.Sprintf(", (%d)", v)
			if v == -1<<63 { // not a literal of SQLite
				values = values[:len(values)-len("(-9223372036854775808)")] + "(-9223372036854775807 - 1)"
			}
			total.Add(total, big.NewInt(v))
		}
		sum, mean := figures(t, lite, "SELECT entwine_wide(sum(x >> 32), sum(x & 4294967295)), entwine_mean(entwine_wide(sum(x >> 32), sum(x & 4294967295)), count(x)) FROM (SELECT column1 AS x FROM (VALUES "+values+"))")
		nearest, _ := new(big.Float).SetInt(total).Float64()
		if sum.String != total.String() || mean.Float64 != nearest/float64(n) {
			t.Fatalf("%s: sum %s and mean %v, not %s and %v", values, sum.String, mean.Float64, total, nearest/float64(n))
		}
	}
	for _, c := range []struct{ values, sum string }{
		{"(0.1), (0.2)", "0.3"},
		{"('12345678901234567890.12'), ('-0.12')", "12345678901234567890"},
		{"(1.25), (NULL), (-1000000000.01)", "-999999998.76"},
		{"(9223372036854775807), (0.5)", "9223372036854775807.5"},
		{"(1e20), (1)", "100000000000000000001"},
		{"(NULL)", ""},
	} {
		if sum, _ := figures(t, lite, "SELECT entwine_sum(x), 0 FROM (SELECT column1 AS x FROM (VALUES "+c.values+"))"); sum.String != c.sum || sum.Valid != (c.sum != "") {
			t.Errorf("the sum of %s is %q, not %q", c.values, sum.String, c.sum)
		}
	}
	if sum, mean := figures(t, lite, "SELECT entwine_wide(sum(x >> 32), sum(x & 4294967295)), entwine_mean(entwine_sum(x), count(x)) FROM (SELECT NULL AS x)"); sum.Valid || mean.Valid {
		t.Errorf("of nothing, the sum is %v and the mean %v", sum, mean)
	}
	// As numbers, not as texts.
	if order, _ := figures(t, lite, "SELECT group_concat(x, ' '), 0 FROM (SELECT column1 AS x FROM (VALUES ('10'), ('9'), ('-10'), ('-9'), ('9.5'), ('100000000000000000000')) ORDER BY column1 COLLATE entwine_number)"); order.String != "-10 -9 9 9.5 10 100000000000000000000" {
		t.Errorf("in the order of numbers: %s", order.String)
	}
}

// Decimals of 15 digits pass through a NUMERIC column of SQLite unchanged: each is found by its text, the sum of all is exact.
func TestDecimalsOfFifteenDigits(t *testing.T) {
	lite := open(t, "sqlite::memory:", store.Options{})
	exec := func(text string, args ...any) {
		t.Helper()
		if err := lite.Driver().Exec(t.Context(), text, args, nil); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE prices (x numeric, written text)")
	r := rand.New(rand.NewPCG(1, 0))
	total := new(big.Rat)
	for range 500 {
		text := fmt.Sprintf("%d.%06d", r.Int64N(2e9)-1e9, r.Int64N(1e6))
		v, _ := new(big.Rat).SetString(text)
		total.Add(total, v)
		exec("INSERT INTO prices VALUES (?, ?)", text, text)
	}
	digits, _ := total.FloatPrec()
	sum, wrong := figures(t, lite, "SELECT entwine_sum(x), (SELECT count(*) FROM prices p WHERE (SELECT entwine_sum(q.x) FROM prices q WHERE q.x = p.written LIMIT 1) COLLATE entwine_number <> p.written) FROM prices")
	if sum.String != total.FloatString(digits) || wrong.Float64 != 0 {
		t.Errorf("the sum is %s, not %s; %v values are others than those that were written", sum.String, total.FloatString(digits), wrong.Float64)
	}
}

// figures runs a statement that gives one row of a sum and a number.
func figures(t *testing.T, db *bundle, text string) (sum sql.NullString, number sql.NullFloat64) {
	t.Helper()
	err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, text)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&sum, &number); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return sum, number
}
