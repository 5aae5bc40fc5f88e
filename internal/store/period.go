package store

import (
	"database/sql/driver"
	"fmt"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// timeLayouts are the forms in which times and days stand in SQLite: as this package writes them, and as other programs do.
var timeLayouts = []string{
	"2006-01-02 15:04:05.999999999-07:00", time.DateOnly, time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999 -0700 MST",
}

// ParseTime reads a time or a day as SQLite holds it.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}

// registerPeriod gives SQLite the function entwine_period(time, period, zone): the beginning of the period of the zone's
// calendar in which a time lies, in seconds. For HOUR it is an instant. For longer periods it is what the zone's clocks show,
// as if they showed UTC, as date_trunc gives it on Postgres.
func registerPeriod() error {
	var zones sync.Map // by name: finding one reads a file
	return sqlite.RegisterDeterministicScalarFunction("entwine_period", 3, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == nil {
			return nil, nil
		}
		text, isText := args[0].(string)
		period, _ := args[1].(string)
		name, _ := args[2].(string)
		if !isText {
			return nil, fmt.Errorf("entwine_period of a %T", args[0])
		}
		t, err := ParseTime(text)
		if err != nil {
			return nil, err
		}
		zone, ok := zones.Load(name)
		if !ok {
			if zone, err = time.LoadLocation(name); err != nil {
				return nil, err
			}
			zones.Store(name, zone)
		}
		return periodStart(t.In(zone.(*time.Location)), period), nil
	})
}

func periodStart(t time.Time, period string) int64 {
	year, month, day := t.Date()
	switch period {
	case "HOUR":
		return t.Unix() - int64(t.Minute()*60+t.Second())
	case "WEEK":
		day -= (int(t.Weekday()) + 6) % 7
	case "MONTH":
		day = 1
	case "QUARTER":
		month, day = month-(month-1)%3, 1
	case "YEAR":
		month, day = time.January, 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()
}
