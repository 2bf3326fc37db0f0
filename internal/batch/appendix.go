package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/disclosures/render"
	"comment11/internal/store"
)

// exactText is an exact amount with its cents, or "" where there is none.
func exactText(value any) string {
	amount, ok := value.(decimal.Decimal)
	if !ok {
		return ""
	}
	return amount.StringFixed(max(2, -amount.Exponent()))
}

// textOf is a text, or "" where there is none.
func textOf(value any) string {
	text, _ := value.(string)
	return text
}

// appendix reads what a reviewer sees beside the tables: controls, findings and
// adjustments of the releases of the dates.
func appendix(session *store.Session, read func(string) (store.Table, error), dates []string) (*render.Appendix, error) {
	a := &render.Appendix{Findings: []render.Finding{}, Adjustments: []render.Adjustment{}}
	var err error
	if a.Controls, err = controlsOf(read, dates); err != nil {
		return nil, err
	}
	for _, date := range dates {
		of := " where as_of_date = date " + store.Literal(date)
		findings, err := read("select code, subject, severity, positions, money, example, message from findings" + of + " order by code, subject")
		if err != nil {
			return nil, err
		}
		for _, r := range findings.Rows {
			positions, _ := r[3].(int64)
			a.Findings = append(a.Findings, render.Finding{AsOf: date, Code: textOf(r[0]), Subject: textOf(r[1]), Severity: textOf(r[2]), Positions: positions,
				Notional: exactText(r[4]), Example: textOf(r[5]), Message: textOf(r[6])})
		}
		if !hasRelation(session, "adjustments") { // of no release, so that there are none
			continue
		}
		adjustments, err := read(fmt.Sprintf(`
with texts as (
  select adjustment_id, max(reason_code) as reason_code, max(reason) as reason, max(preparer) as preparer, max(approver) as approver
  from adjustments%[1]s group by adjustment_id)
select f.adjustment_id, f.position_id, f.direction, f.instrument, f.purpose, f.notional, f.fair_value, a.reason_code, a.reason, a.preparer, a.approver
from facts as f left join texts as a on a.adjustment_id = f.adjustment_id%[2]s and f.origin = 'adjustment'
order by f.adjustment_id, f.source_system, f.position_id, f.slice`, of, strings.ReplaceAll(of, "as_of_date", "f.as_of_date")))
		if err != nil {
			return nil, err
		}
		for _, r := range adjustments.Rows {
			a.Adjustments = append(a.Adjustments, render.Adjustment{AsOf: date, ID: textOf(r[0]), Position: textOf(r[1]), Direction: textOf(r[2]), Instrument: textOf(r[3]), Purpose: textOf(r[4]),
				Notional: exactText(r[5]), FairValue: exactText(r[6]), Reason: textOf(r[7]), Text: textOf(r[8]), Preparer: textOf(r[9]), Approver: textOf(r[10])})
		}
	}
	return a, nil
}

// controlsOf reads the controls of the dates, of the catalog or of what a packet brings along.
func controlsOf(read func(string) (store.Table, error), dates []string) ([]render.Control, error) {
	list := []render.Control{}
	for _, date := range dates {
		controls, err := read(`select control_id, subject, class, severity, left_meaning, left_value, right_meaning, right_value, difference, tolerance, holds
from controls where as_of_date = date ` + store.Literal(date) + " order by control_id, subject")
		if err != nil {
			return nil, err
		}
		for _, r := range controls.Rows {
			list = append(list, render.Control{AsOf: date, ID: textOf(r[0]), Subject: textOf(r[1]), Class: textOf(r[2]), Severity: textOf(r[3]), LeftMeaning: textOf(r[4]),
				Left: exactText(r[5]), RightMeaning: textOf(r[6]), Right: exactText(r[7]), Difference: exactText(r[8]), Tolerance: exactText(r[9]), Holds: r[10].(bool)})
		}
	}
	return list, nil
}

func hasRelation(session *store.Session, name string) bool {
	return slices.ContainsFunc(session.Relations, func(r store.SessionRelation) bool { return r.Name == name })
}
