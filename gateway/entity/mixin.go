package entity

import (
	"context"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/entwine-data/entwine/gateway/access"
)

// TenantMixin confines an entity to the viewer's tenant, by a text field tenant_id which the API does not show.
//
//	func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{entity.TenantMixin{}} }
//
// A unique index that begins with tenant_id makes its other fields unique within a tenant, and gives a look-up by those.
// Where tenants are an entity of their own, put the annotation [Tenant] on the foreign key of an edge instead.
type TenantMixin struct {
	mixin.Schema
	// Bypass is who works across tenants; nobody if nil.
	Bypass *access.Rule
}

// Fields implements [ent.Mixin].
func (m TenantMixin) Fields() []ent.Field {
	tenant := Tenant()
	tenant.Bypass = m.Bypass
	return []ent.Field{
		field.String("tenant_id").NotEmpty().MaxLen(200).Immutable().Annotations(tenant, Hidden()).Comment("The tenant to which the row belongs."),
	}
}

// Indexes implements [ent.Mixin].
func (TenantMixin) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "id")}
}

// SoftDeleteMixin hides deleted rows and keeps them, by a time field deleted_at; see [SoftDelete].
//
//	func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Role("admin")}} }
type SoftDeleteMixin struct {
	mixin.Schema
	// Deleted is who sees deleted rows if they ask for them, and restores those that they may delete; nobody if nil.
	Deleted *access.Rule
}

// Fields implements [ent.Mixin].
func (m SoftDeleteMixin) Fields() []ent.Field {
	deleted := SoftDelete()
	deleted.Deleted = m.Deleted
	return []ent.Field{
		field.Time("deleted_at").Optional().Nillable().Annotations(deleted).Comment("When the row was deleted; null while it is there."),
	}
}

type deletionKey struct{}

// NewDeletion returns a context in which all soft deletions have one time, so that what was deleted together can be restored
// together.
func NewDeletion(ctx context.Context) context.Context {
	return context.WithValue(ctx, deletionKey{}, Now())
}

// DeletionTime is the time of soft deletions in ctx. Generated code calls it.
func DeletionTime(ctx context.Context) time.Time {
	if t, ok := ctx.Value(deletionKey{}).(time.Time); ok {
		return t
	}
	return Now()
}

// Versioned counts the changes of each row in a field version, so that clients do not overwrite what they have not seen: updates
// and deletions carry the version that they are about, and a stale one is refused with CONFLICT. All writes of the ORM count.
//
//	func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{entity.Versioned{}} }
type Versioned struct {
	mixin.Schema
	// Optional lets clients write without a version. Writes of many rows by a filter never have one.
	Optional bool
}

// Fields implements [ent.Mixin].
func (v Versioned) Fields() []ent.Field {
	return []ent.Field{
		field.Int("version").Default(1).Annotations(Version(v.Optional)).Comment("Counts the changes, beginning with 1."),
	}
}

// Hooks implements [ent.Mixin].
func (Versioned) Hooks() []ent.Hook {
	return []ent.Hook{func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if m.Op().Is(ent.OpUpdate | ent.OpUpdateOne) {
				if err := m.AddField("version", 1); err != nil {
					return nil, err
				}
			}
			return next.Mutate(ctx, m)
		})
	}}
}
