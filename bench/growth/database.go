package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/lib/pq" // Postgres
	_ "modernc.org/sqlite"
)

const (
	postgres = "postgres"
	sqlite   = "sqlite"
)

// database is one of the measured ones, which is kept for the next run.
type database struct {
	dialect string
	name    string
	size    int    // comments
	url     string // for the gateway
	sql     *sql.DB
}

// openDatabase opens the database of a size, or of a name if it holds something else, and makes it with fill if it is not there.
// What is half made has another name.
func (c *config) openDatabase(ctx context.Context, dialect, name string, size int, fill func(context.Context, *database) error) (*database, error) {
	d := &database{dialect: dialect, name: "growth_" + name, size: size}
	made, err := c.exists(ctx, d)
	if err != nil {
		return nil, err
	}
	if !made {
		start := time.Now()
		if err := c.create(ctx, d, fill); err != nil {
			return nil, fmt.Errorf("make %s on %s: %w", d.name, dialect, err)
		}
		log.Printf("made %s on %s in %s", d.name, dialect, time.Since(start).Round(time.Second))
	}
	d.url = c.locate(d.dialect, d.name)
	d.sql, err = connect(dialect, d.url)
	return d, err
}

// locate is the URL of a database as the gateway takes it.
func (c *config) locate(dialect, name string) string {
	if dialect == sqlite {
		return "sqlite:" + filepath.Join(c.work, "sqlite", name+".db")
	}
	u := *c.server
	u.Path = "/" + name
	return u.String()
}

func connect(dialect, text string) (*sql.DB, error) {
	if dialect == sqlite {
		path, _ := strings.CutPrefix(text, "sqlite:")
		return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String()+"?_pragma=busy_timeout(10000)")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return sql.Open("postgres", u.String())
}

func (c *config) exists(ctx context.Context, d *database) (bool, error) {
	if d.dialect == sqlite {
		_, err := os.Stat(strings.TrimPrefix(c.locate(sqlite, d.name), "sqlite:"))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	admin, err := connect(postgres, c.server.String())
	if err != nil {
		return false, err
	}
	defer admin.Close()
	var there bool
	err = admin.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, d.name).Scan(&there)
	return there, err
}

func (c *config) create(ctx context.Context, d *database, fill func(context.Context, *database) error) error {
	half := *d
	half.name += "_half"
	half.url = c.locate(d.dialect, half.name)
	path := strings.TrimPrefix(half.url, "sqlite:")
	if d.dialect == sqlite {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	} else if err := c.admin(ctx, "DROP DATABASE IF EXISTS "+half.name, "CREATE DATABASE "+half.name+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		return err
	}
	push := exec.CommandContext(ctx, c.gatewayBinary(), "migrate", "push")
	push.Dir, push.Env = c.work, append(os.Environ(), "DATABASE_URL="+half.url)
	if out, err := push.CombinedOutput(); err != nil {
		return fmt.Errorf("make its tables: %w\n%s", err, out)
	}
	var err error
	if half.sql, err = connect(half.dialect, half.url); err != nil {
		return err
	}
	half.sql.SetMaxOpenConns(1) // settings are those of a connection
	if err := errors.Join(fill(ctx, &half), half.sql.Close()); err != nil {
		return err
	}
	if d.dialect == sqlite {
		return os.Rename(path, strings.TrimPrefix(c.locate(sqlite, d.name), "sqlite:"))
	}
	return c.admin(ctx, "ALTER DATABASE "+half.name+" RENAME TO "+d.name)
}

// admin runs statements in the server's own database.
func (c *config) admin(ctx context.Context, statements ...string) error {
	db, err := connect(postgres, c.server.String())
	if err != nil {
		return err
	}
	defer db.Close()
	return exec1(ctx, db, statements...)
}

func exec1(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%.80s: %w", s, err)
		}
	}
	return nil
}

// The sizes of tables that go with a number of comments.
func posts(comments int) int { return comments / 10 }
func users(comments int) int { return max(100, comments/100) }

const tags = 500

