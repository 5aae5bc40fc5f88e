package gql

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// prepare makes an operation out of the parameters of a request. It stands in for gqlgen's own executor, which validates
// before anything could be counted and coerces variables more loosely than the specification.
func (h *handler) prepare(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	doc, errs := h.document(ctx, params.Query)
	if len(errs) > 0 {
		return nil, errs
	}
	op, err := choose(doc, params.OperationName)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	variables, err := coerceVariables(h.es.Schema(), op, params.Variables)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	return &graphql.OperationContext{
		RawQuery:               params.Query,
		Variables:              variables,
		OperationName:          params.OperationName,
		Doc:                    doc,
		Extensions:             params.Extensions,
		Headers:                params.Headers,
		Operation:              op,
		DisableIntrospection:   !h.cfg.Introspection,
		RecoverFunc:            recoverField,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	}, nil
}

func choose(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, *gqlerror.Error) {
	if op := doc.Operations.ForName(name); op != nil {
		return op, nil
	}
	if name == "" {
		return nil, requestError(apierr.BadUserInput, nil, "The document holds several operations; operationName must name one.")
	}
	return nil, requestError(apierr.BadUserInput, nil, "The document holds no operation with the given operationName.")
}

// execute runs the operation and presents every error of its response, wherever it came from.
func (h *handler) execute(ctx context.Context, op *graphql.OperationContext) *graphql.Response {
	ctx = operationContext(ctx, op)
	return h.present(ctx, h.run(ctx))
}

func operationContext(ctx context.Context, op *graphql.OperationContext) context.Context {
	return graphql.WithResponseContext(graphql.WithOperationContext(ctx, op), keep, recoverField)
}

// present completes a response with the errors that a client may see.
func (h *handler) present(ctx context.Context, resp *graphql.Response) *graphql.Response {
	resp.Errors = h.errors.list(ctx, append(resp.Errors, graphql.GetErrors(ctx)...))
	if resp.Extensions == nil {
		resp.Extensions = graphql.GetExtensions(ctx)
	}
	if resp.Data == nil {
		// Execution was tried, so data is there, if only as null.
		resp.Data = []byte("null")
	}
	return resp
}

func (h *handler) run(ctx context.Context) (resp *graphql.Response) {
	defer func() {
		if v := recover(); v != nil {
			resp = &graphql.Response{Errors: gqlerror.List{{Err: recovered(v)}}}
		}
	}()
	if resp = h.es.Exec(ctx)(ctx); resp == nil {
		resp = &graphql.Response{}
	}
	return resp
}

// keep is gqlgen's hook for presenting errors, which it calls in the middle of an operation. Presenting waits until the
// response is complete, so that errors which do not pass this hook are treated alike.
func keep(ctx context.Context, err error) *gqlerror.Error {
	if e, ok := errors.AsType[*gqlerror.Error](err); ok && e.Path != nil {
		return &gqlerror.Error{Err: err, Path: e.Path, Locations: e.Locations}
	}
	return &gqlerror.Error{Err: err, Path: graphql.GetPath(ctx)}
}

func recoverField(_ context.Context, value any) error { return recovered(value) }
