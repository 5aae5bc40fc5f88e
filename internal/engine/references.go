package engine

import (
	"context"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// inputRef is an id somewhere in an input.
type inputRef struct {
	entity.Reference
	item *item
}

// references are the ids of all rows of the input.
func (m *change) references() []inputRef {
	var all []inputRef
	for _, it := range m.items {
		if it.draft == nil {
			continue
		}
		for _, ref := range it.draft.References {
			all = append(all, inputRef{ref, it})
		}
	}
	return all
}

// lookUp finds the rows to which the input refers where rules hide some, so that nobody can refer to a row that they may not
// use. Elsewhere the database's foreign keys say whether a row exists; what is taken out of lists is looked up in any case.
func (m *change) lookUp(ctx context.Context) error {
	missing, err := m.missing(ctx, m.doubtful())
	if m.faults = append(m.faults, missing...); err != nil || len(m.faults) == 0 {
		return err
	}
	// Nothing is written, so that the database is not going to say anything about the others.
	others := slices.DeleteFunc(m.references(), func(ref inputRef) bool { return !m.free(ref) })
	missing, err = m.missing(ctx, others)
	m.faults = append(m.faults, missing...)
	return err
}

// doubtful are the references that have to be looked up before anything is written.
func (m *change) doubtful() []inputRef { return slices.DeleteFunc(m.references(), m.free) }

// free says whether a reference may lead to any row that is there.
func (m *change) free(ref inputRef) bool {
	return len(ref.Path) == 1 && ref.Operation == access.Read && ref.Entity.Unrestricted(access.Read, m.viewer)
}

// missing says which references lead to no row with which the viewer may do what is needed. It costs one statement for each
// entity and operation.
func (m *change) missing(ctx context.Context, refs []inputRef) ([]apierr.Field, error) {
	type question struct {
		entity *entity.Entity
		op     access.Operation
	}
	var questions []question
	groups := make(map[question][]inputRef)
	for _, ref := range refs {
		q := question{ref.Entity, ref.Operation}
		if groups[q] == nil {
			questions = append(questions, q)
		}
		groups[q] = append(groups[q], ref)
	}
	var faults []apierr.Field
	for _, q := range questions {
		keys := make([]any, 0, len(groups[q]))
		known := make(map[any]bool)
		for _, ref := range groups[q] {
			if !known[ref.Key] {
				known[ref.Key] = true
				keys = append(keys, ref.Key)
			}
		}
		seen, err := m.at(ctx, &look{entity: q.entity, op: q.op}, keys)
		if err != nil {
			return nil, err
		}
		for _, ref := range groups[q] {
			if row := seen[ref.Key]; row == nil || !row.readable || !row.allowed {
				faults = append(faults, ref.item.located(apierr.Field{
					Path: ref.Path, Code: apierr.Missing, Message: "does not lead to any " + q.entity.Name,
				}))
			}
		}
	}
	return faults, nil
}
