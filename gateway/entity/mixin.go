package entity

import (
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
