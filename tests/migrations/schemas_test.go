package migrations

import (
	"slices"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/search"
)

// schemas are the versions of the application's tables.
var schemas = map[string]func() []*schema.Table{
	"v1": func() []*schema.Table { return blog() },
	// A nullable column, a default, an index, a table.
	"v2": func() []*schema.Table {
		return blog(func(posts *schema.Table) {
			posts.Columns = append(posts.Columns,
				&schema.Column{Name: "summary", Type: field.TypeString, Nullable: true},
				&schema.Column{Name: "views", Type: field.TypeInt, Default: 0})
			posts.Indexes = append(posts.Indexes, &schema.Index{Name: "post_title", Columns: posts.Columns[1:2]})
		})
	},
	// The column text has a new name.
	"v3": func() []*schema.Table { return blog(func(posts *schema.Table) { posts.Columns[2].Name = "body" }) },
	// A required column without a default.
	"v4": func() []*schema.Table {
		return blog(func(posts *schema.Table) {
			posts.Columns = append(posts.Columns, &schema.Column{Name: "kind", Type: field.TypeEnum, Enums: []string{"note", "essay"}})
		})
	},
	// The posts can be searched, and then otherwise, in a table that SQLite makes anew.
	"v6": func() []*schema.Table { return blog(searched(search.Field{Column: "title", Weight: "D"})) },
	"v7": func() []*schema.Table {
		return blog(searched(search.Field{Column: "title", Weight: "A"}, search.Field{Column: "text", Weight: "D"}), func(posts *schema.Table) { posts.Columns[2].Nullable = false })
	},
	// The column text is gone.
	"v5": func() []*schema.Table {
		return blog(func(posts *schema.Table) { posts.Columns = slices.Delete(posts.Columns, 2, 3) })
	},
	// Everything that can be added without harm: columns, a table, an edge.
	"adds":       func() []*schema.Table { return additions(blog()) },
	"adds_index": func() []*schema.Table { return additions(blog(index)) },
	"adds_gone": func() []*schema.Table {
		return additions(blog(index, func(posts *schema.Table) { posts.Columns = slices.Delete(posts.Columns, 2, 3) }))
	},
	// Another branch, and both together.
	"rating": func() []*schema.Table { return blog(rating) },
	"both":   func() []*schema.Table { return additions(blog(rating)) },
}

// searched lets words be looked for in posts.
func searched(fields ...search.Field) func(*schema.Table) {
	return func(posts *schema.Table) {
		options, _ := search.Options(fields) // which are plain texts
		posts.Annotation = &entsql.Annotation{Options: options}
	}
}

// renamed is what the schema v3 states.
var renamed = []entity.Renaming{{Table: "posts", Column: "body", From: "text"}}

// blog is posts and comments. The tables are made anew for each call.
func blog(change ...func(posts *schema.Table)) []*schema.Table {
	posts := &schema.Table{Name: "posts", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "title", Type: field.TypeString},
		{Name: "text", Type: field.TypeString, Size: 1 << 31, Nullable: true},
	}}
	posts.PrimaryKey = posts.Columns[:1:1]
	comments := &schema.Table{Name: "comments", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "message", Type: field.TypeString},
		{Name: "post_id", Type: field.TypeInt},
	}}
	comments.PrimaryKey = comments.Columns[:1:1]
	comments.ForeignKeys = []*schema.ForeignKey{{
		Symbol: "comments_posts_comments", Columns: comments.Columns[2:], RefTable: posts, RefColumns: posts.Columns[:1:1], OnDelete: schema.Cascade,
	}}
	for _, c := range change {
		c(posts)
	}
	return []*schema.Table{comments, posts}
}

func rating(posts *schema.Table) {
	posts.Columns = append(posts.Columns, &schema.Column{Name: "rating", Type: field.TypeInt, Nullable: true})
}

func index(posts *schema.Table) {
	posts.Indexes = append(posts.Indexes, &schema.Index{Name: "post_title", Columns: posts.Columns[1:2]})
}

// additions are columns, a table with an index and an edge to it.
func additions(tables []*schema.Table) []*schema.Table {
	authors := &schema.Table{Name: "authors", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "email", Type: field.TypeString, Unique: true},
	}}
	authors.PrimaryKey = authors.Columns[:1:1]
	posts := tables[1]
	author := &schema.Column{Name: "author_id", Type: field.TypeInt, Nullable: true}
	posts.Columns = append(posts.Columns, author,
		&schema.Column{Name: "summary", Type: field.TypeString, Nullable: true},
		&schema.Column{Name: "kind", Type: field.TypeEnum, Enums: []string{"note", "essay"}, Default: "note"},
		&schema.Column{Name: "views", Type: field.TypeInt, Default: 0})
	posts.ForeignKeys = append(posts.ForeignKeys, &schema.ForeignKey{
		Symbol: "posts_authors_posts", Columns: []*schema.Column{author}, RefTable: authors, RefColumns: authors.Columns[:1:1], OnDelete: schema.SetNull,
	})
	return append(tables, authors)
}
