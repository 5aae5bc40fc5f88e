package gateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/migrate"
)

func (c *command) explainRules() *cobra.Command {
	var viewer access.Viewer
	cmd := &cobra.Command{
		Use: "explain ENTITY ID [read|create|update|delete]", Short: "Say why somebody may do something with a row, or may not",
		Long: `Say whether a viewer may do something with a row of the database, and why: each part of the rules with its verdict for
that row. ID is the row's key, or its id in the API. Without an operation it is about reading. To create is asked as if
the row were new.

Without --user and --role the viewer is anonymous. This tells what exists, and what it holds: it is for operators.`,
		Example: "  " + invocation() + " rules explain --user 5 Post 3 update",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) > 3 {
				return &usageError{fmt.Errorf("explain needs an entity and an id, such as: %s rules explain --user 5 Post 3", invocation())}
			}
			return nil
		},
	}
	addFlags(cmd.Flags(), false)
	addViewer(cmd.Flags(), &viewer)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		op := access.Read
		if len(args) == 3 {
			op = access.Operation(args[2])
		}
		if !slices.Contains(access.Operations(), op) {
			return &usageError{fmt.Errorf("%q is none of read, create, update and delete", op)}
		}
		if err := c.exists(cfg); err != nil {
			return err
		}
		db, handle, err := c.open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if cfg.External {
			if err := migrate.Collate(cmd.Context(), db, handle.Catalog); err != nil {
				return err
			}
		}
		e := handle.Catalog.Entity(args[0])
		if e == nil {
			return &usageError{fmt.Errorf("there is no entity %q", args[0])}
		}
		key, err := rowKey(e, args[1])
		if err != nil {
			return &usageError{err}
		}
		viewer.UserID = userKey(viewer.UserID)
		x, err := engine.New(db, handle.Catalog, handle.Mutators, handle.Custom, cfg.Reads).Explain(cmd.Context(), e, key, op, viewer)
		switch {
		case err != nil:
			return fmt.Errorf("ask about the row: %w", err)
		case !x.Exists:
			return fmt.Errorf("there is no %s %v", e.Name, key)
		}
		verdict := "denied: %s may not %s %s %v\n\n%s"
		if x.Allowed {
			verdict = "allowed: %s may %s %s %v\n\n%s"
		}
		_, err = fmt.Fprintf(c.out, verdict, who(viewer), op, e.Name, key, x)
		return err
	}
	return cmd
}

// rowKey reads the key of a row, or its id in the API.
func rowKey(e *entity.Entity, text string) (any, error) {
	if name, raw, ok := relay.ParseID(text); ok && name == e.Name {
		text = raw
	}
	key, ok := e.ParseKey(text)
	if !ok {
		return nil, fmt.Errorf("%q is neither the key of a %s nor its id in the API", text, e.Name)
	}
	return key, nil
}

// who names a viewer.
func who(v access.Viewer) string {
	var parts []string
	if v.UserID != "" {
		parts = append(parts, "user "+v.UserID)
	}
	for _, role := range v.Roles {
		parts = append(parts, "role "+role)
	}
	if len(parts) == 0 {
		parts = []string{"an anonymous viewer"}
	}
	if v.Tenant != "" {
		parts = append(parts, "tenant "+v.Tenant)
	}
	return strings.Join(parts, ", ")
}
