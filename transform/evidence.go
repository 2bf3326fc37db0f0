package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Evidence is how purposes are tested (DOMAIN: purpose). A fact has one purpose,
// so that of several scopes the first decides; the others are tested and reported.
type Evidence struct {
	OverHedgeTolerance string   // share of the holdings by which hedges may exceed them
	SplitHedges        bool     // what is more than that becomes trading; else it is reported alone
	SplitOffsets       bool     // an offset of no client's trade becomes trading
	Frozen             []string // files of an earlier release's slices that decide instead
	FrozenEvidence     []string // and those of its evidence
	FrozenNotes        []string // and those of its evidence_notes
	Untested           bool     // purposes stay as they are labelled: to measure what testing them costs
}

// Leeway is what the holdings are multiplied by before hedges exceed them.
func (e Evidence) Leeway() (string, error) {
	tolerance, err := decimal.NewFromString(e.OverHedgeTolerance)
	return tolerance.Add(decimal.NewFromInt(1)).String(), err
}

// evidenceRules are the ids that facts have for purposes which evidence decided.
var evidenceRules = []string{"evidence-over-hedge", "evidence-orphan-hedge", "evidence-unmatched-offset", "evidence-externalised"}

// DecidingScope is the column of the scope whose evidence decides, DecidingName
// its name as a text.
func (p parameters) DecidingScope() string { return p.Scopes[0].Column() }
func (p parameters) DecidingName() string  { return store.Literal(p.Scopes[0].Name) }

// Has tells whether a data set was delivered, as SQL.
func (p parameters) Has(set string) bool { return slices.Contains(p.Loaded, set) }

// RuleTerm is a text as the id of a rule.
func (p parameters) RuleTerm(text string) string { return store.Term(text, ruleTerm) }

// Detail is the detail of a purpose by its label: of the trade's code, or else the book's.
func (p parameters) Detail() string {
	return "case when purpose_of_code is not null then detail_of_code else detail_of_book end"
}

// SlicedColumns are the columns of position_facts with those of a slice in their
// place. Money is cut so that all slices together are the amount, to the cent, and
// the last takes the odd one.
func (p parameters) SlicedColumns() string {
	part := func(column string) string {
		return fmt.Sprintf("cast(convert_amount(f.%[1]s, s.part_to, s.part_whole) - convert_amount(f.%[1]s, s.part_from, s.part_whole) as decimal(18, 2))", column)
	}
	bySlice := map[string]string{"slice": "s.slice", "purpose": "coalesce(s.purpose_by_evidence, f.purpose)", "purpose_rule": "coalesce(s.rule_by_evidence, f.purpose_rule)",
		"purpose_detail": "s.detail_by_evidence", "notional_before": "convert_amount(f.notional, s.part_from, s.part_whole)"}
	for _, column := range []string{"notional_local", "notional", "fair_value", "valuation_adjustment"} {
		bySlice[column] = part(column)
	}
	list := make([]string, len(p.stored))
	for i, column := range p.stored {
		list[i] = "f." + column
		if sliced := bySlice[column]; sliced != "" {
			list[i] = fmt.Sprintf("case when s.part_whole is null then f.%[1]s else %[2]s end as %[1]s", column, sliced)
		}
		if column == "findings" {
			list[i] = "case when s.noted is null then f.findings else concat_ws(chr(10), f.findings, s.noted) end as findings"
		}
	}
	return strings.Join(list, ",\n  ")
}

// Portfolio is an index that protection is on, by family, series and tranche, or a
// basket, as one text; NULL where it is on a name.
func (p parameters) Portfolio() string {
	return `case
    when index_name is not null then concat_ws('|', 'index', index_name, index_series, attachment_point, detachment_point)
    when basket_id is not null then concat_ws('|', 'basket', basket_id)
  end`
}

// IsOnName is true of positions of which protection is on a name alone. A rank of default
// or a tranche is of a portfolio, also where that is not told.
func (p parameters) IsOnName() string {
	return "index_name is null and basket_id is null and attachment_point is null and nth_to_default is null"
}

// NameDetail is what of a name protection is on: its seniority, and of asset-backed
// securities the obligation.
func (p parameters) NameDetail() string {
	return `case
    when instrument = ` + term("instrument", "'cds_asset_backed'") + ` then concat_ws('|', coalesce(seniority, ''), coalesce(reference_obligation_id, ''))
    else coalesce(seniority, '')
  end`
}

// Underlying is what the protection of a position is on, as one text, or NULL (DOMAIN:
// purchased protection with identical underlyings).
func (p parameters) Underlying() string {
	return "coalesce(" + p.Portfolio() + ", case when reference_entity_id is not null and " + p.IsOnName() + " then concat_ws('|', 'name', reference_entity_id, " + p.NameDetail() + ") end)"
}

// IsProtection is true of instruments of which underlyings can be identical: default
// swaps of any kind and total return swaps.
func (p parameters) IsProtection() string {
	var list []string
	for _, instrument := range position.Instruments {
		if strings.HasPrefix(instrument, "cds_") || instrument == "total_return_swap" {
			list = append(list, "instrument = "+store.Literal(instrument))
		}
	}
	return strings.Join(list, " or ")
}

