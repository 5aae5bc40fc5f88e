// Package extending tests what an application adds to what its schema makes: hooks, routes and commands, as the reference
// application has them and beyond.
package extending

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/ent/hook"
	"github.com/entwine-data/entwine/ent/tag"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/migrate"
	"github.com/entwine-data/entwine/tests/testapp"
)

// journal is what the hooks and functions of a test have done.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// take returns the lines since the last call.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.lines
	j.lines = nil
	return out
}

// app is the reference application with hooks on tags that write into the journal.
func app(j *journal) gateway.App {
	return gateway.App{
		Name: "Extended", Open: graph.Open, Routes: graph.Routes, Commands: graph.Commands(),
		Hooks: func(h *gateway.Handle) {
			graph.Hooks(h)
			graph.Client(h).Tag.Use(hook.On(func(next ent.Mutator) ent.Mutator {
				return hook.TagFunc(func(ctx context.Context, m *ent.TagMutation) (ent.Value, error) {
					name, _ := m.Name()
					switch name {
					case "refused":
						return nil, apierr.New(apierr.Conflict, "Not this one.")
					case "broken":
						return nil, errors.New("secret cause")
					}
					j.add("before " + name)
					value, err := next.Mutate(ctx, m)
					if err != nil {
						return nil, err
					}
					j.add("after " + name)
					gateway.AfterCommit(ctx, func(ctx context.Context) error {
						// It is there for everybody, also for those outside of the transaction.
						n, err := graph.Client(h).Tag.Query().Where(tag.Name(name)).Count(access.SystemContext(ctx))
						j.add(fmt.Sprintf("committed %s: %d, %s", name, n, access.FromContext(ctx).Roles))
						return err
					})
					return value, nil
				})
			}, ent.OpCreate))
		},
	}
}

func is(t *testing.T, j *journal, want ...string) {
	t.Helper()
	if got := j.take(); !slices.Equal(got, want) {
		t.Errorf("%q\nnot\n%q", got, want)
	}
}

