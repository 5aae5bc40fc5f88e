package gql

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// rules returns the validation rules for one document: the specification's and our own.
func (h *handler) rules(query string) *rules.Rules {
	set := rules.NewDefaultRules()
	if !h.cfg.Hints {
		for _, quiet := range []struct {
			name string
			rule core.Rule
		}{
			{rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions},
			{rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions},
			{rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions},
			{rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions},
			{rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions},
		} {
			set.RemoveRule(quiet.name)
			set.AddRule(quiet.rule.Name, quiet.rule.RuleFunc)
		}
	}
	if !h.cfg.Introspection {
		set.AddRule("Introspection", refuseIntrospection)
	}
	set.AddRule("Literals", literals(query))
	return set
}

func refuseIntrospection(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(_ *core.Walker, field *ast.Field) {
		if isIntrospection(field.Name) {
			addError(core.Message("Introspection is switched off; %s cannot be selected.", field.Name), core.At(field.Position))
		}
	})
}

// literals refuses what the parser lets through and no database stores: integers that Int cannot hold, NUL characters, and
// halves of surrogate pairs, which the parser replaces silently.
func literals(query string) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnValue(func(_ *core.Walker, v *ast.Value) {
			switch v.Kind {
			case ast.IntValue:
				if v.Definition == nil || v.Definition.Name != "Int" {
					return
				}
				if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
					addError(core.Message("Int cannot represent a value beyond 32 bits."), core.At(v.Position))
				}
			case ast.FloatValue:
				if v.Definition == nil || v.Definition.Name != "Float" {
					return
				}
				if _, err := strconv.ParseFloat(v.Raw, 64); err != nil {
					addError(core.Message("Float cannot represent a value of this size."), core.At(v.Position))
				}
			case ast.StringValue, ast.BlockValue:
				switch {
				case strings.ContainsRune(v.Raw, 0):
					addError(core.Message("A string must not contain the NUL character."), core.At(v.Position))
				case strings.ContainsRune(v.Raw, utf8.RuneError) && halves(query):
					addError(core.Message("A string must not contain half of a surrogate pair."), core.At(v.Position))
				}
			}
		})
	}
}
