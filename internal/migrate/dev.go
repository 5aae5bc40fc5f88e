package migrate

import (
	"context"
	"database/sql"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
)

// Developed is what [Runner.Develop] did.
type Developed struct {
	// Fresh says that the database had none of the tables.
	Fresh bool
	// Applied is the number of migrations that were applied or recorded.
	Applied int
	// Changes are what was done to the tables beyond them, because the schema is ahead.
	Changes []string
	// Ahead says that the schema needs a migration that is not written yet.
	Ahead bool
	// Warning is a contradiction between the history and the files, as switching branches leaves it.
	Warning error
}

// Develop brings the database of a developer to the tables: first by the migrations, then, where the schema is ahead of them, as
// [Push] does. What it did so is remembered, so that a migration that is written for it later is not run on top of it.
func (r *Runner) Develop(ctx context.Context, tables []*schema.Table) (*Developed, error) {
	ahead, err := r.Line.ahead(ctx, r.DB.Dialect(), tables)
	if err != nil {
		return nil, err
	}
	out := &Developed{Ahead: len(ahead) > 0}
	missing, err := Missing(ctx, r.DB, tables)
	if err != nil {
		return nil, err
	}
	out.Fresh = len(missing) == len(tables)
	pushed := false
	err = r.locked(ctx, func(s *session) error {
		st, err := s.status(ctx)
		if err != nil {
			return err
		}
		if !st.History {
			// Tables without a history were made by an earlier dev, or by push.
			found, err := s.foreign(ctx)
			if err != nil {
				return err
			}
			if err := s.history.create(ctx, s.conn); err != nil {
				return err
			}
			if len(found) > 0 {
				if err := s.markPushed(ctx); err != nil {
					return err
				}
			}
			if st, err = s.status(ctx); err != nil {
				return err
			}
		}
		pushed = st.Pushed
		out.Warning = st.contradictions()
		if out.Warning == nil {
			out.Applied, err = s.up(ctx, 0)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !out.Ahead && !pushed && out.Warning == nil {
		return out, nil
	}
	if out.Changes, err = Push(ctx, r.DB, tables); err != nil || len(out.Changes) == 0 && !pushed {
		return out, err
	}
	return out, r.locked(ctx, func(s *session) error { return s.markOrClear(ctx, tables) })
}

// markOrClear keeps in mind that the tables are not exactly what the migrations make, for as long as that is so.
func (s *session) markOrClear(ctx context.Context, tables []*schema.Table) error {
	state, err := s.Line.state(newestVersion)
	if err != nil {
		return err
	}
	old, err := state.tables()
	if err != nil {
		return err
	}
	d, err := s.live(ctx, old)
	if err != nil {
		return err
	}
	// A table that the migrations do not know shows only in what is compared with the schema.
	ahead, err := s.Line.ahead(ctx, s.dialect, tables)
	if err != nil {
		return err
	}
	if len(d.all())+len(ahead) == 0 {
		return s.history.remove(ctx, s.conn, pushedVersion)
	}
	return s.markPushed(ctx)
}

func (s *session) markPushed(ctx context.Context) error {
	if err := s.history.remove(ctx, s.conn, pushedVersion); err != nil {
		return err
	}
	return s.history.write(ctx, s.conn, Row{Version: pushedVersion, Name: "dev", Kind: string(pushedKind), AppliedAt: time.Now(), Build: s.Build})
}

// adopt deals with pending migrations on a database that dev has brought ahead. A generated one is recorded: the tables are as
// it makes them already, or can be brought there as dev does. What is written by hand is run.
func (s *session) adopt(ctx context.Context, pending []Entry) error {
	if len(pending) == 0 {
		return nil
	}
	state, err := s.Line.state(pending[len(pending)-1].Version)
	if err != nil {
		return err
	}
	tables, err := state.tables()
	if err != nil {
		return err
	}
	if _, err := pushOn(ctx, connDriver{entsql.Conn{ExecQuerier: s.conn}, s.dialect, s.conn}, tables); err != nil {
		return err
	}
	for _, e := range pending {
		if !e.migration.generated {
			if err := s.apply(ctx, e.migration, forward, e.Row); err != nil {
				return err
			}
			continue
		}
		if err := s.note(ctx, e.migration, adoptedKind); err != nil {
			return err
		}
		s.say("  %s is recorded and not run: dev had made its changes already", e.migration)
	}
	return s.markOrClear(ctx, tables)
}

// connDriver is ent's driver on one connection.
type connDriver struct {
	entsql.Conn
	name string
	conn *sql.Conn
}

var _ dialect.Driver = connDriver{}

func (d connDriver) Dialect() string { return d.name }

// Close does nothing: the connection belongs to the session.
func (d connDriver) Close() error { return nil }

func (d connDriver) Tx(ctx context.Context) (dialect.Tx, error) {
	tx, err := d.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &entsql.Tx{Conn: entsql.Conn{ExecQuerier: tx}, Tx: tx}, nil
}
