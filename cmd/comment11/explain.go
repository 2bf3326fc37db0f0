package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/internal/batch"
	"comment11/transform"
)

func newExplain(shared *sharedFlags) *cobra.Command {
	var q batch.Question
	command := &cobra.Command{
		Use:   "explain POSITION, or explain --file FILE --record N",
		Short: "Which rule decided what of a position, from which fields, and the cells that it feeds",
		Long: "Which rule decided what of a position, from which fields, and the cells that it feeds.\n" +
			"With --file and --record: what became of a record, also of one that was rejected or excluded.",
		Args: func(cmd *cobra.Command, args []string) error {
			byRecord := q.File != "" || cmd.Flags().Changed("record")
			if byRecord == (len(args) == 1) || len(args) > 1 || (byRecord && (q.File == "" || !cmd.Flags().Changed("record"))) {
				return fmt.Errorf("give a position, or --file and --record")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			if q.AsOf != "" {
				if _, err := parseDate("as-of", q.AsOf); err != nil {
					return err
				}
			}
			if len(args) == 1 {
				q.Position = args[0]
			}
			explanation, err := batch.Explain(cmd.Context(), config, q)
			if err != nil {
				return err
			}
			if shared.output == "json" {
				return writeJSON(cmd.OutOrStdout(), explanation)
			}
			return sayExplanation(cmd.OutOrStdout(), explanation)
		},
	}
	flags := command.Flags()
	flags.StringVar(&q.AsOf, "as-of", "", "as of this date, YYYY-MM-DD (default the newest that is published)")
	flags.StringVar(&q.Release, "release", "", "in this release, published or held")
	flags.StringVar(&q.SourceSystem, "source-system", "", "the position of this source system, where several have one of that name")
	flags.StringVar(&q.File, "file", "", "the file of a record, without its folder")
	flags.Int64Var(&q.Record, "record", 0, "the record's number in its file; the first after the header is 1")
	return command
}

func sayExplanation(w io.Writer, e batch.Explanation) error {
	if r := e.Record; r != nil && r.Status != "taken" {
		sayRecord(w, e, *r)
		return nil
	}
	if e.Position == nil {
		_, err := fmt.Fprintf(w, "%s:%d was taken as a record of %s in release %s\n", e.Record.File, e.Record.Record, e.Record.DataSet, e.Release)
		return err
	}
	return sayPosition(w, e, *e.Position)
}

// sayRecord tells why a record was not taken.
func sayRecord(w io.Writer, e batch.Explanation, r batch.ExplainedRecord) {
	fmt.Fprintf(w, "%s:%d was %s in release %s of %s\n", r.File, r.Record, r.Status, e.Release, e.AsOfDate)
	for _, reason := range r.Reasons {
		fmt.Fprintf(w, "  %s: %s\n", reason.Reason, reason.Message)
	}
	money := "unpriced: no amount of it could be read"
	if r.Notional != nil {
		money = r.Notional.StringFixed(2) + " " + r.Currency
	}
	if r.DataSet == "positions" {
		fmt.Fprintf(w, "  notional: %s\n", money)
	}
	if r.Value != nil {
		fmt.Fprintf(w, "  fair value: %s\n", r.Value.StringFixed(2))
	}
	fmt.Fprintf(w, "  as it stood in the file: %s\n", r.Raw)
}

func sayPosition(w io.Writer, e batch.Explanation, p batch.ExplainedPosition) error {
	fmt.Fprintf(w, "position %s of release %s (%s, %s), from %s:%d\n", p.PositionID, e.Release, e.AsOfDate, e.Status, e.Record.File, e.Record.Record)
	for _, note := range e.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	fmt.Fprintln(w, "\nattributes")
	for _, a := range p.Attributes {
		sayAttribute(w, a)
	}
	for _, scope := range slices.Sorted(maps.Keys(p.Scopes)) {
		fmt.Fprintf(w, "  scope %s: %s\n", scope, p.Scopes[scope])
	}
	sayEvidence(w, e, p)
	fmt.Fprintln(w, "\nmoney")
	for _, m := range p.Money {
		fmt.Fprintf(w, "  %s\n", moneyLine(e, m))
	}
	for _, s := range p.Slices {
		if s.MaximumExposure != nil && s.MaximumExposure.IsPositive() && s.Adjustment == "" {
			fmt.Fprintf(w, "  maximum_exposure%s: %s %s\n", sliceName(s), amountText(s.MaximumExposure), e.ReportingCurrency)
		}
	}
	if len(p.Adjustments) > 0 {
		fmt.Fprintln(w, "\nadjustments")
	}
	for _, a := range p.Adjustments {
		state := "applied"
		if !a.Applied {
			state = "not applied"
		}
		fmt.Fprintf(w, "  %s, %s: notional %s, fair value %s %s; %s; prepared by %s, approved by %s\n", a.ID, state, amountText(a.Notional), amountText(a.Value),
			a.Currency, a.Reason, cmp.Or(a.Preparer, "nobody"), cmp.Or(a.Approver, "nobody"))
	}
	if len(p.Findings) > 0 {
		fmt.Fprintln(w, "\nfindings")
	}
	for _, f := range p.Findings {
		fmt.Fprintf(w, "  %s %s: %s; %s\n", f.Severity, f.Code, f.Subject, f.Message)
	}
	return sayCells(w, p)
}

func sayAttribute(w io.Writer, a batch.ExplainedAttribute) {
	fmt.Fprintf(w, "  %s: %s", a.Attribute, a.Value)
	switch {
	case a.Unexplained != "":
		fmt.Fprintf(w, ", by rule %s; %s\n", a.RuleID, a.Unexplained)
		return
	case a.Rule == nil:
		fmt.Fprint(w, "; no rule fits\n")
	default:
		fmt.Fprintf(w, ", by %s (%s:%d)\n    because %s\n    when %s\n", a.Rule.ID, a.Rule.File, a.Rule.Line, a.Rule.Because, strings.Join(strings.Fields(a.Rule.When), " "))
	}
	for _, f := range a.Fields {
		fmt.Fprintf(w, "      %s\n", fieldLine(f))
	}
	if a.Next != nil {
		fmt.Fprintf(w, "    next would have been %s (%s:%d), giving %s\n", a.Next.ID, a.Next.File, a.Next.Line, a.Next.Value)
	}
}

func fieldLine(f transform.Field) string {
	text := f.Name + " has no value"
	if f.Value != nil {
		text = f.Name + " = " + *f.Value
	}
	if f.Source != "" {
		text += " (" + f.Source + ")"
	}
	return text
}

func sliceName(s batch.ExplainedSlice) string {
	if s.Slice == 0 {
		return ""
	}
	return fmt.Sprintf(" of slice %d", s.Slice)
}

// sayEvidence tells what the tests of purposes did to the position.
func sayEvidence(w io.Writer, e batch.Explanation, p batch.ExplainedPosition) {
	byEvidence := slices.ContainsFunc(p.Slices, func(s batch.ExplainedSlice) bool { return strings.HasPrefix(s.PurposeRule, "evidence-") || s.Slice > 0 })
	if len(p.Evidence)+len(p.Identical)+len(p.NamedBy) > 0 || byEvidence || p.Offsets != "" {
		fmt.Fprintln(w, "\nevidence")
	}
	for _, l := range p.Evidence {
		matched := ""
		if l.MatchedWith != "" {
			matched = " with " + l.MatchedWith
		}
		fmt.Fprintf(w, "  %s, scope %s: %s%s, %s in %s, evidence %s, unsupported %s, moved to trading %s\n", l.Outcome, l.Scope, l.Subject, matched,
			l.Notional.StringFixed(2), disclosures.Counted(l.Positions, "position"), l.Evidence.StringFixed(2), l.Unsupported.StringFixed(2), l.Moved.StringFixed(2))
	}
	for _, s := range p.Slices {
		if s.Adjustment == "" && byEvidence {
			fmt.Fprintf(w, "  %s%s: %s, by %s: notional %s %s\n", strings.TrimPrefix(strings.TrimPrefix(sliceName(s)+" ", " of "), " "), s.Purpose, cmp.Or(s.Detail, "no detail"), s.PurposeRule, amountText(s.Notional), e.ReportingCurrency)
		}
	}
	if p.Offsets != "" {
		fmt.Fprintf(w, "  it says that it lays off %s\n", p.Offsets)
	}
	if len(p.NamedBy) > 0 {
		fmt.Fprintf(w, "  named as laid off by %s\n", strings.Join(p.NamedBy, ", "))
	}
	for _, l := range p.Identical {
		fmt.Fprintf(w, "  identical underlying, scope %s: %s, sold %s, bought %s, covered %s\n", l.Scope, l.Underlying, l.Sold.StringFixed(2), l.Bought.StringFixed(2), l.Covered.StringFixed(2))
	}
}

func amountText(d *decimal.Decimal) string {
	if d == nil {
		return "none"
	}
	return d.StringFixed(2)
}

// moneyLine leads from the amount of the record to that of the fact.
func moneyLine(e batch.Explanation, m batch.ExplainedMoney) string {
	text := fmt.Sprintf("%s: %s %s", m.Measure, amountText(m.Input), m.Currency)
	if m.Input == nil {
		return m.Measure + ": none"
	}
	switch {
	case m.Factor != nil:
		text += fmt.Sprintf(" x factor %s = %s", m.Factor, amountText(m.Local))
	case m.Local != nil && !m.Local.Equal(*m.Input):
		text += fmt.Sprintf(", less losses %s", amountText(m.Local))
	}
	if m.Currency != e.ReportingCurrency {
		text += fmt.Sprintf(" x %d / %d", m.Numerator, m.Denominator)
		if m.RateDate != "" {
			text += " (rates of " + m.RateDate + ")"
		}
		text += fmt.Sprintf(" = %s %s", amountText(m.Reporting), e.ReportingCurrency)
	}
	return text
}

// sayCells lists the cells that have the position's money; totals of them and cells
// in which it counts with nothing are counted.
func sayCells(w io.Writer, p batch.ExplainedPosition) error {
	title := "cells"
	if slices.ContainsFunc(p.Slices, func(s batch.ExplainedSlice) bool { return s.Adjustment != "" }) {
		title += ", with the adjustments that name it"
	}
	fmt.Fprintf(w, "\n%s\n", title)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	totals, nothing := 0, 0
	for _, c := range p.Cells {
		switch {
		case c.Amount.IsZero():
			nothing++
		case c.Total:
			totals++
		default:
			memo := ""
			if c.Memo {
				memo = ", memo"
			}
			fmt.Fprintf(out, "  %s/%s\t%s\t%s\t%s\tof %s%s\n", c.Table, c.Block, c.Row, c.Column, measured(c.Measure, c.Amount), measured(c.Measure, c.Exact), memo)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "and %s of these, and %s in which it counts with nothing; -o json lists all\n", disclosures.Counted(totals, "total"), disclosures.Counted(nothing, "cell"))
	if len(p.Untraced) > 0 {
		fmt.Fprintf(w, "tables over %s have no rows of single positions\n", strings.Join(p.Untraced, ", "))
	}
	return nil
}
