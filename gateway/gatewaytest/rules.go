package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/engine"
)

// Claim is what a test says about a viewer, an operation and some rows: see [May] and [MayNot].
type Claim struct {
	viewer  access.Viewer
	op      access.Operation
	rows    []string
	allowed bool
}

// May claims that the viewer may do op with each of the rows, "Note:1" or their ids in the API. To create means: to make another
// row with what the viewer may write of this one.
func May(viewer access.Viewer, op access.Operation, rows ...string) Claim {
	return Claim{viewer, op, rows, true}
}

// MayNot claims that the viewer may do op with none of the rows.
func MayNot(viewer access.Viewer, op access.Operation, rows ...string) Claim {
	return Claim{viewer, op, rows, false}
}

// Rules tries each claim through the API: a row is looked up, listed, changed, deleted, or made anew. What is written is
// undone, so that the order of claims does not matter. One that does not hold is reported with the parts of the rules and
// their verdicts, as `rules explain` prints them.
func (g *Gateway) Rules(t testing.TB, claims ...Claim) {
	t.Helper()
	for _, c := range claims {
		for _, row := range c.rows {
			r, err := g.row(row)
			if err != nil {
				t.Error(err)
				continue
			}
			got, err := g.attempt(t, c.viewer, c.op, r)
			switch {
			case err != nil:
				t.Errorf("%s %s as %s: %v", c.op, row, who(c.viewer), err)
			case got != c.allowed:
				verb := "may"
				if !got {
					verb = "may not"
				}
				t.Errorf("%s %s %s %s\n%s", who(c.viewer), verb, c.op, row, g.explain(t, c.viewer, c.op, r))
			}
		}
	}
}

// row is a row of the database.
type row struct {
	entity *entity.Entity
	key    any
}

func (r row) id() string { return relay.ID(r.entity.Name, fmt.Sprint(r.key)) }

// row reads "Note:1", or an id of the API.
func (g *Gateway) row(text string) (row, error) {
	name, raw, ok := relay.ParseID(text)
	if !ok {
		name, raw, _ = strings.Cut(text, ":")
	}
	e := g.Handle.Catalog.Entity(name)
	if e == nil {
		return row{}, fmt.Errorf("%q is no row such as Note:1: there is no entity %q", text, name)
	}
	key, ok := e.ParseKey(raw)
	if !ok {
		return row{}, fmt.Errorf("%q is no row: %s has no such keys", text, name)
	}
	return row{e, key}, nil
}

// explain asks the rules, without the API.
func (g *Gateway) explain(t testing.TB, v access.Viewer, op access.Operation, r row) *engine.Explanation {
	t.Helper()
	x, err := g.engine.Explain(t.Context(), r.entity, r.key, op, v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// errNotOffered is for what the API has no operation for.
var errNotOffered = errors.New("the API does not offer this")

// attempt asks the API whether the viewer may do op with the row. An error says that it cannot be tried.
func (g *Gateway) attempt(t testing.TB, v access.Viewer, op access.Operation, r row) (allowed bool, err error) {
	t.Helper()
	names := r.entity.Names
	switch op {
	case access.Read:
		return g.attemptRead(t, v, r)
	case access.Create:
		return g.attemptCreate(t, v, r)
	case access.Update:
		return g.attemptWrite(t, v, names.Update, map[string]any{"id": r.id()})
	case access.Delete:
		return g.attemptWrite(t, v, names.Delete, map[string]any{"id": r.id()})
	}
	return false, fmt.Errorf("%q is no operation", op)
}

// attemptRead looks for the row in all the ways in which it could be found.
func (g *Gateway) attemptRead(t testing.TB, v access.Viewer, r row) (bool, error) {
	t.Helper()
	if r.entity.Hidden {
		return false, errNotOffered
	}
	id := map[string]any{"id": r.id()}
	ways := map[string]string{"node": `query($id: ID!) { it: node(id: $id) { id } }`}
	if name := r.entity.Names.One; name != "" {
		ways[name] = `query($id: ID!) { it: ` + name + `(id: $id) { id } }`
	}
	if name := r.entity.Names.Many; name != "" {
		ways[name] = `query($id: ID!) { it: ` + name + `(where: { id: { eq: $id } }) { totalCount nodes { id } } }`
	}
	answers := make(map[string]bool)
	for way, query := range ways {
		switch it := g.Must(t, v, query, id).At("it").(type) {
		case nil:
			answers[way] = false
		case map[string]any:
			nodes, isList := it["nodes"].([]any)
			answers[way] = !isList || len(nodes) == 1
			if total, _ := it["totalCount"].(float64); isList && int(total) != len(nodes) {
				return false, fmt.Errorf("%s lists %d and counts %v", way, len(nodes), total)
			}
		}
	}
	for way, found := range answers {
		if found != answers["node"] {
			return false, fmt.Errorf("%s finds it: %v; node: %v", way, found, answers["node"])
		}
	}
	return answers["node"], nil
}

// attemptWrite sends a mutation, and undoes it.
func (g *Gateway) attemptWrite(t testing.TB, v access.Viewer, mutation string, input map[string]any) (allowed bool, err error) {
	t.Helper()
	if mutation == "" {
		return false, errNotOffered
	}
	g.undone(t, func(ctx context.Context) { _, allowed, err = g.write(t, ctx, g.h, v, mutation, input) })
	return allowed, err
}

// refusals are the codes by which the API says that somebody may not write.
var refusals = []string{string(apierr.Unauthenticated), string(apierr.Forbidden), string(apierr.NotFound)}

// errUndo ends a transaction whose writes were an attempt.
var errUndo = errors.New("undone")

// undone runs fn in a transaction that is rolled back.
func (g *Gateway) undone(t testing.TB, fn func(context.Context)) {
	t.Helper()
	err := g.db.Update(t.Context(), func(ctx context.Context) error {
		fn(ctx)
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
}

// who names a viewer.
func who(v access.Viewer) string {
	parts := slices.Clone(v.Roles)
	if v.UserID != "" {
		parts = slices.Insert(parts, 0, "user "+v.UserID)
	}
	if len(parts) == 0 {
		parts = []string{"anonymous"}
	}
	if v.Tenant != "" {
		parts = append(parts, "of "+v.Tenant)
	}
	return strings.Join(parts, ", ")
}
