package configs

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/strictyaml"
)

var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// sourceFormat is what a format of a source has beside its name.
type sourceFormat struct {
	delimiter string // "": the format is no delimited text
	// dataSet is the only one that it gives, in the columns of the contract.
	dataSet string
	parties bool // its records name both sides, and the source must say which parties we are
}

// formats are the formats of a source.
var formats = map[string]sourceFormat{
	"csv":                 {delimiter: ","},
	"tsv":                 {delimiter: "\t"},
	"ecb_reference_rates": {delimiter: ",", dataSet: "fx_rates"},
	"fpml":                {dataSet: "positions", parties: true},
	"nport":               {dataSet: "positions"},
	"parquet":             {},
	"arrow":               {},
	"jsonl":               {},
}

// lists reads what the file alone can say.
func (r *reader) lists(doc document) {
	for _, text := range doc.Calendar.Holidays {
		r.config.Calendar.Holidays = append(r.config.Calendar.Holidays, r.day(text))
	}
	for _, approver := range doc.Approvers {
		r.config.Approvers = append(r.config.Approvers, approver.Value)
	}
	for _, word := range doc.Monitoring.OnFailure {
		r.config.Monitoring.OnFailure = append(r.config.Monitoring.OnFailure, word.Value)
	}
	r.findingLimits(doc)
	r.materiality(doc.Materiality)
	r.scopes(doc)
	places := map[string]strictyaml.Place{}
	positions := false
	for _, node := range doc.Sources {
		if first, repeated := places[node.Name.Value]; repeated {
			r.fault(node.Name.Place, "source %q stands already at line %d", node.Name.Value, first.Line)
		}
		places[node.Name.Value] = node.Name.Place
		positions = positions || node.DataSet.Value == "positions"
		r.config.Sources = append(r.config.Sources, r.source(node))
	}
	if !positions && len(doc.Sources) > 0 {
		r.fault(doc.Sources[0].Name.Place, "no source of the data set positions; a run needs one")
	}
}

func (r *reader) day(text strictyaml.Text) time.Time {
	if text.Value == "" {
		return time.Time{}
	}
	date, err := time.Parse(time.DateOnly, text.Value)
	if err != nil {
		r.fault(text.Place, "%q: expected a date as YYYY-MM-DD", text.Value)
	}
	return date
}

// limitedElsewhere are codes of findings that have a limit of their own.
var limitedElsewhere = map[string]string{"internal_break": "limits.internal_breaks", "no_value": "limits.no_value"}

// findingLimits reads the limits of codes of findings.
func (r *reader) findingLimits(doc document) {
	for code, node := range doc.Limits.Findings {
		if _, known := position.FindFinding(code.Value); !known {
			r.fault(code.Place, "limits.findings: no finding has the code %q; %s", code.Value, strictyaml.Hint(code.Value, position.FindingNames()))
			continue
		}
		if other, is := limitedElsewhere[code.Value]; is {
			r.fault(code.Place, "limits.findings: %s has a limit of its own, %s; write it there", code.Value, other)
			continue
		}
		if node.Positions.Value == "" && node.Money.Value == "" {
			r.fault(code.Place, "limits.findings.%s: expected positions, money or both", code.Value)
		}
		limit := FindingLimit{Positions: -1, Money: node.Money.Value}
		if text := node.Positions; text.Value != "" {
			if expected := expectWhole(0)(text.Value); expected != "" {
				r.fault(text.Place, "limits.findings.%s.positions: %q: expected %s", code.Value, text.Value, expected)
			}
			limit.Positions, _ = strconv.Atoi(text.Value) // checked above
		}
		if text := node.Money; text.Value != "" {
			r.expectAmount(text, "limits.findings."+code.Value+".money")
		}
		if r.config.Limits.Findings == nil {
			r.config.Limits.Findings = map[string]FindingLimit{}
		}
		r.config.Limits.Findings[code.Value] = limit
	}
}

func (r *reader) expectAmount(text strictyaml.Text, key string) {
	if expected := expectMoney(text.Value); expected != "" {
		r.fault(text.Place, "%s: %q: expected %s", key, text.Value, expected)
	}
}

