package rules

import (
	"strings"
	"time"

	"entgo.io/ent/dialect"
)

// longestWait is what nobody should have to wait behind a migration that itself waits.
const longestWait = 30 * time.Second

var lockTimeout = Rule{
	Name: "lock-timeout", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "While a statement waits for a lock on a table, everybody who wants that table waits behind it; the timeout that migrate sets ends that.",
	Safer: `
Leave the setting out: migrate waits for 5 seconds (--lock-timeout), rolls the file back, lets others pass and tries again.`,
	check: func(_ *scan, o *op) *match {
		if o.kind != setting || o.name != "lock_timeout" {
			return nil
		}
		d, known := timeout(o.value)
		if known && d > 0 && d <= longestWait {
			return nil
		}
		return &match{what: "sets lock_timeout to " + o.value}
	},
}

// timeout reads a duration as Postgres does: a number is milliseconds.
func timeout(value string) (d time.Duration, known bool) {
	value = strings.NewReplacer(" ", "", "min", "m").Replace(value)
	d, err := time.ParseDuration(value)
	if err != nil {
		d, err = time.ParseDuration(value + "ms")
	}
	return d, err == nil
}
