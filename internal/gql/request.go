package gql

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// refusal is the answer to a request that is not a GraphQL request at all. It has the same status in every format.
type refusal struct {
	status  int
	message string
	allow   string // the Allow header of a 405
}

var notAcceptable = &refusal{
	status:  http.StatusNotAcceptable,
	message: "Responses are application/graphql-response+json or application/json; the Accept header asks for neither.",
}

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: message}
}

func (h *handler) refuse(w http.ResponseWriter, f format, because *refusal) {
	if because.allow != "" {
		w.Header().Set("Allow", because.allow)
	}
	h.write(w, because.status, f, &graphql.Response{
		Errors: gqlerror.List{requestError(apierr.BadUserInput, nil, "%s", because.message)},
	})
}

// readRequest reads the parameters of a request. No message repeats what the client sent.
func (h *handler) readRequest(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	var params *graphql.RawParams
	var because *refusal
	switch r.Method {
	case http.MethodPost:
		params, because = h.readPost(w, r)
	case http.MethodGet:
		params, because = readGet(r.URL.RawQuery)
	default:
		because = &refusal{
			status: http.StatusMethodNotAllowed, allow: "GET, POST",
			message: "Send GraphQL requests with POST, or queries with GET.",
		}
	}
	if because != nil {
		return nil, because
	}
	params.Headers = r.Header
	return params, nil
}

// transportFits refuses what must not be done over a method that caches and prefetchers may repeat, and what does not end
// with one response.
func transportFits(method string, op ast.Operation) *refusal {
	switch {
	case op == ast.Subscription:
		return badRequest("Subscriptions cannot be answered with a single response.")
	case op == ast.Mutation && method == http.MethodGet:
		return &refusal{status: http.StatusMethodNotAllowed, allow: http.MethodPost, message: "Mutations must be sent with POST."}
	}
	return nil
}

func (h *handler) readPost(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, &refusal{
			status: http.StatusUnsupportedMediaType, message: "The Content-Type of a request must be application/json in UTF-8.",
		}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, message: "Compressed requests are not accepted."}
	}
	body, err := h.readBody(w, r)
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			e := requestError(apierr.BadUserInput, nil, "The request's body is larger than %d bytes, which is the limit.", tooLarge.Limit)
			return nil, &refusal{status: http.StatusRequestEntityTooLarge, message: e.Message}
		}
		return nil, &refusal{status: http.StatusRequestTimeout, message: "The request's body did not arrive in time."}
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, badRequest("Send one operation at a time; a list of operations is not accepted.")
	}
	params, because := decodeParams(body)
	if because != "" {
		return nil, badRequest(because)
	}
	return complete(params)
}

// firstRead bounds what is set aside for a body because a client says so.
const firstRead = 16 << 10

// readBody reads a body of the size that the client has announced without a copy.
func (h *handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	from, limit := r.Body, int64(h.cfg.Limits.Body)
	if r.ContentLength < 0 || r.ContentLength > limit {
		from = http.MaxBytesReader(w, from, limit)
	}
	// One byte more than there will be, to meet the end without more memory.
	body := make([]byte, 0, min(max(r.ContentLength, 511), firstRead)+1)
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		case len(body) == cap(body):
			body = append(body, 0)[:len(body)]
		}
	}
}

// decodeParams reads the parameters of a request, whose texts are pieces of body. It says what is wrong with them.
func decodeParams(body []byte) (params *graphql.RawParams, because string) {
	var out graphql.RawParams
	query, operationName, variables, extensions := true, true, true, true
	d := decoder{text: unsafe.String(unsafe.SliceData(body), len(body))}
	if d.space(); d.next() != '{' {
		d.value()
		d.fail(notJSON)
	}
	for again := d.next() == '{' && d.enter('}'); again; again = d.more('}') {
		name, ok := d.name()
		switch {
		case !ok:
		case name == "query":
			out.Query, query = d.stringOrNull()
		case name == "operationName":
			out.OperationName, operationName = d.stringOrNull()
		case name == "variables":
			out.Variables, variables = d.objectOrNull()
		case name == "extensions":
			out.Extensions, extensions = d.objectOrNull()
		default:
			d.value()
		}
	}
	d.end()
	switch {
	case d.flaw == notJSON:
		return nil, "The request's body must be a JSON object."
	case d.flaw != sound:
		return nil, "The request's body " + string(d.flaw) + "."
	case !query:
		return nil, "query must be a string."
	case !operationName:
		return nil, "operationName must be a string."
	case !variables:
		return nil, "variables must be a JSON object."
	case !extensions:
		return nil, "extensions must be a JSON object."
	}
	return &out, ""
}

// isJSON says whether a Content-Type is that of JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == "application/json" { // as nearly all are
		return true
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && mediaType == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

func readGet(rawQuery string) (*graphql.RawParams, *refusal) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, badRequest("The URL's query is not correctly encoded.")
	}
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		if len(values[name]) > 1 {
			return nil, badRequest(name + " is given more than once.")
		}
		if text := values.Get(name); !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, badRequest(name + " must be UTF-8 without NUL characters.")
		}
	}
	out := graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	for name, into := range map[string]*map[string]any{"variables": &out.Variables, "extensions": &out.Extensions} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		v, flaw := decodeJSON(text)
		if flaw != sound && flaw != notJSON {
			return nil, badRequest(name + " " + string(flaw) + ".")
		}
		object, ok := objectOf(v)
		if !ok || flaw != sound {
			return nil, badRequest(name + " must be one JSON object.")
		}
		*into = object
	}
	return complete(&out)
}

func complete(p *graphql.RawParams) (*graphql.RawParams, *refusal) {
	if strings.TrimSpace(p.Query) == "" {
		return nil, badRequest("query is missing: it must hold the text of a GraphQL document.")
	}
	return p, nil
}

// objectOf is an object that may be null or left out.
func objectOf(v any) (object map[string]any, ok bool) {
	object, ok = v.(map[string]any)
	return object, ok || v == nil
}
