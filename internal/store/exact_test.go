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
	query := func(text string) (sum sql.NullString, mean sql.NullFloat64) {
		t.Helper()
		err := lite.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
			rows, err := q.QueryContext(ctx, text)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := rows.Scan(&sum, &mean); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return sum, mean
	}
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
		sum, mean := query("SELECT entwine_wide(sum(x >> 32), sum(x & 4294967295)), entwine_mean(entwine_wide(sum(x >> 32), sum(x & 4294967295)), count(x)) FROM (SELECT column1 AS x FROM (VALUES " + values + "))")
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
		if sum, _ := query("SELECT entwine_sum(x), 0 FROM (SELECT column1 AS x FROM (VALUES " + c.values + "))"); sum.String != c.sum || sum.Valid != (c.sum != "") {
			t.Errorf("the sum of %s is %q, not %q", c.values, sum.String, c.sum)
		}
	}
	if sum, mean := query("SELECT entwine_wide(sum(x >> 32), sum(x & 4294967295)), entwine_mean(entwine_sum(x), count(x)) FROM (SELECT NULL AS x)"); sum.Valid || mean.Valid {
		t.Errorf("of nothing, the sum is %v and the mean %v", sum, mean)
	}
	// As numbers, not as texts.
	if order, _ := query("SELECT group_concat(x, ' '), 0 FROM (SELECT column1 AS x FROM (VALUES ('10'), ('9'), ('-10'), ('-9'), ('9.5'), ('100000000000000000000')) ORDER BY column1 COLLATE entwine_number)"); order.String != "-10 -9 9 9.5 10 100000000000000000000" {
		t.Errorf("in the order of numbers: %s", order.String)
	}
}
