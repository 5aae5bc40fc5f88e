// Command sqlite is what a gateway on SQLite is measured against: the operations of the peer benchmark written by hand on
// the same driver, without GraphQL, rules and limits. Each connection has its statements prepared, and rows are written
// straight into the response. One goroutine writes, and commits once for all who wait.
//
//	go run ./bench/sqlite -db bench.db    listens on $PORT
package main

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// statements are those of the operations; what stands below a row is looked up once for each, which costs no round trip here. A
// plus keeps the driver from parsing times.
var statements = map[string]string{
	"a":  `SELECT p.id, p.title, p.body, p.status, +p.created_at, u.id, u.name FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = ?`,
	"b":  `SELECT id, title, slug, status, +created_at FROM posts ORDER BY created_at DESC, id DESC LIMIT ?`,
	"c1": `SELECT p.id, p.title, u.id, u.name FROM posts p JOIN users u ON u.id = p.author_id ORDER BY p.created_at DESC, p.id DESC LIMIT ?`,
	"c2": `SELECT c.id, c.message, u.id, u.name FROM comments c JOIN users u ON u.id = c.author_id WHERE c.post_id = ? ORDER BY c.created_at, c.id LIMIT ?`,
	"d1": `SELECT id, name FROM users WHERE cohort = ? ORDER BY id LIMIT 20`,
	"d2": `SELECT id, title FROM posts WHERE author_id = ? ORDER BY created_at DESC, id DESC LIMIT ?`,
	"d3": `SELECT t.id, t.name FROM post_tags j JOIN tags t ON t.id = j.tag_id WHERE j.post_id = ? ORDER BY j.tag_id`,
	"e":  `SELECT id, message, +created_at FROM comments WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?`,
	"f1": `SELECT count(*) FROM posts WHERE status = ?`,
	"f2": `SELECT id, title, slug, status, +created_at FROM posts WHERE status = ? ORDER BY created_at DESC, id DESC LIMIT ?`,
}

// writing are the statements of the one connection that writes.
var writing = map[string]string{
	"begin":    `BEGIN IMMEDIATE`,
	"g":        `INSERT INTO comments (post_id, author_id, message, created_at) VALUES (?, ?, ?, ?) RETURNING id, message, +created_at`,
	"commit":   `COMMIT`,
	"rollback": `ROLLBACK`,
}

// variables are those of all operations.
type variables struct {
	ID       int64  `json:"id"`
	Cohort   int64  `json:"cohort"`
	First    int64  `json:"first"`
	Comments int64  `json:"comments"`
	Posts    int64  `json:"posts"`
	Status   string `json:"status"`
	After    string `json:"after"` // the time and the id of the row before the page
	PostID   int64  `json:"postId"`
	AuthorID int64  `json:"authorId"`
	Message  string `json:"message"`
}

// conn is a connection with its statements.
type conn struct {
	prepared map[string]driver.StmtQueryContext
	row      [8]driver.Value
}

