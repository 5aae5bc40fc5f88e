package gql_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/requestid"
)

// scenario is one raw HTTP request and what must, and must not, come back.
type scenario struct {
	name   string
	method string // POST by default
	url    string
	header map[string]string
	body   string
	config gql.Config

	status int
	want   []string
	not    []string
	runs   int // how often the schema was executed
}

func query(q string) string {
	b, _ := json.Marshal(map[string]any{"query": q})
	return string(b)
}

func with(q, variables string) string {
	return `{"query":` + string(must(json.Marshal(q))) + `,"variables":` + variables + `}`
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (s scenario) run(t *testing.T) {
	t.Helper()
	schema := newTestSchema()
	var log bytes.Buffer
	s.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	h := gql.New(schema, s.config)
	method, target := s.method, s.url
	if method == "" {
		method = http.MethodPost
	}
	if target == "" {
		target = "/graphql"
	}
	r := httptest.NewRequest(method, target, strings.NewReader(s.body))
	r.Header.Set("Content-Type", "application/json")
	for k, v := range s.header {
		if v == "" {
			r.Header.Del(k)
		} else {
			r.Header.Set(k, v)
		}
	}
	r = r.WithContext(requestid.NewContext(r.Context(), "req-1"))
	w := httptest.NewRecorder()
	start := time.Now()
	h.ServeHTTP(w, r)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	body, _ := io.ReadAll(w.Result().Body)
	if w.Code != s.status {
		t.Errorf("status %d, want %d", w.Code, s.status)
	}
	if got := w.Header().Get("Content-Length"); got != fmt.Sprint(len(body)) && (got != "" || len(body) > 2048) { // net/http says it by itself
		t.Errorf("Content-Length %s, body has %d bytes", got, len(body))
	}
	if !json.Valid(body) {
		t.Errorf("not JSON")
	}
	for _, want := range s.want {
		if !strings.Contains(string(body), want) {
			t.Errorf("lacks %s", want)
		}
	}
	for _, not := range append(s.not, "secret_table", "goroutine", ".go:", "Did you mean") {
		if strings.Contains(string(body), not) && !(s.config.Hints && not == "Did you mean") {
			t.Errorf("shows %s", not)
		}
	}
	if schema.calls != s.runs {
		t.Errorf("executed %d times, want %d", schema.calls, s.runs)
	}
	var parsed struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		t.Errorf("decode: %v", err)
	}
	for _, e := range parsed.Errors {
		if e.Extensions.Code == "" || e.Message == "" {
			t.Errorf("an error without code or message")
		}
	}
	if t.Failed() {
		t.Logf("%d %s\n%.2000s", w.Code, w.Header().Get("Content-Type"), body)
		t.Logf("log: %.2000s", log.String())
	}
}

