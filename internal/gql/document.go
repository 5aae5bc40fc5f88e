package gql

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// longestCached bounds the memory of the cache: a document within the token limit can still carry very long strings.
const longestCached = 16 << 10

// document parses, measures and validates the text of a query, in that order: validation takes quadratic time, so nothing
// reaches it that is over a limit. What it returns is shared between requests and must not be changed.
func (h *handler) document(ctx context.Context, query string) (*ast.QueryDocument, gqlerror.List) {
	if doc, ok := h.cache.Get(ctx, query); ok {
		return doc, nil
	}
	query = strings.Clone(query) // which is a piece of the request
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, h.cfg.Limits.Tokens)
	if err != nil {
		return nil, gqlerror.List{h.parseError(err)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{requestError(apierr.ValidationFailed, nil, "The document holds no operation.")}
	}
	if err := h.cfg.Limits.check(doc); err != nil {
		return nil, gqlerror.List{err}
	}
	if errs := validator.ValidateWithRules(h.es.Schema(), doc, h.rules(query)); len(errs) > 0 {
		return nil, h.validationErrors(errs)
	}
	if len(query) <= longestCached {
		h.cache.Add(ctx, query, doc)
	}
	return doc, nil
}

func (h *handler) parseError(err error) *gqlerror.Error {
	e, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return requestError(apierr.ParseFailed, nil, "The document cannot be parsed.")
	}
	if len(e.Locations) == 0 {
		// The token limit is the only error of the parser that has no location.
		return requestError(apierr.ValidationFailed, nil,
			"The document has more than %d tokens, which is the limit.", h.cfg.Limits.Tokens)
	}
	return &gqlerror.Error{
		Message: "Syntax error: " + shorten(e.Message), Locations: e.Locations, Extensions: extensions(apierr.ParseFailed),
	}
}

// validationErrors keeps what the client needs of the validator's errors, which quote the client's own document.
func (h *handler) validationErrors(errs gqlerror.List) gqlerror.List {
	out := make(gqlerror.List, 0, min(len(errs), h.cfg.Limits.Errors))
	for _, e := range errs[:min(len(errs), h.cfg.Limits.Errors)] {
		out = append(out, &gqlerror.Error{
			Message: shorten(e.Message), Locations: e.Locations, Extensions: extensions(apierr.ValidationFailed),
		})
	}
	return out
}

// shorten keeps a message that quotes a long literal of the document from echoing all of it.
func shorten(message string) string {
	const most = 500
	message = strings.ToValidUTF8(message, "\uFFFD")
	if len(message) <= most {
		return message
	}
	cut := most
	for !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut] + "…"
}
