package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// steady has SQLite plan a statement once. Built with STAT4, as the driver is, it otherwise plans a prepared statement anew for
// each value that is compared with a column of an index, which costs more than a small read.
type steady struct{ driver.Connector }

func (s steady) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := setSteady(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func setSteady(c driver.Conn) error {
	// The driver sets other settings of this kind by parameters, but not this one, and has no way to its handle.
	db := reflect.ValueOf(c).Elem().FieldByName("db")
	if !db.IsValid() || db.Kind() != reflect.Uintptr {
		return errors.New("the driver's connection has no handle")
	}
	tls := libc.NewTLS()
	defer tls.Close()
	args := tls.Alloc(16)
	defer tls.Free(16)
	if rc := sqlite3.Xsqlite3_db_config(tls, uintptr(db.Uint()), sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, libc.VaList(args, int32(1), uintptr(0))); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("sqlite3_db_config: %d", rc)
	}
	return nil
}