// materiality reads the thresholds of materiality, which two people answer for. That
// per_table names tables is checked where the tables are read.
func (r *reader) materiality(node *materialityNode) {
	if node == nil {
		return
	}
	m := Materiality{Balance: node.Balance.Value, Income: node.Income.Value, Percent: node.Percent.Value, PerTable: node.PerTable,
		Owner: node.Owner.Value, Approver: node.Approver.Value, Date: r.day(node.Date)}
	amounts := map[string]strictyaml.Text{"balance": node.Balance, "income": node.Income}
	for _, entry := range node.PerTable {
		amounts["per_table."+entry.Key.Value] = entry.Value
	}
	for key, text := range amounts {
		if text.Line > 0 { // a missing key is told already
			r.expectAmount(text, "materiality."+key)
		}
	}
	if percent, err := decimal.NewFromString(m.Percent); m.Percent != "" && (err != nil || !percent.IsPositive() || percent.GreaterThan(decimal.NewFromInt(100))) {
		r.fault(node.Percent.Place, "materiality.percent: %q: expected a percentage above 0 and up to 100, such as 5", m.Percent)
	}
	for key, text := range map[string]strictyaml.Text{"owner": node.Owner, "approver": node.Approver, "date": node.Date} {
		if text.Line > 0 && strings.TrimSpace(text.Value) == "" {
			r.fault(text.Place, "materiality.%s is empty; a threshold has an owner, an approver and the date of the approval", key)
		}
	}
	if m.Owner == m.Approver && m.Owner != "" {
		r.fault(node.Approver.Place, "materiality.approver: %q is its owner; another person approves it", m.Approver)
	} else if m.Approver != "" && !slices.Contains(r.config.Approvers, m.Approver) {
		r.fault(node.Approver.Place, "materiality.approver: %q is not among the approvers; %s", m.Approver, strictyaml.Hint(m.Approver, r.config.Approvers))
	}
	r.config.Materiality = &m
}

// scopes reads the scopes; without any there is one, group, of every entity.
func (r *reader) scopes(doc document) {
	if len(doc.Scopes) == 0 {
		r.config.Scopes = []Scope{{Name: "group"}}
	}
	var names []string
	for _, node := range doc.Scopes {
		if !name.MatchString(node.Name.Value) || slices.Contains(names, node.Name.Value) {
			r.fault(node.Name.Place, "scope %q: expected a name of lower-case letters, digits and _ that stands once", node.Name.Value)
		}
		names = append(names, node.Name.Value)
		scope := Scope{Name: node.Name.Value}
		for _, e := range node.LegalEntities {
			entity := ScopeEntity{Entity: e.Entity.Value, From: r.day(e.From), Until: r.day(e.Until)}
			if entity.Entity == "" && e.Entity.Line > 0 { // a missing one is told already
				r.fault(e.Entity.Place, "scope %q: entity is empty; expected a legal entity as positions have it", scope.Name)
			}
			if !entity.Until.IsZero() && entity.Until.Before(entity.From) {
				r.fault(e.Until.Place, "scope %q, entity %q: until %s is before from %s", scope.Name, entity.Entity, e.Until.Value, e.From.Value)
			}
			scope.LegalEntities = append(scope.LegalEntities, entity)
		}
		r.config.Scopes = append(r.config.Scopes, scope)
	}
}

func (r *reader) source(node sourceNode) Source {
	s := Source{Name: node.Name, DataSet: node.DataSet.Value, Files: node.Files, Format: node.Format.Value, Delimiter: node.Delimiter.Value,
		Quote: node.Quote.Value, Where: node.Where, Columns: node.Columns, AllowEmpty: node.AllowEmpty, OnHoliday: node.OnHoliday,
		SameNames: len(node.Columns) == 0, Required: true}
	if node.SameNames != nil {
		s.SameNames = *node.SameNames
	}
	if node.Required != nil {
		s.Required = *node.Required
	}
	if !name.MatchString(s.Name.Value) && s.Name.Value != "" {
		r.fault(node.Name.Place, "source %q: expected a name of lower-case letters, digits and _", s.Name.Value)
	}
	if s.Format == "" {
		s.Format = "csv"
	}
	format, known := formats[s.Format]
	if !known {
		r.fault(node.Format.Place, "source %q: format %q is unknown; %s", s.Name.Value, s.Format, strictyaml.Hint(s.Format, slices.Sorted(maps.Keys(formats))))
	}
	r.delimiters(node, &s, format, known)
	r.parties(node, &s, format)
	if format.delimiter == "" && node.SameNames == nil {
		s.SameNames = true // its columns have the contract's names
	}
	if node.Files.Value == "" && node.Files.Line > 0 {
		r.fault(node.Files.Place, "source %q: files is empty; expected a path or pattern", s.Name.Value)
	}
	r.pattern(node.Files, s.Name.Value, "files")
	r.pattern(node.OnHoliday, s.Name.Value, "on_holiday")
	if meant, near := strictyaml.Nearest(s.OnHoliday.Value, []string{"previous"}); near && s.OnHoliday.Value != meant && name.MatchString(s.OnHoliday.Value) {
		r.fault(node.OnHoliday.Place, "source %q: on_holiday %q: did you mean %q?", s.Name.Value, s.OnHoliday.Value, meant)
	}
	r.mapping(node, s)
	return s
}

