package entity

import (
	"context"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
)

// Guarded is a mutation of the ORM that [Entity.Guard] lets through or not. Generated code makes it.
type Guarded struct {
	Mutation GuardedMutation
	// Save executes the mutation.
	Save func(context.Context) (ent.Value, error)
	// Keys returns the keys of the rows that an update or a delete is about to change, or that a create has made. It is nil for entities
	// with composite keys.
	Keys func(context.Context) ([]any, error)
	// Count counts the rows for which all predicates hold.
	Count func(ctx context.Context, where ...func(*sql.Selector)) (int, error)
	// InTx says whether the mutation belongs to a transaction that the ORM has begun.
	InTx func() bool
	// Conn is where the mutation's statements go.
	Conn func() dialect.ExecQuerier
	// Tenant turns the key of a tenant into the type of the field that holds it. It is nil for entities without one.
	Tenant func(key any) (ent.Value, bool)
}

// GuardedMutation is the part of the ORM's mutations that rules need.
type GuardedMutation interface {
	Op() ent.Op
	WhereP(...func(*sql.Selector))
	Field(name string) (ent.Value, bool)
	SetField(name string, value ent.Value) error
	AddedEdges() []string
	AddedIDs(edge string) []ent.Value
	RemovedIDs(edge string) []ent.Value
	EdgeCleared(edge string) bool
}

type checkedKey struct{}

// Checked returns a context for mutations whose rules the caller has asked already.
func Checked(ctx context.Context, drafts ...*Draft) context.Context {
	checked := make(map[GuardedMutation]bool, len(drafts))
	for _, d := range drafts {
		checked[d.Mutation] = true
	}
	return context.WithValue(ctx, checkedKey{}, checked)
}

func isChecked(ctx context.Context, m GuardedMutation) bool {
	checked, _ := ctx.Value(checkedKey{}).(map[GuardedMutation]bool)
	return checked[m]
}

// Guard asks the rules about a mutation of the ORM by the viewer of ctx. Rows that the viewer may not see or change are left
// alone, as if they were not there; that a row would become one which the viewer may not write is an error, which undoes the
// transaction. Without a transaction, Guard begins one where it has to look at the row that comes of the write. New rows get the
// viewer's tenant.
func (e *Entity) Guard(ctx context.Context, g Guarded) (ent.Value, error) {
	g = e.record(ctx, g)
	v := access.FromContext(ctx)
	if v.System {
		return g.Save(ctx)
	}
	m := g.Mutation
	create := m.Op().Is(ent.OpCreate)
	if e.Tenant != nil {
		if err := e.confine(g, v, create); err != nil {
			return nil, err
		}
	}
	if isChecked(ctx, m) {
		return g.Save(ctx)
	}
	op := access.Create
	switch {
	case m.Op().Is(ent.OpUpdate | ent.OpUpdateOne):
		op = access.Update
	case !create:
		op = access.Delete
	}
	if e.Rules.For(op).Reduce(v) == nil {
		return nil, e.Denied(op, v)
	}
	conditions := []func(*sql.Selector){e.Where(op, v)}
	decided := e.Unrestricted(op, v) // nothing is left to ask about the row that comes of it
	for _, f := range e.Fields {
		if _, set := m.Field(f.Schema); !set || f.Write == nil || allows(f.Write, v) {
			continue
		}
		if f.Write.Reduce(v) == nil {
			return nil, e.Denied(op, v)
		}
		conditions, decided = append(conditions, e.selector(func(w SQL, alias string) { e.WriteRule(w, f.Write, v, alias) })), false
	}
	if !create {
		m.WhereP(append(conditions, e.Where(access.Read, v))...)
	}
	within := e.neighborsInTenant(m.AddedEdges(), v)
	if decided && len(within) == 0 || op == access.Delete {
		return g.Save(ctx)
	}
	if g.Keys == nil {
		return nil, fmt.Errorf("%s %s: its rules depend on the row, which has a composite key; use access.SystemContext", op, e.Name)
	}
	conditions = append(conditions, within...)
	var value ent.Value
	err := e.whole(ctx, g, func(ctx context.Context) (err error) {
		value, err = e.saveIf(ctx, g, op, conditions)
		return err
	})
	return value, err
}

