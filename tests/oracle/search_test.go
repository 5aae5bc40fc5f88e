package oracle

import (
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// search is a text to search for in an entity: words and phrases of its rows, mostly.
func (g *generator) search(e *entity.Entity) string {
	var terms []string
	for range 1 + g.r.IntN(2) {
		text, _ := pick(g, g.tables[e.Table])[pick(g, e.Search).Field.Column].(string)
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		from := g.r.IntN(len(words))
		term := words[from]
		switch {
		case g.chance(25):
			g.use("search for a phrase")
			term = `"` + strings.Join(words[from:min(from+2, len(words))], " ") + `"`
		case g.chance(30):
			g.use("search for a prefix")
			runes := []rune(term)
			term = string(runes[:1+g.r.IntN(len(runes))]) + "*"
		case g.chance(20):
			term = strings.ToUpper(term)
		}
		if g.chance(20) {
			g.use("search without a word")
			term = "-" + term
		}
		terms = append(terms, term)
	}
	if g.chance(10) {
		terms = append(terms, pick(g, []string{"", "++", `"`, "-", "*", "AND", `-"`, "\u00a0"}))
	}
	return strings.Join(terms, " ")
}

// searchOf is the text of the search that a cursor's scope names, if its order has a rank.
func searchOf(scope string) (text string, ok bool) {
	for _, part := range strings.Fields(scope)[1:] {
		if rest, found := strings.CutPrefix(part, entity.OrderByRank); found {
			return strings.ReplaceAll(strings.TrimSuffix(rest, "-"), "+", " "), true
		}
	}
	return "", false
}
