package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/migrate/rules"
	"github.com/entwine-data/entwine/internal/store"
)

func (c *command) migrateLint() *cobra.Command {
	var all, strict bool
	var since, explain, format string
	cmd := &cobra.Command{
		Use: "lint", Short: "Find what would hurt on a live, populated database", Args: noArgs,
		Long: `Find in the up files, for both databases, what would hurt on a database that is full and in use: data that is lost, statements
that lock everybody out, changes that break the version that still runs. Each finding names a rule, the reason and a safer way.

It looks at the files that are pending on the configured database, or at all where there is none. It exits with 1 on errors.
A line in a file silences a rule there:  -- entwine:allow RULE why`,
		Example: "  " + invocation() + " migrate lint --since 20260102150405\n  " + invocation() + " migrate lint --explain drop-column",
	}
	addFlags(cmd.Flags(), false)
	flags := cmd.Flags()
	flags.BoolVar(&all, "all", false, "look at all files")
	flags.StringVar(&since, "since", "", "look at the files after this version")
	flags.BoolVar(&strict, "strict", false, "exit with 1 on warnings, too")
	flags.StringVar(&format, "format", "text", "text or json")
	flags.StringVar(&explain, "explain", "", "explain a rule, or all")
	flags.Lookup("explain").NoOptDefVal = "all"
	// --explain RULE: cobra takes the word after a flag that can stand alone for an argument.
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("explain") && explain == "all" && len(args) == 1 {
			explain = args[0]
			return nil
		}
		return noArgs(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if format != "text" && format != "json" {
			return &usageError{fmt.Errorf("--format %s: must be text or json", format)}
		}
		if explain != "" {
			return c.explainLint(explain)
		}
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if c.app.Migrations == nil {
			return errNoMigrations
		}
		chosen, err := c.lintChoice(cmd.Context(), cfg, all, since)
		if err != nil {
			return c.explain(err)
		}
		found, err := migrate.Lint(c.line(), migrationsDir, chosen)
		if err != nil {
			return c.explain(err)
		}
		if err := c.printFindings(found, format); err != nil {
			return err
		}
		errs, warnings := count(found)
		if errs > 0 || strict && warnings > 0 {
			return fmt.Errorf("lint: %s, %s", plural(errs, "error"), plural(warnings, "warning"))
		}
		return nil
	}
	return cmd
}

func (c *command) explainLint(name string) error {
	if name == "all" {
		for _, r := range rules.All() {
			fmt.Fprintf(c.out, "%s\n\n", r.Explain())
		}
		return nil
	}
	r, ok := rules.Named(name)
	if !ok {
		var names []string
		for _, r := range rules.All() {
			names = append(names, r.Name)
		}
		return &usageError{fmt.Errorf("there is no rule %q; there are: %s", name, strings.Join(names, ", "))}
	}
	fmt.Fprintf(c.out, "%s\n", r.Explain())
	return nil
}

// lintChoice picks the files to look at by their versions, and says which.
func (c *command) lintChoice(ctx context.Context, cfg Config, all bool, since string) (func(string) bool, error) {
	everything := func(string) bool { return true }
	switch {
	case since != "":
		return func(version string) bool { return version > since }, nil
	case all:
		return everything, nil
	case cfg.External || c.exists(cfg) != nil:
		c.say("There is no database to tell what is pending: all files are looked at.")
		return everything, nil
	}
	db, err := store.Open(ctx, cfg.DatabaseURL, store.Options{MaxConns: cfg.MaxConns, Pooler: cfg.Pooler})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	r := &migrate.Runner{DB: db, Line: c.line()}
	st, err := r.UnverifiedStatus(ctx)
	if err != nil {
		return nil, err
	}
	pending := make(map[string]bool)
	for _, e := range st.In(migrate.Pending, migrate.Partial, migrate.Late) {
		pending[e.Version] = true
	}
	c.say("%s pending on %s.", migrations(len(pending)), redacted(cfg.DatabaseURL))
	return func(version string) bool { return pending[version] }, nil
}

func (c *command) printFindings(found []rules.Finding, format string) error {
	if format == "json" {
		if found == nil {
			found = []rules.Finding{}
		}
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	for _, f := range found {
		fmt.Fprintf(c.out, "%s\n\n", f)
	}
	if len(found) == 0 {
		c.say("Nothing was found.")
	}
	return nil
}

func count(found []rules.Finding) (errs, warnings int) {
	for _, f := range found {
		switch f.Severity {
		case rules.Error:
			errs++
		case rules.Warning:
			warnings++
		case rules.Note:
		}
	}
	return errs, warnings
}

// lintNew says what is to be said of a migration that was just written.
func (c *command) lintNew(dir, version string) error {
	found, err := migrate.Lint(migrate.Line{Files: os.DirFS(dir)}, dir, func(v string) bool { return v == version })
	if err != nil {
		return err
	}
	for _, f := range found {
		c.say("%s\n", f)
	}
	if errs, warnings := count(found); errs+warnings > 0 {
		c.say("%s, %s. What is meant all the same is allowed by a line in the file, and `migrate hash`:\n  -- entwine:allow RULE why",
			plural(errs, "error"), plural(warnings, "warning"))
	}
	return nil
}
