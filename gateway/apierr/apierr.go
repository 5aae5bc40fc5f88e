// Package apierr is the one way to show an error to a client.
//
// An error that is not an [*Error] (or does not wrap one) never reaches a client: it is answered with a fixed text,
// the code INTERNAL_SERVER_ERROR and a request id, and its own text goes to the log.
package apierr

import (
	"errors"
	"fmt"
)

// Code is the value of extensions.code in a response.
type Code string

// The codes of the API contract. The first group has Apollo's names.
const (
	ParseFailed            Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed       Code = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput           Code = "BAD_USER_INPUT"
	Unauthenticated        Code = "UNAUTHENTICATED"
	Forbidden              Code = "FORBIDDEN"
	PersistedQueryNotFound Code = "PERSISTED_QUERY_NOT_FOUND"
	Internal               Code = "INTERNAL_SERVER_ERROR"

	NotFound          Code = "NOT_FOUND"
	Conflict          Code = "CONFLICT"
	CostLimitExceeded Code = "COST_LIMIT_EXCEEDED"
	RateLimited       Code = "RATE_LIMITED"
	Unavailable       Code = "UNAVAILABLE"
)

// FieldCode says what is wrong with one value of an input.
type FieldCode string

// The codes of a [Field].
const (
	Required      FieldCode = "REQUIRED"
	TooLong       FieldCode = "TOO_LONG"
	OutOfRange    FieldCode = "OUT_OF_RANGE"
	InvalidFormat FieldCode = "INVALID_FORMAT"
	NotUnique     FieldCode = "NOT_UNIQUE"
	Missing       FieldCode = "NOT_FOUND" // an id to which no row belongs that the viewer may use
	Invalid       FieldCode = "INVALID"
	Stale         FieldCode = "STALE"     // a version that the row no longer has; the current one is [Field.Current]
	Denied        FieldCode = "FORBIDDEN" // a field that the viewer may not use or write
)

// Field is one offending value of an input. Path leads to it from the argument, for example ["input", "title"]; in errors of hooks it
// may begin in the input object of the row: ["title"].
type Field struct {
	Path    []any     `json:"path"`
	Code    FieldCode `json:"code"`
	Message string    `json:"message"`
	Limit   any       `json:"limit,omitempty"`
	Current any       `json:"current,omitempty"`
}

// Error is an error whose message is meant for the client. The wrapped cause is for logs only.
type Error struct {
	Code    Code
	Message string
	Fields  []Field
	cause   error
}

// New returns an error whose code and message are sent to the client as they are.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap is [New] with a cause, which is logged and never sent.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// Input returns a BAD_USER_INPUT error about the given values.
func Input(message string, fields ...Field) *Error {
	return &Error{Code: BadUserInput, Message: message, Fields: fields}
}

// Error returns the client's message. The cause is not part of it.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code that a client would see for err: the code of the first [*Error] in its chain, else [Internal].
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
