package rules

import "testing"

func TestLockTimeout(t *testing.T) {
	expect(t, lockTimeout, postgres, ``, `SET lock_timeout = 0`, "sets lock_timeout to 0")
	expect(t, lockTimeout, postgres, ``, `SET LOCAL lock_timeout TO '10min'`, "sets lock_timeout to 10min")
	expect(t, lockTimeout, postgres, ``, `SET lock_timeout = DEFAULT`, "sets lock_timeout to default")
	expect(t, lockTimeout, postgres, ``, `SET lock_timeout = '2s'; SET SESSION lock_timeout = 5000; SET statement_timeout = 0`)
}