func TestHooks(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		var j journal
		g := gatewaytest.Open(t, app(&j), url)
		g.Must(t, testapp.Admin, `mutation { createUser(input: {name: "Ada", username: "ada"}) { user { id } } }`, nil)
		post := func(slug, title string) gatewaytest.Response {
			t.Helper()
			return g.Do(t, testapp.User("1"), `mutation($slug: String!, $title: String!) {
				createPost(input: {title: $title, slug: $slug, body: "b", status: PUBLISHED, authorId: "VXNlcjox"}) { post { author { credits } } }
			}`, map[string]any{"slug": slug, "title": title})
		}

		if got := post("quiet", "A quiet title").At("createPost", "post", "author", "credits"); got != 10.0 {
			t.Errorf("the payload shows %v credits", got)
		}
		loud := post("loud", "A LOUD TITLE")
		if loud.Code() != "BAD_USER_INPUT" || !strings.Contains(loud.Raw, `"fields":[{"path":["input","title"],"code":"INVALID"`) {
			t.Error(loud.Raw)
		}
		if twice := post("quiet", "The same slug"); !strings.Contains(twice.Raw, "NOT_UNIQUE") {
			t.Error(twice.Raw)
		}
		if got := g.Rows(t, `SELECT credits FROM users`)[0][0]; fmt.Sprint(got) != "10" {
			t.Errorf("%v credits", got)
		}

		const two = `mutation($a: String!, $b: String!) { a: createTag(input: {name: $a}) { tag { id } } b: createTag(input: {name: $b}) { tag { id } } }`
		g.Must(t, testapp.Admin, two, map[string]any{"a": "one", "b": "two"})
		is(t, &j, "before one", "after one", "before two", "after two", "committed one: 1, [admin]", "committed two: 1, [admin]")

		for name, code := range map[string]string{"refused": "CONFLICT", "broken": "INTERNAL_SERVER_ERROR", "one": "BAD_USER_INPUT"} {
			r := g.Do(t, testapp.Admin, two, map[string]any{"a": "three", "b": name})
			if r.Code() != code || strings.Contains(r.Raw, "secret") || !strings.Contains(r.Raw, `"data":null`) {
				t.Errorf("%s: %s", name, r.Raw)
			}
			if got := j.take(); slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "committed") }) {
				t.Errorf("%s: %q", name, got)
			}
		}
		if got := g.Rows(t, `SELECT count(*) FROM tags`)[0][0]; fmt.Sprint(got) != "2" {
			t.Errorf("%v tags", got)
		}

		// A repeat by an idempotency key is answered, and not done.
		repeat := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"mutation { createTag(input: {name: \"keyed\"}) { tag { id } } }"}`))
		repeat.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}
		body, _ := io.ReadAll(repeat.Body)
		for range 2 {
			repeat.Body = io.NopCloser(bytes.NewReader(body))
			if w := g.Request(testapp.Admin, repeat); w.Code != 200 || !strings.Contains(w.Body.String(), `"id"`) {
				t.Error(w.Body)
			}
		}
		is(t, &j, "before keyed", "after keyed", "committed keyed: 1, [admin]")
	})
}

// call sends a request to a route and checks the status and a part of the answer.
func call(t *testing.T, g *gatewaytest.Gateway, v access.Viewer, method, path, body string, status int, part string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := g.Request(v, r)
	if w.Code != status || !strings.Contains(w.Body.String(), part) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("%s %s: %d, not %d; want %s in %q %s", method, path, w.Code, status, part, w.Header().Get("Content-Type"), w.Body)
	}
	return w
}

func TestRouteOfTheReferenceApplication(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		g := gatewaytest.Open(t, app(&journal{}), url).Demo(t, demo.Data(demo.Config{Users: 10}))
		visible := fmt.Sprint(g.Rows(t, `SELECT slug FROM posts WHERE status = 'published' ORDER BY id`)[0][0])
		hidden := g.Must(t, testapp.Admin, `mutation { createPost(input: {title: "Draft", slug: "draft", body: "b", authorId: "VXNlcjox"}) { post { slug } } }`, nil).At("createPost", "post", "slug")
		comments := func() string { return fmt.Sprint(g.Rows(t, `SELECT count(*) FROM comments`)[0][0]) }
		before := comments()
		path := "/posts/" + visible + "/comments"
		for _, c := range []struct {
			viewer             access.Viewer
			method, path, body string
			status             int
			part               string
		}{
			{testapp.Anonymous, "POST", path, `{"message":"hi"}`, 401, `"code":"UNAUTHENTICATED"`},
			{testapp.Admin, "POST", path, `{"message":"hi"}`, 401, `"code":"UNAUTHENTICATED"`}, // no user
			{testapp.User("2"), "POST", fmt.Sprintf("/posts/%v/comments", hidden), `{"message":"hi"}`, 404, `"code":"NOT_FOUND"`},
			{testapp.User("2"), "POST", "/posts/nope/comments", `{"message":"hi"}`, 404, `"code":"NOT_FOUND"`},
			{testapp.User("2"), "POST", path, `{"message":""}`, 400, `"code":"BAD_USER_INPUT"`},
			{testapp.User("2"), "POST", path, `{"message":1}`, 400, `Message does not have the right type`},
			{testapp.User("2"), "POST", path, `{"text":"hi"}`, 400, `There is no field`},
			{testapp.User("2"), "POST", path, `{"message":"hi"} {}`, 400, `BAD_USER_INPUT`},
			{testapp.User("2"), "POST", path, `nope`, 400, `BAD_USER_INPUT`},
			{testapp.User("2"), "POST", path, ``, 400, `Content-Type`},
			{testapp.User("2"), "POST", path, `{"message":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `1048576 bytes`},
			{testapp.User("2"), "GET", path, ``, 405, `method GET`},
			{testapp.User("2"), "GET", "/nope", ``, 404, `nothing here`},
		} {
			call(t, g, c.viewer, c.method, c.path, c.body, c.status, c.part)
		}
		if after := comments(); after != before {
			t.Errorf("%s comments, and %s before", after, before)
		}
		w := call(t, g, testapp.User("2"), "POST", path, `{"message":"A route wrote this"}`, 201, `{"id":"`)
		id := strings.Split(w.Body.String(), `"`)[3]
		r := g.Must(t, testapp.Anonymous, `query($id: ID!) { comment(id: $id) { message author { id } post { slug } } }`, map[string]any{"id": id})
		if r.At("comment", "message") != "A route wrote this" || r.At("comment", "author", "id") != "VXNlcjoy" || r.At("comment", "post", "slug") != visible {
			t.Error(r.Raw)
		}
	})
}

