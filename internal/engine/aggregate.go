package engine

import (
	"strconv"

	"github.com/entwine-data/entwine/gateway/entity"
)

// figure is an aggregate that a list's count statement computes beside the count.
type figure struct {
	fn    entity.Aggregate
	field *entity.Field
	// result is how the value is written: a field of the aggregate's type.
	result *entity.Field
}

// figure makes the read compute an aggregate and returns its position.
func (r *read) figure(fn entity.Aggregate, f *entity.Field) int {
	for i, known := range r.figures {
		if known.fn == fn && known.field == f {
			return i
		}
	}
	r.figures = append(r.figures, newFigure(fn, f, len(r.figures)))
	return len(r.figures) - 1
}

// newFigure is an aggregate at a position of those that a statement computes.
func newFigure(fn entity.Aggregate, f *entity.Field, at int) figure {
	result := *f
	result.Type, _ = fn.Of(f)
	result.Column, result.Nullable = "f"+strconv.Itoa(at), fn != entity.CountDistinct
	if fn != entity.Min && fn != entity.Max {
		result.DBType = ""
	}
	return figure{fn, f, &result}
}

// aggregate compiles the selection on a connection's aggregate.
func (c *compiler) aggregate(r *read, f *collected, e *entity.Entity) *object {
	obj := &object{typeName: f.first().Definition.Type.Name()}
	for _, af := range c.fields(f.sub(), obj.typeName) {
		switch name := af.first().Name; name {
		case "__typename":
			obj.outs = append(obj.outs, c.typename(af))
		case "count":
			obj.outs = append(obj.outs, c.out(af, outTotalCount))
		default:
			o := c.out(af, outObject)
			o.obj = &object{typeName: af.first().Definition.Type.Name()}
			for _, ff := range c.fields(af.sub(), o.obj.typeName) {
				if ff.first().Name == "__typename" {
					o.obj.outs = append(o.obj.outs, c.typename(ff))
					continue
				}
				fo := c.out(ff, outFigure)
				fo.col = r.figure(entity.Aggregate(name), e.Field(ff.first().Name))
				o.obj.outs = append(o.obj.outs, fo)
			}
			obj.outs = append(obj.outs, o)
		}
	}
	return obj
}

// figure writes an aggregate. Both databases give one form: exact texts for sums of integers and decimals, floating point
// numbers for averages, which are the nearest to the exact sum divided by the number of values.
func (s *statement) figure(f figure) {
	column := func() { s.WriteColumn("t", f.field.Column) }
	call := func(before, after string) {
		s.WriteSQL(before)
		column()
		s.WriteSQL(after)
	}
	if !f.field.Readable(s.request.viewer) { // and is refused
		s.WriteSQL("NULL")
		return
	}
	float := f.field.Type == entity.Float
	sum := func() {
		if s.postgres && float { // the sum of narrow ones would be narrow
			call("sum(CAST(", " AS double precision))")
			return
		}
		call("sum(", ")")
	}
	switch {
	case f.fn == entity.CountDistinct:
		call("count(DISTINCT ", ")")
	case f.fn == entity.Sum && (s.postgres || float):
		sum()
	case f.fn == entity.Sum:
		s.exactSum(f.field)
		s.WriteSQL(" COLLATE entwine_number")
	case f.fn == entity.Avg && s.postgres:
		// Postgres' avg of integers is a decimal of 16 digits, one too few for the nearest floating point number.
		s.WriteSQL("CAST(")
		sum()
		call(" AS double precision) / NULLIF(count(", "), 0)")
	case f.fn == entity.Avg && float:
		call("avg(", ")")
	case f.fn == entity.Avg:
		s.WriteSQL("entwine_mean(")
		s.exactSum(f.field)
		call(", count(", "))")
	case f.field.Type == entity.Decimal && !s.postgres:
		// The cast changes no value. It makes comparisons be those of numbers, as they are with the column itself.
		call("CAST("+string(f.fn)+"(", ") AS NUMERIC)")
	default: // the least and the greatest
		s.WriteSQL(string(f.fn) + "(")
		f.field.WriteSorted(s, "t")
		s.WriteSQL(")")
	}
}

// exactSum writes the sum of integers or decimals on SQLite, whose own fails beyond 64 bits and is a floating point number for
// decimals.
func (s *statement) exactSum(f *entity.Field) {
	if f.Type == entity.Decimal {
		s.WriteSQL("entwine_sum(")
		s.WriteColumn("t", f.Column)
		s.WriteSQL(")")
		return
	}
	// The halves are summed apart: neither sum can leave 64 bits.
	s.WriteSQL("entwine_wide(sum(")
	s.WriteColumn("t", f.Column)
	s.WriteSQL(" >> 32), sum(")
	s.WriteColumn("t", f.Column)
	s.WriteSQL(" & 4294967295))")
}

// appendFigure appends the value of an aggregate over the rows of one parent.
func (r *rows) appendFigure(dst []byte, key any, i int) ([]byte, error) {
	f := r.read.figures[i]
	values := r.figures[key]
	if values == nil { // no rows
		if f.fn == entity.CountDistinct {
			return append(dst, '0'), nil
		}
		return append(dst, "null"...), nil
	}
	return appendValue(dst, f.result, values[i])
}
