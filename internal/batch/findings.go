package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/internal/position"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// judge gives the findings their severity, from the limits of their codes and from
// materiality, and makes a control of every limit.
func (j *job) judge() error {
	m, err := newMateriality(j.Config.Materiality, j.Tables)
	if err != nil {
		return err
	}
	if m != nil {
		m.mark(j.outcome)
	}
	controls, err := findingLimits(j.Config.Limits.Findings, j.outcome.Findings)
	if err != nil {
		return err
	}
	exceeded := map[string]bool{}
	for code, list := range controls {
		exceeded[code] = slices.ContainsFunc(list, func(c position.Control) bool { return !c.Holds() })
	}
	for _, code := range position.FindingNames() {
		j.outcome.Controls = append(j.outcome.Controls, controls[code]...)
	}
	for i := range j.outcome.Findings {
		f := &j.outcome.Findings[i]
		f.Severity = severity(f.Severity, exceeded[f.Code], f.Material)
	}
	return nil
}

// noteKey is the code and the subject of a line that notes a finding.
func noteKey(line string) [2]string {
	code, subject, _ := strings.Cut(line, ": ")
	return [2]string{code, subject}
}

// severity is what a finding does. Whether it holds is decided by the limit of its
// code alone: a figure that is known to be wrong, or an adjustment that nobody
// approved, is none the less so for being small. Materiality takes a warning back to
// information, never more; what informs is no fault, whatever its money.
func severity(ofCode string, exceeded bool, material *bool) string {
	switch {
	case exceeded:
		return "hold"
	case ofCode == "info":
		return "info"
	case ofCode == "warn" && material != nil && !*material:
		return "info"
	default:
		return "warn" // also what holds, within its limit
	}
}

// findingLimits makes the controls of the codes that have a limit in the config, and
// of those that hold and were found, by code.
func findingLimits(limits map[string]configs.FindingLimit, findings []transform.Finding) (map[string][]position.Control, error) {
	type sum struct {
		positions, unpriced int64
		money               decimal.Decimal
	}
	sums := map[string]sum{}
	for _, f := range findings {
		s := sums[f.Code]
		s.positions += f.Positions
		s.money = s.money.Add(f.Money.Decimal.Abs())
		if !f.Money.Valid {
			s.unpriced += f.Positions
		}
		sums[f.Code] = s
	}
	controls := map[string][]position.Control{}
	for _, code := range position.FindingCodes {
		s, found := sums[code.Code]
		l, limited := limits[code.Code]
		if !limited {
			if !found || code.Severity != "hold" {
				continue
			}
			l = configs.FindingLimit{}
		}
		subject := "findings." + code.Code
		if l.Positions >= 0 {
			controls[code.Code] = append(controls[code.Code], limit(subject+".positions", "positions with the finding "+code.Code,
				decimal.NewFromInt(s.positions), decimal.NewFromInt(int64(l.Positions))))
		}
		if l.Money == "" {
			continue
		}
		most, err := decimal.NewFromString(l.Money)
		if err != nil {
			return nil, err
		}
		controls[code.Code] = append(controls[code.Code], limit(subject+".money", "money of the finding "+code.Code, s.money, most))
		if s.unpriced > 0 { // nobody can say that they are within the limit
			controls[code.Code] = append(controls[code.Code], limit(subject+".unpriced", "positions with the finding "+code.Code+" whose money is not known",
				decimal.NewFromInt(s.unpriced), decimal.Zero))
		}
	}
	return controls, nil
}

// materiality says from which amount on a finding matters.
type materiality struct {
	balance, income decimal.Decimal
	share           decimal.Decimal // of the largest figure of a block; 0: none
	amounts         map[string]decimal.Decimal
	overTime        map[string]bool // tables over a period
}

