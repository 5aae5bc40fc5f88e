// Package review uses the API of the entity that was added.
package review

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

func TestReview(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)
		ada, eve := testapp.User("1"), testapp.User("2")
		id, post, author := relay.ID("Review", "1"), relay.ID("Post", "1"), relay.ID("User", "1")
		for _, step := range []struct {
			name      string
			viewer    access.Viewer
			operation string
			code      string   // of the first error
			has       []string // parts of the response
		}{
			{"users and a post", testapp.Admin, `mutation {
				a: createUser(input: {name: "Ada", username: "ada"}) { user { id } }
				b: createUser(input: {name: "Eve", username: "eve"}) { user { id } }
				c: createUser(input: {name: "Bob", username: "bob"}) { user { id } }
				d: createPost(input: {title: "Engines", slug: "engines", body: "b", status: PUBLISHED}) { post { id } }
			}`, "", []string{post, author}},
			{"create", ada, `mutation { createReview(input: {stars: 4, text: "Long, and right", postId: "` + post + `", authorId: "` + author + `", clientMutationId: "r"}) {
				clientMutationId
				reviewEdge { cursor }
				review { id stars text createdAt postId authorId post { title } author { name } }
			} }`, "", []string{
				`"clientMutationId":"r"`, `"cursor":"`, `"id":"` + id + `","stars":4,"text":"Long, and right","createdAt":"`,
				`"postId":"` + post + `","authorId":"` + author + `","post":{"title":"Engines"},"author":{"name":"Ada"}`,
			}},
			{"create what the schema forbids", ada, `mutation { createReview(input: {stars: 6, text: "", postId: "` + post + `", authorId: "` + author + `"}) { review { id } } }`,
				"BAD_USER_INPUT", []string{`"data":null`, `["input","stars"]`, `["input","text"]`}},
			{"create the same again", ada, `mutation { createReview(input: {stars: 1, text: "x", postId: "` + post + `", authorId: "` + author + `"}) { review { id } } }`,
				"BAD_USER_INPUT", []string{`"data":null`}},
			{"create as nobody", testapp.Anonymous, `mutation { createReview(input: {stars: 4, text: "x", postId: "` + post + `", authorId: "` + author + `"}) { review { id } } }`,
				"UNAUTHENTICATED", []string{`"data":null`}},
			{"create in another's name", eve, `mutation { createReview(input: {stars: 4, text: "x", postId: "` + post + `", authorId: "` + relay.ID("User", "3") + `"}) { review { id } } }`,
				"FORBIDDEN", []string{`"data":null`}},
			{"create by another author", eve, `mutation { createReview(input: {stars: 2, text: "Long", postId: "` + post + `", authorId: "` + relay.ID("User", "2") + `"}) { review { stars } } }`,
				"", []string{`"stars":2`}},
			{"list", testapp.Anonymous, `{ reviews(orderBy: [{field: STARS, direction: ASC}], first: 1) { totalCount nodes { text } pageInfo { hasNextPage } edges { cursor node { author { username } } } } }`,
				"", []string{`"totalCount":2,"nodes":[{"text":"Long"}],"pageInfo":{"hasNextPage":true}`, `"username":"eve"`}},
			{"list by a condition", testapp.Anonymous, `{ reviews(where: {or: [{stars: {eq: 4}}, {authorId: {in: []}}], postId: {eq: "` + post + `"}}) { totalCount nodes { id } } }`,
				"", []string{`"totalCount":1,"nodes":[{"id":"` + id + `"}]`}},
			{"node", testapp.Anonymous, `{ node(id: "` + id + `") { __typename ... on Review { stars post { slug } } } }`,
				"", []string{`{"__typename":"Review","stars":4,"post":{"slug":"engines"}}`}},
			{"by id", testapp.Anonymous, `{ review(id: "` + id + `") { text author { posts { totalCount } } } }`,
				"", []string{`{"text":"Long, and right","author":{"posts":{"totalCount":0}}}`}},
			{"by a unique key", testapp.Anonymous, `{ reviewByPostIdAndAuthorId(postId: "` + post + `", authorId: "` + author + `") { stars } }`,
				"", []string{`{"stars":4}`}},
			{"update", ada, `mutation { updateReview(input: {id: "` + id + `", stars: 5}) { review { stars text } } }`,
				"", []string{`{"stars":5,"text":"Long, and right"}`}},
			{"update another's", eve, `mutation { updateReview(input: {id: "` + id + `", stars: 1}) { review { stars } } }`,
				"FORBIDDEN", []string{`"data":null`}},
			{"hide the post", testapp.Admin, `mutation { updatePost(input: {id: "` + post + `", status: DRAFT}) { post { status } } }`, "", nil},
			{"read of a hidden post", testapp.Anonymous, `{ review(id: "` + id + `") { stars post { title } author { name } } }`,
				"", []string{`{"stars":5,"post":null,"author":{"name":"Ada"}}`}},
			{"delete", ada, `mutation { deleteReview(input: {id: "` + id + `"}) { deletedId } }`, "", []string{`"deletedId":"` + id + `"`}},
			{"read what is deleted", testapp.Anonymous, `{ node(id: "` + id + `") { id } reviews { totalCount } }`, "", []string{`"node":null,"reviews":{"totalCount":1}`}},
			{"delete the post", testapp.Admin, `mutation { deletePost(input: {id: "` + post + `"}) { deletedId } }`, "", []string{post}},
			{"its reviews are gone", testapp.Anonymous, `{ reviews { totalCount } }`, "", []string{`"totalCount":0`}},
		} {
			r := app.Do(t, step.viewer, step.operation, nil)
			code := ""
			if len(r.Errors) > 0 {
				code = r.Errors[0].Extensions.Code
			}
			if code != step.code {
				t.Errorf("%s: code %q, not %q: %s", step.name, code, step.code, r.Raw)
			}
			for _, part := range step.has {
				if !strings.Contains(r.Raw, part) {
					t.Errorf("%s: %s is missing: %s", step.name, part, r.Raw)
				}
			}
		}
	})
}
