package engine

import (
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
	result := *f
	result.Type, _ = fn.Of(f)
	r.figures = append(r.figures, figure{fn, f, &result})
	return len(r.figures) - 1
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

// figures writes the aggregates of a count statement. Casts make both databases give one form: exact texts for sums of
// integers and decimals, floating point numbers for averages.
func (s *statement) figures(figures []figure) {
	for _, f := range figures {
		s.WriteSQL(", ")
		switch f.fn {
		case entity.CountDistinct:
			s.WriteSQL("count(DISTINCT ")
			s.WriteColumn("t", f.field.Column)
			s.WriteSQL(")")
		case entity.Avg:
			if !s.postgres {
				s.WriteSQL("avg(")
				s.WriteColumn("t", f.field.Column)
				s.WriteSQL(")")
				continue
			}
			// Postgres' avg of integers is a decimal of 16 digits, one too few for the nearest floating point number.
			s.WriteSQL("CAST(sum(")
			s.WriteColumn("t", f.field.Column)
			s.WriteSQL(") AS double precision) / NULLIF(count(")
			s.WriteColumn("t", f.field.Column)
			s.WriteSQL("), 0)")
		case entity.Sum:
			s.WriteSQL("sum(")
			s.WriteColumn("t", f.field.Column)
			s.WriteSQL(")")
		default:
			s.WriteSQL(string(f.fn) + "(")
			s.WriteColumn("t", f.field.Column)
			s.WriteSQL(")")
		}
	}
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
