package gql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/requestid"
)

// presenter turns the errors of an executed operation into what a client may see. Everything that a response lists has
// passed through it, whether gqlgen, the engine or a resolver put it there.
type presenter struct {
	log *slog.Logger
	max int
}

// list presents the first errors of a response, as many as a response may list.
func (p presenter) list(ctx context.Context, errs gqlerror.List) gqlerror.List {
	if len(errs) == 0 {
		return nil
	}
	out := make(gqlerror.List, 0, min(len(errs), p.max))
	for _, e := range errs[:min(len(errs), p.max)] {
		out = append(out, p.present(ctx, e))
	}
	return out
}

// present shows an [*apierr.Error] as it is and hides everything else behind a fixed text. A gqlerror.Error is a place to
// carry path and locations: its own message and extensions are never shown, because gqlgen fills it with the text of any
// error that it meets.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	var out gqlerror.Error
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		out.Path, out.Locations = e.Path, e.Locations
	}
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		if cause := e.Unwrap(); cause != nil {
			p.log.InfoContext(ctx, "operation refused", "code", e.Code, "error", cause, "path", out.Path.String(),
				"request", requestid.FromContext(ctx))
		}
		out.Message, out.Extensions = e.Message, extensions(e.Code)
		if len(e.Fields) > 0 {
			out.Extensions["fields"] = e.Fields
		}
		return &out
	}
	p.logInternal(ctx, err, out.Path)
	out.Message, out.Extensions = internalMessage, extensions(apierr.Internal)
	if id := requestid.FromContext(ctx); id != "" {
		out.Extensions["requestId"] = id
	}
	return &out
}

const internalMessage = "Something went wrong on the server. The request id leads to the cause in its log."

func (p presenter) logInternal(ctx context.Context, err error, path ast.Path) {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		// The client went away; nothing is wrong here and nobody reads the answer.
		return
	}
	if e, ok := errors.AsType[*gqlerror.Error](err); ok && e.Err != nil {
		err = e.Err // without the place, which is logged beside it
	}
	args := []any{"error", err, "path", path.String(), "request", requestid.FromContext(ctx)}
	if e, ok := errors.AsType[*panicError](err); ok {
		args = append(args, "stack", string(e.stack))
	}
	p.log.ErrorContext(ctx, "operation failed", args...)
}

// panicError is a recovered panic on its way to the log.
type panicError struct {
	value any
	stack []byte
}

func recovered(value any) error { return &panicError{value: value, stack: debug.Stack()} }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func extensions(code apierr.Code) map[string]any { return map[string]any{"code": string(code)} }

// requestError is an error of ours about the request itself. pos may be nil.
func requestError(code apierr.Code, pos *ast.Position, format string, args ...any) *gqlerror.Error {
	e := &gqlerror.Error{Message: fmt.Sprintf(format, args...), Extensions: extensions(code)}
	if pos != nil {
		e.Locations = []gqlerror.Location{{Line: pos.Line, Column: pos.Column}}
	}
	return e
}

// statusOf is the HTTP status that says what the code says.
func statusOf(code apierr.Code) int {
	switch code {
	case apierr.Unauthenticated:
		return http.StatusUnauthorized
	case apierr.Forbidden:
		return http.StatusForbidden
	case apierr.RateLimited:
		return http.StatusTooManyRequests
	case apierr.Unavailable:
		return http.StatusServiceUnavailable
	case apierr.Internal:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}

// WriteError answers a request that never reached an operation, with the status that belongs to the error's code.
// Like every error it is shown only if it is an [*apierr.Error], and logged otherwise. It is for the layers around the
// endpoint, which refuse requests too.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	body := ErrorBody(r.Context(), log, err)
	format, ok := negotiate(r.Header)
	if !ok {
		format = jsonFormat
	}
	w.Header()["Content-Type"] = format.contentType()
	w.WriteHeader(statusOf(apierr.CodeOf(err)))
	_, _ = w.Write(body)
}

// ErrorBody is the body of an answer that is an error, of which the client sees what it may.
func ErrorBody(ctx context.Context, log *slog.Logger, err error) []byte {
	e := presenter{log: log, max: 1}.present(ctx, err)
	body, _ := json.Marshal(map[string]any{"errors": gqlerror.List{e}})
	return body
}
