package graph

import (
	"net/http"
	"strconv"

	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/relay"
)

// Routes registers HTTP routes beside the API.
func Routes(r *gateway.Router) {
	client := Client(r.Handle)
	r.With(users(r)).HandleFunc("POST /posts/{slug}/comments", func(w http.ResponseWriter, req *http.Request) error {
		var in struct{ Message string }
		if err := gateway.ReadJSON(req, &in); err != nil {
			return err
		}
		ctx := req.Context()
		p, err := client.Post.Query().Where(post.Slug(req.PathValue("slug"))).Only(ctx)
		if err != nil {
			return err
		}
		author, err := strconv.Atoi(access.FromContext(ctx).UserID)
		if err != nil {
			return err
		}
		c, err := client.Comment.Create().SetPost(p).SetAuthorID(author).SetMessage(in.Message).Save(ctx)
		if err != nil {
			return err
		}
		return gateway.WriteJSON(w, http.StatusCreated, map[string]any{"id": relay.ID("Comment", strconv.Itoa(c.ID))})
	})
}

// users is middleware that lets only users in.
func users(r *gateway.Router) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if access.FromContext(req.Context()).UserID == "" {
				r.Refuse(w, req, apierr.New(apierr.Unauthenticated, "Sign in as a user to comment."))
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}
