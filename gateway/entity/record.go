package entity

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/gateway/access"
)

// Recorder keeps the history of rows. It is the framework's.
type Recorder interface {
	// Begin is called before an entity's mutation over conn is executed. What it returns is told which rows the mutation is about, and
	// Done when that was executed.
	Begin(ctx context.Context, conn dialect.ExecQuerier) Recording
	// Within returns a context that is in the transaction of another one.
	Within(ctx, other context.Context) context.Context
}

// Recording is what a [Recorder] is told of one mutation.
type Recording interface {
	// Changing says that rows are about to be changed or deleted: those of e whose column holds one of the keys. Nobody else changes
	// them until the transaction ends.
	Changing(ctx context.Context, e *Entity, column string, keys []any) error
	// Created says that a row was made.
	Created(ctx context.Context, e *Entity, key any)
	// Done says that it was executed.
	Done(ctx context.Context) error
}

// record makes the mutation keep the history of the rows that it writes.
func (e *Entity) record(ctx context.Context, g Guarded) Guarded {
	c, _ := ctx.Value(catalogKey{}).(*Catalog)
	m := g.Mutation
	beside := func(ed *Edge) bool {
		return len(m.AddedIDs(ed.Schema))+len(m.RemovedIDs(ed.Schema)) > 0 || m.EdgeCleared(ed.Schema)
	}
	if c == nil || c.Recorder == nil || g.Conn == nil || e.History == nil && !slices.ContainsFunc(e.recorded, beside) {
		return g
	}
	save := g.Save
	g.Save = func(ctx context.Context) (value ent.Value, err error) {
		err = e.whole(ctx, g, func(ctx context.Context) error {
			r := c.Recorder.Begin(ctx, g.Conn())
			if value, err = e.saveRecorded(ctx, g, r, save); err != nil {
				return err
			}
			return r.Done(ctx)
		})
		return value, err
	}
	return g
}

func (e *Entity) saveRecorded(ctx context.Context, g Guarded, r Recording, save func(context.Context) (ent.Value, error)) (ent.Value, error) {
	m := g.Mutation
	create := m.Op().Is(ent.OpCreate)
	var own []any
	if replaced := func(ed *Edge) bool { return replaces(m, ed) }; !create && (e.History != nil || slices.ContainsFunc(e.recorded, replaced)) {
		// Which rows they are is not a question of what the viewer may read.
		keys, err := g.Keys(access.SystemContext(ctx))
		if err != nil {
			return nil, err
		}
		if own, err = plainKeys(keys); err != nil {
			return nil, fmt.Errorf("keep the history of %s: %w", e.Name, err)
		}
		if e.History != nil {
			if err := r.Changing(ctx, e, e.ID[0].Column, own); err != nil {
				return nil, err
			}
		}
		if !m.Op().Is(ent.OpUpdateOne|ent.OpDeleteOne) && !isChecked(ctx, m) {
			// Rows that have become such meanwhile are left to those who made them so.
			m.WhereP(e.among(own))
		}
	}
	for _, ed := range e.recorded {
		linked, err := plainKeys(slices.Concat(m.AddedIDs(ed.Schema), m.RemovedIDs(ed.Schema)))
		if err != nil {
			return nil, fmt.Errorf("keep the history of %s: %w", ed.target.Name, err)
		}
		if len(linked) > 0 {
			if err := r.Changing(ctx, ed.target, ed.target.ID[0].Column, linked); err != nil {
				return nil, err
			}
		}
		if len(own) > 0 && replaces(m, ed) {
			if err := r.Changing(ctx, ed.target, ed.Column, own); err != nil {
				return nil, err
			}
		}
	}
	value, err := save(ctx)
	if err != nil || !create || e.History == nil {
		return value, err
	}
	keys, err := g.Keys(ctx)
	if err == nil {
		keys, err = plainKeys(keys)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the history of %s: %w", e.Name, err)
	}
	for _, key := range keys {
		r.Created(ctx, e, key)
	}
	return value, nil
}

// among is a predicate for the rows with the keys, which are one parameter: there may be more of them than a statement has parameters.
func (e *Entity) among(keys []any) func(*sql.Selector) {
	list, _ := json.Marshal(keys) // integers and texts
	return func(s *sql.Selector) {
		column := s.C(e.ID[0].Column)
		s.Where(sql.P(func(b *sql.Builder) {
			b.WriteString(column + " IN (SELECT ")
			if s.Dialect() != dialect.Postgres {
				b.WriteString("value FROM json_each(").Arg(string(list)).WriteString("))")
				return
			}
			cast := map[KeyType]string{IntKey: "bigint", UUIDKey: "uuid", StringKey: "text"}[e.ID[0].Key]
			b.WriteString("value::" + cast + " FROM json_array_elements_text(").Arg(string(list)).WriteString("::json))")
		}))
	}
}

// replaces says whether a mutation cuts an edge from rows that it does not name.
func replaces(m GuardedMutation, ed *Edge) bool {
	return m.EdgeCleared(ed.Schema) || ed.Kind == ToOneInverse && len(m.AddedIDs(ed.Schema)) > 0
}

// Together is for creations of many rows at once, whose hooks run one within the other: it returns the context of one of them that is
// in the transaction of the one around it. Generated code calls it.
func Together(ctx, around context.Context) context.Context {
	c, _ := around.Value(catalogKey{}).(*Catalog)
	if c == nil || c.Recorder == nil {
		return ctx
	}
	return c.Recorder.Within(ctx, around)
}

// plainKeys are keys of the ORM as the engine has them: integers of 64 bits and texts.
func plainKeys[K any](keys []K) ([]any, error) {
	plain := make([]any, len(keys))
	for i := range keys {
		key := any(keys[i])
		if v, ok := key.(driver.Valuer); ok {
			var err error
			if key, err = v.Value(); err != nil {
				return nil, err
			}
		}
		switch v := reflect.ValueOf(key); {
		case v.CanInt():
			plain[i] = v.Int()
		case v.CanUint():
			plain[i] = int64(v.Uint()) //nolint:gosec // the databases have no larger ones
		case v.Kind() == reflect.String:
			plain[i] = v.String()
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			plain[i] = string(v.Bytes())
		default:
			return nil, fmt.Errorf("%T is no key", key)
		}
	}
	return plain, nil
}
