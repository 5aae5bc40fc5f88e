package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	entsql "entgo.io/ent/dialect/sql"
)

// Insert makes one INSERT of ent the whole of a write: it depends on conditions, and returns columns of the new row. As a
// statement of its own it is committed when its result was read to the end.
type Insert struct {
	// Where appends a condition under which the row is inserted, given the arguments before. Without it there is none.
	Where func(text []byte, args []any) ([]byte, []any)
	// Columns are those of the new row that are scanned into Dest.
	Columns []string
	Dest    []any
	used    bool
}

// ErrNotSingle says that a write cannot be one statement. Nothing has happened then.
var ErrNotSingle = errors.New("the write is more than one statement")

// errSecond is for a statement that comes after the one that should have been alone.
var errSecond = errors.New("a second statement in a write of one")

// refusal is the error of whatever is not the INSERT.
func (ins *Insert) refusal() error {
	if ins.used {
		return errSecond
	}
	return ErrNotSingle
}

type insertKey struct{}

// Single returns a context in which ent inserts one row, outside of any transaction, as ins says. If the condition does not hold,
// ent fails with sql.ErrNoRows. A context serves once.
func Single(ctx context.Context, ins *Insert) context.Context {
	return context.WithValue(ctx, insertKey{}, ins)
}

func singleOf(ctx context.Context) *Insert {
	ins, _ := ctx.Value(insertKey{}).(*Insert)
	return ins
}

// insert executes ent's INSERT of one row as ins says.
func (d entDriver) insert(ctx context.Context, ins *Insert, query string, args, v any) error {
	given, ok := args.([]any)
	into, rest, values := strings.Cut(query, " VALUES (")
	list, id, returns := strings.Cut(rest, ") RETURNING ")
	if ins.used {
		return errSecond
	}
	if !ok || !values || !returns || strings.Contains(list, "(") || !strings.HasPrefix(into, "INSERT INTO ") {
		return ErrNotSingle
	}
	ins.used = true
	text := make([]byte, 0, 2*len(query)+512)
	text = append(text, into...)
	if ins.Where == nil {
		text = append(text, " VALUES ("...)
		text = append(text, list...)
		text = append(text, ')')
	} else {
		text = append(text, " SELECT "...)
		text = append(text, list...)
		text = append(text, " WHERE "...)
		text, given = ins.Where(text, given)
	}
	text = append(text, " RETURNING "...)
	text = append(text, id...)
	for _, name := range ins.Columns {
		text = append(text, `, "`...)
		text = append(text, strings.ReplaceAll(name, `"`, `""`)...)
		text = append(text, '"')
	}
	rows, ok := v.(*entsql.Rows)
	if !ok {
		return ErrNotSingle
	}
	if err := d.conn(ctx, d.db.writer).Query(ctx, string(text), given, rows); err != nil {
		return err
	}
	rows.ColumnScanner = &insertedRow{rows.ColumnScanner, ins.Dest}
	return nil
}

// insertedRow shows ent the id only, which is all that it asked for.
type insertedRow struct {
	entsql.ColumnScanner
	dest []any
}

func (r *insertedRow) Columns() ([]string, error) {
	columns, err := r.ColumnScanner.Columns()
	if err != nil {
		return nil, fmt.Errorf("columns of a new row: %w", err)
	}
	return columns[:1], nil
}

func (r *insertedRow) ColumnTypes() ([]*sql.ColumnType, error) {
	types, err := r.ColumnScanner.ColumnTypes()
	if err != nil {
		return nil, fmt.Errorf("columns of a new row: %w", err)
	}
	return types[:1], nil
}

func (r *insertedRow) Scan(dest ...any) error {
	return r.ColumnScanner.Scan(append(dest[:1:1], r.dest...)...)
}
