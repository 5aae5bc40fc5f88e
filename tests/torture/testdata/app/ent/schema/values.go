package schema

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Everything has a field of each basic kind, once required and once not.
type Everything struct{ ent.Schema }

func (Everything) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }

func (Everything) Fields() []ent.Field {
	date := map[string]string{dialect.Postgres: "date", dialect.SQLite: "date"}
	return []ent.Field{
		field.Enum("mood").Values("good", "so-so", "very bad"),
		field.Enum("size").NamedValues("Small", "S", "Large", "L").Optional().Nillable(),
		field.Bool("flag"),
		field.Bool("maybe").Optional(),
		field.Int("i"),
		field.Int8("i8").Optional(),
		field.Int16("i16").Optional(),
		field.Int32("i32").Optional(),
		field.Int64("i64").Optional(),
		field.Uint("u").Optional(),
		field.Uint8("u8").Optional(),
		field.Uint16("u16").Optional(),
		field.Uint32("u32").Optional(),
		field.Uint64("u64").Optional(),
		field.Float("f"),
		field.Float32("f32").Optional(),
		field.String("s").MaxRuneLen(20),
		field.String("var").MaxLen(30).SchemaType(map[string]string{dialect.Postgres: "varchar(30)"}).Optional(),
		field.Text("txt").Optional(),
		field.Time("at").Default(entity.Now),
		field.Time("later").Optional().Nillable(),
		field.Time("day").SchemaType(date).Optional(),
		field.JSON("doc", map[string]any{}).Optional(),
		field.JSON("shape", Shape{}),
		field.JSON("shapes", []*Shape{}).Optional(),
		field.Strings("words").Optional(),
		field.Ints("numbers").Optional(),
		field.Any("any").Optional(),
		field.Bytes("raw").MaxLen(16),
		field.Bytes("more").Optional().Nillable(),
		field.UUID("key", uuid.UUID{}).Default(uuid.New),
		field.UUID("other_key", uuid.UUID{}).Optional().Nillable().Unique(),
	}
}

// Shape is kept as JSON.
type Shape struct {
	Sides int      `json:"sides"`
	Names []string `json:"names,omitempty"`
}

// Price holds exact numbers in three ways.
type Price struct{ ent.Schema }

func (Price) Fields() []ent.Field {
	numeric := map[string]string{dialect.Postgres: "numeric(12,2)", dialect.SQLite: "numeric"}
	return []ent.Field{
		field.String("net").SchemaType(numeric),
		field.Float("tax").SchemaType(numeric).Optional(),
		field.Other("gross", Amount{}).SchemaType(numeric).Optional(),
	}
}

// Amount is an exact number.
type Amount struct{ big.Rat }

// Value implements driver.Valuer.
func (a Amount) Value() (driver.Value, error) { return a.FloatString(2), nil }

// Scan implements sql.Scanner.
func (a *Amount) Scan(v any) error {
	text := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		text = string(b)
	}
	if _, ok := a.SetString(text); !ok {
		return fmt.Errorf("%v is no amount", v)
	}
	return nil
}

// Custom holds values of Go types of its own.
type Custom struct{ ent.Schema }

func (Custom) Fields() []ent.Field {
	return []ent.Field{
		field.String("email").GoType(Email("")),
		field.Int("level").GoType(Level(0)),
		field.Float("ratio").GoType(Ratio(0)).Optional(),
		field.Bool("on").GoType(Switch(false)).Optional(),
		field.String("link").GoType(&url.URL{}).ValueScanner(field.BinaryValueScanner[*url.URL]{}).Optional(),
		field.String("point").GoType(Point{}).Optional().Nillable(),
		field.String("pointer").GoType(&Point{}).Optional(),
		field.Enum("colour").GoType(Colour("")),
		field.Enum("rank").GoType(Rank(0)).Optional(),
		field.Time("moment").GoType(Moment{}).Optional(),
		field.Bytes("address").GoType(net.IP{}).Optional(),
		field.JSON("settings", &Settings{}).Optional(),
		field.Other("span", Span(0)).SchemaType(map[string]string{dialect.Postgres: "bigint", dialect.SQLite: "integer"}).Optional(),
	}
}

// Email is a text.
type Email string

// Validate implements field.Validator.
func (e Email) Validate() error {
	if !strings.Contains(string(e), "@") {
		return errors.New("an address has an @")
	}
	return nil
}

// Level, Ratio and Switch are basic types by other names.
type (
	Level  int
	Ratio  float64
	Switch bool
	// Moment is a time.
	Moment time.Time
)

// Value implements driver.Valuer.
func (m Moment) Value() (driver.Value, error) { return time.Time(m), nil }

