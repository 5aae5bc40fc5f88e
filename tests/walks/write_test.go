package walks

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/entity"
)

// reset are the changes that make the database hold a world and nothing else.
func reset(c *entity.Catalog, w *world) []change {
	changes := []change{{text: "DELETE FROM labels"}}
	for _, e := range c.Entities {
		changes = append(changes, change{text: "DELETE FROM " + e.Table})
		var rows []row
		for _, id := range slices.Sorted(maps.Keys(w.rows[e.Name])) {
			rows = append(rows, w.rows[e.Name][id])
		}
		if len(rows) > 0 {
			changes = append(changes, insert(e, rows...))
		}
	}
	for label := range w.labels {
		changes = append(changes, addLabel(label))
	}
	return changes
}

func insert(e *entity.Entity, rows ...row) change {
	var columns, marks []string
	for _, f := range e.Fields {
		columns, marks = append(columns, f.Column), append(marks, "?")
	}
	c := change{text: "INSERT INTO " + e.Table + " (" + strings.Join(columns, ", ") + ") VALUES "}
	for i, r := range rows {
		if i > 0 {
			c.text += ", "
		}
		c.text += "(" + strings.Join(marks, ", ") + ")"
		for _, column := range columns {
			c.args = append(c.args, stored(r[column]))
		}
	}
	return c
}

func addLabel(label [2]int64) change {
	return change{"INSERT INTO labels (item_id, box_id) VALUES (?, ?)", []any{label[0], label[1]}}
}

// stored is a value as the driver takes it.
func stored(v any) any {
	if d, ok := v.(decimal); ok {
		return string(d)
	}
	return v
}

// write changes the world and the database alike, once or more, most often near the cursor at which the walk goes on.
func (k *walk) write(at cursor) {
	t := k.t
	var changes []change
	for range rapid.IntRange(1, 3).Draw(t, "writes") {
		kind := rapid.SampledFrom([]string{
			"delete the cursor's row", "move the cursor's row", "copy the cursor's row", "insert", "update", "delete", "related rows",
		}).Draw(t, "write")
		items := k.world.rows["Item"]
		ids := slices.Sorted(maps.Keys(items))
		if _, there := items[at.id]; !there && strings.Contains(kind, "cursor") || len(ids) == 0 {
			kind = "insert"
		}
		k.use(kind)
		switch kind {
		case "delete the cursor's row":
			changes = append(changes, k.delete("Item", at.id))
		case "move the cursor's row":
			changes = append(changes, k.update("Item", at.id))
		case "copy the cursor's row":
			changes = append(changes, k.insert(maps.Clone(items[at.id])))
		case "insert":
			changes = append(changes, k.insert(drawRow(t, k.app.catalog.Entity("Item"), 0)))
		case "update":
			changes = append(changes, k.update("Item", rapid.SampledFrom(ids).Draw(t, "row")))
		case "delete":
			changes = append(changes, k.delete("Item", rapid.SampledFrom(ids).Draw(t, "row")))
		default:
			changes = append(changes, k.related()...)
		}
	}
	k.exec(changes...)
}

// insert adds an item with an id of its own: after all others, or before them, or between them.
func (k *walk) insert(r row) change {
	items := k.world.rows["Item"]
	id := k.nextID
	if rapid.Bool().Draw(k.t, "between") {
		id = int64(rapid.IntRange(-5, 310).Draw(k.t, "id"))
	}
	for items[id] != nil {
		id++
	}
	k.nextID = max(k.nextID, id) + 1
	r["id"] = id
	items[id] = r
	return insert(k.app.catalog.Entity("Item"), r)
}

// update changes one or two columns of a row: those of the order, if it has any, half of the time.
func (k *walk) update(name string, id int64) change {
	e, r := k.app.catalog.Entity(name), maps.Clone(k.world.rows[name][id])
	columns := make([]string, 0, len(e.Fields))
	for _, f := range e.Fields[1:] {
		columns = append(columns, f.Column)
	}
	var ordered []string
	for _, s := range k.order {
		if name == "Item" && len(s.path) == 0 && s.count == nil && s.field.Column != "id" {
			ordered = append(ordered, s.field.Column)
		}
	}
	c := change{text: "UPDATE " + e.Table + " SET "}
	for i := range rapid.IntRange(1, 2).Draw(k.t, "columns") {
		from := columns
		if len(ordered) > 0 && rapid.Bool().Draw(k.t, "ordered") {
			from = ordered
		}
		column := rapid.SampledFrom(from).Draw(k.t, "column")
		if i > 0 && strings.Contains(c.text, `"`+column+`"`) {
			break
		}
		if i > 0 {
			c.text += ", "
		}
		r[column] = rapid.SampledFrom(pool(column)).Draw(k.t, column)
		c.text += `"` + column + `" = ?`
		c.args = append(c.args, stored(r[column]))
	}
	k.world.rows[name][id] = r
	c.text += " WHERE id = ?"
	c.args = append(c.args, id)
	return c
}

func (k *walk) delete(name string, id int64) change {
	delete(k.world.rows[name], id)
	return change{"DELETE FROM " + k.app.catalog.Entity(name).Table + " WHERE id = ?", []any{id}}
}

// related changes rows by which items may be ordered, filtered or found.
func (k *walk) related() []change {
	t := k.t
	label := drawLabel(t)
	if rapid.Bool().Draw(t, "label") {
		if k.world.labels[label] {
			delete(k.world.labels, label)
			return []change{{"DELETE FROM labels WHERE item_id = ? AND box_id = ?", []any{label[0], label[1]}}}
		}
		k.world.labels[label] = true
		return []change{addLabel(label)}
	}
	name := rapid.SampledFrom([]string{"Box", "Part"}).Draw(t, "entity")
	id := int64(rapid.IntRange(1, 4).Draw(t, "id"))
	switch {
	case k.world.rows[name][id] == nil:
		r := drawRow(t, k.app.catalog.Entity(name), id)
		k.world.rows[name][id] = r
		return []change{insert(k.app.catalog.Entity(name), r)}
	case rapid.Bool().Draw(t, "delete"):
		return []change{k.delete(name, id)}
	default:
		return []change{k.update(name, id)}
	}
}