// newMateriality reads the thresholds; nil where none are configured. A table that
// there is none of is a fault of the config.
func newMateriality(c *configs.Materiality, tables []disclosures.Table) (*materiality, error) {
	if c == nil {
		return nil, nil
	}
	m := materiality{amounts: map[string]decimal.Decimal{}, overTime: map[string]bool{}}
	var err error
	if m.balance, err = decimal.NewFromString(c.Balance); err != nil {
		return nil, err
	}
	if m.income, err = decimal.NewFromString(c.Income); err != nil {
		return nil, err
	}
	if c.Percent != "" {
		percent, err := decimal.NewFromString(c.Percent)
		if err != nil {
			return nil, err
		}
		m.share = percent.Shift(-2)
	}
	var known []string
	for _, t := range tables {
		known = append(known, t.ID.Value)
		m.overTime[t.ID.Value] = t.Relation.Value == "realized_facts"
	}
	var faults strictyaml.Faults
	for _, entry := range c.PerTable {
		if !slices.Contains(known, entry.Key.Value) {
			faults = append(faults, strictyaml.Fault{Place: entry.Key.Place, Message: fmt.Sprintf(
				"materiality.per_table: there is no table %q; %s", entry.Key.Value, strictyaml.Hint(entry.Key.Value, known))})
		}
		if m.amounts[entry.Key.Value], err = decimal.NewFromString(entry.Value.Value); err != nil {
			return nil, err
		}
	}
	if len(faults) > 0 {
		return nil, usageError(faults)
	}
	return &m, nil
}

// block is where the largest figure of a measure stands.
type block struct{ table, block, measure string }

func largestFigures(cells []disclosures.Cell) map[block]decimal.Decimal {
	largest := map[block]decimal.Decimal{}
	for _, c := range cells {
		key := block{c.TableID, c.BlockID, c.Measure}
		largest[key] = decimal.Max(largest[key], c.Exact.Abs())
	}
	return largest
}

// threshold is the amount from which on a finding matters in a block: of its table,
// or of all tables of its kind, or the share of the block's largest figure, whichever
// is lower.
func (m materiality) threshold(b block, largest map[block]decimal.Decimal) decimal.Decimal {
	amount, own := m.amounts[b.table]
	switch {
	case own:
	case m.overTime[b.table]:
		amount = m.income
	default:
		amount = m.balance
	}
	if m.share.IsPositive() {
		amount = decimal.Min(amount, largest[b].Mul(m.share))
	}
	return amount
}

// mark tells of each finding whether it is material. Those of one code are judged
// together: many small ones of a kind are one large one (SAB 99: misstatements are
// considered both separately and in the aggregate). A code reaches a threshold by what
// its findings come to in any cell, in any measure of money, or by its money that of
// all tables. Money that is not known may be any amount.
func (m materiality) mark(o Outcome) {
	material := map[string]bool{}
	money := map[string]decimal.Decimal{}
	for _, f := range o.Findings {
		money[f.Code] = money[f.Code].Add(f.Money.Decimal.Abs())
		own := m.balance
		if slices.Contains([]string{"realized_no_value", "realized_without_entity", "unclassified_realized"}, f.Code) {
			own = m.income
		}
		material[f.Code] = material[f.Code] || !f.Money.Valid || money[f.Code].GreaterThanOrEqual(own)
	}
	type cell struct{ code, table, block, row, column, measure string }
	amounts := map[cell]decimal.Decimal{}
	for _, t := range o.Touched {
		c := cell{noteKey(t.Note)[0], t.TableID, t.BlockID, t.RowID, t.ColumnID, t.Measure}
		amounts[c] = amounts[c].Add(t.Amount.Abs())
	}
	largest := largestFigures(o.Cells)
	for c, amount := range amounts {
		if !material[c.code] && disclosures.IsMoney(c.measure) && amount.IsPositive() {
			material[c.code] = amount.GreaterThanOrEqual(m.threshold(block{c.table, c.block, c.measure}, largest))
		}
	}
	for i := range o.Findings {
		is := material[o.Findings[i].Code]
		o.Findings[i].Material = &is
	}
}
