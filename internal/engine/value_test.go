package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Texts are looked at eight bytes at a time: what needs an escape does at any place.
func TestAppendString(t *testing.T) {
	for _, special := range []string{"", "\"", "\\", "\n", "\x00", "\x1f", " ", "~", "\x7f", "ä", "€", "😀", "\u2028", "\xff", "\x80", "\xed\xa0\x80"} {
		for before := range 18 {
			for _, after := range []int{0, 1, 7, 8, 9} {
				s := strings.Repeat("!", before) + special + strings.Repeat("#", after)
				var got string
				if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
					t.Fatalf("%q becomes %s: %v", s, appendString(nil, s), err)
				}
				if want := string([]rune(s)); got != want {
					t.Errorf("%q becomes %q", s, got)
				}
				if string(appendString(nil, []byte(s))) != string(appendString(nil, s)) {
					t.Errorf("%q as bytes becomes %s", s, appendString(nil, []byte(s)))
				}
			}
		}
	}
}

// However a database gives a time, the response has it with six digits.
func TestTimes(t *testing.T) {
	binary := func(at time.Time) []byte {
		n := uint64(at.UnixMicro() - epoch)
		return []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	}
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 28, 1, 2, 3, 120_000_000, time.UTC),
		time.Date(2028, 2, 29, 1, 2, 3, 4_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		want := at.Format(timeLayout)
		if got, ok := binaryTime(binary(at)); !ok || !got.Equal(at) {
			t.Errorf("%s from Postgres becomes %s, %v", want, got, ok)
		}
		stored := at.Format("2006-01-02 15:04:05.999999999-07:00")
		got, ok := appendStoredTime(nil, []byte(stored))
		if ok != (at.Day() <= 28) || ok && string(got) != want {
			t.Errorf("%s becomes %s, %v", stored, got, ok)
		}
	}
	for _, text := range []string{
		"", "infinity", "-infinity", "2026-02-30 01:02:03+00:00", "2026-13-01 01:02:03+00:00", "2026-01-01 24:00:00+00:00", "2026-01-01 01:02:03", "2026-01-01 01:02:03.+00:00",
		"2026-01-01 01:02:03+01:00", "2026-01-01 01:02:03.1234567+00:00", "2026-01-01 01:02:03.12345x+00:00", "2026-01-01T01:02:03+00:00", "12026-01-01 01:02:03+00:00",
	} {
		if got, ok := appendStoredTime(nil, []byte(text)); ok {
			t.Errorf("%q becomes %s", text, got)
		}
		if got, ok := binaryTime([]byte(text)); ok {
			t.Errorf("%q becomes %s", text, got)
		}
	}
}
