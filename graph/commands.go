package graph

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway"
)

// Commands are those of the community beside serve and the others.
func Commands() []gateway.Command {
	var age time.Duration
	return []gateway.Command{{
		Name: "archive", Short: "Archive posts that nobody likes and that are old",
		Flags: func(flags *flag.FlagSet) {
			flags.DurationVar(&age, "age", 365*24*time.Hour, "how old they are")
		},
		Run: func(ctx context.Context, call gateway.Call) error {
			n, err := Client(call.Handle).Post.Update().
				Where(post.StatusEQ(post.StatusPublished), post.ScoreLTE(0), post.CreatedAtLT(time.Now().Add(-age))).
				SetStatus(post.StatusArchived).
				Save(ctx)
			if err == nil {
				fmt.Fprintf(call.Out, "%d posts archived\n", n)
			}
			return err
		},
	}}
}
