package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// A change of a row of which nothing is asked but its values costs one statement and no transaction, if the change cannot turn the
// rules; what is refused changes nothing and is explained as ever.
func TestPlainUpdateIsOneStatement(t *testing.T) {
	comment, tag, eve, ada := gid("Comment", 1), gid("Tag", 1), gid("User", 3), gid("User", 1)
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Must(t, testapp.Admin, `mutation { createComment(input: { message: "secret", postId: "`+gid("Post", 2)+`", authorId: "`+ada+`" }) { comment { id } } }`, nil)
		state := func() any {
			var all []string
			for _, q := range []string{"SELECT id, message, post_id, author_id FROM comments ORDER BY id", "SELECT id, name FROM tags ORDER BY id", "SELECT id, name, bio FROM users ORDER BY id"} {
				for _, row := range app.Rows(t, q) {
					all = append(all, fmt.Sprint(row...))
				}
			}
			return strings.Join(all, "\n")
		}
		costs(t, app, url, state, []cost{
			{"the author, by a rule about the post", `updateComment(input: { id: "` + comment + `", message: "m" }) { comment { id message createdAt kind } clientMutationId }`, `"message":"m"`, testapp.User("3"), 1, 0, true},
			{"an administrator", `updateComment(input: { id: "` + comment + `", message: "n", kind: ANSWER }) { comment { message kind } __typename }`, `"kind":"ANSWER"`, testapp.Admin, 1, 0, true},
			{"no rule for reading", `updateTag(input: { id: "` + tag + `", name: "golang" }) { tag { name } }`, `"name":"golang"`, testapp.Moderator, 1, 0, true},
			{"the row itself is the viewer", `updateUser(input: { id: "` + eve + `", name: "Evelyn", bio: "b" }) { user { name bio } clientMutationId }`, `"bio":"b"`, testapp.User("3"), 1, 0, true},
			{"null", `updateUser(input: { id: "` + eve + `", bio: null, clientMutationId: "c" }) { user { name bio } clientMutationId }`, `{"user":{"name":"Evelyn","bio":null},"clientMutationId":"c"}`, testapp.User("3"), 1, 0, true},
			{"without a payload", `updateUser(input: { id: "` + eve + `", name: "Eve" }) { clientMutationId }`, `{"clientMutationId":null}`, testapp.User("3"), 1, 0, true},
			{"another post, for whom no post is hidden", `updateComment(input: { id: "` + comment + `", postId: "` + gid("Post", 2) + `" }) { comment { message } }`, `"message":"n"`, testapp.Admin, 1, 0, true},
			{"back again, for whom some are", `updateComment(input: { id: "` + comment + `", postId: "` + gid("Post", 1) + `" }) { comment { message } }`, `"message":"n"`, testapp.User("3"), 6, 2, true},
			{"to a hidden post", `updateComment(input: { id: "` + comment + `", postId: "` + gid("Post", 2) + `" }) { comment { message } }`, `"path":["input","postId"],"code":"NOT_FOUND"`, testapp.User("3"), -1, -1, false},
			{"to no post", `updateComment(input: { id: "` + comment + `", postId: "` + gid("Post", 99) + `" }) { comment { message } }`, `"path":["input","postId"],"code":"NOT_FOUND"`, testapp.Admin, -1, -1, false},
			{"to another author", `updateComment(input: { id: "` + comment + `", authorId: "` + ada + `" }) { comment { message } }`, "FORBIDDEN", testapp.User("3"), -1, -1, false},
			{"a relation in the payload", `updateComment(input: { id: "` + comment + `", message: "o" }) { comment { post { slug } } }`, `"slug":"first"`, testapp.User("3"), 5, 2, true},
			{"another's", `updateComment(input: { id: "` + comment + `", message: "x" }) { comment { message } }`, "FORBIDDEN", testapp.User("2"), -1, -1, false},
			{"a hidden one", `updateComment(input: { id: "` + gid("Comment", 2) + `", message: "x" }) { comment { message } }`, `"code":"NOT_FOUND"`, testapp.User("3"), -1, -1, false},
			{"none", `updateTag(input: { id: "` + gid("Tag", 99) + `", name: "x" }) { tag { name } }`, `"code":"NOT_FOUND"`, testapp.Moderator, -1, -1, false},
			{"nothing", `updateTag(input: { id: "` + tag + `" }) { tag { name } }`, `"name":"golang"`, testapp.Moderator, -1, -1, false},
			{"what is taken", `updateTag(input: { id: "` + tag + `", name: "sql" }) { tag { name } }`, `"path":["input","name"],"code":"NOT_UNIQUE"`, testapp.Moderator, -1, -1, false},
			{"without text", `updateComment(input: { id: "` + comment + `", message: "" }) { comment { message } }`, `"path":["input","message"]`, testapp.User("3"), -1, -1, false},
			{"a field with a rule", `updateUser(input: { id: "` + eve + `", name: "x", roles: ["admin"] }) { user { name } }`, "FORBIDDEN", testapp.User("3"), -1, -1, false},
			{"a list", `updateUser(input: { id: "` + ada + `", name: "Countess", comments: { connect: ["` + comment + `"] } }) { user { name } }`, `"name":"Countess"`, testapp.Admin, -1, -1, true},
		})
		if got := app.Rows(t, "SELECT count(*) FROM comments WHERE author_id = 1"); fmt.Sprint(got[0]...) != "2" {
			t.Errorf("the list has not gone along: %v", got)
		}
	})
}
