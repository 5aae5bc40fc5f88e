package access_test

import (
	"testing"

	. "github.com/entwine-data/entwine/gateway/access"
)

// A rule that is said to allow all makes the API promise that nothing is ever hidden.
func TestAllowsAll(t *testing.T) {
	for name, c := range map[string]struct {
		rule *Rule
		want bool
	}{
		"none":                  {nil, false},
		"everyone":              {Everyone(), true},
		"signed in":             {SignedIn(), false},
		"not signed in":         {Not(SignedIn()), false},
		"any not signed in":     {Any(Not(SignedIn()), Owner("author")), false},
		"all of any not":        {All(Everyone(), Any(Not(Role("banned")))), false},
		"any everyone":          {Any(Owner("author"), Everyone()), true},
		"any of nothing":        {Any(), false},
		"all of nothing":        {All(), true},
		"all of everyone":       {All(Everyone(), Any(Everyone(), SignedIn())), true},
		"all of everyone and a": {All(Everyone(), Match("a", "b")), false},
		"not nobody":            {Not(Everyone()), false},
	} {
		if got := c.rule.AllowsAll(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
