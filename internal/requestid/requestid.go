// Package requestid names requests, so that what a client was told and what the log says can be brought together.
package requestid

import (
	"context"
	"crypto/rand"
	"net/http"
)

// Header carries the id, in requests and in responses.
const Header = "X-Request-Id"

type key struct{}

// NewContext returns a context that carries the id.
func NewContext(ctx context.Context, id string) context.Context {
	return &named{ctx, id}
}

// named is context.WithValue without a box for the id.
type named struct {
	context.Context
	id string
}

func (n *named) Value(k any) any {
	if k == (key{}) {
		return n.id
	}
	return n.Context.Value(k)
}

// FromContext returns the id of the request that ctx belongs to, "" if there is none.
func FromContext(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

// Of returns the id that a proxy gave to the request if it is a plain one, else a new random id.
func Of(r *http.Request) string {
	if id := r.Header.Get(Header); plain(id) {
		return id
	}
	return rand.Text()
}

// plain keeps ids from outside short and free of anything that could forge a line of the log.
func plain(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
