package store

import (
	"context"
	"time"

	"entgo.io/ent/dialect"
)

// analyzeEvery is how often a server looks whether tables have grown out of their statistics.
const analyzeEvery = time.Hour

// due asks SQLite for the ANALYZE that it advises (2) rather than to do it (1), for all tables and not only those that the
// connection has read (0x10000): those that have indexes without statistics, or ten times or a tenth of the rows since.
const due = "PRAGMA optimize(0x10003)"

// analyzed is how many entries of an index are looked at, so that those of a huge table do not keep other writers waiting for
// seconds. A sample that is much smaller tells nothing of columns with few values, which is where plans go wrong.
const analyzed = "PRAGMA analysis_limit = 1000000"

// Analyze has SQLite's planner know what the tables hold. Postgres sees to it itself.
func (db *DB) Analyze(ctx context.Context) error {
	if db.dialect != dialect.SQLite {
		return nil
	}
	var statements []string
	err := db.Update(ctx, func(ctx context.Context) error {
		if err := db.Driver().Exec(ctx, analyzed, []any{}, nil); err != nil {
			return err
		}
		return db.View(ctx, false, func(ctx context.Context, q Querier) error {
			rows, err := q.QueryContext(ctx, due)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var statement string
				if err := rows.Scan(&statement); err != nil {
					return err
				}
				statements = append(statements, statement)
			}
			return rows.Err()
		})
	})
	// Each is a transaction of its own, between which others write.
	for _, statement := range statements {
		if err == nil {
			err = db.Driver().Exec(ctx, statement, []any{}, nil)
		}
	}
	if len(statements) > 0 && db.readers != nil {
		db.readers.epoch.Add(1) // connections that are open keep to what they know
	}
	return err
}

// Analyzing calls [DB.Analyze] now and from time to time, until the function that it returns is called.
func (db *DB) Analyzing(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(analyzeEvery)
		defer tick.Stop()
		for {
			if err := db.Analyze(ctx); err != nil && ctx.Err() == nil {
				db.log.WarnContext(ctx, "take statistics of the tables", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() { cancel(); <-ended }
}
