package graph

import (
	"context"
	"strconv"

	"example.com/torture/ent"
	"example.com/torture/ent/membership"
)

func (r *queryResolver) OldestMembership(ctx context.Context) (*ent.Membership, error) {
	return r.client.Membership.Query().Order(membership.ByJoinedAt()).First(ctx)
}

func (r *membershipFieldsResolver) Title(_ context.Context, rows []*ent.Membership) ([]string, error) {
	titles := make([]string, len(rows))
	for i, row := range rows {
		titles[i] = strconv.Itoa(row.PersonID) + " in " + row.TeamID + " as " + row.Role.String()
	}
	return titles, nil
}
