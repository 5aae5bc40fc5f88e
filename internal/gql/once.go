package gql

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/internal/idempotency"
)

// once executes a mutation with an Idempotency-Key, or answers as it was answered before. An answer is stored if data is not
// null, which is exactly if something was committed; after any other a repeat is executed. Its status is always 200, so that the
// body is all there is to store.
func (h *handler) once(
	ctx context.Context, w http.ResponseWriter, keys []string, f format, op *graphql.OperationContext, params *graphql.RawParams,
) {
	ctx = operationContext(ctx, op)
	attempt, err := h.cfg.Keys.Begin(ctx, keys, idempotency.Request{
		Query: params.Query, OperationName: params.OperationName, Variables: params.Variables, Extensions: params.Extensions,
	}, func(ctx context.Context, data []byte, errs gqlerror.List) []byte {
		resp := h.present(ctx, &graphql.Response{Data: data, Errors: slices.Clone(errs)})
		before, after := envelope(resp)
		return slices.Concat(before, data, after)
	})
	if err != nil {
		h.refuseKey(ctx, w, f, err)
		return
	}
	defer attempt.End()
	resp := h.run(attempt.NewContext(ctx))
	answer, replayed, refusal := attempt.Outcome()
	switch {
	case refusal != nil:
		h.refuseKey(ctx, w, f, refusal)
	case replayed:
		w.Header().Set(idempotency.ReplayHeader, "true")
		send(w, http.StatusOK, f, answer)
	case answer != nil && string(resp.Data) != "null":
		send(w, http.StatusOK, f, answer)
	default:
		h.write(w, http.StatusOK, f, h.present(ctx, resp))
	}
}

// refuseKey answers a mutation that was not executed because of its key. The statuses are those of the draft.
func (h *handler) refuseKey(ctx context.Context, w http.ResponseWriter, f format, err error) {
	errs := h.errors.list(ctx, gqlerror.List{{Err: err}})
	status := f.status(errs)
	if f == graphqlFormat {
		switch {
		case errors.Is(err, idempotency.ErrReused):
			status = http.StatusUnprocessableEntity
		case errors.Is(err, idempotency.ErrRunning):
			status = http.StatusConflict
		}
	}
	h.write(w, status, f, &graphql.Response{Errors: errs})
}
