package store

import (
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// LibpqEnv is the environment in which Postgres' own programs connect as [Open] does with the URL. So no password stands in
// the list of processes.
func LibpqEnv(text string) ([]string, error) {
	cfg, err := pq.NewConfig(text)
	if err != nil {
		return nil, errors.New("the postgres URL is malformed")
	}
	hosts, ports := []string{strings.Trim(cfg.Host, "[]")}, []string{strconv.Itoa(int(cfg.Port))}
	for _, h := range cfg.Multi {
		hosts, ports = append(hosts, h.Host), append(ports, strconv.Itoa(int(h.Port)))
	}
	env := []string{"PGHOST=" + strings.Join(hosts, ","), "PGPORT=" + strings.Join(ports, ","), "PGUSER=" + cfg.User, "PGDATABASE=" + cfg.Database}
	for name, value := range map[string]string{
		"PGPASSWORD": cfg.Password, "PGSSLCERT": cfg.SSLCert, "PGSSLKEY": cfg.SSLKey, "PGSSLROOTCERT": cfg.SSLRootCert, "PGOPTIONS": cfg.Options,
	} {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, libpqTLS(text, cfg)...), nil
}

func libpqTLS(text string, cfg pq.Config) []string {
	u, err := url.Parse(text)
	if err == nil && u.Query().Has("sslmode") || os.Getenv("PGSSLMODE") != "" {
		return []string{"PGSSLMODE=" + string(cfg.SSLMode)}
	}
	if loopback(cfg) {
		return []string{"PGSSLMODE=prefer"}
	}
	env := []string{"PGSSLMODE=verify-full"}
	// Unlike lib/pq, libpq does not look where the system keeps its certificates.
	for _, path := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if _, err := os.Stat(path); err == nil && cfg.SSLRootCert == "" {
			return append(env, "PGSSLROOTCERT="+path)
		}
	}
	return env
}