func TestRoutes(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		var j journal
		extended := app(&j)
		layer := func(name string) func(http.Handler) http.Handler {
			return func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					j.add(name)
					next.ServeHTTP(w, req)
				})
			}
		}
		extended.Routes = func(r *gateway.Router) {
			client := graph.Client(r.Handle)
			create := func(end func(w http.ResponseWriter) error) func(http.ResponseWriter, *http.Request) error {
				return func(w http.ResponseWriter, req *http.Request) error {
					w.Header().Set("X-Secret", "of a transaction")
					if err := gateway.WriteJSON(w, http.StatusCreated, "made"); err != nil {
						return err
					}
					if err := client.Tag.Create().SetName(req.PathValue("name")).Exec(req.Context()); err != nil {
						return err
					}
					return end(w)
				}
			}
			r.HandleFunc("POST /tags/{name}", create(func(http.ResponseWriter) error { return nil }))
			r.HandleFunc("PUT /tags/{name}", create(func(http.ResponseWriter) error { return apierr.New(apierr.Forbidden, "In the end, no.") }))
			r.HandleFunc("PATCH /tags/{name}", create(func(http.ResponseWriter) error { return errors.New("secret cause") }))
			r.HandleFunc("DELETE /tags/{name}", create(func(http.ResponseWriter) error { panic("secret cause") }))
			r.HandleFunc("POST /foreign-comments", func(_ http.ResponseWriter, req *http.Request) error {
				return client.Comment.Create().SetPostID(1).SetAuthorID(1).SetMessage("Not me").Exec(req.Context())
			})
			r.HandleFunc("GET /tags/{name}", func(w http.ResponseWriter, req *http.Request) error {
				found, err := client.Tag.Query().Where(tag.Name(req.PathValue("name"))).Only(req.Context())
				if err != nil {
					return err
				}
				return gateway.WriteJSON(w, http.StatusOK, found.Name)
			})
			r.HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) error {
				_, _ = io.WriteString(w, "half")
				return errors.New("secret cause")
			})
			r.With(layer("outer"), layer("inner")).Serve("GET /layers", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				deadline, ok := req.Context().Deadline()
				j.add(fmt.Sprintf("handler %v %v", ok && time.Until(deadline) <= 10*time.Second, access.FromContext(req.Context()).UserID))
				_ = gateway.WriteJSON(w, http.StatusOK, "ok")
			}))
			r.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) error { return gateway.WriteJSON(w, http.StatusOK, "home") })
		}
		g := gatewaytest.Open(t, extended, url).Demo(t, demo.Data(demo.Config{Users: 5}))
		j.take()

		call(t, g, testapp.Admin, "POST", "/tags/one", "", 201, `"made"`)
		is(t, &j, "before one", "after one", "committed one: 1, [admin]")
		call(t, g, testapp.Anonymous, "GET", "/tags/one", "", 200, `"one"`)
		call(t, g, testapp.Admin, "POST", "/tags/one", "", 409, "CONFLICT")
		call(t, g, testapp.Anonymous, "POST", "/tags/unheard-of", "", 401, "UNAUTHENTICATED")
		call(t, g, testapp.User("3"), "POST", "/foreign-comments", "", 403, "FORBIDDEN")
		if n := g.Rows(t, `SELECT count(*) FROM comments WHERE message = 'Not me'`)[0][0]; fmt.Sprint(n) != "0" {
			t.Errorf("what the rules refused is there: %v", n)
		}
		j.take()
		for method, c := range map[string]struct {
			status int
			part   string
		}{
			"PUT": {403, "In the end, no."}, "PATCH": {500, "INTERNAL_SERVER_ERROR"}, "DELETE": {500, "INTERNAL_SERVER_ERROR"},
		} {
			r := httptest.NewRequest(method, "/tags/unheard-of", nil)
			w := g.Request(testapp.Admin, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.part) || strings.Contains(w.Body.String(), "secret") || w.Header().Get("X-Secret") != "" {
				t.Errorf("%s: %d %s %v", method, w.Code, w.Body, w.Header())
			}
			is(t, &j, "before unheard-of", "after unheard-of")
		}
		call(t, g, testapp.Admin, "GET", "/tags/unheard-of", "", 404, "NOT_FOUND")
		call(t, g, testapp.User("4"), "GET", "/layers", "", 200, "ok")
		is(t, &j, "outer", "inner", "handler true 4")
		call(t, g, testapp.Anonymous, "GET", "/", "", 200, "home")
		func() {
			defer func() {
				if v := recover(); !errors.Is(v.(error), http.ErrAbortHandler) {
					t.Error(v)
				}
			}()
			g.Request(testapp.Anonymous, httptest.NewRequest(http.MethodGet, "/half", nil))
			t.Error("an answer that broke off looks whole")
		}()
	})
}

