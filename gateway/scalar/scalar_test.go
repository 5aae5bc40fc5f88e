package scalar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/scalar"
)

// unmarshal says what came of a value: its text, or the code of the fault.
func unmarshal[T any](t *testing.T, parse func(any) (T, error), text func(T) string, value any) string {
	t.Helper()
	v, err := parse(value)
	if err == nil {
		return text(v)
	}
	if apierr.CodeOf(err) != apierr.BadUserInput {
		t.Errorf("%v: %v has code %s", value, err, apierr.CodeOf(err))
	}
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok {
		t.Fatalf("%v: %v is not for clients", value, err)
	}
	return string(e.Fields[0].Code)
}

func TestDateTime(t *testing.T) {
	for value, want := range map[any]string{
		"2014-01-21T20:26:05.383Z":          "2014-01-21T20:26:05.383Z",
		"2014-01-21T22:26:05.1234567+02:00": "2014-01-21T20:26:05.123456Z",
		"2014-01-21":                        "INVALID_FORMAT",
		"2014-02-30T00:00:00Z":              "INVALID_FORMAT",
		"0000-01-01T00:00:00Z":              "OUT_OF_RANGE",
		"9999-12-31T23:59:59-01:00":         "OUT_OF_RANGE",
		int64(5):                            "INVALID_FORMAT",
	} {
		got := unmarshal(t, scalar.UnmarshalDateTime, func(v time.Time) string {
			var b bytes.Buffer
			scalar.MarshalDateTime(v).MarshalGQL(&b)
			var s string
			if err := json.Unmarshal(b.Bytes(), &s); err != nil {
				t.Error(err)
			}
			return s
		}, value)
		if got != want {
			t.Errorf("%v: %s, want %s", value, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	for value, want := range map[any]string{
		"2014-01-21": "2014-01-21", "2014-1-21": "INVALID_FORMAT", "2014-02-30": "INVALID_FORMAT", "0000-01-01": "OUT_OF_RANGE",
	} {
		got := unmarshal(t, scalar.UnmarshalDate, func(v time.Time) string { return v.Format(time.DateOnly) }, value)
		if got != want {
			t.Errorf("%v: %s, want %s", value, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for value, want := range map[any]string{
		"12.50": "12.50", json.Number("0.1"): "0.1", int64(-3): "-3", "1e5": "INVALID_FORMAT", ".5": "INVALID_FORMAT", 0.1: "INVALID_FORMAT",
	} {
		if got := unmarshal(t, scalar.UnmarshalDecimal, func(s string) string { return s }, value); got != want {
			t.Errorf("%v: %s, want %s", value, got, want)
		}
	}
}
