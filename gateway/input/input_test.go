package input_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/input"
)

var things = &entity.Entity{Name: "Thing", Fields: []*entity.Field{
	{Name: "small", Schema: "small"},
	{Name: "big", Schema: "big"},
	{Name: "ratio", Schema: "ratio"},
	{Name: "text", Schema: "text"},
	{Name: "secret", Schema: "secret", Hidden: true, MaxLen: 3},
	{Name: "kind", Schema: "kind", GraphQL: "Kind", Enum: []entity.EnumValue{{Name: "ON_SALE", Stored: "on sale"}}},
}}

var _ = entity.NewCatalog(things)

// code sets one value and returns what a client would hear.
func code[T any](t *testing.T, name string, value any, parse func(any) (T, error), want T, validators ...func(T) error) apierr.FieldCode {
	t.Helper()
	v := input.Read(things, entity.Input{name: value}, nil)
	input.Set(v, name, parse, func(got T) {
		if any(got) != any(want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}, nil, validators...)
	faults := v.Draft(nil).Faults
	if len(faults) == 0 {
		return ""
	}
	return faults[0].Code
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		value any
		int32 apierr.FieldCode
		int8  apierr.FieldCode
		u64   apierr.FieldCode
		want  int64
	}{
		{int64(7), "", "", "", 7},
		{json.Number("-7"), "", "", apierr.OutOfRange, -7},
		{float64(7), "", "", "", 7},
		{7.5, apierr.InvalidFormat, apierr.InvalidFormat, apierr.InvalidFormat, 0},
		{int64(200), "", apierr.OutOfRange, "", 200},
		{int64(math.MaxInt32) + 1, apierr.OutOfRange, apierr.OutOfRange, "", math.MaxInt32 + 1},
		{json.Number("9223372036854775808"), apierr.OutOfRange, apierr.OutOfRange, apierr.OutOfRange, 0},
		{json.Number("1e400"), apierr.InvalidFormat, apierr.InvalidFormat, apierr.InvalidFormat, 0},
		{true, apierr.InvalidFormat, apierr.InvalidFormat, apierr.InvalidFormat, 0},
	} {
		if got := code(t, "small", c.value, input.Int[int], int(c.want)); got != c.int32 {
			t.Errorf("Int %v: %q, want %q", c.value, got, c.int32)
		}
		if got := code(t, "small", c.value, input.Int[int8], int8(c.want)); got != c.int8 {
			t.Errorf("Int of 8 bits %v: %q, want %q", c.value, got, c.int8)
		}
		if got := code(t, "big", c.value, input.BigInt[uint64], uint64(c.want)); got != c.u64 {
			t.Errorf("BigInt without sign %v: %q, want %q", c.value, got, c.u64)
		}
	}
	if got := code(t, "big", "9007199254740993", input.BigInt[int64], 9007199254740993); got != "" {
		t.Errorf("BigInt as text: %q", got)
	}
	if got := code(t, "big", "", input.BigInt[int64], 0); got != apierr.InvalidFormat {
		t.Errorf("BigInt as empty text: %q", got)
	}
	if got := code(t, "ratio", 1e300, input.Float[float32], 0); got != apierr.OutOfRange {
		t.Errorf("a Float that 32 bits cannot hold: %q", got)
	}
}

func TestTexts(t *testing.T) {
	for value, want := range map[string]apierr.FieldCode{
		"héllo 🍺": "", "": "", "a\x00b": apierr.InvalidFormat, "\xff": apierr.InvalidFormat,
	} {
		if got := code(t, "text", value, input.String[string], value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestFieldsThatOutputDoesNotShowCanBeWritten(t *testing.T) {
	if got := code(t, "secret", "äöü", input.String[string], "äöü"); got != "" {
		t.Errorf("three characters: %q", got)
	}
	if got := code(t, "secret", "1234", input.String[string], ""); got != apierr.TooLong {
		t.Errorf("four characters: %q", got)
	}
}

func TestEnums(t *testing.T) {
	type kind string
	for _, c := range []struct {
		value any
		want  apierr.FieldCode
	}{{"ON_SALE", ""}, {"on sale", apierr.InvalidFormat}, {nil, apierr.Required}} {
		v := input.Read(things, entity.Input{"kind": c.value}, nil)
		input.SetEnum(v, "kind", func(k kind) {
			if k != "on sale" {
				t.Errorf("stored %q", k)
			}
		}, nil)
		var got apierr.FieldCode
		if faults := v.Draft(nil).Faults; len(faults) > 0 {
			got = faults[0].Code
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.value, got, c.want)
		}
	}
}

// A validator may say anything; only what is known to be harmless is shown.
func TestTextsOfValidatorsAreNotShown(t *testing.T) {
	v := input.Read(things, entity.Input{"text": "x"}, nil)
	input.Set(v, "text", input.String, func(string) {}, nil, func(string) error { return errors.New("dial tcp 10.0.0.7: refused") })
	faults := v.Draft(nil).Faults
	shown, err := json.Marshal(faults)
	if err != nil || len(faults) != 1 || strings.Contains(string(shown), "10.0.0.7") {
		t.Errorf("shown: %s, %v", shown, err)
	}
	if err := input.Refused(things, "text", errors.New("dial tcp 10.0.0.7: refused")); strings.Contains(err.Error(), "10.0.0.7") {
		t.Errorf("shown: %v", err)
	}
}
