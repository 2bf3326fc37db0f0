package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// Rule decides one attribute of the positions on which its condition holds.
type Rule struct {
	ID      string
	When    strictyaml.Text // SQL boolean over the joined position
	Then    strictyaml.Text // a value of the attribute, or a SQL expression that gives one
	Because string
	From    time.Time // first as-of date, zero: always
	Until   time.Time // last as-of date, zero: open
}

// Attributes are what rules decide, in the order in which they are decided:
// the instrument first, because the others ask for it.
var Attributes = []string{
	"instrument", "direction", "direction_economic", "obligation", "purpose", "counterparty_type",
	"rating_grade", "maturity_bucket",
}

// Rules are the rules of each attribute, in their order: the first match wins.
type Rules map[string][]Rule

// ReadRules reads <attribute>.yaml of every attribute from the folders; a file
// in a later folder takes the place of one in an earlier.
func ReadRules(folders ...fs.FS) (Rules, error) {
	rules := Rules{}
	faults, err := unknownFiles(folders)
	if err != nil {
		return nil, err
	}
	for _, attribute := range Attributes {
		name := attribute + ".yaml"
		text, err := readLast(folders, name)
		if err != nil {
			return nil, err
		}
		list, err := decodeRules(name, text)
		var found strictyaml.Faults
		switch {
		case errors.As(err, &found):
			faults = append(faults, found...)
		case err != nil:
			return nil, err
		}
		rules[attribute] = list
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return rules, nil
}

// unknownFiles finds files of rules whose name is no attribute: nobody would
// read them, and the program's own rules would decide.
func unknownFiles(folders []fs.FS) (faults strictyaml.Faults, err error) {
	for _, folder := range folders {
		files, err := fs.Glob(folder, "*.y*ml")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if attribute, isYAML := strings.CutSuffix(file, ".yaml"); !isYAML || !slices.Contains(Attributes, attribute) {
				faults = append(faults, strictyaml.Fault{Place: strictyaml.Place{File: path.Join("rules", file)}, Message: fmt.Sprintf(
					"rules are for an attribute, in <attribute>.yaml; %s", strictyaml.Hint(strings.TrimSuffix(attribute, ".yml"), Attributes))})
			}
		}
	}
	return faults, nil
}

