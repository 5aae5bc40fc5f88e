package gateway

import (
	"errors"
	"strconv"
	"strings"
)

// limits are the settings that bound what one request may ask for.
func limits() []setting {
	return []setting{
		limit("ENTWINE_PAGE_SIZE", 20, "rows of a list if the client does not say", func(c *Config) *int { return &c.Reads.PageSize }),
		limit("ENTWINE_MAX_PAGE_SIZE", 100, "most rows that a client may ask of a list", func(c *Config) *int { return &c.Reads.MaxPageSize }),
		limit("ENTWINE_MAX_ROWS", 10_000, "most rows that nested pages may hold together, by their sizes", func(c *Config) *int { return &c.Reads.MaxRows }),
		limit("ENTWINE_MAX_IDS", 100, "most ids that nodes takes", func(c *Config) *int { return &c.Reads.MaxIDs }),
		limit("ENTWINE_MAX_BYTES", 32<<20, "most bytes of values that an operation may read", func(c *Config) *int { return &c.Reads.MaxBytes }),
		limit("ENTWINE_MAX_WHERE_DEPTH", 5, "how deep where may be nested", func(c *Config) *int { return &c.Reads.MaxWhereDepth }),
		limit("ENTWINE_MAX_WHERE_CONDITIONS", 100, "most conditions in where; the elements of and, or and not count too", func(c *Config) *int { return &c.Reads.MaxWhereConditions }),
		limit("ENTWINE_MAX_WHERE_VALUES", 500, "most values of in and other operators that take a list", func(c *Config) *int { return &c.Reads.MaxWhereValues }),
		limit("ENTWINE_MAX_BODY_BYTES", 1<<20, "size of a request's body", func(c *Config) *int { return &c.Documents.Body }),
		{
			flag: "max-tokens", env: "ENTWINE_MAX_TOKENS", value: "1000", server: true,
			help: "most tokens of a document; 2000 at most",
			set: func(c *Config, v string) error {
				n, err := strconv.Atoi(v)
				if err != nil || n < 1 || n > 2000 { // beyond which validation takes seconds
					return errors.New("must be a whole number from 1 to 2000")
				}
				c.Documents.Tokens = n
				return nil
			},
		},
		limit("ENTWINE_MAX_SELECTIONS", 500, "most fields, spreads and inline fragments that are written in a document", func(c *Config) *int { return &c.Documents.Selections }),
		limit("ENTWINE_MAX_FIELDS", 2000, "most fields of an operation once its fragments are written out", func(c *Config) *int { return &c.Documents.Expanded }),
		limit("ENTWINE_MAX_FRAGMENTS", 200, "most fragments and spreads of a document, together", func(c *Config) *int { return &c.Documents.Fragments }),
		limit("ENTWINE_MAX_OPERATIONS", 10, "most operations of a document", func(c *Config) *int { return &c.Documents.Operations }),
		limit("ENTWINE_MAX_DEPTH", 12, "how many objects deep an operation may nest; edges, node, nodes and pageInfo are free", func(c *Config) *int { return &c.Documents.Depth }),
		limit("ENTWINE_MAX_INTROSPECTION_DEPTH", 20, "the same for __schema and __type, where nothing is free", func(c *Config) *int { return &c.Documents.IntrospectionDepth }),
		limit("ENTWINE_MAX_ALIASES", 30, "most aliases of a document", func(c *Config) *int { return &c.Documents.Aliases }),
		limit("ENTWINE_MAX_DIRECTIVES", 20, "most directives of a document", func(c *Config) *int { return &c.Documents.Directives }),
		limit("ENTWINE_MAX_ERRORS", 20, "most errors that a response lists", func(c *Config) *int { return &c.Documents.Errors }),
	}
}

// limit is a setting that is a number above zero.
func limit(env string, value int, help string, field func(*Config) *int) setting {
	return setting{
		flag: strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(env, "ENTWINE_")), "_", "-"), env: env,
		value: strconv.Itoa(value), help: help, server: true,
		set: func(c *Config, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 1<<30 {
				return errors.New("must be a whole number above zero")
			}
			*field(c) = n
			return nil
		},
	}
}
