package gateway

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

func (c *command) rules() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rules [ENTITY…]", Short: "Print who may do what",
		Long: `Print what the rules of the schema come to: for each entity, operation and kind of viewer, which rows they are about.

Kinds of viewers are anonymous ones, users without a role, and each role that some rule names.`,
	}
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		// The rules do not depend on the data; the driver is never used.
		db, err := store.Open(cmd.Context(), "sqlite::memory:", store.Options{})
		if err != nil {
			return err
		}
		defer db.Close()
		handle, err := c.app.Handle(db.Driver())
		if err != nil {
			return err
		}
		entities := handle.Catalog.Entities
		if len(names) > 0 {
			entities = nil
			for _, name := range names {
				e := handle.Catalog.Entity(name)
				if e == nil {
					return &usageError{fmt.Errorf("there is no entity %q", name)}
				}
				entities = append(entities, e)
			}
		}
		viewers := kinds(handle.Catalog)
		var b strings.Builder
		for _, e := range entities {
			writeRules(&b, e, viewers)
		}
		_, err = fmt.Fprint(c.out, b.String())
		return err
	}
	cmd.AddCommand(c.explainRules())
	return cmd
}

// kind is a kind of viewer.
type kind struct {
	name   string
	viewer access.Viewer
}

// kinds are the viewers between which some rule makes a difference.
func kinds(c *entity.Catalog) []kind {
	out := []kind{{name: "anonymous"}, {name: "user", viewer: access.Viewer{UserID: "the viewer"}}}
	for _, role := range c.Roles() {
		out = append(out, kind{name: role, viewer: access.Viewer{UserID: "the viewer", Roles: []string{role}}})
	}
	return out
}

func writeRules(b *strings.Builder, e *entity.Entity, viewers []kind) {
	fmt.Fprintf(b, "%s\n", e.Name)
	for _, op := range access.Operations() {
		writeRule(b, string(op), e, e.Rules.For(op), viewers, true)
	}
	for _, f := range e.Fields {
		if f.Read != nil {
			writeRule(b, "read "+f.Schema, e, f.Read, viewers, false)
		}
		if f.Write != nil {
			writeRule(b, "write "+f.Schema, e, f.Write, viewers, false)
		}
	}
	for _, ed := range e.Edges {
		if ed.Write != nil {
			writeRule(b, "connect "+ed.Schema, e, ed.Write, viewers, false)
		}
	}
	if e.History != nil && e.History.Guard != nil {
		writeRule(b, "read history", e, e.History.Guard, viewers, false)
	}
	b.WriteString("\n")
}

// writeRule writes what a rule comes to for each kind of viewer, those together for whom it is the same.
func writeRule(b *strings.Builder, what string, e *entity.Entity, r *access.Rule, viewers []kind, rows bool) {
	fmt.Fprintf(b, "  %s\n", what)
	var answers []string
	who := make(map[string][]string)
	width := 0
	for _, k := range viewers {
		answer := verdict(e, r, k.viewer, rows)
		if who[answer] == nil {
			answers = append(answers, answer)
		}
		who[answer] = append(who[answer], k.name)
		width = max(width, len(strings.Join(who[answer], ", ")))
	}
	for _, answer := range answers {
		fmt.Fprintf(b, "    %-*s  %s\n", width, strings.Join(who[answer], ", "), answer)
	}
}

// verdict is what a rule comes to for a viewer, in English, also for those who know a key if that makes a difference.
func verdict(e *entity.Entity, rule *access.Rule, v access.Viewer, rows bool) string {
	text := usually(e, rule, v, rows)
	for _, field := range rule.Known() {
		v.Known = field
		if knowing := usually(e, rule, v, rows); knowing != text {
			text += "; looked up by its " + field + ": " + knowing
		}
	}
	return text
}

func usually(e *entity.Entity, rule *access.Rule, v access.Viewer, rows bool) string {
	r := rule.Reduce(v)
	if r == nil {
		return "no"
	}
	var conditions []string
	if rows && e.SoftDelete != nil {
		conditions = append(conditions, e.SoftDelete.Schema+" is empty")
	}
	if rows && e.Tenant != nil && (e.Bypass == nil || cmp.Or(e.Bypass.Reduce(v), access.Any()).Kind != access.KindEveryone) {
		conditions = append(conditions, e.Tenant.Schema+" is the viewer's tenant")
	}
	if r.Kind != access.KindEveryone {
		text := r.String()
		if len(conditions) > 0 && (r.Kind == access.KindAny || r.Kind == access.KindAll) {
			text = "(" + text + ")"
		}
		conditions = append(conditions, text)
	}
	if len(conditions) == 0 {
		return "yes"
	}
	return "where " + strings.Join(conditions, ", and ")
}
