package rules

// op is one thing that a statement does.
type op struct {
	kind  opKind
	line  int
	table string
	// name is the new name of what is renamed, and the name of an index, a constraint or a setting.
	name       string
	column     *column     // added, or changed: what is said of it
	old        *column     // as it was
	made       *table      // by createTable and rebuild
	constraint *constraint // added
	index      *index      // created

	concurrently bool
	where        bool // limits what is updated or deleted
	reads        bool // other tables, and not only values that stand there
	cascade      bool
	value        string // of a setting
	what         string // of other things that rewrite a table
	// rebuilt says that SQLite makes the table anew for it.
	rebuilt bool
}

type opKind int

const (
	otherOp opKind = iota
	createTable
	dropTableOp
	renameTableOp
	rebuild // SQLite: a new table takes the place of an old one
	addColumn
	dropColumnOp
	renameColumnOp
	changeType
	setNotNullOp
	dropNotNull
	setDefault
	dropDefaultOp
	addConstraint
	dropConstraint
	validateConstraint
	createIndex
	dropIndex
	rewriteOp
	insertOp
	updateOp
	deleteOp
	setting
	vacuum // what no transaction can hold
)

// table is what is known of one.
type table struct {
	name    string
	columns []*column
	checks  map[string][]token // validated, by name
	// unproven are checks that rows need not pass that were there before.
	unproven map[string][]token
	indexes  []*index
	lost     []*index // those that the file has dropped so far
}

func (t *table) column(name string) *column {
	if t == nil {
		return nil
	}
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

type column struct {
	name, typ string
	notNull   bool
	value     []token // the default
	unique    bool    // or the primary key
	refers    string  // to a table
	checked   bool
	generated bool // has its values from an expression or a sequence
	computed  bool // and the expression is stored
}

type index struct {
	name    string
	unique  bool
	method  string // "gin", or empty
	columns []string
}

type constraint struct {
	name       string
	kind       constraintKind
	columns    []string
	notValid   bool
	usingIndex bool
	expr       []token
}

type constraintKind string

const (
	uniqueConstraint  constraintKind = "unique"
	primaryConstraint constraintKind = "primary key"
	foreignConstraint constraintKind = "foreign key"
	checkConstraint   constraintKind = "check"
	excludeConstraint constraintKind = "exclude"
)
