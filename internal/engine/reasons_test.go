package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/access"
)

// TestReasonsAreTheRules: what is said to decide about a row does, for random rules, viewers and rows.
func TestReasonsAreTheRules(t *testing.T) {
	for name, db := range openMemos(t) {
		e := &Engine{db: db, postgres: name == "postgres"}
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rule := rules(3).Draw(t, "rule")
				rule.Link(dynamic)
				viewer := access.Viewer{
					UserID: rapid.SampledFrom([]string{"", "1", "2", "4", "77", "x"}).Draw(t, "user"),
					Roles:  rapid.SliceOfN(rapid.SampledFrom([]string{"admin", "moderator"}), 0, 2).Draw(t, "roles"),
					Tenant: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "tenant"),
				}
				w := model{
					viewer: viewer, softDelete: rapid.Bool().Draw(t, "soft delete"), tenants: rapid.Bool().Draw(t, "tenants"),
					bypass: rapid.SampledFrom([]*access.Rule{nil, access.Role("admin")}).Draw(t, "bypass"),
				}
				ent := memoCatalog(access.Rules{Read: rule, Delete: access.Not(rule)}, w.softDelete)
				if w.tenants {
					ent.Tenant, ent.Bypass = ent.SchemaField("kind"), w.bypass
				}
				all := memos()
				m := rapid.SampledFrom(all).Draw(t, "memo")
				x, err := e.Explain(t.Context(), ent, m.id, access.Read, viewer)
				if err != nil || !x.Exists {
					t.Fatal(x, err)
				}
				if want := w.sees(m) && w.inTenant(m) && w.memo(m, rule); x.Allowed != want || follows(t, x.Rules[0].Of) != want {
					t.Fatalf("allowed: %v, want %v\n%s", x.Allowed, want, x)
				}
				// What may not be read cannot be deleted; here nobody may do both.
				if x, err = e.Explain(t.Context(), ent, m.id, access.Delete, viewer); err != nil || x.Allowed || len(x.Rules) != 2 {
					t.Fatalf("%v\n%s", err, x)
				}
				if follows(t, x.Rules[0].Of) && follows(t, x.Rules[1].Of) {
					t.Fatalf("the reasons for a refusal are none\n%s", x)
				}
			})
			if x, err := e.Explain(t.Context(), memoCatalog(access.Rules{Read: access.Everyone()}, false), int64(999), access.Read, access.Viewer{}); err != nil || x.Exists || x.Allowed {
				t.Errorf("%+v, %v", x, err)
			}
		})
	}
}

// follows says whether all reasons hold, and that those which are made of others follow from them.
func follows(t *rapid.T, reasons []Reason) bool {
	t.Helper()
	for _, r := range reasons {
		if len(r.Parts) == 0 {
			continue
		}
		want := follows(t, r.Parts)
		switch {
		case r.Condition.Any:
			want = slices.ContainsFunc(r.Parts, func(p Reason) bool { return p.Holds })
		case r.Condition.Not:
			want = !want
		}
		if r.Holds != want {
			t.Fatalf("%s: %v, but its parts say %v", r.Condition.Text, r.Holds, want)
		}
	}
	return !slices.ContainsFunc(reasons, func(r Reason) bool { return !r.Holds })
}