// TestWritesOutsideOfTransactions: what the rules refuse once they see the row is undone, whoever wrote it and however.
func TestWritesOutsideOfTransactions(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		g := gatewaytest.Open(t, app(&journal{}), url).Demo(t, demo.Data(demo.Config{Users: 5}))
		client := graph.Client(g.Handle)
		ctx := access.NewContext(t.Context(), testapp.User("3"))
		refused := func(how string, err error) {
			t.Helper()
			if apierr.CodeOf(err) != apierr.Forbidden {
				t.Errorf("%s: %v", how, err)
			}
			if n := g.Rows(t, `SELECT count(*) FROM comments WHERE message = 'Not me'`)[0][0]; fmt.Sprint(n) != "0" {
				t.Errorf("%s: it is there", how)
			}
		}
		foreign := func(ctx context.Context, c *ent.Client) error {
			return c.Comment.Create().SetPostID(1).SetAuthorID(1).SetMessage("Not me").Exec(ctx)
		}
		refused("alone", foreign(ctx, client))
		mine := client.Comment.Create().SetPostID(1).SetAuthorID(3).SetMessage("Me").SaveX(ctx)
		refused("by an update", mine.Update().SetAuthorID(1).SetMessage("Not me").Exec(ctx))

		tx, err := client.Tx(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = foreign(ctx, tx.Client())
		refused("in a transaction of the ORM", errors.Join(err, tx.Rollback()))

		// Who does not heed the refusal cannot commit the rest.
		err = g.Handle.Transaction(ctx, func(ctx context.Context) error {
			if err := client.Comment.Create().SetPostID(1).SetAuthorID(3).SetMessage("Me, too").Exec(ctx); err != nil {
				return err
			}
			refused := foreign(ctx, client)
			if refused == nil {
				t.Error("it was not refused")
			}
			return nil
		})
		if n := g.Rows(t, `SELECT count(*) FROM comments WHERE message IN ('Not me', 'Me, too')`)[0][0]; err == nil || fmt.Sprint(n) != "0" {
			t.Errorf("%v rows, %v", n, err)
		}
	})
}

