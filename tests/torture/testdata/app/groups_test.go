package torture_test

import (
	"fmt"
	"reflect"

	"github.com/entwine-data/entwine/gateway/entity"
)

// groups groups the rows by each field, by each period, and by what lies at the end of each edge.
func (a *app) groups(e *entity.Entity, rows []object) {
	for _, f := range e.Fields {
		if !f.Groupable() || f.Hidden {
			continue
		}
		by := "{field: " + f.OrderValue + "}"
		list := a.grouped(e, by, f.Name, "")
		seen := 0
		for _, row := range rows {
			for _, g := range list {
				if reflect.DeepEqual(g.At("key", f.Name), row[f.Name]) {
					seen++
				}
			}
		}
		if seen != len(rows) || count(list) != len(rows) {
			a.t.Errorf("%s: %d of %d rows have a group in %v", by, seen, len(rows), list)
		}
		for _, period := range entity.Periods() {
			if period.Fits(f.Type) {
				if list := a.grouped(e, "{field: "+f.OrderValue+", period: "+string(period)+"}", f.Name, ""); count(list) != len(rows) {
					a.t.Errorf("%s %s: %v", by, period, list)
				}
			}
		}
		for _, fn := range entity.Aggregates() {
			if _, ok := fn.Of(f); !ok {
				continue
			}
			figure := fmt.Sprintf("aggregate { v: %s { v: %s } }", fn, f.Name)
			for _, g := range a.grouped(e, by, f.Name, figure) {
				condition := object{"eq": g.At("aggregate", "v", "v")}
				if condition["eq"] == nil {
					condition = object{"isNull": true}
				}
				r := a.must(fmt.Sprintf(`query($h: %sHaving) { %s(by: [%s], having: $h, orderBy: [{%s: {%s: DESC}}]) { key { %s } } }`, e.Name, e.Names.Groups, by, fn, f.Name, f.Name),
					object{"h": object{string(fn): object{f.Name: condition}}})
				found := false
				for _, same := range r.At(e.Names.Groups).([]any) {
					found = found || reflect.DeepEqual(same.(object)["key"].(object)[f.Name], g.At("key", f.Name))
				}
				if !found {
					a.t.Errorf("%s: having %s %v does not find %v: %s", by, fn, condition, g, r.Raw)
				}
			}
		}
	}
	for _, ed := range e.Edges {
		if ed.Hidden || ed.Groups == "" && ed.List() {
			continue
		}
		for _, f := range ed.To().Fields {
			switch {
			case !f.Groupable() || f.Hidden:
			case ed.List():
				r := a.must(fmt.Sprintf(`{ list: %s(first: 3) { nodes { all: %s { totalCount } groups: %s(by: [{field: %s}], first: 3) { key { %s } aggregate { count } } } } }`,
					e.Names.Many, ed.Name, ed.Groups, f.OrderValue, f.Name), nil)
				for i := range r.At("list", "nodes").([]any) {
					n := 0.0
					for j := range r.At("list", "nodes", i, "groups").([]any) {
						n += r.At("list", "nodes", i, "groups", j, "aggregate", "count").(float64)
					}
					if n != r.At("list", "nodes", i, "all", "totalCount") {
						a.t.Errorf("%s by %s: %s", ed.Groups, f.Name, r.Raw)
					}
				}
			default:
				if list := a.grouped(e, "{"+ed.Name+": {field: "+f.OrderValue+"}}", ed.Name+" { "+f.Name+" }", ""); count(list) != len(rows) {
					a.t.Errorf("by %s.%s: %v", ed.Name, f.Name, list)
				}
			}
		}
	}
}

// group is one of an answer.
type group object

// At follows keys down.
func (g group) At(path ...string) any {
	var v any = object(g)
	for _, key := range path {
		m, _ := v.(object)
		v = m[key]
	}
	return v
}

func (a *app) grouped(e *entity.Entity, by, key, figures string) (list []group) {
	a.t.Helper()
	r := a.must(`{ `+e.Names.Groups+`(by: [`+by+`], first: 3) { key { `+key+` } n: aggregate { count } `+figures+` } }`, nil)
	for _, g := range r.At(e.Names.Groups).([]any) {
		list = append(list, group(g.(object)))
	}
	return list
}

func count(list []group) (n int) {
	for _, g := range list {
		c, _ := g.At("n", "count").(float64)
		n += int(c)
	}
	return n
}
