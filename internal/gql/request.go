package gql

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

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
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, &refusal{
			status: http.StatusUnsupportedMediaType, message: "The Content-Type of a request must be application/json in UTF-8.",
		}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, message: "Compressed requests are not accepted."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.cfg.Limits.Body)))
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			e := requestError(apierr.BadUserInput, nil, "The request's body is larger than %d bytes, which is the limit.", tooLarge.Limit)
			return nil, &refusal{status: http.StatusRequestEntityTooLarge, message: e.Message}
		}
		return nil, &refusal{status: http.StatusRequestTimeout, message: "The request's body did not arrive in time."}
	}
	if because := checkJSON(body, "The request's body"); because != nil {
		return nil, because
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, badRequest("Send one operation at a time; a list of operations is not accepted.")
	}
	// A map, because encoding/json would match the fields of a struct in any letter case.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, badRequest("The request's body must be a JSON object.")
	}
	var out graphql.RawParams
	if because := decodeString(fields["query"], "query", &out.Query); because != nil {
		return nil, because
	}
	if because := decodeString(fields["operationName"], "operationName", &out.OperationName); because != nil {
		return nil, because
	}
	if because := decodeObject(fields["variables"], "variables", &out.Variables); because != nil {
		return nil, because
	}
	if because := decodeObject(fields["extensions"], "extensions", &out.Extensions); because != nil {
		return nil, because
	}
	return complete(&out)
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
		text := []byte(values.Get(name))
		if len(text) == 0 {
			continue
		}
		if because := checkJSON(text, name); because != nil {
			return nil, because
		}
		if because := decodeObject(text, name, into); because != nil {
			return nil, because
		}
	}
	return complete(&out)
}

func complete(p *graphql.RawParams) (*graphql.RawParams, *refusal) {
	if strings.TrimSpace(p.Query) == "" {
		return nil, badRequest("query is missing: it must hold the text of a GraphQL document.")
	}
	return p, nil
}

// deepest bounds how deep the JSON of a request may nest. It is far above what inputs need and far below what databases
// and recursive code can take.
const deepest = 200

// checkJSON refuses text that decoders would accept or repair although no database can store what comes out.
func checkJSON(text []byte, what string) *refusal {
	switch {
	case !utf8.Valid(text):
		return badRequest(what + " must be UTF-8.")
	case nesting(text) > deepest:
		return badRequest(what + " nests too deep.")
	}
	switch escapes(text) {
	case nul:
		return badRequest(what + " must not contain NUL characters.")
	case loneSurrogate:
		return badRequest(what + " must not contain half of a surrogate pair.")
	}
	return nil
}

func decodeString(raw json.RawMessage, name string, into *string) *refusal {
	if len(raw) == 0 {
		return nil
	}
	if raw[0] != '"' && string(raw) != "null" || json.Unmarshal(raw, into) != nil {
		return badRequest(name + " must be a string.")
	}
	return nil
}

// decodeObject keeps numbers as they were written, so that large ones lose no digits.
func decodeObject(raw json.RawMessage, name string, into *map[string]any) *refusal {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(into) != nil {
		return badRequest(name + " must be a JSON object.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return badRequest(name + " must be one JSON object.")
	}
	return nil
}
