package engine

import (
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// resolveHaving checks a condition on groups. Its tests are over the columns of the groups, so that it is written like one on
// rows.
func (x *Engine) resolveHaving(g *grouping, e *entity.Entity, having map[string]any, viewer access.Viewer) (*condition, error) {
	r := havingResolver{whereResolver: whereResolver{cfg: x.cfg, viewer: viewer}, grouping: g, entity: e, sqlite: !x.postgres}
	return r.object(having, []any{"having"}, 1)
}

// havingResolver has the bounds of a where argument.
type havingResolver struct {
	whereResolver
	grouping *grouping
	entity   *entity.Entity
	sqlite   bool
}

func (r *havingResolver) object(having map[string]any, path []any, depth int) (*condition, error) {
	if err := r.enter(having, path, depth); err != nil {
		return nil, err
	}
	c := &condition{}
	if err := r.figure(c, groupCount, having, path); err != nil {
		return nil, err
	}
	for _, fn := range entity.Aggregates() {
		v, given := having[string(fn)]
		if !given {
			continue
		}
		at := extend(path, string(fn))
		figures, _ := v.(map[string]any)
		if figures == nil {
			return nil, nullBelow(at, string(fn))
		}
		for _, f := range r.entity.Fields {
			if _, given := figures[f.Name]; !given || f.Hidden {
				continue
			}
			if err := use(r.entity, f, r.viewer, extend(at, f.Name)); err != nil {
				return nil, err
			}
			before := len(c.tests)
			if err := r.figure(c, r.grouping.figure(fn, f), figures, at); err != nil {
				return nil, err
			}
			if r.sqlite && fn == entity.Sum && f.Type != entity.Float {
				for i := range c.tests[before:] {
					c.tests[before+i].value = numberText(c.tests[before+i].value)
				}
			}
		}
	}
	return c, r.combine(c, having, path, func(sub map[string]any, path []any) (*condition, error) {
		return r.object(sub, path, depth+1)
	})
}

// figure adds the operators that m has for a figure.
func (r *havingResolver) figure(c *condition, f *entity.Field, m map[string]any, path []any) (err error) {
	v, given := m[f.Name]
	if !given {
		return nil
	}
	at := extend(path, f.Name)
	ops, _ := v.(map[string]any)
	if ops == nil {
		return nullBelow(at, f.Name)
	}
	c.tests, err = r.operators(c.tests, f, ops, at)
	return err
}

// numberText is a value to compare with an exact sum on SQLite, which is a text there.
func numberText(v any) any {
	switch v := v.(type) {
	case int64:
		return text(v)
	case []any:
		texts := make([]any, len(v))
		for i := range v {
			texts[i] = numberText(v[i])
		}
		return texts
	}
	return v
}
