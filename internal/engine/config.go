package engine

// Config holds the engine's settings. A zero field means its default.
type Config struct {
	// PageSize is how many rows a list gives if neither the client nor the entity says. Defaults to 20.
	PageSize int
	// MaxPageSize is the most rows that a client may ask of a list, unless the entity says otherwise. Defaults to 100.
	MaxPageSize int
	// MaxIDs is the most ids of Query.nodes. Defaults to 100.
	MaxIDs int
	// MaxRows is the most rows that nested pages may hold together at one level, by their sizes: 100 posts with 100 comments
	// each are 10,000. Defaults to 10,000.
	MaxRows int
	// MaxBytes bounds the values that an operation reads from the database, and its response. Defaults to 32 MiB.
	MaxBytes int
	// MaxWhereDepth is how deep a where argument may be nested. Defaults to 5.
	MaxWhereDepth int
	// MaxWhereConditions is how many tests and elements of and, or and not a where argument may hold. Defaults to 100.
	MaxWhereConditions int
	// MaxWhereValues is how many values the list of one operator may hold. Defaults to 500.
	MaxWhereValues int
	// Plans is how many compiled plans are kept. Defaults to 2000; large ones are fewer, see maxPlanFields.
	Plans int
}

func (c Config) withDefaults() Config {
	c.PageSize = cmpOr(c.PageSize, 20)
	c.MaxPageSize = cmpOr(c.MaxPageSize, 100)
	c.MaxIDs = cmpOr(c.MaxIDs, 100)
	c.MaxRows = cmpOr(c.MaxRows, 10_000)
	c.MaxBytes = cmpOr(c.MaxBytes, 32<<20)
	c.MaxWhereDepth = cmpOr(c.MaxWhereDepth, 5)
	c.MaxWhereConditions = cmpOr(c.MaxWhereConditions, 100)
	c.MaxWhereValues = cmpOr(c.MaxWhereValues, 500)
	c.Plans = cmpOr(c.Plans, 2000)
	return c
}