func open(path, params string, statements map[string]string) (*conn, error) {
	c, err := sqlite.NewConnector("file:" + path + "?_pragma=busy_timeout(5000)" + params)
	if err != nil {
		return nil, err
	}
	dc, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	out := &conn{prepared: make(map[string]driver.StmtQueryContext)}
	for name, text := range statements {
		st, err := dc.Prepare(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out.prepared[name] = st.(driver.StmtQueryContext)
	}
	return out, nil
}

// each calls fn for each row of a statement. It reads the rows before fn is called for the next statement's.
func (c *conn) each(name string, fn func(row []driver.Value), args ...driver.Value) error {
	var named [4]driver.NamedValue
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	rows, err := c.prepared[name].QueryContext(context.Background(), named[:len(args)])
	if err != nil {
		return err
	}
	row := c.row[:len(rows.Columns())]
	for {
		if err = rows.Next(row); err != nil {
			break
		}
		fn(row)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

type object struct {
	id   int64
	head []byte // all but what stands below, and the closing brace
}

func (c *conn) run(op string, v variables, o []byte) ([]byte, error) {
	post := func(row []driver.Value) {
		o = integer(append(o, `{"id":`...), row[0])
		o = text(append(o, `,"title":`...), row[1])
		o = text(append(o, `,"slug":`...), row[2])
		o = text(append(o, `,"status":`...), row[3])
		o = append(timestamp(append(o, `,"createdAt":`...), row[4]), `},`...)
	}
	switch op {
	case "a":
		err := c.each("a", func(row []driver.Value) {
			o = integer(append(o, `{"post":{"id":`...), row[0])
			o = text(append(o, `,"title":`...), row[1])
			o = text(append(o, `,"body":`...), row[2])
			o = text(append(o, `,"status":`...), row[3])
			o = timestamp(append(o, `,"createdAt":`...), row[4])
			o = append(named(append(o, `,"author":`...), row[5], row[6]), `}}`...)
		}, v.ID)
		return o, err
	case "b", "h":
		o = append(o, `{"posts":[`...)
		err := c.each("b", post, v.First)
		return end(o), err
	case "c":
		posts, err := c.objects("c1", `"author":`, v.First)
		if err != nil {
			return o, err
		}
		o = append(o, `{"posts":[`...)
		for _, p := range posts {
			o = append(append(o, p.head...), `,"comments":[`...)
			err := c.each("c2", func(row []driver.Value) {
				o = integer(append(o, `{"id":`...), row[0])
				o = text(append(o, `,"message":`...), row[1])
				o = append(named(append(o, `,"author":`...), row[2], row[3]), `},`...)
			}, p.id, v.Comments)
			if err != nil {
				return o, err
			}
			o = append(end(o), ',')
		}
		return end(o), nil
	case "d":
		users, err := c.objects("d1", "", v.Cohort)
		if err != nil {
			return o, err
		}
		o = append(o, `{"users":[`...)
		for _, u := range users {
			posts, err := c.objects("d2", "", u.id, v.Posts)
			if err != nil {
				return o, err
			}
			o = append(append(o, u.head...), `,"posts":[`...)
			for _, p := range posts {
				o = append(append(o, p.head...), `,"tags":[`...)
				if err := c.each("d3", func(row []driver.Value) { o = append(named(o, row[0], row[1]), ',') }, p.id); err != nil {
					return o, err
				}
				o = append(end(o), ',')
			}
			o = append(end(o), ',')
		}
		return end(o), nil
	case "e":
		at, id, _ := strings.Cut(v.After, "|")
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return o, err
		}
		key, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return o, err
		}
		o = append(o, `{"comments":[`...)
		err = c.each("e", func(row []driver.Value) {
			o = integer(append(o, `{"id":`...), row[0])
			o = text(append(o, `,"message":`...), row[1])
			o = append(timestamp(append(o, `,"createdAt":`...), row[2]), `},`...)
		}, t.UTC().Format("2006-01-02 15:04:05.999999-07:00"), key, v.First)
		return end(o), err
	case "f":
		err := c.each("f1", func(row []driver.Value) { o = append(integer(append(o, `{"totalCount":`...), row[0]), `,"posts":[`...) }, v.Status)
		if err != nil {
			return o, err
		}
		err = c.each("f2", post, v.Status, v.First)
		return end(o), err
	}
	return o, fmt.Errorf("no operation %q", op)
}

// objects reads rows of an id and a text, and perhaps of the id and name of what stands below.
func (c *conn) objects(name, below string, args ...driver.Value) ([]object, error) {
	var out []object
	label := `,"name":`
	if below != "" || name == "d2" {
		label = `,"title":`
	}
	err := c.each(name, func(row []driver.Value) {
		h := integer(append(make([]byte, 0, 160), `{"id":`...), row[0])
		h = text(append(h, label...), row[1])
		if below != "" {
			h = named(append(append(h, ','), below...), row[2], row[3])
		}
		out = append(out, object{row[0].(int64), h})
	}, args...)
	return out, err
}

// end ends a list, whose last element has a comma after it, and the object that holds it.
func end(o []byte) []byte {
	if o[len(o)-1] == ',' {
		o = o[:len(o)-1]
	}
	return append(o, `]}`...)
}

func named(o []byte, id, name driver.Value) []byte {
	o = integer(append(o, `{"id":`...), id)
	return append(text(append(o, `,"name":`...), name), '}')
}

func integer(o []byte, v driver.Value) []byte { return strconv.AppendInt(o, v.(int64), 10) }

// text writes texts of the dataset, which are ASCII.
func text(o []byte, v driver.Value) []byte {
	s := v.(string)
	o = append(o, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			o = fmt.Appendf(append(o, s[start:i]...), `\u%04x`, c)
			start = i + 1
		}
	}
	return append(append(o, s[start:]...), '"')
}

