package codegen

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
)

func (m *model) newField(n *node, ef *gen.Field) (*entity.Field, error) {
	t := n.Type
	api, err := annotation(ef.Annotations)
	if err != nil {
		return nil, fault(t, "field %s: read its API annotation: %v", ef.Name, err)
	}
	f := &entity.Field{
		Name:        orText(api.NewName, camel(ef.Name)),
		Schema:      ef.Name,
		Column:      ef.StorageKey(),
		Description: orText(api.Description, ef.Comment()),
		Nullable:    ef.Optional,
		NonNull:     !ef.Optional,
		Hidden:      ef.Sensitive() || api.Hide,
		OrderValue:  upperSnake(orText(api.NewName, ef.Name)),
		DBType:      ef.Column().SchemaType[dialect.Postgres],
	}
	if n.api.History {
		f.Was = api.Was
	}
	switch {
	case ef == t.ID && (api.Hide || api.NewName != ""):
		return nil, fault(t, "field %s: Relay clients need the id, and need it as `id`; take the annotation away", ef.Name)
	case ef == t.ID:
		f.Type, f.GraphQL, f.OrderValue = entity.ID, "ID", "ID"
		f.Name = "id"
		f.Description = orText(f.Description, "The id of the "+phrase(t.Name)+", unique among all objects.")
		f.Key, err = keyType(ef)
	case ef.IsEdgeField():
		edge, edgeErr := ef.Edge()
		if edgeErr != nil {
			return nil, fault(t, "field %s: %v", ef.Name, edgeErr)
		}
		target, targetErr := annotation(edge.Type.Annotations)
		if targetErr != nil {
			return nil, fault(edge.Type, "read its API annotation: %v", targetErr)
		}
		f.Type, f.GraphQL, f.Target = entity.Ref, "ID", orText(target.NewName, edge.Type.Name)
		f.Hidden = f.Hidden || target.Hide
		f.Description = orText(f.Description, "The id of the "+phrase(edge.Name)+".")
		f.Key, err = keyType(ef)
	default:
		if f.Type, err = fieldType(ef); err != nil && api.Hide {
			// The database knows what it is.
			f.Type, err = entity.String, nil
		}
		f.GraphQL = string(f.Type)
		f.Description = orText(f.Description, "The "+phrase(ef.Name)+" of the "+phrase(t.Name)+".")
	}
	if err != nil {
		return nil, fault(t, "field %s: %v", ef.Name, err)
	}
	if f.Type == entity.Enum {
		if err := m.addEnum(n, ef, f, api); err != nil {
			return nil, err
		}
	}
	if c := ef.Column(); ef.IsString() && c.Size > 0 && c.Size < 1<<31-1 {
		f.MaxLen = int(c.Size)
	}
	// What a scanner of the schema keeps need not compare as it reads: ent's own write texts as bytes, which SQLite tells
	// from texts.
	comparable := f.Type != entity.JSON && f.Type != entity.Bytes && !ef.HasValueScanner()
	f.Filter = (comparable || f.Type == entity.JSON && !ef.HasValueScanner()) && !f.Hidden
	f.Sort = comparable && !f.Hidden && f.Type != entity.Ref
	if api.SoftDelete {
		if !ef.IsTime() || !ef.Optional || !ef.Nillable || n.SoftDelete != nil {
			return nil, fault(t, "field %s: entity.SoftDelete is for one field of an entity: field.Time(%q).Optional().Nillable()", ef.Name, ef.Name)
		}
		n.SoftDelete, n.Deleted = f, api.Deleted
	}
	if api.Version != "" {
		if n.Version != nil || f.Type != entity.Int && f.Type != entity.BigInt || ef.Optional || !ef.Default {
			return nil, fault(t, "field %s: entity.Version is for one field of an entity: field.Int(%q).Default(1)", ef.Name, ef.Name)
		}
		n.Version, n.VersionOptional = f, api.Version == "optional"
	}
	if api.Tenant {
		if n.Tenant != nil || ef.Optional || ef.HasValueScanner() || f.Type != entity.String && f.Type != entity.Int && f.Type != entity.BigInt && f.Type != entity.UUID && f.Type != entity.Ref {
			return nil, fault(t, "field %s: entity.Tenant is for one required field of an entity: a text, an integer, a UUID or a foreign key", ef.Name)
		}
		if api.Bypass.DependsOnRow() {
			return nil, fault(t, "field %s: who works across tenants can depend on the viewer only: say it with access.Role", ef.Name)
		}
		n.Tenant, n.Bypass = f, api.Bypass
	}
	m.deprecated[f] = api.Deprecated
	if ef.IsDeprecated() && api.Deprecated == "" {
		m.deprecated[f] = orText(ef.DeprecationReason(), "It is no longer in use.")
	}
	return f, nil
}

