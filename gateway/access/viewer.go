package access

import (
	"context"
	"slices"
)

// Viewer is who asks. The zero value is an anonymous viewer, who may do what rules allow to [Everyone].
type Viewer struct {
	// UserID is the key of the viewer's row in the user entity, as text ("42"). Empty if the viewer is not a user.
	UserID string
	// Roles are the viewer's roles. Their names mean what the schema's rules make of them.
	Roles []string
	// Tenant is the key of the tenant whose rows the viewer works with, as text. Empty if there is none.
	Tenant string
	// Claims are all claims of the viewer's token, nil without one. They are read only.
	Claims map[string]any
	// System lifts every rule. It is for the framework's and the application's own work (loading data, background jobs),
	// never for a request.
	System bool
	// Known is the field, a unique key, by whose value one row is being looked up; see [Knows]. The engine sets it for such a look-up,
	// and nobody else.
	Known string
}

// SignedIn says whether the viewer is known: a user, or a service that has at least one role.
func (v Viewer) SignedIn() bool { return v.UserID != "" || len(v.Roles) > 0 }

// HasRole says whether the viewer has one of the given roles.
func (v Viewer) HasRole(roles ...string) bool {
	return slices.ContainsFunc(v.Roles, func(r string) bool { return slices.Contains(roles, r) })
}

type viewerKey struct{}

// NewContext returns a context whose operations run as v.
func NewContext(ctx context.Context, v Viewer) context.Context {
	return &viewed{ctx, v}
}

// viewed is context.WithValue without a box for the viewer.
type viewed struct {
	context.Context
	viewer Viewer
}

func (c *viewed) Value(key any) any {
	if key == (viewerKey{}) {
		return &c.viewer
	}
	return c.Context.Value(key)
}

// FromContext returns the viewer of ctx, an anonymous one if none was set.
func FromContext(ctx context.Context) Viewer {
	if v, ok := ctx.Value(viewerKey{}).(*Viewer); ok {
		return *v
	}
	return Viewer{}
}

// SystemContext returns a context that no rule restricts.
func SystemContext(ctx context.Context) context.Context {
	return NewContext(ctx, Viewer{System: true})
}
