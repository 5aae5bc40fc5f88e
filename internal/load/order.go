package load

import (
	"fmt"

	"entgo.io/ent/dialect/sql/schema"
)

// order sorts tables so that rows refer to earlier tables, and returns for each the foreign keys for which that is
// impossible because tables refer to each other. Those can be null.
func order(tables []*schema.Table) (sorted []*schema.Table, later map[*schema.Table][]*schema.ForeignKey, err error) {
	later = map[*schema.Table][]*schema.ForeignKey{}
	waiting := append([]*schema.Table(nil), tables...)
	for len(waiting) > 0 {
		best, bestKeys := -1, []*schema.ForeignKey(nil)
		for i, t := range waiting {
			keys, possible := references(t, waiting)
			if possible && (best < 0 || len(keys) < len(bestKeys)) {
				best, bestKeys = i, keys
			}
		}
		if best < 0 {
			return nil, nil, fmt.Errorf("the tables %s and others refer to each other with columns that cannot be null", waiting[0].Name)
		}
		t := waiting[best]
		sorted = append(sorted, t)
		if len(bestKeys) > 0 {
			later[t] = bestKeys
		}
		waiting = append(waiting[:best], waiting[best+1:]...)
	}
	return sorted, later, nil
}

// references returns the foreign keys of a table to others of a set. It is possible to do without them for a while if they can
// be null.
func references(t *schema.Table, set []*schema.Table) (keys []*schema.ForeignKey, possible bool) {
	for _, fk := range t.ForeignKeys {
		for _, other := range set {
			if other != t && other.Name == fk.RefTable.Name {
				if !fk.Columns[0].Nullable {
					return nil, false
				}
				keys = append(keys, fk)
			}
		}
	}
	return keys, true
}
