package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/store"
)

// answered is the value of a root field `can`.
type answered struct {
	*Explanation
	err error
}

// can compiles the root field `can`.
func (c *compiler) can(f *collected) *out {
	o := c.out(f, outCan)
	o.obj = &object{typeName: f.first().Definition.Type.Name()}
	for _, sub := range c.fields(f.sub(), o.obj.typeName) {
		if sub.first().Name == "__typename" {
			o.obj.outs = append(o.obj.outs, c.typename(sub))
			continue
		}
		o.obj.outs = append(o.obj.outs, c.out(sub, outCan))
	}
	c.plan.asked++
	return o
}

// ask answers a root field `can`.
func (x *execution) ask(ctx context.Context, q store.Querier, o *out) {
	if x.answers == nil {
		x.answers = make(map[*out]answered)
	}
	explanation, err := x.explain(ctx, q, o.nodes[0].ArgumentMap(x.vars))
	x.answers[o] = answered{explanation, err}
}

func (x *execution) explain(ctx context.Context, q store.Querier, args map[string]any) (*Explanation, error) {
	if r := x.engine.catalog.Can.Reduce(x.viewer); r == nil || r.Kind != access.KindEveryone {
		code := apierr.Forbidden
		if !x.viewer.SignedIn() {
			code = apierr.Unauthenticated
		}
		return nil, apierr.New(code, "You may not ask what others may do.")
	}
	e, key, err := x.engine.globalID(args["id"])
	if err != nil {
		return nil, err
	}
	operation, _ := args["operation"].(string)
	explanation, err := x.engine.explain(ctx, q, e, key, access.Operation(strings.ToLower(operation)), viewerOf(args))
	if err != nil {
		return nil, databaseError(fmt.Errorf("ask about %s: %w", e.Name, err))
	}
	return explanation, nil
}

// viewerOf is the viewer whom the arguments of `can` describe.
func viewerOf(args map[string]any) (v access.Viewer) {
	v.UserID, _ = args["user"].(string)
	if _, key, ok := relay.ParseID(v.UserID); ok {
		v.UserID = key
	}
	v.Tenant, _ = args["tenant"].(string)
	if args["roles"] != nil {
		for _, role := range asList(args["roles"]) {
			if name, ok := role.(string); ok {
				v.Roles = append(v.Roles, name)
			}
		}
	}
	return v
}

// can writes the value of a root field `can`; null if there is no such row.
func (w *writer) can(x *execution, o *out) bool {
	a := x.answers[o]
	switch {
	case a.err != nil:
		w.fail(o.nodes, a.err)
		return false
	case !a.Exists:
		return w.null(o)
	}
	return w.object(o.obj, func(sub *out) bool {
		if sub.nodes[0].Name == "allowed" {
			w.raw(fmt.Sprint(a.Allowed))
		} else {
			w.buf = appendString(w.buf, a.String())
		}
		return true
	})
}
