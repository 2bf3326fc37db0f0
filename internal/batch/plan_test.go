package batch_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/transform"
)

var (
	planSeed    = flag.Uint64("plan.seed", 0, "seed of TestPlanAgreesWithTheRun; 0: another one each time")
	planChanges = flag.Int("plan.changes", 4, "random changes of TestPlanAgreesWithTheRun; each takes two seconds of a processor")
)

// enoughToMove is of how many changes one at least moves money: every second one does.
const enoughToMove = 12

// ruleText is a rule as its file has it.
type ruleText struct {
	ID      string `yaml:"id"`
	When    string `yaml:"when"`
	Then    string `yaml:"then"`
	Because string `yaml:"because"`
}

// TestPlanAgreesWithTheRun changes rules, maps, settings and now and then the input
// at random, plans, runs, and holds that the run comes to what the plan said: every
// cell to the cent, and the matrix of moves and other changes to the difference from
// the release before.
func TestPlanAgreesWithTheRun(t *testing.T) {
	seed, changes := *planSeed, *planChanges
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -plan.seed=%d -plan.changes=%d", seed, changes)
	const streams = 4 // side by side, each on a book of its own
	var moves atomic.Int64
	t.Cleanup(func() {
		if changes >= enoughToMove && moves.Load() == 0 && !t.Failed() {
			t.Error("no change moved any money")
		}
	})
	for stream := range uint64(streams) {
		t.Run(fmt.Sprint(stream), func(t *testing.T) {
			t.Parallel()
			changer := newChanger(t, rand.New(rand.NewPCG(seed, stream)))
			outcome := changer.run(t, "2007-09-30")
			if len(outcome.Open) > 0 {
				t.Fatalf("the book is held: %v, %v", outcome.Open, outcome.Rejects)
			}
			changer.stands = exactCells(outcome)
			for n := range (changes + streams - 1) / streams {
				what := changer.next(t)
				moves.Add(int64(changer.compare(t, fmt.Sprintf("change %d, %s", n+1, what))))
			}
		})
	}
}

// changer changes a book at random.
type changer struct {
	*book
	random *rand.Rand
	rules  map[string][]ruleText
	made   int
	stands map[cellKey]decimal.Decimal // that are published
}

func newChanger(t *testing.T, random *rand.Rand) *changer {
	c := &changer{book: newBook(t), random: random, rules: map[string][]ruleText{}}
	c.readRules(t)
	c.prepare(t)
	return c
}

// readRules reads the rules as they are in force.
func (c *changer) readRules(t *testing.T) {
	for _, attribute := range transform.Attributes {
		text, err := os.ReadFile(filepath.Join(c.folder, "rules", attribute+".yaml"))
		if err != nil {
			if text, err = fs.ReadFile(configs.Files, "rules/"+attribute+".yaml"); err != nil {
				t.Fatal(err)
			}
		}
		var rules []ruleText
		if err := yaml.Unmarshal(text, &rules); err != nil {
			t.Fatal(err)
		}
		c.rules[attribute] = rules
	}
}

