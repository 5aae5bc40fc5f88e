package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Explanation is what the rules say about one viewer, operation and row.
type Explanation struct {
	// Exists is false if there is no such row; nothing else is set then.
	Exists  bool
	Allowed bool
	// Rules are what is asked about the row: who may read it, and who may do the operation.
	Rules []Reasons
	// Fields are those with rules of their own, which say who may read them, or write them.
	Fields []Reasons
}

// Reasons are conditions with their verdicts, all of which must hold.
type Reasons struct {
	About string // "update", "read email"
	Of    []Reason
}

// Reason is a condition with its verdict.
type Reason struct {
	Condition entity.Condition
	Holds     bool
	Parts     []Reason
}

// Explain says whether the viewer may do op with the row of ent that has the key, and why, in one statement. To create is asked
// as if the row were new. It tells what exists: it is for those who may know everything.
func (e *Engine) Explain(ctx context.Context, ent *entity.Entity, key any, op access.Operation, viewer access.Viewer) (x *Explanation, err error) {
	err = e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		x, err = e.explain(ctx, q, ent, key, op, viewer)
		return err
	})
	return x, err
}

func (e *Engine) explain(ctx context.Context, q store.Querier, ent *entity.Entity, key any, op access.Operation, viewer access.Viewer) (*Explanation, error) {
	x := &Explanation{}
	s := &statement{postgres: e.postgres}
	s.WriteSQL("SELECT ")
	var verdicts []*bool
	ask := func(verdict *bool, write func(entity.SQL, string)) {
		if len(verdicts) > 0 {
			s.WriteSQL(", ")
		}
		verdicts = append(verdicts, verdict)
		s.WriteSQL("CASE WHEN ")
		write(s, "t")
		s.WriteSQL(" THEN 1 ELSE 0 END")
	}
	operations := []access.Operation{op}
	if op == access.Update || op == access.Delete { // what cannot be read is not there
		operations = []access.Operation{access.Read, op}
	}
	allowed := make([]bool, len(operations))
	for i, op := range operations {
		ask(&allowed[i], func(w entity.SQL, alias string) { ent.WritePredicate(w, op, viewer, alias) })
		x.Rules = append(x.Rules, Reasons{string(op), reasons(ent.Conditions(op, viewer), ask)})
	}
	verb := "write "
	if op == access.Read {
		verb = "read "
	}
	for _, f := range ent.FieldConditions(op, viewer) {
		x.Fields = append(x.Fields, Reasons{verb + f.Name, reasons([]entity.Condition{f.Condition}, ask)})
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(ent.Table, "t")
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", ent, primaryKey(ent), []any{key})
	if err := answer(ctx, q, s, verdicts, &x.Exists); err != nil {
		return nil, err
	}
	x.Allowed = x.Exists
	for _, ok := range allowed {
		x.Allowed = x.Allowed && ok
	}
	return x, nil
}

// reasons has each of the conditions and their parts asked about.
func reasons(conditions []entity.Condition, ask func(*bool, func(entity.SQL, string))) []Reason {
	out := make([]Reason, len(conditions))
	for i, c := range conditions {
		out[i] = Reason{Condition: c, Parts: reasons(c.Parts, ask)}
		ask(&out[i].Holds, c.Write)
	}
	return out
}

func answer(ctx context.Context, q store.Querier, s *statement, verdicts []*bool, exists *bool) error {
	result, err := q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return err
	}
	defer result.Close()
	answers, dest := make([]int, len(verdicts)), make([]any, len(verdicts))
	for i := range dest {
		dest[i] = &answers[i]
	}
	for result.Next() {
		if err := result.Scan(dest...); err != nil {
			return err
		}
		*exists = true
	}
	for i, v := range verdicts {
		*v = answers[i] == 1
	}
	return result.Err()
}

// Keys are those of all rows of ent with which the viewer may do op.
func (e *Engine) Keys(ctx context.Context, ent *entity.Entity, op access.Operation, viewer access.Viewer) (keys []any, err error) {
	s := &statement{postgres: e.postgres}
	s.WriteSQL("SELECT ")
	for i, f := range ent.ID {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteColumn("t", f.Column)
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(ent.Table, "t")
	s.WriteSQL(" WHERE ")
	ent.WritePredicate(s, op, viewer, "t")
	err = e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		result, err := q.QueryContext(ctx, string(s.buf), s.args...)
		if err != nil {
			return err
		}
		defer result.Close()
		for result.Next() {
			values, dest := make([]any, len(ent.ID)), make([]any, len(ent.ID))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := result.Scan(dest...); err != nil {
				return err
			}
			keys = append(keys, ent.Key(values...))
		}
		return result.Err()
	})
	return keys, err
}

// String prints the reasons as a tree: a line for each condition, with its verdict in front.
func (x *Explanation) String() string {
	var b strings.Builder
	for _, about := range append(x.Rules[:len(x.Rules):len(x.Rules)], x.Fields...) {
		fmt.Fprintf(&b, "%s\n", about.About)
		for _, r := range about.Of {
			r.print(&b, 1)
		}
	}
	return b.String()
}

func (r Reason) print(b *strings.Builder, depth int) {
	verdict, colon := "no", ""
	if r.Holds {
		verdict = "yes"
	}
	if len(r.Parts) > 0 {
		colon = ":"
	}
	fmt.Fprintf(b, "  %-3s%s%s%s\n", verdict, strings.Repeat("  ", depth), r.Condition.Text, colon)
	for _, part := range r.Parts {
		part.print(b, depth+1)
	}
}
