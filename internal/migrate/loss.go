package migrate

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// losses are what is gone after a change, each with a query that finds a row of it.
func (p *planner) losses(from, to *atlas.Schema) []loss {
	if p.err != nil {
		return nil
	}
	diff, err := toolsFor(p.name).SchemaDiff(from, to)
	if err != nil {
		p.err = fmt.Errorf("compare the schemas: %w", err)
		return nil
	}
	var out []loss
	for _, change := range diff {
		switch c := change.(type) {
		case *atlas.DropTable:
			out = append(out, loss{"table " + c.T.Name, "SELECT 1 FROM " + store.Quote(c.T.Name)})
		case *atlas.ModifyTable:
			for _, change := range c.Changes {
				if condition := p.loses(change); condition != "" {
					name := ""
					switch c := change.(type) {
					case *atlas.DropColumn:
						name = c.C.Name
					case *atlas.ModifyColumn:
						name = c.From.Name
					}
					out = append(out, loss{c.T.Name + "." + name, "SELECT 1 FROM " + store.Quote(c.T.Name) + " WHERE " + condition})
				}
			}
		}
	}
	return out
}

// loses returns the condition for rows that lose a value, nothing if none can.
func (p *planner) loses(change atlas.Change) string {
	switch c := change.(type) {
	case *atlas.DropColumn:
		column := store.Quote(c.C.Name)
		_, isJSON := c.C.Type.Type.(*atlas.JSONType) // which has no equality
		if text := strings.Trim(defaultText(c.C), "()"); c.C.Default != nil && constant.MatchString(text) && !isJSON {
			// Who has the default gets it again when the column comes back.
			if p.name == dialect.SQLite {
				return column + " IS NOT " + text
			}
			return column + " IS DISTINCT FROM " + text
		}
		return column + " IS NOT NULL"
	case *atlas.ModifyColumn:
		if p.name != dialect.Postgres || !c.Change.Is(atlas.ChangeType) {
			return "" // SQLite keeps values as they are
		}
		from, err1 := postgres.FormatType(c.From.Type.Type)
		to, err2 := postgres.FormatType(c.To.Type.Type)
		if err1 != nil || err2 != nil {
			return ""
		}
		column := store.Quote(c.From.Name)
		return column + "::" + to + "::" + from + "::text IS DISTINCT FROM " + column + "::text"
	}
	return ""
}