func TestRoutesThatCannotBe(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	for _, c := range []struct{ first, second, want string }{
		{"POST /graphql", "", "belongs to the gateway"},
		{"/graphql/{rest...}", "", "belongs to the gateway"},
		{"GET example.com/livez", "", "belongs to the gateway"},
		{"GET /playground/", "", "belongs to the gateway"},
		{"GET /metrics", "", "belongs to the gateway"},
		{"GET /a", "GET /a", "conflicts with pattern"},
		{"GET /a/{x}", "GET /{x}/b", "conflicts with pattern"},
		{"GET a", "", "the route"},
		{"", "", "the route"},
	} {
		a := app(&journal{})
		a.Migrations = migrate.Files
		a.Routes = func(r *gateway.Router) {
			r.HandleFunc(c.first, nothing)
			if c.second != "" {
				r.HandleFunc(c.second, nothing)
			}
		}
		if _, err := a.OwnRoutes(&gateway.Handle{}, gateway.RouteLimits{}, slog.Default()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	t.Chdir(t.TempDir())
	a := app(&journal{})
	a.Routes = func(r *gateway.Router) { r.HandleFunc("GET /readyz", nothing) }
	if code, _, log := run(t, a, "dev", "--addr", "127.0.0.1:0"); code != 1 || !strings.Contains(log, `error: the route "GET /readyz": the path belongs to the gateway`) {
		t.Errorf("%d %s", code, log)
	}
}

// run runs a command of an application in the working folder.
func run(t *testing.T, a gateway.App, args ...string) (code int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = gateway.Run(t.Context(), a, args, func(string) (string, bool) { return "", false }, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestCommands(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		t.Chdir(t.TempDir())
		a := app(&journal{})
		a.Migrations, a.DataMigrations = migrate.Files, migrate.Data
		db := "--database-url=" + url
		if strings.HasPrefix(url, "sqlite") {
			if code, _, log := run(t, a, "archive", db); code != 1 || !strings.Contains(log, "there is no database") {
				t.Errorf("%d %s", code, log)
			}
		} else if code, _, log := run(t, a, "archive", db); code != 1 || !strings.Contains(log, "migrate up") {
			t.Errorf("%d %s", code, log)
		}
		if code, _, log := run(t, a, "migrate", "up", db); code != 0 {
			t.Fatal(log)
		}
		g := gatewaytest.Open(t, a, url).Demo(t, demo.Data(demo.Config{Users: 10}))
		old := fmt.Sprint(g.Rows(t, `SELECT count(*) FROM posts WHERE status = 'published' AND score <= 0`)[0][0])
		if code, out, log := run(t, a, "archive", db, "--age=1s"); code != 0 || out != old+" posts archived\n" || old == "0" {
			t.Errorf("%d %q, not %s: %s", code, out, old, log)
		}
		if code, out, log := run(t, a, "archive", db, "--age", "1s"); code != 0 || out != "0 posts archived\n" {
			t.Errorf("%d %q: %s", code, out, log)
		}
		for _, args := range [][]string{{"archive", "more"}, {"archive", "--age", "soon"}, {"archive", "--nope"}} {
			if code, _, log := run(t, a, args...); code != 2 || !strings.Contains(log, "See: ") {
				t.Errorf("%q: %d %s", args, code, log)
			}
		}
	})
}

func TestHelpOfCommands(t *testing.T) {
	a := app(&journal{})
	a.Commands = append(a.Commands, gateway.Command{
		Name: "greet", Short: "Greet people", Long: "Greet people by their names.", Args: "NAME...",
		Flags: func(flags *flag.FlagSet) { flags.Bool("loud", false, "in capitals") },
		Run: func(_ context.Context, call gateway.Call) error {
			if len(call.Args) == 0 {
				return errors.New("nobody is there")
			}
			return nil
		},
	})
	_, out, _ := run(t, a, "--help")
	for _, line := range []string{"archive     Archive posts that nobody likes and that are old", "greet       Greet people"} {
		if !strings.Contains(out, line) {
			t.Errorf("%s lacks %s", out, line)
		}
	}
	_, out, _ = run(t, a, "greet", "--help")
	for _, part := range []string{"Greet people by their names.", "greet NAME...", "--loud", "in capitals", "--database-url"} {
		if !strings.Contains(out, part) {
			t.Errorf("%s lacks %s", out, part)
		}
	}
	for _, bad := range []gateway.Command{
		{Name: "serve", Run: a.Commands[0].Run},
		{Name: "archive", Run: a.Commands[0].Run},
		{Name: "help", Run: a.Commands[0].Run},
		{Name: "two words", Run: a.Commands[0].Run},
		{Name: "nothing"},
	} {
		a := app(&journal{})
		a.Commands = append(a.Commands, bad)
		if code, _, log := run(t, a, "version"); code != 1 || !strings.Contains(log, "App.Commands: ") {
			t.Errorf("%s: %d %s", bad.Name, code, log)
		}
	}
}
