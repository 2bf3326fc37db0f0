package transform

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// RuleUse is what a rule decided: by the labels, before evidence. The rule none of an
// attribute has what no rule decided.
type RuleUse struct {
	Attribute, Rule string
	Place           int // among the rules of the attribute, from 1
	From, Until     time.Time
	InForce         bool
	Positions       int64
	Money           decimal.Decimal // notional, in the reporting currency
}

// IsGap tells whether it is what no rule decided.
func (r RuleUse) IsGap() bool { return r.Rule == noRule }

// RuleConflict is a pair of rules that match the same positions and decide
// differently: the first decided.
type RuleConflict struct {
	Attribute, Rule, Shadowed string
	Positions                 int64
	Money                     decimal.Decimal
}

// noRule is the rule of what no rule decided.
const noRule = "none"

// Each fact carries, as digits of a few whole numbers, which rule decided each attribute and
// which further rules would have decided otherwise. One grouping by these numbers then
// tells all about the rules. Working the rules out once more would take as long as
// classifying every position again.

// digit is one of the digits: a number of a rule, or whether a further rule matches.
type digit struct {
	attribute string
	rule      int    // 0: which rule decided, from 0; else the number, from 1, of a further rule that would have
	when      string // of a further rule, when it would have decided otherwise
	radix     int64
}

// digits are those of the compiled rules. A further rule has one only where it can
// match beside an earlier one that decides otherwise, and is no default.
func (p parameters) digits() (list []digit) {
	for _, attribute := range Attributes {
		c := p.compiled[attribute]
		list = append(list, digit{attribute, 0, "", int64(len(c.rules) + 1)})
		compared := slices.ContainsFunc(c.then, func(o outcome) bool { return !o.constant })
		for i := range c.rules {
			if c.isDefault(i) || !slices.ContainsFunc(c.then[:i], func(o outcome) bool { return o != c.then[i] }) || !c.meetsEarlier(i) {
				continue
			}
			when := c.when[i]
			if compared { // what columns give differs from position to position
				when += " and " + decidedColumn(attribute) + " <> " + c.then[i].sql
			}
			list = append(list, digit{attribute, i + 1, when, 2})
		}
	}
	return list
}

// decidedColumn is the column of measured that has an attribute.
func decidedColumn(attribute string) string {
	if attribute == "counterparty_type" { // positions have a column of that name
		return "type_decided"
	}
	return attribute
}

// isDefault tells whether a rule takes whatever is left: it contradicts none.
func (c compiledRules) isDefault(rule int) bool {
	return rule == len(c.rules)-1 && strings.EqualFold(strings.TrimSpace(c.rules[rule].When.Value), "true")
}

// meetsEarlier tells whether a rule can match where an earlier one that decides
// otherwise does.
func (c compiledRules) meetsEarlier(rule int) bool {
	if c.meets == nil { // nobody knows
		return true
	}
	for earlier := range rule {
		if c.meets[rule][earlier] && c.then[rule] != c.then[earlier] {
			return true
		}
	}
	return false
}

// packDigits divides digits into numbers that a bigint holds.
func packDigits(digits []digit) (numbers [][]digit) {
	room := int64(0)
	for _, d := range digits {
		if room < d.radix {
			numbers, room = append(numbers, nil), math.MaxInt64
		}
		last := len(numbers) - 1
		numbers[last] = append(numbers[last], d)
		room /= d.radix
	}
	return numbers
}

// RuleNumbers are the SQL of the numbers in which facts carry what rules made of them.
func (p parameters) RuleNumbers() []string {
	var list []string
	for _, number := range packDigits(p.digits()) {
		place := int64(1)
		var terms []string
		for _, d := range number {
			if d.rule == 0 {
				terms = append(terms, fmt.Sprintf("cast(%s_number - 1 as bigint) * %d", d.attribute, place))
			} else {
				terms = append(terms, fmt.Sprintf("case when %s then cast(%d as bigint) else cast(0 as bigint) end", d.when, place))
			}
			place *= d.radix
		}
		list = append(list, strings.Join(terms, " + "))
	}
	return list
}

// mostCombinations is how many combinations of values are tried to find out which
// rules can match at once.
const mostCombinations = 50_000

// findMeetings finds, for every attribute whose rules ask only for words of closed
// lists and whether columns have a value, which rules can match at once: it tries all
// there are. Of other attributes it says nothing.
func findMeetings(ctx context.Context, db *store.DB, compiled map[string]compiledRules) error {
	described, err := store.Query(ctx, db, "describe joined_with_instrument")
	if err != nil {
		return err
	}
	types := map[string]string{}
	for _, row := range described.Rows {
		types[row[0].(string)] = row[1].(string)
	}
	for _, attribute := range Attributes {
		c := compiled[attribute]
		from, ok := combinations(c.when, types)
		if !ok || len(c.when) < 2 {
			continue
		}
		var items []string
		for _, when := range c.when {
			items = append(items, "coalesce("+when+", false)")
		}
		table, err := store.Query(ctx, db, "select distinct "+strings.Join(items, ", ")+" from "+from)
		if err != nil {
			return err
		}
		c.meets = make([][]bool, len(c.when))
		for i := range c.meets {
			c.meets[i] = make([]bool, len(c.when))
		}
		for _, row := range table.Rows {
			for i := range row {
				for j := range row {
					c.meets[i][j] = c.meets[i][j] || (row[i].(bool) && row[j].(bool))
				}
			}
		}
		compiled[attribute] = c
	}
	return nil
}

