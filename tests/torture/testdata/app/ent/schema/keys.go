// Package schema uses all that ent's schemas can say. The files are grouped by what they try.
package schema

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Counter has the id that ent gives to entities that name none.
type Counter struct{ ent.Schema }

func (Counter) Fields() []ent.Field { return []ent.Field{field.String("name")} }

func (Counter) Edges() []ent.Edge {
	return []ent.Edge{edge.To("gauges", Gauge.Type)}
}

// Ledger counts in 64 bits.
type Ledger struct{ ent.Schema }

func (Ledger) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.String("name"),
		field.String("country_code").Optional().Nillable(),
	}
}

func (Ledger) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("country", Country.Type).Ref("ledgers").Unique().Field("country_code"),
		edge.To("tokens", Token.Type),
	}
}

// Gauge counts without a sign.
type Gauge struct{ ent.Schema }

func (Gauge) Fields() []ent.Field {
	return []ent.Field{field.Uint("id"), field.String("name")}
}

func (Gauge) Edges() []ent.Edge {
	return []ent.Edge{edge.From("counter", Counter.Type).Ref("gauges").Unique()}
}

// Country has a text that its source gives.
type Country struct{ ent.Schema }

func (Country) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }

func (Country) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").StorageKey("code").MaxLen(2).NotEmpty(),
		field.String("name").Unique(),
	}
}

func (Country) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("ledgers", Ledger.Type).Annotations(entsql.OnDelete(entsql.SetNull)),
		edge.To("parcels", Parcel.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("neighbours", Country.Type),
	}
}

// Token has a UUID that is made up.
type Token struct{ ent.Schema }

func (Token) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(uuid.New),
		field.String("name"),
	}
}

func (Token) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("ledger", Ledger.Type).Ref("tokens").Unique(),
		edge.To("parcels", Parcel.Type),
	}
}

// Parcel has a UUID that its source gives.
type Parcel struct{ ent.Schema }

func (Parcel) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }

func (Parcel) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}),
		field.String("to"),
	}
}

func (Parcel) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("country", Country.Type).Ref("parcels").Unique().Required(),
		edge.From("tokens", Token.Type).Ref("parcels"),
	}
}

// Slug is a text of its own type.
type Slug string

// Label has a text of its own type that is made up.
type Label struct{ ent.Schema }

func (Label) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(Slug("")).DefaultFunc(func() Slug { return Slug("l-" + rand.Text()[:8]) }),
		field.String("name"),
	}
}

func (Label) Edges() []ent.Edge {
	return []ent.Edge{edge.To("tickets", Ticket.Type)}
}

// Room has a number that its source gives.
type Room struct{ ent.Schema }

func (Room) Fields() []ent.Field {
	off := false
	return []ent.Field{
		field.Int("id").Annotations(entsql.Annotation{Incremental: &off}),
		field.String("name"),
	}
}

// TicketID is a key that Go holds as bytes and the database as text.
type TicketID [4]byte

// NewTicketID makes one up.
func NewTicketID() (id TicketID) {
	_, _ = rand.Read(id[:])
	return id
}

// Value implements driver.Valuer.
func (id TicketID) Value() (driver.Value, error) { return "t" + hex.EncodeToString(id[:]), nil }

// Scan implements sql.Scanner.
func (id *TicketID) Scan(v any) error {
	text, ok := v.(string)
	if b, isBytes := v.([]byte); isBytes {
		text, ok = string(b), true
	}
	if !ok || len(text) != 9 || text[0] != 't' {
		return fmt.Errorf("%v is no ticket", v)
	}
	_, err := hex.Decode(id[:], []byte(text[1:]))
	return err
}

// Ticket has a key of a type that reads itself.
type Ticket struct{ ent.Schema }

func (Ticket) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").GoType(TicketID{}).DefaultFunc(NewTicketID),
		field.String("label_id").GoType(Slug("")).Optional(),
	}
}

func (Ticket) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("label", Label.Type).Ref("tickets").Unique().Field("label_id"),
		edge.To("next", Ticket.Type).Unique().From("previous").Unique(),
	}
}