// delimiters checks what only delimited text has.
func (r *reader) delimiters(node sourceNode, s *Source, format sourceFormat, known bool) {
	if known && format.delimiter == "" {
		for key, text := range map[string]strictyaml.Text{"delimiter": node.Delimiter, "quote": node.Quote} {
			if text.Value != "" {
				r.fault(text.Place, "source %q: format %s has no %s; leave it out", s.Name.Value, s.Format, key)
			}
		}
		return
	}
	if s.Delimiter == "" {
		s.Delimiter = format.delimiter
	}
	if s.Quote == "" {
		s.Quote = `"`
	}
	if len(s.Delimiter) != 1 && known {
		r.fault(node.Delimiter.Place, "source %q: delimiter %q: expected one character", s.Name.Value, s.Delimiter)
	}
	if len(s.Quote) != 1 && s.Quote != "none" {
		r.fault(node.Quote.Place, "source %q: quote %q: expected one character, or none", s.Name.Value, s.Quote)
	}
	if s.Quote == s.Delimiter {
		r.fault(node.Name.Place, "source %q: delimiter %q is the quote too; expected two characters", s.Name.Value, s.Delimiter)
	}
}

// parties reads who we are, where the format's records name both sides.
func (r *reader) parties(node sourceNode, s *Source, format sourceFormat) {
	for _, party := range node.Parties {
		if !format.parties {
			r.fault(party.Place, "source %q: format %s has no parties; leave the list out", s.Name.Value, s.Format)
			return
		}
		if slices.Contains(s.Parties, party.Value) || strings.TrimSpace(party.Value) == "" {
			r.fault(party.Place, "source %q: party %q: expected an identifier or a name of ours that stands once", s.Name.Value, party.Value)
		}
		s.Parties = append(s.Parties, party.Value)
	}
	if format.parties && len(node.Parties) == 0 {
		r.fault(node.Name.Place, "source %q: format %s needs parties: our own identifiers (such as LEIs) or names as its documents have them; they decide which side is ours", s.Name.Value, s.Format)
	}
}

var placeholder = regexp.MustCompile(`\{[^}]*\}?`)

// pattern checks what stands in braces: anything but the due date would be looked
// for as it is written, and only on the day that needs it.
func (r *reader) pattern(text strictyaml.Text, source, key string) {
	known := []string{"{as_of}", "{as_of_yyyymmdd}"}
	for _, found := range placeholder.FindAllString(text.Value, -1) {
		if !slices.Contains(known, found) {
			r.fault(text.Place, "source %q: %s %q: %s is unknown; %s", source, key, text.Value, found, strictyaml.Hint(found, known))
		}
	}
	if _, err := filepath.Match(text.Value, ""); err != nil {
		r.fault(text.Place, "source %q: %s %q: a bracket of the pattern is not closed", source, key, text.Value)
	}
}

// mapping checks a source's columns against the contract.
func (r *reader) mapping(node sourceNode, s Source) {
	set, known := position.Find(s.DataSet)
	if !known || !slices.Contains(position.DataSetNames(), s.DataSet) {
		if s.DataSet != "" {
			r.fault(node.DataSet.Place, "source %q: data set %q is unknown; %s", s.Name.Value, s.DataSet, strictyaml.Hint(s.DataSet, position.DataSetNames()))
		}
		return
	}
	if s.Format == "ecb_reference_rates" {
		if s.DataSet != "fx_rates" || len(s.Columns) > 0 {
			r.fault(node.Format.Place, "source %q: format ecb_reference_rates is for the data set fx_rates and has no columns to map", s.Name.Value)
		}
		return
	}
	if only := formats[s.Format].dataSet; only != "" && s.DataSet != only {
		r.fault(node.DataSet.Place, "source %q: format %s gives the data set %s alone", s.Name.Value, s.Format, only)
		return
	}
	mapped := map[string]bool{}
	for _, entry := range s.Columns {
		mapped[entry.Key.Value] = true
		if _, ok := set.Column(entry.Key.Value); !ok {
			r.fault(entry.Key.Place, "source %q: data set %s has no column %q; %s", s.Name.Value, s.DataSet, entry.Key.Value, strictyaml.Hint(entry.Key.Value, set.Names()))
		}
		if entry.Value.Value == "" {
			r.fault(entry.Key.Place, "source %q: column %s is mapped to nothing; write a SQL expression over the file's columns, or leave the line out", s.Name.Value, entry.Key.Value)
		}
	}
	if s.SameNames {
		return
	}
	for _, column := range set.Columns {
		if column.MustBeMapped() && !mapped[column.Name] {
			r.fault(node.Name.Place, "source %q: required column %s of data set %s is not mapped", s.Name.Value, column.Name, s.DataSet)
		}
	}
	if s.DataSet == "positions" && !mapped["maturity_date"] && !mapped["option_expiry_date"] {
		r.fault(node.Name.Place, "source %q: neither maturity_date nor option_expiry_date is mapped; a position needs one", s.Name.Value)
	}
}