// Scan implements sql.Scanner.
func (m *Moment) Scan(v any) error {
	t, ok := v.(time.Time)
	if !ok {
		return fmt.Errorf("%v is no time", v)
	}
	*m = Moment(t)
	return nil
}

// Point is kept as text.
type Point struct{ X, Y int }

// Value implements driver.Valuer.
func (p Point) Value() (driver.Value, error) { return fmt.Sprintf("%d/%d", p.X, p.Y), nil }

// Scan implements sql.Scanner.
func (p *Point) Scan(v any) error {
	text, ok := v.(string)
	if b, isBytes := v.([]byte); isBytes {
		text, ok = string(b), true
	}
	if !ok {
		return fmt.Errorf("%T is no point", v)
	}
	_, err := fmt.Sscanf(text, "%d/%d", &p.X, &p.Y)
	return err
}

// Colour is an enum of a text type.
type Colour string

// Values implements field.EnumValues.
func (Colour) Values() []string { return []string{"red", "light-blue"} }

// Rank is an enum of a number type.
type Rank int

// Values implements field.EnumValues.
func (Rank) Values() []string { return []string{"low", "high"} }

// String is what ent asks of such an enum.
func (r Rank) String() string { return r.Values()[r] }

// Value implements driver.Valuer.
func (r Rank) Value() (driver.Value, error) { return r.String(), nil }

// Scan implements sql.Scanner.
func (r *Rank) Scan(v any) error {
	text := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		text = string(b)
	}
	for i, name := range r.Values() {
		if name == text {
			*r = Rank(i)
			return nil
		}
	}
	return fmt.Errorf("%v is no rank", v)
}

// Settings are kept as JSON.
type Settings struct {
	Theme string `json:"theme"`
}

// Span is kept as a number of seconds.
type Span time.Duration

// Value implements driver.Valuer.
func (s Span) Value() (driver.Value, error) { return int64(time.Duration(s) / time.Second), nil }

// Scan implements sql.Scanner.
func (s *Span) Scan(v any) error {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	*s = Span(time.Duration(n) * time.Second)
	return err
}

// Stamps is a mixin with fields, a hook and an index.
type Stamps struct{ mixin.Schema }

// Fields of the mixin.
func (Stamps) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()),
		field.Time("updated_at").Default(entity.Now).UpdateDefault(entity.Now).Annotations(entity.ReadOnly()),
	}
}

// Indexes of the mixin.
func (Stamps) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

// Guarded has all that a field can be besides its type.
type Guarded struct{ ent.Schema }

func (Guarded) Mixin() []ent.Mixin {
	return []ent.Mixin{Stamps{}, mixin.AnnotateFields(mixin.Time{}, entity.Hidden()), entity.History{}}
}

func (Guarded) Fields() []ent.Field {
	return []ent.Field{
		field.String("code").Immutable().Match(regexp.MustCompile("^[a-z]+$")).StorageKey("guarded_code"),
		field.String("password").Sensitive().MinLen(4).Optional(),
		field.String("salt").Sensitive().Optional().Annotations(entity.Hidden()),
		field.Int("count").Default(3).Range(0, 10).Comment("How many there are."),
		field.Int("version").Default(1).UpdateDefault(func() int { return 2 }).Annotations(entity.ReadOnly()),
		field.String("old").Optional().Deprecated("Use code."),
		field.String("shouted").Optional(),
		field.String("initials").Optional().Annotations(entity.ReadOnly()).Comment(`Made by a "hook".`),
		field.Float("score").Default(1).Positive().Optional(),
		field.Int("low").Default(-1).Negative(),
		field.Bool("archived").Default(false),
		field.String("tenant").DefaultFunc(func() string { return "acme" }).Annotations(entity.Hidden()),
	}
}

func (Guarded) Hooks() []ent.Hook {
	return []ent.Hook{func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if text, ok := m.Field("shouted"); ok {
				if err := m.SetField("initials", strings.ToUpper(text.(string)[:1])); err != nil {
					return nil, err
				}
			}
			return next.Mutate(ctx, m)
		})
	}}
}

// Intercepted counts the queries of the ORM.
var Intercepted int

func (Guarded) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			Intercepted++
			return next.Query(ctx, q)
		})
	})}
}

func (Guarded) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("code", "tenant").Unique(),
		index.Fields("count", "code").Unique().StorageKey("by_count"),
		index.Fields("shouted").Unique().Annotations(entsql.IndexWhere("archived = false")),
		index.Fields("count", "created_at").Annotations(entsql.DescColumns("created_at")),
		index.Fields("score").Annotations(entsql.Desc()),
	}
}

func (Guarded) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Annotation{Table: "guarded_things", Checks: map[string]string{"low_is_low": "low < 1"}},
		schema.Comment("Something well guarded."),
	}
}