// whole calls fn in a transaction, unless the mutation is in one that the ORM has begun.
func (e *Entity) whole(ctx context.Context, g Guarded, fn func(ctx context.Context) error) error {
	c, _ := ctx.Value(catalogKey{}).(*Catalog)
	if c == nil || c.Transaction == nil || g.InTx != nil && g.InTx() {
		return fn(ctx)
	}
	return c.Transaction(ctx, fn)
}

// saveIf saves if the conditions hold for all rows that come of it. Its error must undo what it did.
func (e *Entity) saveIf(ctx context.Context, g Guarded, op access.Operation, conditions []func(*sql.Selector)) (ent.Value, error) {
	create, v := op == access.Create, access.FromContext(ctx)
	// Which rows they are is not a question of what the viewer may read.
	system := access.SystemContext(ctx)
	var keys []any
	find := func() (err error) { keys, err = g.Keys(system); return err }
	if !create {
		if err := find(); err != nil {
			return nil, err
		}
	}
	value, err := g.Save(ctx)
	if err != nil {
		return value, err
	}
	if create {
		if err := find(); err != nil {
			return nil, err
		}
	}
	allowed, err := g.Count(system, append(conditions, sql.FieldIn(e.ID[0].Column, keys...))...)
	if err != nil {
		return nil, err
	}
	if allowed < len(keys) {
		return nil, e.Denied(op, v)
	}
	return value, nil
}

// confine gives new rows the viewer's tenant, and keeps others in theirs.
func (e *Entity) confine(g Guarded, v access.Viewer, create bool) error {
	if !create {
		if _, set := g.Mutation.Field(e.Tenant.Schema); set {
			return apierr.New(apierr.Forbidden, "A %s cannot go to another tenant.", e.Name)
		}
		return nil
	}
	key, ok := e.tenantKey(v)
	value, fits := ent.Value(nil), false
	if ok {
		value, fits = g.Tenant(key)
	}
	if !fits {
		return e.Denied(access.Create, v)
	}
	return g.Mutation.SetField(e.Tenant.Schema, value)
}

// neighborsInTenant are conditions under which edges that a mutation has added lead to rows of the viewer's tenant only.
func (e *Entity) neighborsInTenant(edges []string, v access.Viewer) (conditions []func(*sql.Selector)) {
	for _, name := range edges {
		ed := e.SchemaEdge(name)
		if ed == nil || !ed.target.confines(v) {
			continue
		}
		conditions = append(conditions, e.selector(func(w SQL, alias string) {
			w.WriteSQL("NOT EXISTS (SELECT 1 FROM ")
			ed.target.writeJoin(w, ed, alias, "o0")
			w.WriteSQL(" AND NOT ")
			ed.target.writeTenant(w, v, "o0")
			w.WriteSQL(")")
		}))
	}
	return conditions
}

// Denied is the error of a viewer who may not do op.
func (e *Entity) Denied(op access.Operation, v access.Viewer) error {
	if !v.SignedIn() {
		return apierr.New(apierr.Unauthenticated, "Sign in to %s a %s.", op, e.Name)
	}
	return apierr.New(apierr.Forbidden, "You may not %s this %s.", op, e.Name)
}

// RowKeys is for [Guarded.Keys] of entities with one key column.
func RowKeys[K comparable](m GuardedMutation, id func() (K, bool), ids func(context.Context) ([]K, error)) func(context.Context) ([]any, error) {
	return func(ctx context.Context) ([]any, error) {
		if m.Op().Is(ent.OpCreate) {
			key, ok := id()
			if !ok {
				return nil, fmt.Errorf("the new row has no key")
			}
			return []any{key}, nil
		}
		keys, err := ids(ctx)
		all := make([]any, len(keys))
		for i, key := range keys {
			all[i] = key
		}
		return all, err
	}
}

// TenantKey is for [Guarded.Tenant]: key is one of those of package input.
func TenantKey[K any](key func(any) (K, bool)) func(any) (ent.Value, bool) {
	return func(v any) (ent.Value, bool) {
		k, ok := key(v)
		return k, ok
	}
}
