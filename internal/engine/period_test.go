package engine

import (
	"testing"
	"time"
)

func TestFirstInstant(t *testing.T) {
	for _, c := range []struct{ what, zone, shown, want string }{
		{"a usual day", "Europe/Berlin", "2015-07-01 00:00:00", "2015-06-30T22:00:00Z"},
		{"a day on which clocks change later", "Europe/Berlin", "2015-03-29 00:00:00", "2015-03-28T23:00:00Z"},
		{"no midnight", "America/Sao_Paulo", "2018-11-04 00:00:00", "2018-11-04T03:00:00Z"},
		{"the hour before midnight comes twice", "America/Sao_Paulo", "2018-02-18 00:00:00", "2018-02-18T03:00:00Z"},
		{"midnight comes twice", "America/Havana", "2012-11-04 00:00:00", "2012-11-04T04:00:00Z"},
		{"the day begins for a minute and then again", "America/St_Johns", "2010-11-07 00:00:00", "2010-11-07T02:30:00Z"},
		{"a day that never was", "Pacific/Apia", "2011-12-30 00:00:00", "2011-12-30T10:00:00Z"},
		{"the day after it", "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30T10:00:00Z"},
		{"seconds in the offset", "Europe/Amsterdam", "1920-01-01 00:00:00", "1919-12-31T23:40:28Z"},
		{"before there were zones", "America/New_York", "1800-01-01 00:00:00", "1800-01-01T04:56:02Z"},
		{"after all that is known", "America/New_York", "2900-07-01 00:00:00", "2900-07-01T04:00:00Z"},
		{"far in the east", "Pacific/Kiritimati", "2020-01-01 00:00:00", "2019-12-31T10:00:00Z"},
	} {
		z, ok := findZone(c.zone)
		if !ok {
			t.Fatalf("there is no zone %s", c.zone)
		}
		shown, err := time.Parse(time.DateTime, c.shown)
		if err != nil {
			t.Fatal(err)
		}
		if got := firstInstant(shown.Unix(), z.location).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s in %s begins at %s, not %s", c.what, c.shown, c.zone, got, c.want)
		}
	}
}

func TestFindZone(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince"} {
		if _, ok := findZone(name); !ok {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"", "Local", "europe/berlin", "../UTC", "/etc/localtime", "right/UTC", "posixrules", "Europe/Berlin'", "Nowhere", "+02:00"} {
		if _, ok := findZone(name); ok {
			t.Errorf("%q is taken for a zone", name)
		}
	}
}