// timestamp writes a time of the dataset, which is in UTC: "2006-01-02 15:04:05.999999+00:00".
func timestamp(o []byte, v driver.Value) []byte {
	s := v.(string)
	o = append(append(append(o, '"'), s[:10]...), 'T')
	return append(append(o, s[11:len(s)-len("+00:00")]...), `Z"`...)
}

// write is a comment that waits to be written, and then its row.
type write struct {
	variables
	out  []byte
	done chan error
}

// writer writes what comes in, as many at once as wait. Nobody hears of a row before it was committed, and one that is refused
// leaves the others alone, since SQLite undoes its statement.
type writer struct {
	*conn
	in chan *write
}

func (w *writer) run() {
	var group []*write
	for first := range w.in {
		group = append(group[:0], first)
		errs := make([]error, 1, cap(w.in))
		nothing := func([]driver.Value) {}
		err := w.each("begin", nothing)
		for i := 0; err == nil && i < len(group); i++ {
			if errs[i] = w.insert(group[i]); len(group) < cap(w.in) {
				select {
				case next := <-w.in:
					group, errs = append(group, next), append(errs, nil)
				default:
				}
			}
		}
		if err == nil {
			err = w.each("commit", nothing)
		}
		if err != nil {
			_ = w.each("rollback", nothing) // what went wrong before is worth more
		}
		for i, g := range group {
			g.done <- errors.Join(errs[i], err)
		}
	}
}

func (w *writer) insert(g *write) error {
	return w.each("g", func(row []driver.Value) {
		g.out = integer(append(g.out, `{"createComment":{"id":`...), row[0])
		g.out = text(append(g.out, `,"message":`...), row[1])
		g.out = append(timestamp(append(g.out, `,"createdAt":`...), row[2]), `}}`...)
	}, g.PostID, g.AuthorID, g.Message, time.Now().UTC().Format("2006-01-02 15:04:05.999999-07:00"))
}

func main() {
	path := flag.String("db", "bench.db", "the database")
	flag.Parse()
	pool := make(chan *conn, max(4, 2*runtime.GOMAXPROCS(0)))
	for range cap(pool) {
		c, err := open(*path, "&_pragma=query_only(1)", statements)
		if err != nil {
			log.Fatal(err)
		}
		pool <- c
	}
	c, err := open(*path, "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)", writing)
	if err != nil {
		log.Fatal(err)
	}
	writes := writer{c, make(chan *write, 128)}
	go writes.run()
	buffers := sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}
	serve := func(w http.ResponseWriter, r *http.Request) {
		var v variables
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &v)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		o := (*buf)[:0]
		o = append(o, `{"data":`...)
		if op := strings.TrimPrefix(r.URL.Path, "/"); op == "g" {
			g := &write{variables: v, out: o, done: make(chan error, 1)}
			writes.in <- g
			err = <-g.done
			o = g.out
		} else {
			c := <-pool
			o, err = c.run(op, v, o)
			pool <- c
		}
		*buf = o
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		o = append(o, '}')
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(o)))
		_, _ = w.Write(o)
	}
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: http.HandlerFunc(serve), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
