package migrate

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// DumpError says that a Postgres database could not be dumped, and was not migrated therefore.
type DumpError struct{ Err error }

func (e *DumpError) Error() string {
	return "dump the database: " + e.Err.Error() + "\n  Nothing was migrated."
}

func (e *DumpError) Unwrap() error { return e.Err }

func (s *session) dump(ctx context.Context) error {
	if s.dialect != dialect.Postgres {
		return &DumpError{errors.New("that is for Postgres; of a SQLite file a snapshot is taken by itself")}
	}
	start := time.Now()
	tables, err := dumpPostgres(ctx, s.conn, s.URL, s.Dump)
	if err != nil {
		return &DumpError{err}
	}
	s.say("  dumped to %s, %d tables  %s", s.Dump, tables, duration(time.Since(start)))
	return nil
}

// dumpPostgres writes a database into a new file, in pg_dump's custom format, and proves that every table is in it.
func dumpPostgres(ctx context.Context, conn *sql.Conn, databaseURL, path string) (tables int, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s exists already", path)
	}
	found, err := findPrograms(ctx, conn)
	if err != nil {
		return 0, err
	}
	partial := path + ".partial"
	defer func() {
		if e := os.Remove(partial); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	if _, err := found.run(ctx, databaseURL, "pg_dump", "--format=custom", "--no-password", "--file="+partial); err != nil {
		return 0, err
	}
	list, err := found.run(ctx, databaseURL, "pg_restore", "--list", partial)
	if err != nil {
		return 0, fmt.Errorf("check the dump: %w", err)
	}
	names, err := dumped(ctx, conn)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if !strings.Contains(list, " TABLE DATA "+name+" ") {
			return 0, fmt.Errorf("check the dump: it lacks the table %s", name)
		}
	}
	if err := store.SyncFile(partial); err != nil {
		return 0, err
	}
	return len(names), os.Rename(partial, path)
}

// dumped lists the tables that a dump must hold, as pg_restore names them.
func dumped(ctx context.Context, conn *sql.Conn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, `SELECT n.nspname || ' ' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND pg_catalog.pg_table_is_visible(c.oid) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
			AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		out = append(out, name)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// programs is the folder of Postgres' programs of one version.
type programs struct {
	folder  string
	version int
}

var toolVersion = regexp.MustCompile(`\(PostgreSQL\) ([0-9]+)`)

// findPrograms looks for programs that fit the server: of its own version, or of the next newer one to be had. Older ones refuse
// to dump it.
func findPrograms(ctx context.Context, conn *sql.Conn) (programs, error) {
	var text string
	if err := conn.QueryRowContext(ctx, "SHOW server_version_num").Scan(&text); err != nil {
		return programs{}, fmt.Errorf("ask for the server's version: %w", err)
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return programs{}, fmt.Errorf("the server's version %q is no number", text)
	}
	server := number / 10000
	var folders []string
	if path, err := exec.LookPath("pg_dump"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/opt/homebrew/opt/libpq/bin"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return programs{}, err
		}
		folders = append(folders, matches...)
	}
	var all []programs
	for _, folder := range folders {
		out, err := exec.CommandContext(ctx, filepath.Join(folder, "pg_dump"), "--version").Output() //nolint:gosec // a folder of programs
		m := toolVersion.FindSubmatch(out)
		if err != nil || m == nil {
			continue // not installed there
		}
		version, err := strconv.Atoi(string(m[1]))
		if err != nil {
			return programs{}, err
		}
		all = append(all, programs{folder, version})
	}
	return choosePrograms(all, server)
}

func choosePrograms(all []programs, server int) (programs, error) {
	if len(all) == 0 {
		return programs{}, fmt.Errorf("pg_dump is not there, neither in PATH nor in /usr/lib/postgresql/*/bin; it comes with Postgres' client programs (postgresql-client-%d)", server)
	}
	slices.SortStableFunc(all, func(a, b programs) int { return a.version - b.version })
	for _, p := range all {
		if p.version >= server {
			return p, nil
		}
	}
	newest := all[len(all)-1]
	return programs{}, fmt.Errorf("pg_dump in %s is of version %d and cannot dump a server of version %d; install postgresql-client-%d", newest.folder, newest.version, server, server)
}

// run calls one of the programs for a database and returns what it prints.
func (p programs) run(ctx context.Context, databaseURL, program string, args ...string) (string, error) {
	env, err := store.LibpqEnv(databaseURL)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.folder, program), args...) //nolint:gosec // found by findPrograms
	cmd.Env = append(os.Environ(), env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(log.String()))
	}
	return out.String(), nil
}
