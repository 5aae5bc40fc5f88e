package rules

// allow is for the lines that silence other rules.
var allow = Rule{
	Name: "allow", Severity: Error,
	Reason: "A rule is silenced by its name and a reason, which whoever reads the file later needs.",
	Safer: `
-- entwine:allow drop-column nothing reads it since release 7`,
}
