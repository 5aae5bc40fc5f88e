package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"

	"github.com/entwine-data/entwine/internal/pgwire"
)

func openPostgres(text string, opts Options) (*DB, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The parser's error repeats parts of the URL.
		return nil, errors.New("open database: the postgres URL is malformed; special characters of a password must be percent-encoded")
	}
	cfg, err := pq.NewConfig(text)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	cfg.Runtime["TimeZone"] = "UTC"
	if opts.Pooler {
		cfg.BinaryParameters = true
		opts.Statements = -1
	}
	if opts.StatementTimeout > 0 && !opts.Pooler {
		cfg.Runtime["statement_timeout"] = strconv.FormatInt(opts.StatementTimeout.Milliseconds(), 10)
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "entwine"
	}
	inner, err := postgresConnector(cfg, u.Query().Has("sslmode") || os.Getenv("PGSSLMODE") != "")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	c := newConnector(inner, opts)
	c.serial = true
	pool := newPool(sql.OpenDB(c), or(opts.MaxConns, 10))
	// So that a server that was replaced behind the same name is left in the end.
	pool.SetConnMaxLifetime(time.Hour)
	db := &DB{dialect: dialect.Postgres, reader: pool, writer: pool, log: opts.Logger, pooler: opts.Pooler}
	if c.statements > 0 { // which are what a batch is made of
		db.batches = newBatches(pool)
	}
	return db, nil
}

// postgresConnector adds to lib/pq what happens if no sslmode was given, which there means "require" without looking at the
// certificate.
func postgresConnector(cfg pq.Config, sslmode bool) (driver.Connector, error) {
	cfg.Host = strings.Trim(cfg.Host, "[]")          // lib/pq leaves them on where the URL has no port, and cannot dial that
	if sslmode || cfg.SSLMode == pq.SSLModeDisable { // as for a socket in the file system
		return pgwireConnector(cfg)
	}
	if !loopback(cfg) {
		cfg.SSLMode = pq.SSLModeVerifyFull
		return pq.NewConnectorConfig(cfg)
	}
	cfg.SSLMode = pq.SSLModeRequire
	secret, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, err
	}
	cfg.SSLMode = pq.SSLModeDisable
	plain, err := pgwireConnector(cfg)
	if err != nil {
		return nil, err
	}
	return &preferTLS{Connector: secret, plain: plain}, nil
}

// pgwireConnector lets statements be executed past lib/pq where that can be: without TLS, and where statements are prepared.
func pgwireConnector(cfg pq.Config) (driver.Connector, error) {
	if cfg.SSLMode != pq.SSLModeDisable || cfg.BinaryParameters {
		return pq.NewConnectorConfig(cfg)
	}
	return pgwire.NewConnector(cfg)
}

func loopback(cfg pq.Config) bool {
	hosts := []pq.ConfigMultihost{{Host: cfg.Host, Hostaddr: cfg.Hostaddr}}
	for _, h := range append(hosts, cfg.Multi...) {
		addr := h.Hostaddr
		if addr == (netip.Addr{}) {
			addr, _ = netip.ParseAddr(h.Host)
		}
		local := addr.IsLoopback() || h.Hostaddr == netip.Addr{} &&
			(h.Host == "" || h.Host == "localhost" || filepath.IsAbs(h.Host) || strings.HasPrefix(h.Host, "@"))
		if !local {
			return false
		}
	}
	return true
}

// preferTLS is sslmode=prefer. lib/pq's own leaves the refused connection open, which occupies a place at the server, and
// asks again for every new one.
type preferTLS struct {
	*pq.Connector
	plain   driver.Connector
	refused atomic.Bool
}

func (p *preferTLS) Connect(ctx context.Context) (driver.Conn, error) {
	if !p.refused.Load() {
		conn, err := p.Connector.Connect(ctx)
		if !errors.Is(err, pq.ErrSSLNotSupported) {
			return conn, err
		}
		p.refused.Store(true)
	}
	return p.plain.Connect(ctx)
}
