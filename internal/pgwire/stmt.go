package pgwire

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/oid"
)

// Stmt is a prepared statement. It belongs to its connection.
type Stmt struct {
	conn    *Conn
	name    string
	params  []oid.Oid
	columns []Column
}

// Column describes the values of one column of a result.
type Column struct {
	Name string
	Type oid.Oid
}

// Binary says whether values come in Postgres' binary format, not as texts: integers, float8, bool and bytea do.
func (c Column) Binary() bool {
	switch c.Type {
	case oid.T_int2, oid.T_int4, oid.T_int8, oid.T_float8, oid.T_bool, oid.T_bytea:
		return true
	}
	return false
}

// foreign says whether lib/pq knows better what to make of the values.
func (c Column) foreign() bool { return c.Type == oid.T_time || c.Type == oid.T_timetz }

func (s *Stmt) parameters(msg []byte) error {
	f := fields{msg: msg}
	s.params = make([]oid.Oid, f.int16()&math.MaxUint16)
	for i := 0; i < len(s.params) && !f.failed; i++ {
		s.params[i] = oid.Oid(f.uint(4))
	}
	return f.err()
}

func (s *Stmt) describe(msg []byte) error {
	f := fields{msg: msg}
	s.columns = make([]Column, f.int16()&math.MaxInt16)
	for i := 0; i < len(s.columns) && !f.failed; i++ {
		s.columns[i].Name = f.text()
		f.take(4 + 2) // where the column is from
		s.columns[i].Type = oid.Oid(f.uint(4))
		f.take(2 + 4 + 2) // size, modifier, format
	}
	return f.err()
}

// Columns describes the columns of the result.
func (s *Stmt) Columns() []Column { return s.columns }

// NumInput implements driver.Stmt.
func (s *Stmt) NumInput() int { return len(s.params) }

// Close implements driver.Stmt. The server learns of it with the next request.
func (s *Stmt) Close() error {
	s.conn.closed = append(s.conn.closed, s.name)
	return nil
}