// tables are the rows: the same ones on both databases. A tenth of all comments belongs to post 1, the others are spread over all
// posts by a multiplicative hash. $at(…) is a time from seconds.
var tables = []struct{ into, columns, count string }{
	{"users (id, username, name, email, bio, cohort, created_at)", `i, 'user' || i, 'User ' || i, 'user' || i || '@example.test', 'bio', 1 + i % $cohorts, $at(i)`, "$users"},
	{"tags (id, name)", `i, 'tag-' || i`, "$tags"},
	{
		"posts (id, author_id, title, slug, body, status, created_at)",
		`i, 1 + $hash(2246822519) % $users, 'Post ' || i, 'post-' || i, 'A body of some forty letters, to keep it small',
		CASE WHEN $hash(2654435761) % 100 < 85 THEN 'published' WHEN $hash(2654435761) % 100 < 95 THEN 'draft' ELSE 'archived' END, $at(i * 100)`,
		"$posts",
	},
	{
		"comments (id, post_id, author_id, message, created_at)",
		`i, CASE WHEN i % 10 = 0 THEN 1 ELSE 1 + $hash(2654435761) % $posts END, 1 + $hash(2246822519) % $users,
		'Comment ' || i || ', which says something in some words', $at(i * 10 + $hash(3266489917) % 3600)`,
		"$comments",
	},
	{"post_tags (post_id, tag_id)", `1 + (i - 1) / 3, 1 + ((i - 1) / 3 + i % 3 * 7) % $tags`, "3 * $posts"},
}

// fill fills the tables without indexes, makes these, and takes statistics.
func fill(ctx context.Context, d *database) error {
	before := []string{"SET session_replication_role = replica", "SET maintenance_work_mem = '1GB'", "SET synchronous_commit = off"}
	after := []string{"CREATE EXTENSION IF NOT EXISTS pg_stat_statements", "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT"}
	list := `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE INDEX%'`
	series, at := "generate_series(1, $count) AS series(i)", "timestamptz '2020-01-01 00:00:00Z' + $1 * interval '1 second'"
	if d.dialect == sqlite {
		before = []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -500000", "PRAGMA temp_store = memory"}
		after = []string{"ANALYZE", "PRAGMA journal_mode = WAL"}
		list = `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%'`
		series = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $count) SELECT i FROM n)"
		at = "strftime('%Y-%m-%d %H:%M:%S', 1577836800 + $1, 'unixepoch') || '+00:00'"
	}
	if err := exec1(ctx, d.sql, before...); err != nil {
		return err
	}
	names, definitions, err := indexes(ctx, d.sql, list)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := exec1(ctx, d.sql, `DROP INDEX "`+name+`"`); err != nil {
			return err
		}
	}
	sizes := strings.NewReplacer("$comments", strconv.Itoa(d.size), "$posts", strconv.Itoa(posts(d.size)), "$users", strconv.Itoa(users(d.size)),
		"$tags", strconv.Itoa(tags), "$cohorts", strconv.Itoa(users(d.size)/20))
	for _, t := range tables {
		text := "INSERT INTO " + t.into + " SELECT " + call(call(t.columns, "$hash(", "(i * $1 % 4294967296)"), "$at(", at) +
			" FROM " + strings.ReplaceAll(series, "$count", t.count)
		if err := exec1(ctx, d.sql, sizes.Replace(text)); err != nil {
			return err
		}
	}
	if d.dialect == postgres {
		for _, table := range []string{"users", "posts", "comments", "tags"} {
			after = append(after, fmt.Sprintf("SELECT setval(pg_get_serial_sequence('%s', 'id'), (SELECT max(id) FROM %s))", table, table))
		}
	}
	return exec1(ctx, d.sql, append(definitions, after...)...)
}

// call writes out the calls of a function whose argument may hold parentheses.
func call(text, name, body string) string {
	for {
		start := strings.Index(text, name)
		if start < 0 {
			return text
		}
		end, depth := start+len(name), 1
		for ; depth > 0; end++ {
			switch text[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		text = text[:start] + strings.ReplaceAll(body, "$1", "("+text[start+len(name):end-1]+")") + text[end:]
	}
}

func indexes(ctx context.Context, db *sql.DB, list string) (names, definitions []string, err error) {
	rows, err := db.QueryContext(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, nil, err
		}
		names, definitions = append(names, name), append(definitions, definition)
	}
	return names, definitions, rows.Err()
}

// forget takes away the comments that were created since the database was made.
func (d *database) forget(ctx context.Context) error {
	if _, err := d.sql.ExecContext(ctx, fmt.Sprintf("DELETE FROM comments WHERE id > %d", d.size)); err != nil {
		return err
	}
	if d.dialect == postgres {
		return exec1(ctx, d.sql, "VACUUM comments")
	}
	return nil
}

// work is what the statements of a database did so far, on Postgres with pg_stat_statements.
type work struct{ statements, pages float64 }

func (d *database) work(ctx context.Context) (w work, ok bool) {
	if d.dialect == sqlite {
		return w, false
	}
	err := d.sql.QueryRowContext(ctx, `SELECT coalesce(sum(calls), 0), coalesce(sum(shared_blks_hit + shared_blks_read), 0) FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '%pg_stat_statements%'`).Scan(&w.statements, &w.pages)
	return w, err == nil
}
