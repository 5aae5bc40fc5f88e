package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/entwine-data/entwine/internal/store"
)

// settings looks at what the database was told, as far as it costs speed.
func (e *examiner) settings(ctx context.Context, db *store.DB) ([]Finding, error) {
	if e.postgres {
		return postgresSettings(ctx, db)
	}
	return sqliteSettings(ctx, db)
}

func postgresSettings(ctx context.Context, db *store.DB) ([]Finding, error) {
	settings := make(map[string]string)
	var name, value string
	err := query(ctx, db, `SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('jit', 'random_page_cost', 'shared_buffers', 'max_connections', 'synchronous_commit', 'track_counts', 'autovacuum')
		UNION ALL SELECT 'size', pg_catalog.pg_database_size(pg_catalog.current_database())::text
		UNION ALL SELECT 'memory', pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers'))::text`, []any{&name, &value}, func() { settings[name] = value })
	if err != nil {
		return nil, err
	}
	var found []Finding
	add := func(s Severity, what, why, do string) { found = append(found, Finding{s, what, why, do}) }
	if settings["jit"] == "on" {
		add(Note, "jit is on", "Postgres compiles statements that it takes for expensive. For statements of a few milliseconds that costs more than it saves.",
			"ALTER DATABASE … SET jit = off, or options=-c%20jit=off in DATABASE_URL")
	}
	if settings["random_page_cost"] == "4" {
		add(Note, "random_page_cost is 4", "That is for spinning disks: on others Postgres avoids indexes more often than it should.", "ALTER SYSTEM SET random_page_cost = 1.1, on SSDs")
	}
	var size, memory int64
	if _, err := fmt.Sscan(settings["size"], &size); err == nil {
		if _, err := fmt.Sscan(settings["memory"], &memory); err == nil && size > 4*memory && memory <= 128<<20 {
			add(Slow, fmt.Sprintf("shared_buffers is %d MB for a database of %d MB", memory>>20, size>>20), "Most pages come from the system's cache or the disk.", "ALTER SYSTEM SET shared_buffers to a quarter of the machine's memory, and restart")
		}
	}
	if settings["autovacuum"] == "off" || settings["track_counts"] == "off" {
		add(Wrong, "autovacuum is off", "Nobody counts rows or clears away old ones: plans get worse, and tables grow.", "ALTER SYSTEM SET autovacuum = on")
	}
	if settings["synchronous_commit"] == "off" {
		add(Note, "synchronous_commit is off", "Writes that were acknowledged can be lost when the server crashes.", "ALTER SYSTEM SET synchronous_commit = on, unless that is meant")
	}
	return found, nil
}

func sqliteSettings(ctx context.Context, db *store.DB) ([]Finding, error) {
	mode := ""
	if err := query(ctx, db, "PRAGMA journal_mode", []any{&mode}, func() {}); err != nil {
		return nil, err
	}
	analyzed := 0
	if err := query(ctx, db, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'", []any{&analyzed}, func() {}); err != nil {
		return nil, err
	}
	var found []Finding
	if !strings.EqualFold(mode, "wal") && !strings.EqualFold(mode, "memory") {
		found = append(found, Finding{Wrong, "the journal mode is " + mode, "Readers and the writer wait for each other.", "serve the file with this program alone, which sets WAL; a file on a network drive cannot have it"})
	}
	if analyzed == 0 {
		found = append(found, Finding{Note, "the database has no statistics", "SQLite guesses which of several indexes is the better one. That rarely matters with the indexes that are advised here.", "ANALYZE, when the tables are filled"})
	}
	return found, nil
}

// slowMS is the mean time above which a statement is worth a look.
const slowMS = 5

// slowStatements are those that took the most time, if the server counts them (pg_stat_statements).
func slowStatements(ctx context.Context, db *store.DB) ([]Finding, error) {
	there := 0
	if err := query(ctx, db, `SELECT count(*) FROM pg_catalog.pg_extension x, pg_catalog.pg_settings s
		WHERE x.extname = 'pg_stat_statements' AND s.name = 'shared_preload_libraries' AND s.setting LIKE '%pg_stat_statements%'`, []any{&there}, func() {}); err != nil {
		return nil, err
	}
	if there == 0 {
		return []Finding{{Note, "the server does not count statements", "Which of them take the time is not known.", "shared_preload_libraries = 'pg_stat_statements', a restart, and CREATE EXTENSION pg_stat_statements"}}, nil
	}
	var text string
	var calls int64
	var mean, share float64
	var found []Finding
	err := query(ctx, db, fmt.Sprintf(`SELECT query, calls, mean_exec_time, 100 * total_exec_time / NULLIF(sum(total_exec_time) OVER (), 0) FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND userid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
			AND calls > 1 AND mean_exec_time > %d AND query ~* '^(SELECT|WITH|INSERT|UPDATE|DELETE)' ORDER BY total_exec_time DESC LIMIT 5`, slowMS),
		[]any{&text, &calls, &mean, &share}, func() {
			if len(text) > 300 {
				text = text[:300] + " …"
			}
			found = append(found, Finding{Slow, fmt.Sprintf("a statement takes %.1f ms on average, %d times, %.0f %% of all time", mean, calls, share), strings.Join(strings.Fields(text), " "), "look at its plan: EXPLAIN (ANALYZE, BUFFERS) …"})
		})
	return found, err
}