// Exec implements driver.Stmt.
func (s *Stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query implements driver.Stmt.
func (s *Stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, v := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

// ExecContext implements driver.StmtExecContext.
func (s *Stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.bind(args); err != nil {
		return nil, err
	}
	var affected int64
	err := s.conn.exchange(ctx, func(kind byte, msg []byte) error {
		if kind == 'C' {
			affected = affectedBy(msg)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return driver.RowsAffected(affected), nil
}

// affectedBy reads the number at the end of a tag such as "INSERT 0 3".
func affectedBy(msg []byte) int64 {
	tag := strings.TrimSuffix(string(msg), "\x00")
	n, err := strconv.ParseInt(tag[strings.LastIndexByte(tag, ' ')+1:], 10, 64)
	if err != nil {
		return 0 // of statements that do not count
	}
	return n
}

// QueryContext implements driver.StmtQueryContext. The result is a [*Rows]. An error that the server finds before the first row is
// returned here.
func (s *Stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.bind(args); err != nil {
		return nil, err
	}
	c := s.conn
	c.watch.begin(ctx)
	if err := c.send(); err != nil {
		c.broken = true
		return nil, c.end(err)
	}
	r := &Rows{stmt: s}
	r.values = make([][]byte, len(s.columns))
	if r.ahead = r.advance(); !r.ahead && r.err != nil {
		return nil, r.err
	}
	return r, nil
}

// bind writes the request to execute the statement.
func (s *Stmt) bind(args []driver.NamedValue) error {
	if err := s.fits(args); err != nil {
		return err
	}
	s.conn.begin()
	s.execute(args)
	s.conn.message('S', nil)
	return nil
}

// fits says why the statement cannot be executed with the arguments.
func (s *Stmt) fits(args []driver.NamedValue) error {
	if !s.conn.IsValid() {
		return driver.ErrBadConn
	}
	if len(args) != len(s.params) {
		return fmt.Errorf("%d arguments for a statement with %d parameters", len(args), len(s.params))
	}
	for _, a := range args {
		if !sendable(a.Value) {
			return fmt.Errorf("a %T cannot be sent", a.Value)
		}
	}
	return nil
}

// execute writes that the statement is to be executed.
func (s *Stmt) execute(args []driver.NamedValue) {
	c := s.conn
	c.message('B', func() {
		c.text("") // the portal
		c.text(s.name)
		c.int16(len(args))
		for i, a := range args {
			c.int16(flag(s.params[i] == oid.T_bytea && isBytes(a.Value)))
		}
		c.int16(len(args))
		for _, a := range args {
			c.argument(a.Value)
		}
		c.int16(len(s.columns))
		for _, col := range s.columns {
			c.int16(flag(col.Binary()))
		}
	})
	c.message('E', func() {
		c.text("")
		c.out = appendInt32(c.out, 0) // all rows
	})
}

func isBytes(v driver.Value) bool {
	switch v.(type) {
	case string, []byte:
		return true
	}
	return false
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sendable(v driver.Value) bool {
	switch v.(type) {
	case nil, int64, float64, bool, string, []byte, time.Time:
		return true
	}
	return false
}

// argument appends the value of a parameter, as text unless bind has said otherwise.
func (c *Conn) argument(v driver.Value) {
	at := len(c.out)
	c.out = append(c.out, 0, 0, 0, 0)
	switch v := v.(type) {
	case nil:
		binary.BigEndian.PutUint32(c.out[at:], math.MaxUint32)
		return
	case int64:
		c.out = strconv.AppendInt(c.out, v, 10)
	case float64:
		c.out = strconv.AppendFloat(c.out, v, 'f', -1, 64)
	case bool:
		c.out = strconv.AppendBool(c.out, v)
	case string:
		c.out = append(c.out, v...)
	case []byte:
		if v == nil {
			binary.BigEndian.PutUint32(c.out[at:], math.MaxUint32)
			return
		}
		c.out = append(c.out, v...)
	case time.Time:
		c.out = append(c.out, pq.FormatTimestamp(v)...)
	}
	binary.BigEndian.PutUint32(c.out[at:], uint32(len(c.out)-at-4)) //nolint:gosec // see maxMessage
}

// Rows is a result that is being read. The connection serves nothing else until it is closed.
type Rows struct {
	stmt   *Stmt
	values [][]byte
	ahead  bool // values are of a row that was not given yet
	done   bool // the server is ready for the next request
	err    error
}

// Stmt is the statement whose result it is.
func (r *Rows) Stmt() *Stmt { return r.stmt }

// Columns implements driver.Rows.
func (r *Rows) Columns() []string {
	names := make([]string, len(r.stmt.columns))
	for i, c := range r.stmt.columns {
		names[i] = c.Name
	}
	return names
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *Rows) ColumnTypeDatabaseTypeName(i int) string { return oid.TypeName[r.stmt.columns[i].Type] }

// advance reads the next row, or the end.
func (r *Rows) advance() bool {
	c := r.stmt.conn
	for !r.done {
		kind, msg, err := c.receive()
		if err != nil {
			r.done, c.broken = true, true
			r.err = c.end(err)
			break
		}
		switch kind {
		case 'D':
			if r.err == nil {
				if r.err = cut(r.values, msg); r.err == nil {
					return true
				}
			}
		case 'E':
			r.err = serverError(msg)
		case 'Z':
			r.done = true
			r.err = c.end(r.err)
		}
	}
	return false
}

// cut makes the values of a DataRow out of its message, whose memory they share. nil is for null.
func cut(values [][]byte, msg []byte) error {
	if len(msg) < 2 || int(binary.BigEndian.Uint16(msg)) != len(values) {
		return errMalformed
	}
	msg = msg[2:]
	for i := range values {
		if len(msg) < 4 {
			return errMalformed
		}
		n := int(int32(binary.BigEndian.Uint32(msg))) //nolint:gosec // as the protocol says
		msg = msg[4:]
		switch {
		case n < 0:
			values[i] = nil
		case n <= len(msg):
			values[i], msg = msg[:n:n], msg[n:]
		default:
			return errMalformed
		}
	}
	return nil
}

// NextRow returns the values of the next row, nil for null, and io.EOF after the last. They may be used until the next call on r.
func (r *Rows) NextRow() ([][]byte, error) {
	if r.ahead {
		r.ahead = false
		return r.values, nil
	}
	if r.advance() {
		return r.values, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	return nil, io.EOF
}

// Next implements driver.Rows. The values are those that lib/pq gives.
func (r *Rows) Next(dest []driver.Value) error {
	row, err := r.NextRow()
	if err != nil {
		return err
	}
	for i, v := range row {
		if dest[i], err = r.stmt.columns[i].Value(v); err != nil {
			return fmt.Errorf("column %s: %w", r.stmt.columns[i].Name, err)
		}
	}
	return nil
}

// Close implements driver.Rows. It reads what is left; errors there are those of rows that nobody wanted.
func (r *Rows) Close() error {
	for r.advance() {
	}
	r.ahead = false
	return nil
}

// Value is what lib/pq makes of a value, which it may share memory with.
func (c Column) Value(v []byte) (driver.Value, error) {
	if v == nil {
		return nil, nil
	}
	switch c.Type {
	case oid.T_int2, oid.T_int4, oid.T_int8:
		return Int(v), nil
	case oid.T_float8:
		return Float(v), nil
	case oid.T_bool:
		return Bool(v), nil
	case oid.T_float4:
		return strconv.ParseFloat(string(v), 64)
	case oid.T_char, oid.T_bpchar, oid.T_varchar, oid.T_text:
		return string(v), nil
	case oid.T_timestamptz:
		return timestamp(time.UTC, v)
	case oid.T_timestamp, oid.T_date:
		return timestamp(nil, v)
	}
	return v, nil
}

func timestamp(loc *time.Location, v []byte) (driver.Value, error) {
	if s := string(v); s != "infinity" && s != "-infinity" {
		return pq.ParseTimestamp(loc, s)
	}
	return v, nil
}

// Int is a binary int2, int4 or int8.
func Int(v []byte) int64 {
	switch len(v) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v))) //nolint:gosec // the same bits
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v))) //nolint:gosec // the same bits
	case 8:
		return int64(binary.BigEndian.Uint64(v)) //nolint:gosec // the same bits
	}
	return 0
}

// Float is a binary float8.
func Float(v []byte) float64 { return math.Float64frombits(uint64(Int(v))) } //nolint:gosec // the same bits

// Bool is a binary bool.
func Bool(v []byte) bool { return len(v) == 1 && v[0] != 0 }
