package input

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// Target is the entity that a reference leads to, with keys of the Go type K.
type Target[K comparable] struct {
	Entity *entity.Entity
	// Key turns a parsed key into the ORM's type; ok is false if it does not fit, so that there can be no such row.
	Key func(any) (key K, ok bool)
}

// IntKey is for [Target.Key].
func IntKey[K integer](key any) (K, bool) {
	n, ok := key.(int64)
	if !ok {
		return 0, false
	}
	k, err := fit[K](n)
	return k, err == nil
}

// StringKey is for [Target.Key].
func StringKey[K ~string](key any) (K, bool) {
	s, ok := key.(string)
	return K(s), ok
}

// UUIDKey is for [Target.Key].
func UUIDKey(key any) (uuid.UUID, bool) {
	s, ok := key.(string)
	if !ok {
		return uuid.UUID{}, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}

// ScanKey is for [Target.Key], with key types that read themselves from the database's values.
func ScanKey[K comparable, P interface {
	*K
	sql.Scanner
}](key any) (K, bool) {
	var k K
	err := P(&k).Scan(key)
	return k, err == nil
}

// ValueKey is the key that a key of the application's own type stands for: an int64 or a string.
func ValueKey(key driver.Valuer) any {
	v, err := key.Value()
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	if err != nil {
		panic(fmt.Sprintf("input: a key without a value: %v", err))
	}
	return v
}

// SetKey hands the key of the global id that a new row shall have to set.
func SetKey[K comparable](v *Values, target *Target[K], set func(K)) {
	if raw, ok := v.take("id", nil); ok {
		if key, ok := target.parse(v, "", raw, "id"); ok {
			set(key)
		}
	}
}

// parse turns a global id into a key, or records a fault. The row must allow op to the viewer.
func (t *Target[K]) parse(v *Values, op access.Operation, raw any, path ...any) (key K, ok bool) {
	text, _ := raw.(string)
	typeName, keyText, ok := relay.ParseID(text)
	if !ok || typeName != t.Entity.Name {
		v.fail(apierr.InvalidFormat, "must be an id of type "+t.Entity.Name, path...)
		return key, false
	}
	parsed, ok := t.Entity.ParseKey(keyText)
	if !ok {
		v.fail(apierr.InvalidFormat, "must be an id of type "+t.Entity.Name, path...)
		return key, false
	}
	if key, ok = t.Key(parsed); !ok {
		// As is said of rows that do not exist, and of rows that the viewer may not see.
		v.fail(apierr.Missing, "does not lead to any "+t.Entity.Name, path...)
		return key, false
	}
	if op != "" {
		v.draft.References = append(v.draft.References, entity.Reference{Entity: t.Entity, Key: parsed, Operation: op, Path: path})
	}
	return key, true
}

// keys turns keys of package entity into the ORM's. They are those of rows that are there.
func (t *Target[K]) keys(all []any) ([]K, error) {
	out := make([]K, len(all))
	for i, key := range all {
		k, ok := t.Key(key)
		if !ok {
			return nil, fmt.Errorf("%s has no key %v", t.Entity.Name, key)
		}
		out[i] = k
	}
	return out, nil
}

// LinkOne is for [entity.Draft.Link], with an edge to one row.
func LinkOne[K comparable](target *Target[K], keys []any, set func(K)) error {
	all, err := target.keys(keys[:1])
	if err == nil {
		set(all[0])
	}
	return err
}

// LinkAll is for [entity.Draft.Link], with an edge to many rows.
func LinkAll[K comparable](target *Target[K], keys []any, add func(...K)) error {
	all, err := target.keys(keys)
	if err == nil {
		add(all...)
	}
	return err
}

// SetRef hands the key that a global id stands for to set.
func SetRef[K comparable](v *Values, name string, target *Target[K], set func(K), clear func()) {
	raw, ok := v.take(name, clear)
	if !ok {
		return
	}
	if key, ok := target.parse(v, access.Read, raw, name); ok {
		set(key)
	}
}

// Link is how a mutation changes a list.
type Link[K comparable] struct {
	Target *Target[K]
	// Operation must be allowed on every row that is linked or unlinked: Read where the list belongs to the changed row,
	// Update where it belongs to the other one.
	Operation   access.Operation
	Add, Remove func(...K)
	Clear       func()
}

// Current is the member of a list's input, beside set, by which the engine tells which rows the list holds as far as the viewer
// may take them out: others stay. Without it set replaces all.
const Current = "current"

// SetLinks reads { connect, disconnect, set }.
func SetLinks[K comparable](v *Values, name string, link Link[K]) {
	readChanges(v, name, link.Target, link.Operation, map[string]func([]K){
		"connect":    func(keys []K) { link.Add(keys...) },
		"disconnect": func(keys []K) { link.Remove(keys...) },
		"set": func(keys []K) {
			changes, _ := v.in[name].(map[string]any)
			known, given := changes[Current].([]any)
			current, err := link.Target.keys(known)
			if !given || err != nil {
				link.Clear()
				link.Add(keys...)
				return
			}
			for _, key := range current {
				if !slices.Contains(keys, key) {
					link.Remove(key)
				}
			}
			link.Add(slices.DeleteFunc(keys, func(key K) bool { return slices.Contains(current, key) })...)
		},
	})
}

// Children is how a mutation changes the rows that hold the foreign key of an edge, of which P is the type. All rows that it
// changes must allow their update to the viewer.
type Children[P, K comparable] struct {
	Parent *Target[P]
	Target *Target[K]
	// Connect makes the rows with the given keys children of parent, whosever they were.
	Connect func(ctx context.Context, parent P, keys []K) error
	// Disconnect takes the rows with the given keys from parent. It is nil, as is Keep, if rows cannot be without a parent.
	Disconnect func(ctx context.Context, parent P, keys []K) error
	// Keep takes all other rows from parent that the viewer may update.
	Keep func(ctx context.Context, parent P, keys []K) error
}

// later has a change of children made as soon as their parent is there.
func (c Children[P, K]) later(v *Values, name string, write func(context.Context, P, []K) error, keys []K) {
	v.draft.Finish = append(v.draft.Finish, func(ctx context.Context, key any) error {
		parent, err := c.Parent.keys([]any{key})
		if err == nil {
			err = write(ctx, parent[0], keys)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return nil
	})
}

// SetChildren reads { connect, disconnect, set }. The rows are written by [entity.Draft.Finish].
func SetChildren[P, K comparable](v *Values, name string, c Children[P, K]) {
	readChanges(v, name, c.Target, access.Update, map[string]func([]K){
		"connect":    func(keys []K) { c.later(v, name, c.Connect, keys) },
		"disconnect": func(keys []K) { c.later(v, name, c.Disconnect, keys) },
		"set":        func(keys []K) { c.later(v, name, c.Keep, keys); c.later(v, name, c.Connect, keys) },
	})
}

// SetChild reads { connect, disconnect } of an edge to one row that holds the foreign key. The row takes the place of the one
// that was there; create says that none can be.
func SetChild[P, K comparable](v *Values, name string, create bool, c Children[P, K]) {
	changes, ok := v.object(name)
	if !ok {
		return
	}
	disconnect, given := changes["disconnect"]
	if given && disconnect != true {
		v.fail(apierr.Invalid, "can only be true", name, "disconnect")
		return
	}
	id, connects := changes["connect"]
	var keys []K
	if connects {
		key, ok := c.Target.parse(v, access.Update, id, name, "connect")
		if !ok {
			return
		}
		keys = append(keys, key)
	}
	if _, replaced := changes["replace"]; (given || connects || replaced) && !create && c.Keep != nil {
		c.later(v, name, c.Keep, keys)
	}
	if connects {
		c.later(v, name, c.Connect, keys)
	}
}

// object answers absent, null and other values than objects.
func (v *Values) object(name string) (map[string]any, bool) {
	raw, ok := v.take(name, nil)
	if !ok {
		return nil, false
	}
	object, ok := raw.(map[string]any)
	if !ok {
		v.fail(apierr.InvalidFormat, "must be an object", name)
	}
	return object, ok
}

// maxLinks bounds the statements that look up and write what one list names.
const maxLinks = 500

// readChanges reads { connect, disconnect, set }, of which set stands alone, and has each applied.
func readChanges[K comparable](v *Values, name string, target *Target[K], op access.Operation, apply map[string]func([]K)) {
	changes, ok := v.object(name)
	if !ok {
		return
	}
	_, connects := changes["connect"]
	_, disconnects := changes["disconnect"]
	if _, replaces := changes["set"]; replaces && (connects || disconnects) {
		v.fail(apierr.Invalid, "takes set alone, without connect and disconnect", name)
		return
	}
	given := make(map[K]string)
	for _, change := range []string{"disconnect", "connect", "set"} {
		value, ok := changes[change]
		if !ok {
			continue
		}
		if value == nil {
			v.fail(apierr.Required, "cannot be null", name, change)
			continue
		}
		ids, ok := value.([]any)
		switch {
		case !ok: // a single value stands for a list of one
			ids = []any{value}
		case len(ids) > maxLinks:
			v.fault(apierr.Field{
				Path: []any{name, change}, Code: apierr.OutOfRange, Limit: maxLinks,
				Message: fmt.Sprintf("must not hold more than %d ids", maxLinks),
			})
			continue
		}
		keys := make([]K, 0, len(ids))
		valid := true
		for i, id := range ids {
			key, ok := target.parse(v, op, id, name, change, i)
			switch before := given[key]; {
			case !ok:
				valid = false
			case before == "":
				given[key] = change
				keys = append(keys, key)
			case before != change:
				v.fail(apierr.Invalid, "stands under "+before+", too", name, change, i)
				valid = false
			}
		}
		if valid {
			apply[change](keys)
		}
	}
}