func orText(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

func keyType(f *gen.Field) (entity.KeyType, error) {
	switch {
	case f.Type.Type.Integer():
		return entity.IntKey, nil
	case f.IsUUID():
		return entity.UUIDKey, nil
	case f.IsString():
		return entity.StringKey, nil
	}
	return "", fmt.Errorf("keys can be integers, texts and UUIDs, not %s", f.Type)
}

func fieldType(f *gen.Field) (entity.Type, error) {
	pg := strings.ToLower(f.Column().SchemaType[dialect.Postgres])
	switch {
	case strings.HasPrefix(pg, "numeric"), strings.HasPrefix(pg, "decimal"):
		return entity.Decimal, nil
	case f.IsTime() && pg == "date":
		return entity.Date, nil
	case f.IsOther():
		return otherType(pg)
	}
	switch f.Type.Type {
	case field.TypeBool:
		return entity.Boolean, nil
	case field.TypeTime:
		return entity.DateTime, nil
	case field.TypeJSON:
		return entity.JSON, nil
	case field.TypeUUID:
		return entity.UUID, nil
	case field.TypeBytes:
		return entity.Bytes, nil
	case field.TypeEnum:
		return entity.Enum, nil
	case field.TypeString:
		return entity.String, nil
	case field.TypeInt, field.TypeInt8, field.TypeInt16, field.TypeInt32, field.TypeUint8, field.TypeUint16:
		return entity.Int, nil
	case field.TypeInt64, field.TypeUint, field.TypeUint32, field.TypeUint64:
		return entity.BigInt, nil
	case field.TypeFloat32, field.TypeFloat64:
		return entity.Float, nil
	}
	return "", fmt.Errorf("the API has no type for %s; %s", f.Type, wayOut)
}

const wayOut = "use one of ent's basic types with a GoType, or keep the field out of the API by .Annotations(entity.Hidden())"

// otherTypes are what columns are that only the schema types of field.Other describe, by the start of Postgres' name.
var otherTypes = []struct {
	name string
	is   entity.Type
}{
	{"timestamp", entity.DateTime},
	{"date", entity.Date},
	{"bytea", entity.Bytes},
	{"json", entity.JSON},
	{"uuid", entity.UUID},
	{"bool", entity.Boolean},
	{"smallint", entity.Int},
	{"int2", entity.Int},
	{"integer", entity.Int},
	{"int4", entity.Int},
	{"bigint", entity.BigInt},
	{"int8", entity.BigInt},
	{"real", entity.Float},
	{"double", entity.Float},
	{"float", entity.Float},
	{"text", entity.String},
	{"varchar", entity.String},
	{"char", entity.String},
}

func otherType(pg string) (entity.Type, error) {
	for _, t := range otherTypes {
		if strings.HasPrefix(pg, t.name) && !strings.HasSuffix(pg, "]") && !strings.HasSuffix(pg, "range") {
			return t.is, nil
		}
	}
	if pg == "" {
		return "", fmt.Errorf("its SchemaType names no type for Postgres; %s", wayOut)
	}
	return "", fmt.Errorf("the API has no type for columns of the type %s; %s", pg, wayOut)
}

func (m *model) addEnum(n *node, ef *gen.Field, f *entity.Field, api entity.API) error {
	f.GraphQL = n.Name + title(f.Name)
	stored := make(map[string]string)
	for _, value := range ef.EnumValues() {
		name := orText(api.EnumNames[value], upperSnake(value))
		if !isName(name) || name == "TRUE" || name == "FALSE" || name == "NULL" && api.EnumNames[value] == "" {
			return fault(n.Type, "field %s: GraphQL cannot hold the enum value %q as %q; name it by .Annotations(entity.EnumNames(map[string]string{%q: \"NAME\"}))", ef.Name, value, name, value)
		}
		if other, taken := stored[name]; taken {
			return fault(n.Type, "field %s: the enum values %q and %q are both %s in the API; name one by .Annotations(entity.EnumNames(map[string]string{%q: \"NAME\"}))", ef.Name, other, value, name, value)
		}
		stored[name] = value
		f.Enum = append(f.Enum, entity.EnumValue{Name: name, Stored: value})
	}
	m.enums = append(m.enums, &enum{
		Name:        f.GraphQL,
		Description: "The values that `" + f.Name + "` of " + article(phrase(n.Name)) + " can have.",
		Values:      f.Enum,
		field:       ef,
		node:        n,
	})
	return nil
}