// combinations is a FROM item with all combinations of what the columns of the
// conditions can be, as far as the conditions ask.
func combinations(conditions []string, types map[string]string) (from string, ok bool) {
	text := strings.Join(conditions, "\n")
	positions, _ := position.Find("positions")
	count := 1
	var items []string
	var done []string
	for _, match := range quotedColumn.FindAllStringSubmatch(text, -1) {
		name := match[1]
		sqlType, isColumn := types[name]
		if slices.Contains(done, name) || !isColumn {
			continue
		}
		done = append(done, name)
		contract, _ := positions.Column(name)
		quoted := store.Identifier(name)
		values := []string{"null"}
		sample, sampled := samples[strings.SplitN(sqlType, "(", 2)[0]]
		presence := strings.Count(text, "("+quoted+" is null)") + strings.Count(text, "("+quoted+" is not null)")
		switch {
		case sampled && strings.Count(text, quoted) == presence:
			values = append(values, sample)
		case sqlType == "BOOLEAN":
			values = append(values, "true", "false")
		case strings.HasPrefix(sqlType, "ENUM("):
			for _, word := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(sqlType, "ENUM('"), "')"), "', '") {
				values = append(values, "'"+word+"'")
			}
		case len(contract.Values) > 0:
			for _, word := range contract.Values {
				values = append(values, store.Literal(word))
			}
		default:
			return "", false
		}
		if count *= len(values); count > mostCombinations {
			return "", false
		}
		for i, value := range values {
			values[i] = fmt.Sprintf("select cast(%s as %s) as %s", value, sqlType, quoted)
		}
		items = append(items, "("+strings.Join(values, " union all ")+")")
	}
	return strings.Join(items, " cross join "), len(items) > 0
}

// samples are values for columns of which conditions ask only whether there is one.
var samples = map[string]string{"VARCHAR": "''", "DECIMAL": "0", "INTEGER": "0", "BIGINT": "0", "DATE": "date '2000-01-01'", "BOOLEAN": "true"}

// RuleQuality reads, from the digits that facts carry, what the rules decided.
type RuleQuality struct {
	asOf     time.Time
	rules    Rules
	compiled map[string]compiledRules
	digits   []digit
}

// differ tells whether two rules of an attribute can decide differently; what columns
// give was compared for each position.
func (q RuleQuality) differ(attribute string, first, further int) bool {
	then := q.compiled[attribute].then
	return first != further && first < len(then) && then[first] != then[further]
}

// Quality tells what the rules decided and where two disagree, from the facts.
func (q RuleQuality) Quality(ctx context.Context, db *store.DB) (uses []RuleUse, conflicts []RuleConflict, err error) {
	numbers := packDigits(q.digits)
	var columns []string
	for i := range numbers {
		columns = append(columns, fmt.Sprintf("rule_number_%d", i))
	}
	list := strings.Join(columns, ", ")
	table, err := store.Query(ctx, db, "select "+list+", count(*) filter (where slice <= 1), coalesce(sum(notional), 0) from facts_stored where "+columns[0]+" is not null group by "+list)
	if err != nil {
		return nil, nil, err
	}
	type key struct {
		attribute       string
		rule, shadowing int // the rule, and for a conflict the one that decided; else -1
	}
	positions, money := map[key]int64{}, map[key]decimal.Decimal{}
	add := func(k key, row []any) {
		positions[k] += row[len(numbers)].(int64)
		money[k] = money[k].Add(row[len(numbers)+1].(decimal.Decimal))
	}
	for _, row := range table.Rows {
		decided := map[string]int{}
		for i, number := range numbers {
			rest := row[i].(int64)
			for _, d := range number {
				value := rest % d.radix
				rest /= d.radix
				switch {
				case d.rule == 0:
					decided[d.attribute] = int(value)
					add(key{d.attribute, int(value), -1}, row)
				case value == 1 && q.differ(d.attribute, decided[d.attribute], d.rule-1):
					add(key{d.attribute, d.rule - 1, decided[d.attribute]}, row)
				}
			}
		}
	}
	for _, attribute := range Attributes {
		inForce := q.compiled[attribute].rules
		number := 0
		for place, rule := range q.rules[attribute] {
			use := RuleUse{Attribute: attribute, Rule: rule.ID, Place: place + 1, From: rule.From, Until: rule.Until, InForce: rule.inForce(q.asOf)}
			if use.InForce {
				k := key{attribute, number, -1}
				use.Positions, use.Money = positions[k], money[k]
				number++
			}
			uses = append(uses, use)
		}
		gap := key{attribute, len(inForce), -1}
		uses = append(uses, RuleUse{Attribute: attribute, Rule: noRule, Place: len(q.rules[attribute]) + 1, InForce: true, Positions: positions[gap], Money: money[gap]})
		for first := range inForce {
			for further := range inForce {
				if k := (key{attribute, further, first}); positions[k] > 0 {
					conflicts = append(conflicts, RuleConflict{attribute, inForce[first].ID, inForce[further].ID, positions[k], money[k]})
				}
			}
		}
	}
	return uses, conflicts, nil
}
