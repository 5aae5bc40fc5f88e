package engine

import (
	"regexp"
	"strings"
	"time"
	// For hosts without a database of time zones, such as a container with nothing but the binary.
	_ "time/tzdata"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Times are put into the periods of a zone's calendar by the database, which gives the beginning of the period in seconds. For
// hours it is an instant. For longer periods it is what clock and calendar of the zone show, as if they showed UTC: a day is a
// day whatever its length, and where its midnight does not exist or comes twice, Go finds the instant, for both databases.

// zone is a time zone under the name by which the client called it. The zero value is UTC.
type zone struct {
	name     string
	location *time.Location
}

// zoneName is how the names of time zones look. Go would also take the paths of other files in the host's database.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

func findZone(name string) (zone, bool) {
	if !zoneName.MatchString(name) || name == "Local" {
		return zone{}, false
	}
	location, err := time.LoadLocation(name)
	return zone{name, location}, err == nil
}

// periodStart writes the beginning of the period in which the value of a key lies, in seconds.
func (s *statement) periodStart(k groupKey) {
	zone := k.zone.name
	if zone == "" {
		zone = "UTC"
	}
	if !s.postgres {
		s.WriteSQL("entwine_period(")
		s.value(k.step, "t")
		s.WriteSQL(", '" + string(k.period) + "', ")
		s.WriteArg(zone)
		s.WriteSQL(")")
		return
	}
	at := func() { s.instant(k.step) }
	local := func() {
		if k.field.Type == entity.Date {
			s.WriteSQL("CAST(")
			s.value(k.step, "t")
			s.WriteSQL(" AS timestamp)")
			return
		}
		at()
		s.WriteSQL(" AT TIME ZONE ")
		s.textArg(zone)
	}
	truncated := func() {
		s.WriteSQL("date_trunc('" + strings.ToLower(string(k.period)) + "', ")
		local()
		s.WriteSQL(")")
	}
	s.WriteSQL("CAST(extract(epoch FROM ")
	if k.period == entity.Hour {
		at()
		s.WriteSQL(" - ((")
		local()
		s.WriteSQL(") - ")
		truncated()
		s.WriteSQL(")")
	} else {
		truncated()
	}
	s.WriteSQL(") AS bigint)")
}

// instant writes a time for Postgres. A column without a zone holds UTC.
func (s *statement) instant(st step) {
	plain := strings.HasPrefix(st.field.DBType, "timestamp") && !strings.HasPrefix(st.field.DBType, "timestamptz") && !strings.Contains(st.field.DBType, "with time zone")
	if !plain {
		s.value(st, "t")
		return
	}
	s.WriteSQL("(")
	s.value(st, "t")
	s.WriteSQL(" AT TIME ZONE 'UTC')")
}

// start is the beginning of a period that the database gave, as a day or as an instant.
func (k groupKey) start(seconds int64) time.Time {
	t := time.Unix(seconds, 0).UTC()
	if k.zone.location == nil || k.period == entity.Hour {
		return t
	}
	return firstInstant(seconds, k.zone.location)
}

// firstInstant is the first moment at which clock and calendar of a zone show the given seconds or more.
func firstInstant(shown int64, loc *time.Location) time.Time {
	// Clocks are at most a day away from UTC: this is before the moment.
	t := time.Unix(shown-24*60*60, 0).In(loc)
	for {
		_, offset := t.Zone()
		at := time.Unix(shown-int64(offset), 0)
		_, end := t.ZoneBounds()
		if end.IsZero() || at.Before(end) {
			if at.Before(t) { // the clock jumped over it
				return t.UTC()
			}
			return at.UTC()
		}
		t = end
	}
}
