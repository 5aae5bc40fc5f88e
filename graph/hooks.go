package graph

import (
	"context"
	"log/slog"
	"strings"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/hook"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
)

// Hooks registers what happens around writes.
func Hooks(h *gateway.Handle) {
	Client(h).Post.Use(hook.On(welcomePost, ent.OpCreate))
}

// creditsForPost is what a published post earns its author.
const creditsForPost = 10

// welcomePost keeps loud titles out, and rewards the author.
func welcomePost(next ent.Mutator) ent.Mutator {
	return hook.PostFunc(func(ctx context.Context, m *ent.PostMutation) (ent.Value, error) {
		if title, _ := m.Title(); len(title) > 8 && title == strings.ToUpper(title) && title != strings.ToLower(title) {
			return nil, apierr.Input("The title shouts.", apierr.Field{
				Path: []any{"title"}, Code: apierr.Invalid, Message: "must not be all in capitals",
			})
		}
		value, err := next.Mutate(ctx, m)
		if err != nil {
			return nil, err
		}
		p := value.(*ent.Post)
		if p.AuthorID == nil || p.Status != post.StatusPublished {
			return p, nil
		}
		// Nobody may write credits, so that it is done on the application's own account.
		err = m.Client().User.UpdateOneID(*p.AuthorID).AddCredits(creditsForPost).Exec(access.SystemContext(ctx))
		gateway.AfterCommit(ctx, func(ctx context.Context) error {
			slog.InfoContext(ctx, "a post was published", "slug", p.Slug)
			return nil
		})
		return p, err
	})
}
