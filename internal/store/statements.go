package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// maxStatement is the length of the longest text that is kept prepared: longer ones are bulk inserts, hardly the same twice.
const maxStatement = 16 << 10

// statementCache holds the prepared statements of one connection, those that were used last first.
type statementCache struct {
	limit  int
	byText map[string]*list.Element // of *statement
	recent *list.List
}

func newStatementCache(limit int) *statementCache {
	return &statementCache{limit: limit, byText: make(map[string]*list.Element), recent: list.New()}
}

// statement is a prepared statement. Its rows share its state with the driver, so that it cannot be used while they are open.
type statement struct {
	text    string
	stmt    driverStmt
	busy    bool
	dropped bool
	rows    rows // while busy
}

// driverStmt is what both drivers' statements can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (s *statement) release() error {
	s.busy = false
	if s.dropped {
		return s.stmt.Close()
	}
	return nil
}

// prepared returns the prepared statement of a text, or nil if the text goes to the driver as it is.
func (c *conn) prepared(ctx context.Context, text string) (*statement, error) {
	if el, ok := c.cache.byText[text]; ok {
		st := el.Value.(*statement)
		if st.busy {
			return nil, nil
		}
		c.cache.recent.MoveToFront(el)
		return st, nil
	}
	if c.cache.limit < 0 || !preparable(text) {
		return nil, nil
	}
	text = strings.Clone(text) // whose memory is the caller's, see [Querier.Read]
	stmt, err := c.driverConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	st := &statement{text: text, stmt: stmt.(driverStmt)}
	c.cache.byText[text] = c.cache.recent.PushFront(st)
	if c.cache.recent.Len() > c.cache.limit {
		if err := c.cache.drop(c.cache.recent.Back()); err != nil {
			return nil, err
		}
	}
	return st, nil
}

func (c *statementCache) drop(el *list.Element) error {
	st := c.recent.Remove(el).(*statement)
	delete(c.byText, st.text)
	st.dropped = true
	if st.busy {
		return nil // closed with its rows
	}
	return st.stmt.Close()
}

// preparable says whether a text is one statement that is worth keeping. Several in one text cannot be prepared on Postgres;
// a semicolon inside of quotes only costs the preparation.
func preparable(text string) bool {
	if len(text) > maxStatement {
		return false
	}
	switch verb(text) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE":
		return !strings.Contains(strings.TrimRight(text, "; \t\r\n"), ";")
	}
	return false
}

// Close closes the prepared statements with the connection: SQLite keeps a connection open for as long as it has some.
func (c *conn) Close() error {
	var errs []error
	if !c.shared.serial {
		for el := c.cache.recent.Front(); el != nil; el = el.Next() {
			errs = append(errs, el.Value.(*statement).stmt.Close())
		}
	}
	return errors.Join(append(errs, c.driverConn.Close())...)
}
