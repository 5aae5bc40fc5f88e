package gateway

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
)

func (c *command) load() *cobra.Command {
	var skip bool
	cmd := &cobra.Command{
		Use: "load DIR", Short: "Load CSV or JSON Lines files into the database",
		Long: `Load a folder of CSV (*.csv) and JSON Lines (*.jsonl, *.ndjson) files: one file for each table or entity, whose
headers or keys are columns or the API's field names. Empty cells are null, ids are kept, and rows may refer to each
other in any order. Tables that are missing are made. Rules are not asked.

Either everything is loaded or nothing: bad input is reported with its file, line, column and value.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("load needs one folder, such as: %s load ./data/site", invocation())}
			}
			return nil
		},
	}
	addFlags(cmd.Flags(), false)
	cmd.Flags().BoolVar(&skip, "skip-unknown", false, "leave out files and columns that the schema does not know")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		db, handle, err := c.open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if cfg.External {
			err = c.fits(cmd.Context(), db, handle, cfg)
		} else {
			_, err = c.develop(cmd.Context(), db, handle)
		}
		if err != nil {
			return err
		}
		empty, err := migrate.Empty(cmd.Context(), db, handle.Tables)
		if err != nil {
			return fmt.Errorf("look into the tables: %w", err)
		}
		result, err := load.Folder(cmd.Context(), db, handle.Tables, handle.Catalog, args[0], load.Options{SkipUnknown: skip, Progress: c.progress()})
		if p := (*load.Problem)(nil); errors.As(err, &p) && p.Reason == load.Duplicate && !empty {
			return fmt.Errorf("%w; the database held rows before. To load into a new one: %s load %s --database-url sqlite:./data/new.db", err, invocation(), args[0])
		}
		if err != nil {
			return err
		}
		for _, name := range result.Skipped {
			c.say("left out: %s", name)
		}
		rows := 0
		for _, t := range result.Tables {
			rows += t.Rows
		}
		c.say("%d rows in %d tables", rows, len(result.Tables))
		return nil
	}
	return cmd
}

// progress prints how far a load has come, a line for each table.
func (c *command) progress() func(load.Progress) {
	return func(p load.Progress) {
		switch {
		case p.Done:
			c.say("  %-20s %9d rows", p.Table, p.Rows)
		case p.Total > 0:
			c.say("  %-20s %9d of %d", p.Table, p.Rows, p.Total)
		default:
			c.say("  %-20s %9d …", p.Table, p.Rows)
		}
	}
}