func TestRequests(t *testing.T) {
	const graphqlJSON, plainJSON = "application/graphql-response+json", "application/json"
	get := func(params ...string) string {
		v := url.Values{}
		for i := 0; i < len(params); i += 2 {
			v.Set(params[i], params[i+1])
		}
		return "/graphql?" + v.Encode()
	}
	for _, s := range []scenario{
		{name: "a query", body: query(`{hello}`), status: 200, want: []string{`{"data":{"hello":"hello \u003cworld\u003e"}}`}, runs: 1},
		{
			name: "data passes as the schema wrote it", body: query("{ a: hello(name: \"x\")\n b: hello(name: \"é😀\") }"),
			status: 200, want: []string{`{"data":{"a":"x","b":"é😀"}}`}, runs: 1,
		},
		{
			name: "by GET", method: "GET", url: get("query", "query A{hello} query B($n: Int!){int(n:$n)}", "operationName", "B", "variables", `{"n":7}`),
			status: 200, want: []string{`{"data":{"int":7}}`}, runs: 1,
		},
		{name: "typename", body: query(`{__typename}`), status: 200, want: []string{`"Query"`}, runs: 1},
		{name: "a mutation", body: query(`mutation{touch}`), status: 200, want: []string{`"touch":1`}, runs: 1},
		{
			name: "a mutation with a key, where none are kept", body: query(`mutation{touch}`), header: map[string]string{"Idempotency-Key": "k"}, status: 400,
			want: []string{"BAD_USER_INPUT", "keeps no Idempotency-Keys"}, not: []string{`"data"`},
		},
		{name: "a query with a key", body: query(`{hello}`), header: map[string]string{"Idempotency-Key": "k"}, status: 200, want: []string{"hello"}, runs: 1},
		{name: "a mutation by GET", method: "GET", url: get("query", "mutation{touch}"), status: 405, want: []string{"POST"}},
		{name: "a mutation by GET among queries", method: "GET", url: get("query", "query A{hello} mutation B{touch}", "operationName", "B"), status: 405},
		{name: "a mutation by GET, plain JSON", method: "GET", url: get("query", "mutation{touch}"), header: map[string]string{"Accept": plainJSON}, status: 405},
		{name: "a subscription", body: query(`subscription{ticks}`), status: 400, want: []string{"Subscriptions"}},
		{name: "another method", method: "PUT", body: query(`{hello}`), status: 405},
		{name: "HEAD", method: "HEAD", url: get("query", "{hello}"), status: 405},

		{name: "a null operation name", body: `{"query":"{hello}","operationName":null,"variables":null,"extensions":null}`, status: 200, runs: 1},
		{name: "no query", body: `{"variables":{}}`, status: 400, want: []string{"query is missing"}},
		{name: "a blank query", body: `{"query":" "}`, status: 400},
		{name: "Query in another case", body: `{"Query":"{hello}"}`, status: 400},
		{name: "query is a number", body: `{"query":1234567}`, status: 400, want: []string{"query must be a string"}, not: []string{"1234567"}},
		{name: "query is an object", body: `{"query":{"a":1}}`, status: 400},
		{name: "operationName is a list", body: `{"query":"{hello}","operationName":["x"]}`, status: 400},
		{name: "variables is a list", body: `{"query":"{hello}","variables":[7]}`, status: 400, want: []string{"variables must be a JSON object"}},
		{name: "variables is a string", body: `{"query":"{hello}","variables":"{}"}`, status: 400},
		{name: "extensions is true", body: `{"query":"{hello}","extensions":true}`, status: 400},
		{name: "an empty body", body: ``, status: 400},
		{name: "no JSON", body: `NONSENSE-SENT`, status: 400, not: []string{"NONSENSE"}},
		{name: "half a JSON", body: `{"query":`, status: 400},
		{name: "two JSON values", body: query(`{hello}`) + query(`{hello}`), status: 400},
		{name: "null", body: `null`, status: 400},
		{name: "a batch", body: ` [` + query(`{hello}`) + `]`, status: 400, want: []string{"one operation at a time"}},
		{name: "a broken URL", method: "GET", url: "/graphql?query=%zz", status: 400},
		{name: "GET variables are a list", method: "GET", url: get("query", "{hello}", "variables", "[1]"), status: 400},
		{name: "GET variables are two values", method: "GET", url: get("query", "{hello}", "variables", "{} {}"), status: 400},
		{name: "GET with two queries", method: "GET", url: "/graphql?query={hello}&query={hello}", status: 400},
		{name: "GET with NUL", method: "GET", url: "/graphql?query={hello%00}", status: 400},
		{name: "GET with invalid UTF-8", method: "GET", url: "/graphql?query={hello%ff}", status: 400},

		{name: "no content type", header: map[string]string{"Content-Type": ""}, body: query(`{hello}`), status: 415},
		{name: "a form", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "query={hello}", status: 415},
		{name: "text", header: map[string]string{"Content-Type": "text/plain"}, body: query(`{hello}`), status: 415},
		{name: "multipart", header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, body: "--x--", status: 415},
		{name: "UTF-8 is named", header: map[string]string{"Content-Type": "application/json; charset=UTF-8"}, body: query(`{hello}`), status: 200, runs: 1},
		{name: "Latin 1", header: map[string]string{"Content-Type": "application/json; charset=latin1"}, body: query(`{hello}`), status: 415},
		{name: "compressed", header: map[string]string{"Content-Encoding": "gzip"}, body: "x", status: 415},
		{name: "a large body", body: query(`{hello(name:"` + strings.Repeat("x", 1<<20) + `")}`), status: 413, want: []string{"1048576"}, not: []string{"xxxx"}},

		{name: "syntax error", body: query(`{`), status: 400, want: []string{"GRAPHQL_PARSE_FAILED", `"locations":[{"line":1`}, not: []string{`"data"`}},
		{name: "syntax error, plain JSON", header: map[string]string{"Accept": plainJSON}, body: query(`{`), status: 200, want: []string{"GRAPHQL_PARSE_FAILED"}, not: []string{`"data"`}},
		{name: "unknown field", body: query(`{helo}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED", "locations"}},
		{name: "unknown argument", body: query(`{hello(nam:"x")}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED"}},
		{name: "unknown type", body: query(`query($a: Strin){hello(name:$a)}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED"}},
		{name: "unknown enum value", body: query(`{pick(color:REDD)}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED"}},
		{name: "no leaf", body: query(`{posts}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED"}},
		{name: "hints", config: gql.Config{Hints: true}, body: query(`{helo}`), status: 400, want: []string{"Did you mean", "hello"}},
		{name: "only fragments", body: query(`fragment F on Query{hello}`), status: 400, want: []string{"holds no operation"}},
		{name: "only a comment", body: query(`# nothing`), status: 400},
		{name: "several operations, none named", body: query(`query A{hello} query B{hello}`), status: 400, want: []string{"operationName must name one"}},
		{name: "no such operation", body: `{"query":"query A{hello}","operationName":"B"}`, status: 400, want: []string{"BAD_USER_INPUT"}},

		{name: "introspection is off", body: query(`{__schema{types{name}}}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED", "__schema", "switched off"}},
		{name: "introspection of a type is off", body: query(`{a:__type(name:"Post"){name}}`), status: 400, want: []string{"switched off"}},
		{name: "introspection behind a fragment is off", body: query(`{...F} fragment F on Query{__schema{types{name}}}`), status: 400, want: []string{"switched off"}},
		{name: "introspection is on", config: gql.Config{Introspection: true}, body: query(`{__schema{types{name}}}`), status: 200, runs: 1},

		{name: "accepts both", header: map[string]string{"Accept": graphqlJSON + ", " + plainJSON + ";q=0.9"}, body: query(`{`), status: 400},
		{name: "accepts JSON first", header: map[string]string{"Accept": graphqlJSON + ";q=0.5, " + plainJSON}, body: query(`{`), status: 200},
		{name: "accepts anything", header: map[string]string{"Accept": "*/*"}, body: query(`{`), status: 400},
		{name: "accepts anything but ours", header: map[string]string{"Accept": graphqlJSON + ";q=0, */*"}, body: query(`{`), status: 200},
		{name: "a browser", header: map[string]string{"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}, body: query(`{hello}`), status: 200, runs: 1},
		{name: "accepts HTML only", header: map[string]string{"Accept": "text/html"}, body: query(`{hello}`), status: 406},
	} {
		t.Run(s.name, s.run)
	}
}

func TestVariables(t *testing.T) {
	for _, s := range []scenario{
		{name: "Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":-2147483648}`), status: 200, want: []string{`-2147483648`}, runs: 1},
		{name: "a whole float is an Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":1e2}`), status: 200, want: []string{`"int":100`}, runs: 1},
		{name: "a default", body: with(`query($n:Int!=5){int(n:$n)}`, `{}`), status: 200, want: []string{`"int":5`}, runs: 1},
		{name: "an Int default of a Float", body: with(`query($f:Float=5){number(f:$f)}`, `{}`), status: 200, want: []string{`"number":5`}, runs: 1},
		{name: "a large integer keeps its digits", body: with(`query($n:BigInt){big(n:$n)}`, `{"n":9007199254740993}`), status: 200, want: []string{`json.Number 9007199254740993`}, runs: 1},
		{
			name: "an input object gets its defaults", body: with(`query($b:Box){echo(in:$b)}`, `{"b":{"text":"x","inner":{}}}`), status: 200,
			want: []string{`{\"inner\":{\"size\":3},\"size\":3,\"text\":\"x\"}`}, runs: 1,
		},
		{name: "null stays null", body: with(`query($b:Box){echo(in:$b)}`, `{"b":{"text":null}}`), status: 200, want: []string{`\"text\":null`}, runs: 1},
		{name: "one value is a list of one", body: with(`query($l:[ID!]){ids(list:$l)}`, `{"l":7}`), status: 200, want: []string{`["7"]`}, runs: 1},
		{name: "an unused key is ignored", body: with(`{hello}`, `{"x":1}`), status: 200, runs: 1},

		{name: "a missing variable", body: with(`query($n:Int!){int(n:$n)}`, `{}`), status: 400, want: []string{"BAD_USER_INPUT", `"code":"REQUIRED"`, `"path":["n"]`}},
		{name: "null for non-null", body: with(`query($n:Int!){int(n:$n)}`, `{"n":null}`), status: 400, want: []string{"must not be null"}},
		{name: "a string for Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":"1"}`), status: 400, want: []string{"must be an Int"}},
		{name: "a fraction for Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":1.5}`), status: 400},
		{name: "33 bits for Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":2147483648}`), status: 400, want: []string{"OUT_OF_RANGE"}},
		{name: "a huge number for Int", body: with(`query($n:Int!){int(n:$n)}`, `{"n":1e999999999}`), status: 400, not: []string{"99999"}},
		{name: "a huge number for Float", body: with(`query($f:Float){number(f:$f)}`, `{"f":-1e400}`), status: 400, want: []string{"OUT_OF_RANGE"}},
		{name: "a long number for ID", body: with(`query($l:[ID!]){ids(list:$l)}`, `{"l":[`+strings.Repeat("9", 100000)+`]}`), status: 400, not: []string{"999"}},
		{name: "a number for String", body: with(`query($n:String){hello(name:$n)}`, `{"n":1}`), status: 400},
		{name: "an enum in another case", body: with(`query($c:Color){pick(color:$c)}`, `{"c":"red"}`), status: 400, want: []string{"enum Color"}},
		{name: "a number for an enum", body: with(`query($c:Color){pick(color:$c)}`, `{"c":0}`), status: 400},
		{name: "an unknown input field", body: with(`query($b:Box){echo(in:$b)}`, `{"b":{"inner":{"colour":1}}}`), status: 400, want: []string{"$b.inner.colour is not a field of the type Box", `"path":["b","inner","colour"]`}},
		{name: "an item of a list", body: with(`query($b:Box){echo(in:$b)}`, `{"b":{"list":[1,null]}}`), status: 400, want: []string{"$b.list[1] must not be null"}},
		{name: "a list for an object", body: with(`query($b:Box){echo(in:$b)}`, `{"b":[1]}`), status: 400, want: []string{"must be an object"}},
		{name: "wrong, plain JSON", header: map[string]string{"Accept": "application/json"}, body: with(`query($n:Int!){int(n:$n)}`, `{"n":"1"}`), status: 200, want: []string{"BAD_USER_INPUT"}, not: []string{`"data"`}},
	} {
		t.Run(s.name, s.run)
	}
}

func TestHostileInput(t *testing.T) {
	bomb := func(levels int) string {
		var q strings.Builder
		q.WriteString("{...F0}")
		for i := range levels {
			fmt.Fprintf(&q, " fragment F%d on Query{...F%d ...F%d}", i, i+1, i+1)
		}
		fmt.Fprintf(&q, " fragment F%d on Query{hello}", levels)
		return q.String()
	}
	deep := func(levels int, field string) string {
		return "{posts{" + strings.Repeat("nodes{"+field+"{posts{", levels) + "pageInfo{hasNextPage}" + strings.Repeat("}}}", levels) + "}}"
	}
	repeat := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
		}
		return b.String()
	}
	for _, s := range []scenario{
		{name: "NUL in a variable", body: with(`query($n:String){hello(name:$n)}`, `{"n":"a\u0000b"}`), status: 400, want: []string{"NUL"}},
		{name: "NUL in the query", body: query("{hello\x00}"), status: 400},
		{name: "NUL in a literal", body: query(`{hello(name:"\u0000")}`), status: 400, want: []string{"NUL"}},
		{name: "NUL in a braced literal", body: query(`{hello(name:"\u{0}")}`), status: 400, want: []string{"NUL"}},
		{name: "an escaped backslash before u0000", body: with(`query($n:String){hello(name:$n)}`, `{"n":"\\u0000"}`), status: 200, runs: 1},
		{name: "half a surrogate pair in a variable", body: with(`query($n:String){hello(name:$n)}`, `{"n":"\ud83d"}`), status: 400, want: []string{"surrogate"}},
		{name: "two high halves", body: with(`query($n:String){hello(name:$n)}`, `{"n":"\ud83d\ud83d"}`), status: 400},
		{name: "a low half", body: with(`query($n:String){hello(name:$n)}`, `{"n":"x\ude00"}`), status: 400},
		{name: "a whole pair", body: with(`query($n:String){hello(name:$n)}`, `{"n":"\ud83d\ude00"}`), status: 200, want: []string{"😀"}, runs: 1},
		{name: "half a pair in a literal", body: query(`{hello(name:"\uD83D")}`), status: 400, want: []string{"surrogate"}},
		{name: "a pair in a literal", body: query(`{hello(name:"\uD83D\uDE00")}`), status: 200, want: []string{"😀"}, runs: 1},
		{name: "invalid UTF-8", body: "{\"query\":\"{hello(name:\\\"\xff\\\")}\"}", status: 400, want: []string{"UTF-8"}},
		{name: "100,000 arrays", body: `{"query":"{hello}","variables":{"a":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}}`, status: 400, want: []string{"nests too deep"}},
		{name: "100,000 open braces", body: strings.Repeat(`{"a":`, 100000), status: 400},
		{name: "100,000 open selections", body: query(strings.Repeat("{a", 100000)), status: 400, want: []string{"1000 tokens"}},
		{name: "a huge literal Int", body: query(`{int(n:` + strings.Repeat("9", 10000) + `)}`), status: 400, not: []string{strings.Repeat("9", 600)}},
		{name: "33 bits in a literal", body: query(`{int(n:2147483648)}`), status: 400, want: []string{"32 bits"}},
		{name: "a huge literal Float", body: query(`{number(f:1e999)}`), status: 400},
		{name: "a long unknown field", body: query(`{` + strings.Repeat("x", 500000) + `}`), status: 400, not: []string{strings.Repeat("x", 600)}},
		{name: "a long operation name", body: query(`query ` + strings.Repeat("x", 500000) + `{nope}`), status: 400, not: []string{strings.Repeat("x", 600)}},

		{name: "tokens", body: query(`{` + strings.Repeat("hello ", 1000) + `}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED", "1000 tokens"}},
		{name: "comments are tokens", body: query(strings.Repeat("#\n", 1000) + `{hello}`), status: 400, want: []string{"1000 tokens"}},
		{name: "selections", body: query(`{` + strings.Repeat("hello ", 501) + `}`), status: 400, want: []string{"501 selections", "at most 500"}},
		{name: "as many selections as allowed", body: query(`{` + strings.Repeat("hello ", 500) + `}`), status: 200, runs: 1},
		{name: "fragments and spreads", body: query(`{` + repeat("...F%d ", 101) + `}` + repeat("fragment F%d on Query{hello} ", 101)), status: 400, want: []string{"202 fragments and fragment spreads", "at most 200"}},
		{name: "operations", body: query(repeat("query Q%d{hello} ", 11)), status: 400, want: []string{"11 operations", "at most 10"}},
		{name: "aliases", body: query(`{` + repeat("a%d:hello ", 31) + `}`), status: 400, want: []string{"31 aliases", "at most 30"}},
		{name: "as many aliases as allowed", body: query(`{` + repeat("a%d:hello ", 30) + `}`), status: 200, runs: 1},
		{name: "directives", body: query(`{` + strings.Repeat("hello @include(if:true) ", 21) + `}`), status: 400, want: []string{"21 directives", "at most 20"}},
		{name: "depth", body: query(deep(6, "author")), status: 400, want: []string{"13 levels deep", "at most 12"}},
		{name: "as deep as allowed", body: query("{posts{" + strings.Repeat("edges{node{author{posts{", 5) + "edges{node{author{id}}}" + strings.Repeat("}}}}", 5) + "}}"), status: 200, runs: 1},
		{
			name: "depth through fragments", body: query(`{posts{nodes{...A}}} fragment A on Post{author{posts{nodes{author{posts{nodes{...B}}}}}}} ` +
				`fragment B on Post{author{posts{nodes{author{posts{nodes{...C}}}}}}} fragment C on Post{author{posts{nodes{author{posts{pageInfo{hasNextPage}}}}}}}`),
			status: 400, want: []string{"13 levels deep"},
		},
		{
			name: "depth of introspection", config: gql.Config{Introspection: true}, body: query(`{__schema{types{` + strings.Repeat("ofType{", 30) + "name" + strings.Repeat("}", 30) + `}}}`),
			status: 400, want: []string{"introspection is 32 levels deep"},
		},
		{name: "a fragment bomb", body: query(bomb(60)), status: 400, want: []string{"2000 fields"}},
		{name: "a fragment that spreads itself", body: query(`{...A} fragment A on Query{hello ...A}`), status: 400, want: []string{"GRAPHQL_VALIDATION_FAILED"}},
		{name: "fragments in a circle", body: query(`{...A} fragment A on Query{...B} fragment B on Query{...C} fragment C on Query{...A}`), status: 400},
		{name: "a circle through objects", body: query(`{posts{nodes{...A}}} fragment A on Post{author{posts{nodes{...A}}}}`), status: 400},
		{name: "a fragment that is not there", body: query(`{...A}`), status: 400},
		{name: "at most 20 errors", body: query(`{` + repeat("f%d ", 400) + `}`), status: 400, want: []string{"f19"}, not: []string{`"f20\"`, "f21"}},
		{name: "overlapping fields", body: query(`{` + strings.Repeat("posts{pageInfo{hasNextPage}} ", 140) + `}`), status: 200, runs: 1},
		{name: "overlapping fields in fragments", body: query(`{` + repeat("...F%d ", 99) + `}` + repeat("fragment F%d on Query{hello posts{nodes{id}}} ", 99)), config: gql.Config{Limits: gql.Limits{Tokens: 2000}}, status: 200, runs: 1},
	} {
		t.Run(s.name, s.run)
	}
}

func TestErrors(t *testing.T) {
	for _, s := range []scenario{
		{
			name: "an uncoded error", body: query(`{hello fail(how:"plain")}`), status: 200, runs: 1,
			want: []string{`"INTERNAL_SERVER_ERROR"`, `"requestId":"req-1"`, `"path":["fail"]`, `"locations":[{"line":1,"column":8}]`, `"fail":null`, `"hello":"`},
		},
		{name: "a coded error", body: query(`{a:fail(how:"coded")}`), status: 200, runs: 1, want: []string{`"CONFLICT"`, "The slug is taken.", `"path":["a"]`}},
		{
			name: "a wrapped coded error", body: query(`{fail(how:"wrapped")}`), status: 200, runs: 1, not: []string{"create post"},
			want: []string{`"BAD_USER_INPUT"`, `"fields":[{"path":["input","title"],"code":"TOO_LONG","message":"is too long","limit":128}]`},
		},
		{name: "an error that claims to be GraphQL's", body: query(`{fail(how:"gqlerror")}`), status: 200, runs: 1, want: []string{`"INTERNAL_SERVER_ERROR"`}},
		{name: "a panic", body: query(`{fail(how:"panic")}`), status: 200, runs: 1, want: []string{`"INTERNAL_SERVER_ERROR"`, `"data":null`}},
		{name: "no data", body: query(`{gone:fail(how:"plain")}`), status: 200, runs: 1, want: []string{`"data":null`}},
	} {
		t.Run(s.name, s.run)
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	h := gql.New(newTestSchema(), gql.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, how := range []string{"plain", "panic"} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(query(`{fail(how:"`+how+`")}`)))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(httptest.NewRecorder(), r.WithContext(requestid.NewContext(r.Context(), "id-of-"+how)))
		for _, want := range []string{"level=ERROR", "secret_table", "id-of-" + how} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: the log lacks %s", how, want)
			}
		}
	}
	if !strings.Contains(log.String(), "schema_test.go") {
		t.Errorf("the log lacks the stack of the panic")
	}
}

// FuzzRequest sends arbitrary bodies: whatever arrives, the answer is JSON, and no fault of the server's.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		query(`{hello}`), query(`query Q($n:Int!=1,$b:Box){int(n:$n) echo(in:$b) ...F} fragment F on Query{posts{edges{node{id}}}}`),
		with(`query($b:Box,$c:Color,$l:[ID!]){echo(in:$b) pick(color:$c) ids(list:$l)}`, `{"b":{"inner":{"list":[1]}},"c":"RED","l":[1,"2"]}`),
		query(`{hello(name:"""block \u0000""")}`), query(`{hello @skip(if:$x)}`), query(`subscription{ticks}`), `{"query":"\ud83d"}`, `[{}]`,
	} {
		f.Add([]byte(seed))
	}
	h := gql.New(newTestSchema(), gql.Config{Introspection: true, Hints: true, Logger: slog.New(slog.DiscardHandler)})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// However long they are, responses say how long: net/http does for small ones.
func TestContentLength(t *testing.T) {
	server := httptest.NewServer(gql.New(newTestSchema(), gql.Config{}))
	defer server.Close()
	for _, query := range []string{
		`{ hello }`, `{`, `{ fail(how: "coded") }`,
		`{ hello(name: "` + strings.Repeat("x", 2000) + `") }`, `{ hello(name: "` + strings.Repeat("x", 2048) + `") }`, `{ hello(name: "` + strings.Repeat("x", 100_000) + `") }`,
	} {
		resp, err := http.Post(server.URL, "application/json", strings.NewReader(with(query, "{}")))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.ContentLength != int64(len(body)) {
			t.Errorf("%.40s: Content-Length %d, body has %d bytes (%v)", query, resp.ContentLength, len(body), err)
		}
	}
}
