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
	// Allowed returns those of the keys whose rows exist and allow op to the viewer of ctx.
	Allowed func(ctx context.Context, op access.Operation, keys []K) ([]K, error)
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
		if key, ok := target.parse(v, raw, "id"); ok {
			set(key)
		}
	}
}

// parse turns a global id into a key, or records a fault.
func (t *Target[K]) parse(v *Values, raw any, path ...any) (key K, ok bool) {
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
		v.missing(t.Entity, path...)
	}
	return key, ok
}

// missing is said of rows that do not exist and of rows that the viewer may not see: the two must look the same.
func (v *Values) missing(e *entity.Entity, path ...any) {
	v.fail(apierr.Missing, "does not lead to any "+e.Name, path...)
}

// SetRef hands the key that a global id stands for to set. Where rules hide rows of the target, it is looked up first, so
// that nobody can refer to a row that they may not read; else the database's foreign key says whether it exists.
func SetRef[K comparable](v *Values, name string, target *Target[K], set func(K), clear func()) {
	raw, ok := v.take(name, clear)
	if !ok {
		return
	}
	key, ok := target.parse(v, raw, name)
	if !ok {
		return
	}
	set(key)
	if target.Entity.AllVisible() {
		return
	}
	v.checks = append(v.checks, func(ctx context.Context) error {
		found, err := target.Allowed(ctx, access.Read, []K{key})
		if err != nil {
			return fmt.Errorf("look up %s: %w", name, err)
		}
		if len(found) == 0 {
			v.missing(target.Entity, name)
		}
		return nil
	})
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

// SetLinks reads { connect, disconnect, set }.
func SetLinks[K comparable](v *Values, name string, link Link[K]) {
	readChanges(v, name, link.Target, link.Operation, map[string]func([]K){
		"connect":    func(keys []K) { link.Add(keys...) },
		"disconnect": func(keys []K) { link.Remove(keys...) },
		"set":        func(keys []K) { link.Clear(); link.Add(keys...) },
	})
}

// Children is how a mutation changes a list whose rows hold the foreign key, of which P is the type. All rows that it
// changes must allow their update to the viewer.
type Children[P, K comparable] struct {
	Target *Target[K]
	// Connect makes the rows with the given keys children of parent, whosever they were.
	Connect func(ctx context.Context, parent P, keys []K) error
	// Disconnect takes the rows with the given keys from parent. It is nil, as is Keep, if rows cannot be without a parent.
	Disconnect func(ctx context.Context, parent P, keys []K) error
	// Keep takes all other rows from parent that the viewer may update.
	Keep func(ctx context.Context, parent P, keys []K) error
}

// SetChildren reads { connect, disconnect, set }. The rows are written by [Values.Finish].
func SetChildren[P, K comparable](v *Values, name string, c Children[P, K]) {
	later := func(write func(context.Context, P, []K) error, keys []K) {
		v.after = append(v.after, func(ctx context.Context, key any) error {
			if err := write(ctx, key.(P), keys); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
			return nil
		})
	}
	readChanges(v, name, c.Target, access.Update, map[string]func([]K){
		"connect":    func(keys []K) { later(c.Connect, keys) },
		"disconnect": func(keys []K) { later(c.Disconnect, keys) },
		"set":        func(keys []K) { later(c.Keep, keys); later(c.Connect, keys) },
	})
}

// maxLinks bounds the statements that look up and write what one list names.
const maxLinks = 500

// readChanges reads { connect, disconnect, set }, of which set stands alone, and has each applied.
func readChanges[K comparable](v *Values, name string, target *Target[K], op access.Operation, apply map[string]func([]K)) {
	raw, ok := v.take(name, nil)
	if !ok {
		return
	}
	changes, ok := raw.(map[string]any)
	if !ok {
		v.fail(apierr.InvalidFormat, "must be an object", name)
		return
	}
	if _, replaces := changes["set"]; replaces && len(changes) > 1 {
		v.fail(apierr.Invalid, "takes set alone, without connect and disconnect", name)
		return
	}
	for _, change := range []string{"disconnect", "connect", "set"} {
		value, given := changes[change]
		if !given {
			continue
		}
		ids, ok := value.([]any)
		switch {
		case value == nil:
			v.fail(apierr.Required, "cannot be null", name, change)
			continue
		case !ok: // a single value stands for a list of one
			ids = []any{value}
		case len(ids) > maxLinks:
			v.faults = append(v.faults, apierr.Field{
				Path: []any{"input", name, change}, Code: apierr.OutOfRange, Limit: maxLinks,
				Message: fmt.Sprintf("must not hold more than %d ids", maxLinks),
			})
			continue
		}
		if keys, ok := readKeys(v, target, op, ids, name, change); ok {
			apply[change](keys)
		}
	}
}

// readKeys parses the ids without their repetitions and has them looked up.
func readKeys[K comparable](v *Values, target *Target[K], op access.Operation, ids []any, name, change string) (keys []K, ok bool) {
	at := make(map[K]int, len(ids))
	ok = true
	for i, id := range ids {
		key, valid := target.parse(v, id, name, change, i)
		if !valid {
			ok = false
			continue
		}
		if _, repeated := at[key]; !repeated {
			at[key] = i
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		v.checks = append(v.checks, func(ctx context.Context) error {
			found, err := target.Allowed(ctx, op, keys)
			if err != nil {
				return fmt.Errorf("look up %s: %w", name, err)
			}
			for _, key := range keys {
				if !slices.Contains(found, key) {
					v.missing(target.Entity, name, change, at[key])
				}
			}
			return nil
		})
	}
	return keys, ok
}
