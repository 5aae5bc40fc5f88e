package migrations

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/testenv"
)

// TestFullFileSystem fills a small file system by a migration. When there is room again, the next run goes on.
func TestFullFileSystem(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		small := testenv.SmallDisk(t, 16)
		p := &project{dir: t.TempDir(), url: "sqlite:" + filepath.Join(small, "blog.db")}
		filler := p.fill(t, small, "", "database or disk is full")
		p.expect(t, "PRAGMA integrity_check", "ok")

		// Where there is no room for a copy, nothing is migrated.
		p.write(t, "20260101000200_more", "INSERT INTO posts SELECT id + 1 FROM posts;\n")
		if err := os.Truncate(filler, 0); err != nil {
			t.Fatal(err)
		}
		var free syscall.Statfs_t
		if err := syscall.Statfs(small, &free); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filler, make([]byte, int64(free.Bavail)*free.Bsize-64<<10), 0o600); err != nil { //nolint:gosec // megabytes
			t.Fatal(err)
		}
		out, err := p.run(t, "migrate", "up")
		if err == nil {
			t.Error("it did not fail")
		}
		expect(t, out, "take a snapshot: the disk is full\n  Nothing was migrated.", "--snapshots 0")
		p.goesOn(t, filler)
	})
	t.Run("postgres", func(t *testing.T) {
		small, admin := testenv.SmallDisk(t, 16), &project{url: pgtest.New(t)}
		name := "entwine_small_" + strings.ToLower(rand.Text()[:12])
		// The server wants to own the folder.
		info, err := os.Stat(admin.rows(t, "SHOW data_directory")[0])
		if err != nil {
			t.Skipf("SKIPPED, NOT PASSED: the server is not on this machine: %v", err)
		}
		if err := os.Chown(small, int(info.Sys().(*syscall.Stat_t).Uid), -1); err != nil {
			t.Fatal(err)
		}
		admin.rows(t, fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", name, small))
		t.Cleanup(func() {
			if _, err := query(context.Background(), admin.url, "DROP TABLESPACE "+name); err != nil {
				t.Error(err)
			}
		})
		p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
		filler := p.fill(t, small, " TABLESPACE "+name, "No space left on device")
		p.write(t, "20260101000200_more", "INSERT INTO posts SELECT id + 1 FROM posts;\n")
		p.goesOn(t, filler)
	})
}

// fill migrates until the file system is full, in which it leaves a file that can make room. What had happened by then is undone.
func (p *project) fill(t *testing.T, small, where, why string) (filler string) {
	t.Helper()
	filler = filepath.Join(small, "filler")
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint)"+where+";\nINSERT INTO posts VALUES (1);\n"+
		"CREATE TABLE padding (text text);\nINSERT INTO padding VALUES ('"+strings.Repeat("x", 500<<10)+"');\n")
	p.must(t, "migrate", "up")
	if err := os.WriteFile(filler, make([]byte, 6<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write(t, "20260101000200_more", "CREATE TABLE tags (id bigint);\nDELETE FROM posts;\n"+strings.Replace(p.slow(), "1000000000", "1000000", 1))
	out, err := p.run(t, "migrate", "up")
	if err == nil {
		t.Error("it did not fail")
	}
	expect(t, out, "20260101000200_more.up.sql, statement", "INSERT INTO posts", why, "The database is as it was before this file.")
	p.expect(t, "SELECT id FROM posts", "1")
	p.expect(t, "SELECT version FROM entwine_migrations", "20260101000100")
	return filler
}

func (p *project) goesOn(t *testing.T, filler string) {
	t.Helper()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	expect(t, p.must(t, "migrate", "up"), "1 migration in")
	p.expect(t, "SELECT id FROM posts ORDER BY id", "1", "2")
}
