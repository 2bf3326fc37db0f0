package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
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
		file, text, err := readLast(folders, name)
		if err != nil {
			return nil, err
		}
		list, err := decodeRules(file, text)
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
				faults = append(faults, strictyaml.Fault{Place: strictyaml.Place{File: strictyaml.Shown(folder, "rules", file)}, Message: fmt.Sprintf(
					"rules are for an attribute, in <attribute>.yaml; %s", strictyaml.Hint(strings.TrimSuffix(attribute, ".yml"), Attributes))})
			}
		}
	}
	return faults, nil
}

// readLast reads the file of the last folder that has it, with what messages call it.
func readLast(folders []fs.FS, name string) (string, []byte, error) {
	for _, folder := range slices.Backward(folders) {
		text, err := fs.ReadFile(folder, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return strictyaml.Shown(folder, "rules", name), text, err
		}
	}
	return "", nil, fmt.Errorf("no file %s among the rules and maps", name)
}

func decodeRules(file string, text []byte) ([]Rule, error) {
	var nodes []struct {
		ID      strictyaml.Text `yaml:"id,required"`
		When    strictyaml.Text `yaml:"when,required"`
		Then    strictyaml.Text `yaml:"then,required"`
		Because strictyaml.Text `yaml:"because,required"`
		From    strictyaml.Text `yaml:"from"`
		Until   strictyaml.Text `yaml:"until"`
	}
	if err := strictyaml.Decode(file, text, &nodes); err != nil {
		return nil, err
	}
	var faults strictyaml.Faults
	fault := func(at strictyaml.Place, format string, arguments ...any) {
		faults = append(faults, strictyaml.Fault{Place: at, Message: fmt.Sprintf(format, arguments...)})
	}
	rules := make([]Rule, len(nodes))
	for i, n := range nodes {
		rules[i] = Rule{ID: n.ID.Value, When: n.When, Then: n.Then, Because: n.Because.Value,
			From: day(n.From, &faults), Until: day(n.Until, &faults)}
		if !rules[i].Until.IsZero() && rules[i].Until.Before(rules[i].From) {
			fault(n.Until.Place, "rule %q: until %s is before from %s", n.ID.Value, n.Until.Value, n.From.Value)
		}
		if slices.Contains(append([]string{noRule, "adjustment"}, evidenceRules...), n.ID.Value) {
			fault(n.ID.Place, "rule %q: the program gives this id itself; give the rule another", n.ID.Value)
		}
		for j, earlier := range rules[:i] {
			if earlier.ID == n.ID.Value && rules[i].meets(earlier) {
				fault(n.ID.Place, "rule %q stands already at line %d for some of the same time; end one version before the next begins, or give it an id of its own", n.ID.Value, nodes[j].ID.Line)
			}
		}
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

// inForce tells whether the rule holds at a date.
func (r Rule) inForce(date time.Time) bool {
	return !r.From.After(date) && (r.Until.IsZero() || !r.Until.Before(date))
}

// meets tells whether both rules hold at some date.
func (r Rule) meets(other Rule) bool {
	ends := func(first, second Rule) bool { return !first.Until.IsZero() && first.Until.Before(second.From) }
	return !ends(r, other) && !ends(other, r)
}

// inForce are the rules that hold at the as-of date.
func inForce(rules []Rule, asOf time.Time) []Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return !r.inForce(asOf) })
}

// compiledRules is the SQL of one attribute's rules.
type compiledRules struct {
	attribute string
	rules     []Rule
	when      []string
	then      []outcome
	meets     [][]bool // which rules can match at once; nil: any
}

// outcome is what a rule decides: a term of the attribute, for all positions the
// same, or as a column or another expression gives it.
type outcome struct {
	sql      string
	constant bool
}

// compile vets and compiles the rules of the attributes over a relation.
func (r Rules) compile(ctx context.Context, db *store.DB, in Input, relation string, attributes ...string) (map[string]compiledRules, error) {
	compiled := map[string]compiledRules{}
	var expressions []store.Expression
	var faults strictyaml.Faults
	columns, err := store.Query(ctx, db, "describe "+relation)
	if err != nil {
		return nil, err
	}
	for _, attribute := range attributes {
		c := compiledRules{attribute: attribute, rules: r[attribute]}
		if !in.AllRules {
			c.rules = inForce(c.rules, in.AsOf)
		}
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
				c.then = append(c.then, outcome{term(attribute, store.Literal(rule.Then.Value)), true})
				continue
			}
			given := texts[0]
			texts = texts[1:]
			if !isTerm(attribute, rule.Then.Value, columns) {
				column, _ := position.Facts(nil).Column(attribute)
				given = term(attribute, store.OneOf(given, column.Values))
			}
			c.then = append(c.then, outcome{"coalesce(" + given + ", " + unclassified(attribute) + ")", false})
		}
		compiled[attribute] = c
	}
	return compiled, nil
}