// RecordFinding is the code of a finding that a reader of documents noted with a
// record that it took, or of a text that could not be read.
func (p parameters) RecordFinding() string {
	return "case when reason in ('hybrid_basket', 'several_counterparties', 'several_notionals', 'unrealized_differs', 'value_side_not_stated') then reason else 'unreadable_value' end"
}

// Lines joins the texts of a group as lines.
func (p parameters) Lines(text string) string { return store.Lines(text) }

// strikeEvidence tests purposes, and makes the relations evidence, of what came out;
// slices, of the positions that get another purpose or detail by it; and evidence_notes, of
// the positions that a finding is about. sliced says that slices or notes bear on some
// position, so that facts must be joined with them.
func strikeEvidence(ctx context.Context, db *store.DB, p parameters) (sliced bool, err error) {
	for _, name := range []string{"evidence", "slices", "evidence_notes"} {
		set, _ := position.Find(name)
		if err := db.Run(ctx, "drop table if exists "+store.Identifier(name), set.CreateTable(name)); err != nil {
			return false, err
		}
	}
	if err := createTable(ctx, db, "group_holdings", "group_holdings", p); err != nil {
		return false, err
	}
	if p.Evidence.Untested {
		return false, nil
	}
	if len(p.Evidence.Frozen) > 0 {
		err = thaw(ctx, db, p)
	} else {
		err = testPurposes(ctx, db, p)
	}
	if err != nil {
		return false, err
	}
	if err := db.CreateTable(ctx, "evidence", "select * from evidence order by scope, test, outcome, subject, matched_with"); err != nil {
		return false, err
	}
	if err := createTable(ctx, db, "slices_in_terms", "slices_in_terms", p); err != nil {
		return false, err
	}
	count, err := store.Scalar[int64](ctx, db, "select count(*) from slices_in_terms")
	return count > 0, err
}

// findIdenticalUnderlyings makes the relation identical_underlyings of the facts.
func findIdenticalUnderlyings(ctx context.Context, db *store.DB, p parameters) error {
	const name = "identical_underlyings"
	set, _ := position.Find(name)
	if err := db.Run(ctx, "drop table if exists "+name, set.CreateTable(name)); err != nil || p.Evidence.Untested {
		return err
	}
	return insert(ctx, db, name, p)
}

// thaw takes what an earlier release decided.
func thaw(ctx context.Context, db *store.DB, p parameters) error {
	for name, files := range map[string][]string{"slices": p.Evidence.Frozen, "evidence": p.Evidence.FrozenEvidence, "evidence_notes": p.Evidence.FrozenNotes} {
		if len(files) == 0 {
			continue
		}
		set, _ := position.Find(name)
		columns := strings.Join(set.Names(), ", ")
		if err := db.Run(ctx, fmt.Sprintf("insert into %s (%s) select %s from %s", name, columns, columns, store.ReadParquet(files))); err != nil {
			return err
		}
	}
	return nil
}

func insert(ctx context.Context, db *store.DB, name string, p parameters) error {
	query, err := render(name, p)
	if err != nil {
		return err
	}
	return db.Run(ctx, "insert into "+store.Identifier(name)+" by name select * from ("+query+")")
}

// evidenceSteps are the relations between the positions and the evidence, in
// their order; client offsets are paired in Go after clients_to_pair.
var evidenceSteps = []string{"evidence_positions", "externalised", "hedges", "group_evidence", "hedge_cuts",
	"offsets", "client_trades", "simple_links", "offsets_to_pair", "clients_to_pair", "unmatched_offsets"}

// viewedSteps are those that only pick rows of another: reading them again is faster
// than keeping them.
var viewedSteps = []string{"offsets", "client_trades"}

// testPurposes strikes the evidence, where there is a hedge or an offset.
func testPurposes(ctx context.Context, db *store.DB, p parameters) error {
	concerned, err := store.Scalar[bool](ctx, db, "select exists (select 1 from measured where purpose in ("+
		p.Term("purpose", "'credit_portfolio_hedge'")+", "+p.Term("purpose", "'client_offset'")+"))")
	if err != nil || !concerned {
		return err
	}
	for _, name := range evidenceSteps {
		if name == "unmatched_offsets" {
			if err := pairOffsets(ctx, db); err != nil {
				return err
			}
		}
		makeRelation := createTable
		if slices.Contains(viewedSteps, name) {
			makeRelation = createView
		}
		if err := makeRelation(ctx, db, name, name, p); err != nil {
			return err
		}
	}
	for _, name := range []string{"slices", "evidence", "evidence_notes"} {
		if err := insert(ctx, db, name, p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range append(slices.Clone(evidenceSteps), "offset_pairs") {
		kind := "table "
		if slices.Contains(viewedSteps, name) {
			kind = "view "
		}
		if err := db.Run(ctx, "drop "+kind+store.Identifier(name)); err != nil {
			return err
		}
	}
	return nil
}