// prepare gives the book holdings, and folders for rules, maps and tables.
func (c *changer) prepare(t *testing.T) {
	c.write(t, "holdings.csv", "holding_id,legal_entity,obligor_id,kind,amount,basis,currency\n"+
		"H1,BANK-NA,N01,loan,30000000.01,funded,USD\nH2,BANK-NA,N01,commitment,20000000.00,undrawn,EUR\nH3,BANK-NA,N05,loan,1000000.00,funded,USD\nH4,BANK-NA,N10,investment,90000000.00,fair_value,USD\n")
	// They are of the file as it is before it is changed.
	c.change(t, "comment11.yaml", "  - {name: control_totals, data_set: control_totals, files: control_totals.csv}\n", "")
	c.change(t, "comment11.yaml", "sources:\n", "rules: rules\nmaps: maps\ntables: tables\nengine: {threads: 1}\nlimits: {internal_breaks: 99999999999}\nsources:\n  - {name: holdings, data_set: holdings, files: holdings.csv}\n")
	for _, folder := range []string{"rules", "maps", "tables"} {
		if err := os.Mkdir(filepath.Join(c.folder, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.reload(t)
}

func (c *changer) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// next makes one change and says which.
func (c *changer) next(t *testing.T) string {
	c.made++
	switch c.random.IntN(20) {
	case 0:
		return c.changeMap(t)
	case 1:
		return c.changeSetting(t)
	case 2:
		return c.changeInput(t)
	case 3:
		return c.changeTable(t)
	}
	return c.changeRule(t)
}

// changeRule takes a rule away, puts two in another order, changes what one gives,
// or adds one.
func (c *changer) changeRule(t *testing.T) string {
	attribute := pick(c.random, transform.Attributes)
	rules := slices.Clone(c.rules[attribute])
	column, _ := position.Facts(nil).Column(attribute)
	at := c.random.IntN(len(rules))
	var what string
	switch kind := c.random.IntN(8); {
	case kind == 0 && len(rules) > 1:
		what = "without " + rules[at].ID
		rules = slices.Delete(rules, at, at+1)
	case kind == 1 && len(rules) > 1:
		other := c.random.IntN(len(rules))
		what = fmt.Sprintf("%s and %s exchanged", rules[at].ID, rules[other].ID)
		rules[at], rules[other] = rules[other], rules[at]
	case kind == 2:
		rules[at].Then = pick(c.random, column.Values)
		what = rules[at].ID + " gives " + rules[at].Then
	default:
		rule := ruleText{ID: fmt.Sprintf("%s-new-%d", attribute, c.made), When: c.condition(), Then: pick(c.random, column.Values), Because: "the test says so"}
		what = fmt.Sprintf("%s when %s", rule.Then, rule.When)
		rules = slices.Insert(rules, at, rule)
	}
	c.rules[attribute] = rules
	text, err := yaml.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "rules/"+attribute+".yaml", string(text))
	return attribute + ": " + what
}

// condition is a random one over the columns of the joined position.
func (c *changer) condition() string {
	one := func() string {
		switch c.random.IntN(9) {
		case 0:
			return fmt.Sprintf("notional %s %d", pick(c.random, []string{">", "<="}), 1_000_000*(1+c.random.IntN(60)))
		case 1:
			return fmt.Sprintf("fair_value %s %d", pick(c.random, []string{">", "<"}), 1000*(c.random.IntN(400)-200))
		case 2:
			return fmt.Sprintf("currency in ('%s', '%s')", pick(c.random, []string{"USD", "EUR"}), pick(c.random, []string{"GBP", "CHF", "JPY"}))
		case 3:
			return "role = '" + pick(c.random, []string{"buyer", "seller", "option_buyer", "total_return_payer"}) + "'"
		case 4:
			return fmt.Sprintf("trade_date >= date '%d-0%d-01'", 2004+c.random.IntN(4), 1+c.random.IntN(9))
		case 5:
			return fmt.Sprintf("maturity_date < date '%d-01-01'", 2008+c.random.IntN(9))
		case 6:
			return "contains(position_id, '" + fmt.Sprint(c.random.IntN(10)) + "')"
		case 7:
			return pick(c.random, []string{"index_name", "hedge_group", "purpose_code", "netting_set_id", "reference_entity_id"}) + " is " + pick(c.random, []string{"", "not "}) + "null"
		default:
			return fmt.Sprintf("reference_entity_id in ('N0%d', 'N0%d', 'N1%d')", c.random.IntN(10), c.random.IntN(10), c.random.IntN(10))
		}
	}
	if c.random.IntN(2) == 0 {
		return one()
	}
	return one() + " " + pick(c.random, []string{"and", "or"}) + " " + one()
}

// changeMap gives a word of a vocabulary another meaning.
func (c *changer) changeMap(t *testing.T) string {
	name, values := "purposes", position.Purposes
	if c.random.IntN(2) == 0 {
		name, values = "counterparty_types", position.CounterpartyTypes
	}
	text, err := os.ReadFile(filepath.Join(c.folder, "maps", name+".csv"))
	if err != nil {
		if text, err = fs.ReadFile(configs.Files, "maps/"+name+".csv"); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	at := 1 + c.random.IntN(len(lines)-1)
	word, _, _ := strings.Cut(lines[at], ",")
	lines[at] = word + "," + pick(c.random, values)
	c.write(t, "maps/"+name+".csv", strings.Join(lines, "\n")+"\n")
	return "map " + name + ": " + lines[at]
}

// changeSetting changes how evidence is taken.
func (c *changer) changeSetting(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join(c.folder, "comment11.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "\npurpose:")
	setting := fmt.Sprintf("purpose: {over_hedge: %s, offset: %s, over_hedge_tolerance: 0.%02d}", pick(c.random, []string{"split", "flag"}), pick(c.random, []string{"split", "keep"}), c.random.IntN(60))
	c.write(t, "comment11.yaml", strings.TrimRight(before, "\n")+"\n"+setting+"\n")
	c.reload(t)
	return setting
}

// changeInput changes the amounts of a trade, or takes it away.
func (c *changer) changeInput(t *testing.T) string {
	path := filepath.Join(c.folder, "positions_2007-09-30.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	columns := strings.Split(lines[0], ",")
	at := 1 + c.random.IntN(len(lines)-1)
	fields := strings.Split(lines[at], ",")
	what := fields[0] + " is gone"
	if c.random.IntN(3) > 0 {
		column := pick(c.random, []string{"notional", "fair_value"})
		fields[slices.Index(columns, column)] = decimal.New(1+c.random.Int64N(9_000_000_000), -2).StringFixed(2)
		lines[at] = strings.Join(fields, ",")
		what = fields[0] + " has another " + column
	} else {
		lines = slices.Delete(lines, at, at+1)
	}
	c.write(t, "positions_2007-09-30.csv", strings.Join(lines, "\n")+"\n")
	return what
}

// ownTable is a table of the user, with rows that come and go by their facts.
const ownTable = `id: own
title: Own
blocks:
  - id: block
    measure: maximum_exposure
    columns: [{id: sum, label: Sum}, {id: number, label: Number, measure: count}]
    rows:
      - {id: investment, label: Investment, where: "rating_grade = 'investment' and purpose <> 'trading'"}
      - {id: trading, label: Trading, where: "purpose = 'trading'", hide_empty: true, rows: [{each: direction}]}
`

// changeTable makes offsets count as trading in a table, or takes that back; or a
// table of the user comes or goes.
func (c *changer) changeTable(t *testing.T) string {
	if own := filepath.Join(c.folder, "tables", "own.yaml"); c.random.IntN(2) == 0 {
		if err := os.Remove(own); err == nil {
			return "the table own is gone"
		}
		c.write(t, "tables/own.yaml", ownTable)
		return "the table own comes"
	}
	text, err := fs.ReadFile(disclosures.Embedded(), "comment-11a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.folder, "tables", "comment-11a.yaml")
	if err := os.Remove(path); err == nil {
		return "comment-11a as it was"
	}
	changed := strings.Replace(string(text), "purpose = 'trading'", "purpose in ('trading', 'client_offset')", 1)
	changed = strings.Replace(changed, `where: "purpose = 'client_offset'"`, `where: "purpose = 'nothing'"`, 1)
	c.write(t, "tables/comment-11a.yaml", changed)
	return "comment-11a: offsets count as trading"
}

// cellKey names a cell.
type cellKey struct{ table, block, row, column string }

// compare plans, runs, and holds one against the other. It gives the number of moves.
func (c *changer) compare(t *testing.T, what string) int {
	t.Helper()
	before := c.stands
	options := c.options()
	options.AsOf = date(t, "2007-09-30")
	left := tree(t, c.config.Warehouse)
	plan, planErr := batch.MakePlan(context.Background(), c.config, options, batch.PlanOptions{Positions: 2})
	if now := tree(t, c.config.Warehouse); !slices.Equal(left, now) {
		t.Fatalf("%s: the plan wrote to the warehouse: %v, was %v", what, now, left)
	}
	options.Force, options.LeaveCatalog = true, true
	outcome, runErr := batch.Run(context.Background(), c.config, options)
	if planErr != nil || runErr != nil {
		if planErr == nil || runErr == nil || planErr.Error() != runErr.Error() {
			t.Errorf("%s: the plan says %v, the run %v", what, planErr, runErr)
		}
		return 0
	}
	if (len(plan.Holds) > 0) != (len(outcome.Open) > 0) || strings.Replace(plan.Kind, "unchanged", "rerun", 1) != outcome.Manifest.Kind {
		t.Errorf("%s: the plan says %s, held by %v; the run is %s, held by %v", what, plan.Kind, plan.Holds, outcome.Manifest.Kind, outcome.Open)
	}
	after := exactCells(outcome)
	if len(outcome.Open) == 0 {
		c.stands = after
	}
	// What the moves and the other changes make of each cell that is no sum of others.
	net := map[cellKey]decimal.Decimal{}
	for _, m := range plan.Moves {
		from, to := cellKey{m.Table, m.Block, m.From.Row, m.From.Column}, cellKey{m.Table, m.Block, m.To.Row, m.To.Column}
		net[from], net[to] = net[from].Sub(m.Amount), net[to].Add(m.Amount)
		c.checkMove(t, what, m)
	}
	planned := map[cellKey]bool{}
	for _, cell := range plan.Cells {
		key := cellKey{cell.Table, cell.Block, cell.Row, cell.Column}
		planned[key] = true
		for _, amount := range cell.Other {
			net[key] = net[key].Add(amount)
		}
		difference := after[key].Sub(before[key])
		if !cell.Before.Equal(before[key]) || !cell.After.Equal(after[key]) || !cell.Difference.Equal(difference) {
			t.Errorf("%s: cell %v: planned from %s to %s, the run led from %s to %s", what, key, cell.Before, cell.After, before[key], after[key])
		}
		if !cell.Total && !net[key].Equal(difference) {
			t.Errorf("%s: cell %v: moves and changes come to %s, the run to %s", what, key, net[key], difference)
		}
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for key := range all {
		if difference := after[key].Sub(before[key]); !planned[key] && !difference.IsZero() {
			t.Errorf("%s: cell %v differs by %s, and the plan does not have it", what, key, difference)
		}
	}
	return len(plan.Moves)
}

// checkMove holds that the causes of a move and the positions behind it are its amount.
func (c *changer) checkMove(t *testing.T, what string, m batch.Move) {
	t.Helper()
	causes, behind := decimal.Zero, decimal.Zero
	for _, amount := range m.Causes {
		causes = causes.Add(amount)
	}
	for _, p := range m.Behind {
		behind = behind.Add(p.Amount)
	}
	if !causes.Equal(m.Amount) || int64(len(m.Behind)) != min(m.Positions, 2) || (m.Positions <= 2 && !behind.Equal(m.Amount)) {
		t.Errorf("%s: %s/%s, %v to %v: %s, by causes %s, %d positions with %s, of %d", what, m.Table, m.Block, m.From, m.To, m.Amount, causes, len(m.Behind), behind, m.Positions)
	}
}

// exactCells are the exact values of the cells of a run.
func exactCells(o batch.Outcome) map[cellKey]decimal.Decimal {
	cells := map[cellKey]decimal.Decimal{}
	for _, cell := range o.Cells {
		cells[cellKey{cell.TableID, cell.BlockID, cell.RowID, cell.ColumnID}] = cell.Exact
	}
	return cells
}

// tree lists the files of a folder with their sizes and times.
func tree(t *testing.T, folder string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			list = append(list, fmt.Sprint(path, info.Size(), info.ModTime(), info.Mode()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