// word is a text that can be nothing but a value or a column.
var word = regexp.MustCompile(`^\w+$`)

func expression(text strictyaml.Text, relation string, want store.ExpressionType) store.Expression {
	return store.Expression{Text: text.Value, File: text.File, Line: text.Line, Column: text.Column, Relation: relation, Want: want, LookUp: true,
		ClosedLists: closedLists()}
}

// closedLists are the words of columns of positions that have a closed list.
func closedLists() map[string][]string {
	positions, _ := position.Find("positions")
	return positions.ClosedLists()
}

// isValue tells whether the text is a value of the attribute's closed list.
func isValue(attribute, text string) bool {
	column, _ := position.Facts(nil).Column(attribute)
	return slices.Contains(column.Values, text)
}

// isTerm tells whether the text is a column that has terms of the attribute, so
// that what it gives is of the closed list.
func isTerm(attribute, text string, columns store.Table) bool {
	column, _ := position.Facts(nil).Column(attribute)
	return slices.ContainsFunc(columns.Rows, func(row []any) bool {
		return row[0] == text && strings.EqualFold(row[1].(string), store.Enum(termsOf(column)))
	})
}

// number is the SQL that gives the number of the first rule that matches, and
// the one after the last where none does.
func (c compiledRules) number() string {
	if len(c.when) == 0 {
		return "1"
	}
	var b strings.Builder
	b.WriteString("case")
	for i, when := range c.when {
		fmt.Fprintf(&b, " when %s then %d", when, i+1)
	}
	return fmt.Sprintf("%s else %d end", b.String(), len(c.when)+1)
}

// decided is the SQL that gives the attribute, a term, from the number of its rule.
func (c compiledRules) decided() string {
	var b strings.Builder
	values := make([]string, 0, len(c.then)+1)
	numbers := map[string][]string{}
	var given []string
	for i, then := range c.then {
		if then.constant {
			values = append(values, then.sql)
			continue
		}
		values = append(values, unclassified(c.attribute))
		if numbers[then.sql] == nil {
			given = append(given, then.sql)
		}
		numbers[then.sql] = append(numbers[then.sql], strconv.Itoa(i+1))
	}
	chosen := store.Choose(c.attribute+"_number", append(values, unclassified(c.attribute)))
	if len(given) == 0 {
		return chosen
	}
	b.WriteString("case")
	for _, sql := range given {
		fmt.Fprintf(&b, " when %s_number in (%s) then %s", c.attribute, strings.Join(numbers[sql], ", "), sql)
	}
	return b.String() + " else " + chosen + " end"
}

// ruleID is the SQL that gives the rule's id from its number, as a term.
func (c compiledRules) ruleID() string {
	ids := make([]string, 0, len(c.rules)+1)
	for _, rule := range c.rules {
		ids = append(ids, store.Term(store.Literal(rule.ID), ruleTerm))
	}
	return store.Choose(c.attribute+"_number", append(ids, store.Term("'none'", ruleTerm)))
}

// ruleTerm is the type of the ids of all rules.
const ruleTerm = "rule_term"

// createRuleTerm makes the type of the ids of the compiled rules.
func createRuleTerm(ctx context.Context, db *store.DB, compiled map[string]compiledRules) error {
	ids := append([]string{"none", "adjustment"}, evidenceRules...)
	for _, attribute := range slices.Sorted(maps.Keys(compiled)) {
		for _, rule := range compiled[attribute].rules {
			ids = append(ids, rule.ID)
		}
	}
	return db.Run(ctx, store.CreateEnum(ruleTerm, ids))
}

// createTerms makes a type for each column of facts with a closed list: its texts
// are written by their numbers, which is fast only where they never were texts.
func createTerms(ctx context.Context, db *store.DB, in Input) error {
	statements := []string{store.CreateEnum(termType("currency"), position.Currencies), store.CreateEnum(termType("release"), []string{in.Release})}
	for _, column := range position.Facts(parameters{Input: in}.scopeNames()).Columns {
		if len(column.Values) > 0 {
			statements = append(statements, store.CreateEnum(termType(column.Name), termsOf(column)))
		}
	}
	return db.RunAll(ctx, statements)
}

// termsOf are the values of a column of facts; what rules decide may also be
// unclassified.
func termsOf(column position.Column) []string {
	if slices.Contains(Attributes, column.Name) && !slices.Contains(column.Values, position.Unclassified) {
		return append(slices.Clone(column.Values), position.Unclassified)
	}
	return column.Values
}

func termType(column string) string { return column + "_term" }

// term is a text as a term of a column of facts.
func term(column, text string) string { return store.Term(text, termType(column)) }

func unclassified(attribute string) string { return term(attribute, "'"+position.Unclassified+"'") }
