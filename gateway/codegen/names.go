package codegen

import (
	"strings"
	"unicode"

	"entgo.io/ent/entc/gen"
)

var entPlural = gen.Funcs["plural"].(func(string) string)

// plural gives "posts" for "post", and "news" for "news".
func plural(name string) string {
	p := entPlural(name)
	if p == name+"Slice" { // ent's way to tell the two apart
		return name
	}
	return p
}

// singular gives "reply" for "replies".
var singular = gen.Funcs["singular"].(func(string) string)

// words splits a name in snake_case or camelCase into lower-case words: "created_at", "postLink" and "HTTPPort" give
// "created at", "post link" and "http port".
func words(name string) []string {
	var all []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r == '_' || r == '-' || r == ' ' || r == '.' || r == '/':
			flush()
			continue
		case unicode.IsUpper(r) && i > 0:
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return all
}

// camel gives names of fields: "created_at" becomes "createdAt".
func camel(name string) string {
	all := words(name)
	for i := 1; i < len(all); i++ {
		all[i] = title(all[i])
	}
	return strings.Join(all, "")
}

// upperSnake gives enum values: "approve_edit" becomes "APPROVE_EDIT".
func upperSnake(name string) string { return strings.ToUpper(strings.Join(words(name), "_")) }

// phrase gives what prose calls the thing: "post_link" and "PostLink" become "post link".
func phrase(name string) string { return strings.Join(words(name), " ") }

// phrases is the plural of phrase.
func phrases(name string) string {
	all := words(name)
	all[len(all)-1] = plural(all[len(all)-1])
	return strings.Join(all, " ")
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// isName says whether GraphQL can hold the name.
func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && !strings.HasPrefix(s, "__")
}