func readLast(folders []fs.FS, name string) ([]byte, error) {
	for _, folder := range slices.Backward(folders) {
		text, err := fs.ReadFile(folder, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return nil, fmt.Errorf("no file %s among the rules and maps", name)
}

func decodeRules(name string, text []byte) ([]Rule, error) {
	var nodes []struct {
		ID      strictyaml.Text `yaml:"id,required"`
		When    strictyaml.Text `yaml:"when,required"`
		Then    strictyaml.Text `yaml:"then,required"`
		Because strictyaml.Text `yaml:"because,required"`
		From    strictyaml.Text `yaml:"from"`
		Until   strictyaml.Text `yaml:"until"`
	}
	if err := strictyaml.Decode(path.Join("rules", name), text, &nodes); err != nil {
		return nil, err
	}
	var faults strictyaml.Faults
	places := map[string]strictyaml.Place{}
	rules := make([]Rule, len(nodes))
	for i, n := range nodes {
		if first, repeated := places[n.ID.Value]; repeated {
			faults = append(faults, strictyaml.Fault{Place: n.ID.Place, Message: fmt.Sprintf("rule %q stands already at line %d; give it an id of its own", n.ID.Value, first.Line)})
		}
		places[n.ID.Value] = n.ID.Place
		rules[i] = Rule{ID: n.ID.Value, When: n.When, Then: n.Then, Because: n.Because.Value,
			From: day(n.From, &faults), Until: day(n.Until, &faults)}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return rules, nil
}

func day(text strictyaml.Text, faults *strictyaml.Faults) time.Time {
	if text.Value == "" {
		return time.Time{}
	}
	date, err := time.Parse(time.DateOnly, text.Value)
	if err != nil {
		*faults = append(*faults, strictyaml.Fault{Place: text.Place, Message: fmt.Sprintf("%q is no date; write YYYY-MM-DD", text.Value)})
	}
	return date
}

// inForce are the rules that hold at the as-of date.
func inForce(rules []Rule, asOf time.Time) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool {
		return (!r.From.IsZero() && r.From.After(asOf)) || (!r.Until.IsZero() && r.Until.Before(asOf))
	})
}

// compiledRules is the SQL of one attribute's rules.
type compiledRules struct {
	attribute string
	rules     []Rule
	when      []string
	then      []string
}

// compile vets and compiles the rules of the attributes over a relation.
func (r Rules) compile(ctx context.Context, db *store.DB, asOf time.Time, relation string, attributes ...string) (map[string]compiledRules, error) {
	compiled := map[string]compiledRules{}
	var expressions []store.Expression
	var faults strictyaml.Faults
	columns, err := store.Query(ctx, db, "describe "+relation)
	if err != nil {
		return nil, err
	}
	for _, attribute := range attributes {
		c := compiledRules{attribute: attribute, rules: inForce(r[attribute], asOf)}
		for _, rule := range c.rules {
			expressions = append(expressions, expression(rule.When, relation, store.Boolean))
			switch then := rule.Then.Value; {
			case isValue(attribute, then):
			case word.MatchString(then) && !slices.ContainsFunc(columns.Rows, func(row []any) bool { return row[0] == then }):
				column, _ := position.Facts(nil).Column(attribute)
				faults = append(faults, strictyaml.Fault{Place: rule.Then.Place, Message: fmt.Sprintf(
					"then: %q is no value of %s and no column; %s", then, attribute, strictyaml.Hint(then, column.Values))})
			default:
				expressions = append(expressions, expression(rule.Then, relation, store.Value))
			}
		}
		compiled[attribute] = c
	}
	texts, err := store.Compile(ctx, db, expressions, nil)
	if len(faults) > 0 {
		return nil, errors.Join(faults, err)
	}
	if err != nil {
		return nil, err
	}
	for _, attribute := range attributes {
		c := compiled[attribute]
		for _, rule := range c.rules {
			c.when, texts = append(c.when, texts[0]), texts[1:]
			if isValue(attribute, rule.Then.Value) {
				c.then = append(c.then, store.Literal(rule.Then.Value))
			} else {
				c.then, texts = append(c.then, texts[0]), texts[1:]
			}
		}
		compiled[attribute] = c
	}
	return compiled, nil
}

// word is a text that can be nothing but a value or a column.
var word = regexp.MustCompile(`^\w+$`)

func expression(text strictyaml.Text, relation string, want store.ExpressionType) store.Expression {
	return store.Expression{Text: text.Value, File: text.File, Line: text.Line, Column: text.Column, Relation: relation, Want: want}
}

// isValue tells whether the text is a value of the attribute's closed list.
func isValue(attribute, text string) bool {
	column, _ := position.Facts(nil).Column(attribute)
	return slices.Contains(column.Values, text)
}

// number is the SQL that gives the number of the first rule that matches, or 0.
func (c compiledRules) number() string {
	var b strings.Builder
	b.WriteString("case")
	for i, when := range c.when {
		fmt.Fprintf(&b, " when %s then %d", when, i+1)
	}
	if len(c.when) == 0 {
		return "0"
	}
	return b.String() + " else 0 end"
}

// Terms are the types of what classification gives: texts of a closed list are
// written by their numbers, which is fast only where they never were texts.
const (
	classTerm = "class_term" // the values of all attributes
	ruleTerm  = "rule_term"  // the ids of all rules
)

// createTerms makes the types of terms for the compiled rules.
func createTerms(ctx context.Context, db *store.DB, compiled map[string]compiledRules) error {
	classes, ids := []string{position.Unclassified}, []string{"none", "adjustment"}
	for _, attribute := range slices.Sorted(maps.Keys(compiled)) {
		column, _ := position.Facts(nil).Column(attribute)
		classes = append(classes, column.Values...)
		for _, rule := range compiled[attribute].rules {
			ids = append(ids, rule.ID)
		}
	}
	return errors.Join(db.CreateEnum(ctx, classTerm, classes), db.CreateEnum(ctx, ruleTerm, ids))
}

// value is the SQL that gives the attribute from the number of its rule, as text.
func (c compiledRules) value() string {
	values := make([]string, len(c.then))
	for i, value := range c.then {
		values[i] = value
		if value[0] != '\'' { // an expression: what it gives must be of the closed list, too
			column, _ := position.Facts(nil).Column(c.attribute)
			values[i] = "coalesce(" + store.OneOf(value, column.Values) + ", '" + position.Unclassified + "')"
		}
	}
	return c.byNumber(values, "'"+position.Unclassified+"'")
}

// term is value as a term.
func (c compiledRules) term() string {
	unclassified := store.Term("'"+position.Unclassified+"'", classTerm)
	terms := make([]string, len(c.then))
	for i, value := range c.then {
		terms[i] = store.Term(value, classTerm)
		if value[0] != '\'' {
			column, _ := position.Facts(nil).Column(c.attribute)
			terms[i] = "coalesce(" + store.Term(store.OneOf(value, column.Values), classTerm) + ", " + unclassified + ")"
		}
	}
	return c.byNumber(terms, unclassified)
}

// ruleID is the SQL that gives the rule's id from its number, as a term.
func (c compiledRules) ruleID() string {
	ids := make([]string, len(c.rules))
	for i, rule := range c.rules {
		ids[i] = store.Term(store.Literal(rule.ID), ruleTerm)
	}
	return c.byNumber(ids, store.Term("'none'", ruleTerm))
}

func (c compiledRules) byNumber(values []string, otherwise string) string {
	if len(values) == 0 {
		return otherwise
	}
	var b strings.Builder
	fmt.Fprintf(&b, "case %s_number", c.attribute)
	for i, value := range values {
		fmt.Fprintf(&b, " when %d then %s", i+1, value)
	}
	return b.String() + " else " + otherwise + " end"
}
