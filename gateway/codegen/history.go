package codegen

import (
	"slices"

	"github.com/entwine-data/entwine/gateway/entity"
)

func (n *node) addHistory() error {
	if !n.api.History {
		return nil
	}
	if n.Composite() {
		return fault(n.Type, "entity.History is for entities with a key of one column; give it an id of its own in place of field.ID(…)")
	}
	n.History, n.Was = entity.HistoryOf(n.api.HistoryRead), n.api.Was
	return nil
}

// Recorded says whether mutations of the entity can write rows that keep their history: its own, or those behind its edges.
func (n *node) Recorded() bool {
	return n.History != nil || slices.ContainsFunc(n.Edges, func(ed *entity.Edge) bool {
		return ed.To().History != nil && (ed.Kind == entity.ToMany || ed.Kind == entity.ToOneInverse)
	})
}

// keepsHistory says whether the API shows the history of some entity.
func (m *model) keepsHistory() bool {
	return slices.ContainsFunc(m.nodes, func(n *node) bool { return n.History != nil && !n.Hidden })
}

func historyTypes() []string {
	return []string{entity.HistoryEntry, entity.HistoryEntry + "Connection", entity.HistoryEntry + "Edge", entity.FieldChange, "HistoryOperation", "HistoryActor"}
}

// writeHistory writes the types of the history, which all entities share.
func (w *sdlWriter) writeHistory() {
	w.open("What a mutation, or a transaction of the application, has made of an object.", "type "+entity.HistoryEntry)
	w.line("What it was.", "operation: HistoryOperation!")
	w.line("When it happened.", "at: DateTime!")
	w.line("What kind of viewer did it.", "actor: HistoryActor!")
	w.line("The id of the user who did it; null if it was none.", "by: ID")
	w.line("The version that the object had afterwards; null if its versions are not counted.", "version: Int")
	w.line("The fields that changed, of those that the viewer may read.", "changes: ["+entity.FieldChange+"!]!")
	w.close()
	w.open("What became of a field.", "type "+entity.FieldChange)
	w.line("The name of the field.", "field: String!")
	w.line("Its value before, as the field itself would show it; null if it had none.", "before: JSON")
	w.line("Its value afterwards.", "after: JSON")
	w.close()
	w.open("A page of history.", "type "+entity.HistoryEntry+"Connection")
	w.line("The entries of the page with their cursors.", "edges: ["+entity.HistoryEntry+"Edge!]!")
	w.line("The entries of the page.", "nodes: ["+entity.HistoryEntry+"!]!")
	w.line("Where the page lies in the history.", "pageInfo: PageInfo!")
	w.field("How many entries the whole history has.", "totalCount", [][2]string{atMost}, "Int!")
	w.close()
	w.open("An entry of a history.", "type "+entity.HistoryEntry+"Edge")
	w.line("Marks this place in the history, for `after` and `before`.", "cursor: String!")
	w.line("The entry.", "node: "+entity.HistoryEntry+"!")
	w.close()
	w.open("What can become of an object.", "enum HistoryOperation")
	for i, text := range []string{"It was made.", "It was changed.", "It was deleted, and can be restored.", "It was restored."} {
		w.line(text, entity.HistoryOperations[i].Name)
	}
	w.close()
	w.open("The kinds of viewers.", "enum HistoryActor")
	for i, text := range []string{"A user.", "A service, which is known by its roles.", "Somebody unknown.", "The application itself."} {
		w.line(text, entity.HistoryActors[i].Name)
	}
	w.close()
}
