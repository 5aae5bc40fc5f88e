package scenarios

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestStorm sends reads and writes from many sides at once, most of them with hand-written fields, which share the
// connections, and within a mutation even the transaction, with the engine. Nothing may stall, fail or leak.
func TestStorm(t *testing.T) {
	const clients, rounds = 16, 12
	viewers := []access.Viewer{testapp.Anonymous, testapp.User("1"), testapp.Moderator, testapp.Admin}
	const fields = `id title readingMinutes ...F related { id title related { ...F readingMinutes comments(first: 3) { nodes { author { name } } } } }`
	const fragment = ` fragment F on Post { related { slug } author { name posts(first: 2) { totalCount nodes { readingMinutes } } } }`
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 20)
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(client), 0))
				for round := range rounds {
					viewer := viewers[r.IntN(len(viewers))]
					id := gid("Post", 1+r.IntN(50))
					var query string
					switch r.IntN(6) {
					case 0:
						query = `{ posts(first: 10) { totalCount nodes { ` + fields + ` } } }` + fragment
					case 1:
						query = `{ communityStats { posts busiestAuthors { posts author { name posts(first: 2) { nodes { ...F } } } } } post(id: "` + id + `") { ...F } }` + fragment
					case 2:
						query = fmt.Sprintf(`query($c: Boolean = %v) { nodes(ids: [%q, %q]) { ... on Post @include(if: $c) { ...F } ... on Tag { name posts(first: 3) { nodes { id } } } } }`,
							r.IntN(2) == 0, id, gid("Tag", 1+r.IntN(30))) + fragment
					case 3:
						viewer = testapp.Admin
						query = `mutation { updatePost(input: {id: "` + id + `", title: "Storm"}) { post { ` + fields + ` } } }` + fragment
					case 4:
						viewer = testapp.Admin
						name := fmt.Sprintf("storm-%d-%d", client, round)
						query = fmt.Sprintf(`mutation { createTag(input: {name: %q}) { tag { id posts { totalCount } } }
							createPost(input: {title: "S", slug: %q, body: "b", status: PUBLISHED, authorId: %q, tags: {connect: [%q]}}) { post { %s } postEdge { cursor } } }`,
							name, name, gid("User", 1), gid("Tag", 1), fields) + fragment
					default:
						query = `{ users(first: 5) { nodes { name posts(first: 3) { nodes { ...F } } } } }` + fragment
					}
					raw := app.Do(t, viewer, query, nil).Raw
					if strings.Contains(raw, `"errors"`) {
						t.Errorf("%s\n%.600s", query, raw)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
