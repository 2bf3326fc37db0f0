// Package transform turns data sets into facts. It reads the relations that
// ingest leaves and makes
//
//	conversions    the exact ratio from each currency to the reporting currency
//	joined         positions with what the other data sets and the maps say of them
//	facts          classified positions and adjustments, with money in the reporting currency
//	findings       what a person should look at
//
// Rules are data: they compile to CASE expressions that are evaluated in one
// pass over the positions. The SQL stands in sql/, one SELECT per file; the
// file's name is the relation's name.
package transform

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

//go:embed sql/*.sql
var queries embed.FS

// SQL gives the text of all queries, for the manifest.
func SQL() fs.FS { return queries }

// Scope is a set of legal entities that a table may speak for, at the as-of date.
type Scope struct {
	Name          string
	All           bool // every legal entity
	LegalEntities []string
	Members       []Member // at any date
}

// Member is a legal entity and the time for which it belongs to a scope.
type Member struct {
	Entity      string
	From, Until time.Time // zero: always, open
}

// Column is the column of facts that says how a fact stands to the scope.
func (s Scope) Column() string { return position.ScopeColumn(s.Name) }

// Status is the SQL that tells how a position of our entity with a counterparty
// entity stands to the scope.
func (s Scope) Status(entity, counterpartyEntity string) string {
	return s.status(entity, counterpartyEntity, func(text string) string { return store.IsOneOf(text, s.LegalEntities) }, len(s.LegalEntities) == 0)
}

// IsMember is the SQL that tells whether a legal entity belongs to the scope.
func (s Scope) IsMember(entity string) string {
	switch {
	case s.All:
		return "true"
	case len(s.LegalEntities) == 0:
		return "false"
	}
	return store.IsOneOf(entity, s.LegalEntities)
}

// StatusOn is Status at a date that is given by SQL.
func (s Scope) StatusOn(entity, counterpartyEntity, date string) string {
	return s.status(entity, counterpartyEntity, func(text string) string { return s.isMemberOn(text, date) }, len(s.Members) == 0)
}

// isMemberOn is the SQL that tells whether a legal entity belongs to the scope at a date.
func (s Scope) isMemberOn(entity, date string) string {
	var always, conditions []string
	for _, m := range s.Members {
		if m.From.IsZero() && m.Until.IsZero() {
			always = append(always, m.Entity)
			continue
		}
		condition := entity + " = " + store.Literal(m.Entity)
		if !m.From.IsZero() {
			condition += " and " + date + " >= " + dateLiteral(m.From)
		}
		if !m.Until.IsZero() {
			condition += " and " + date + " <= " + dateLiteral(m.Until)
		}
		conditions = append(conditions, "("+condition+")")
	}
	if len(always) > 0 {
		conditions = append(conditions, store.IsOneOf(entity, always))
	}
	return strings.Join(conditions, " or ")
}

func (s Scope) status(entity, counterpartyEntity string, isMember func(string) string, isEmpty bool) string {
	external, internal, outOfScope := term(s.Column(), "'external'"), term(s.Column(), "'internal'"), term(s.Column(), "'out_of_scope'")
	if s.All {
		return "case when " + counterpartyEntity + " is not null then " + internal + " else " + external + " end"
	}
	if isEmpty {
		return outOfScope
	}
	return fmt.Sprintf("case when %s then case when %s then %s else %s end else %s end",
		isMember(entity), isMember(counterpartyEntity), internal, external, outOfScope)
}

// Map is a vocabulary: what a source's word stands for.
type Map = map[string]string

// vocabularies are the maps that classification needs, with what their words may
// stand for. ratings gives the notch: 1 is AAA or Aaa, 10 the last of investment
// grade, 22 the last of all; words that say that an agency does not rate have none.
var vocabularies = map[string][]string{
	"counterparty_types": position.CounterpartyTypes, "products": position.Instruments, "purposes": position.Purposes,
	"purpose_details": position.PurposeDetails, "ratings": append(notches(), notRated), "sectors": position.Sectors, "credit_event_sets": position.CreditEventSets,
	"credit_events": append([]string{otherEvent}, position.CreditEvents...),
}

// IsVocabulary tells whether classification reads the map; others are for mappings.
func IsVocabulary(name string) bool { return vocabularies[name] != nil }

// Vocabularies are the names of the maps that classification reads.
func Vocabularies() []string { return slices.Sorted(maps.Keys(vocabularies)) }

// mostWords is the most words that a vocabulary may have.
const mostWords = 2000

// otherEvent is what words of the map credit_events stand for that are credit events of
// which no table tells.
const otherEvent = "other"

// notRated is what words such as NR and WR of the map ratings stand for.
const notRated = "not_rated"

// RatingNotches are the notches of the map ratings, of the words that have one.
func RatingNotches(ratings Map) Map {
	notches := maps.Clone(ratings)
	maps.DeleteFunc(notches, func(_, notch string) bool { return notch == notRated })
	return notches
}

func notches() []string {
	var list []string
	for notch := range 22 {
		list = append(list, strconv.Itoa(notch+1))
	}
	return list
}

// ReadMaps reads <name>.csv (columns word and value) of every vocabulary, and
// every other CSV file of the folders for use in mappings; a file in a later
// folder takes the place of one in an earlier.
func ReadMaps(folders ...fs.FS) (map[string]Map, error) {
	maps := map[string]Map{}
	var faults []error
	for _, folder := range folders {
		files, err := fs.Glob(folder, "*.csv")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			words, err := readMap(folder, file)
			maps[strings.TrimSuffix(file, ".csv")] = words
			faults = append(faults, err)
		}
	}
	return maps, errors.Join(faults...)
}

func readMap(folder fs.FS, name string) (Map, error) {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	file, vocabulary := strictyaml.Shown(folder, "maps", name), strings.TrimSuffix(name, ".csv")
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) {
			return nil, fmt.Errorf("%s:%d: %q is not UTF-8; save the file in that encoding", file, i+1, line)
		}
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(records) == 0 || len(records[0]) != 2 || records[0][0] != "word" || records[0][1] != "value" {
		return nil, fmt.Errorf("%s:1: expected the header word,value", file)
	}
	var faults []error
	fault := func(line int, format string, arguments ...any) {
		faults = append(faults, fmt.Errorf("%s:%d: %s", file, line, fmt.Sprintf(format, arguments...)))
	}
	if known := vocabularies[vocabulary]; known != nil && len(records)-1 > mostWords {
		fault(mostWords+2, "the %d words of this map are more than %d; a vocabulary of classification is searched word by word, map what is finer in the source's columns", len(records)-1, mostWords)
	}
	words, sets := Map{}, Map{}
	for i, record := range records[1:] {
		if _, repeated := words[record[0]]; repeated {
			fault(i+2, "%q stands twice; a word has one meaning", record[0])
		}
		if known := vocabularies[vocabulary]; known != nil && !slices.Contains(known, record[1]) {
			fault(i+2, "%q stands for %q; %s", record[0], record[1], strictyaml.Hint(record[1], known))
		}
		words[record[0]] = record[1]
		if events := agreed(record[0]); vocabulary == "credit_event_sets" {
			if set := sets[events]; set != "" && set != record[1] {
				fault(i+2, "%q stands for %q, and its words in another order for %q; a set of credit events has one meaning", record[0], record[1], set)
			}
			sets[events] = record[1]
		}
	}
	return words, errors.Join(faults...)
}

// Input is what the transformation needs beside the relations of ingest.
type Input struct {
	AsOf                time.Time
	PreviousBusinessDay time.Time   // on or before AsOf
	BusinessDays        []time.Time // of the fiscal year to date, by the config
	QuarterStart        time.Time   // first day of the fiscal quarter of AsOf
	YearStart           time.Time   // first day of the fiscal year of AsOf
	Release             string
	ReportingCurrency   string
	RateAgeDays         int    // oldest rate that may convert, in days before the as-of date
	InternalBreaks      string // most that internal pairs may miss each other by, in the reporting currency
	Scopes              []Scope
	Approvers           []string
	Loaded              []string  // data sets of which there is a file
	Noticed             []Finding // of the files; severity and message are their codes'
	Rules               Rules
	AllRules            bool // compile also those that are not in force at AsOf: validation wants their faults too
	Maps                map[string]Map
	Evidence            Evidence
	Rates               OtherRates
	Realized            Realized
	MovedByEvents       bool   // Movements were made, from events
	Output              string // folder for the Parquet files
}

// OtherRates convert balances as on another day than AsOf, and what the relation
// fx_rates has no rate for, by those of another relation: to compute a book again at
// the rates of an earlier one. The zero value is a run's.
type OtherRates struct {
	On     time.Time // zero: AsOf
	Else   string    // relation with the columns of fx_rates, or ""
	ElseOn time.Time // day at which it converts balances
}

// parameters are what the SQL templates may ask for.
type parameters struct {
	Input
	compiled    map[string]compiledRules
	conversions []conversion // of balances, at the as-of date
	stored      []string     // columns of the stored facts
}

// AsOf and the others give SQL literals and expressions to the templates.
func (p parameters) AsOf() string         { return dateLiteral(p.Input.AsOf) }
func (p parameters) BusinessDay() string  { return dateLiteral(p.PreviousBusinessDay) }
func (p parameters) QuarterStart() string { return dateLiteral(p.Input.QuarterStart) }
func (p parameters) YearStart() string    { return dateLiteral(p.Input.YearStart) }
func (p parameters) OneYearOn() string    { return dateLiteral(anniversary(p.Input.AsOf, 1)) }
func (p parameters) FiveYearsOn() string  { return dateLiteral(anniversary(p.Input.AsOf, 5)) }
func (p parameters) Release() string      { return store.Literal(p.Input.Release) }
func (p parameters) RuleNumber(attribute string) string {
	return p.compiled[attribute].number()
}
func (p parameters) Decided(attribute string) string { return p.compiled[attribute].decided() }
func (p parameters) RuleID(attribute string) string  { return p.compiled[attribute].ruleID() }

// Term is a text as a term of the column of facts.
func (p parameters) Term(column, text string) string { return term(column, text) }

// Lookup is what a vocabulary says of a text, as a term of the column of facts.
func (p parameters) Lookup(vocabulary, column, text string) string {
	terms := map[string]string{}
	for word, value := range p.Maps[vocabulary] {
		terms[word] = term(column, store.Literal(value))
	}
	return store.Lookup(text, terms, store.Identifier(termType(column)))
}

// agreed are the words of a text of credit events, as one text in which their order and
// what separates them are alike.
func agreed(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(store.Separators, r) })
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// eventSets are the sets of credit events, by their words.
func (p parameters) eventSets() Map {
	sets := Map{}
	for text, set := range p.Maps["credit_event_sets"] {
		sets[agreed(text)] = set
	}
	return sets
}

// eventWords are the words of the map credit_events that stand for an event; "": all.
func (p parameters) eventWords(event string) (words []string) {
	for _, word := range slices.Sorted(maps.Keys(p.Maps["credit_events"])) {
		if event == "" || p.Maps["credit_events"][word] == event {
			words = append(words, word)
		}
	}
	return words
}

// CreditEventSet is the set of credit events that a position agrees, as a term.
func (p parameters) CreditEventSet() string {
	terms := map[string]string{}
	for words, set := range p.eventSets() {
		terms[words] = term("credit_event_set", store.Literal(set))
	}
	return store.Lookup(store.SortedWords("credit_events"), terms, store.Identifier(termType("credit_event_set")))
}

// eventsOfSets are the events that are in every contract of a set, for words of a source
// that stand for a set and for no event.
var eventsOfSets = map[string][]string{
	"bankruptcy_and_failure_to_pay": {"bankruptcy", "failure_to_pay"}, "with_restructuring": {"bankruptcy", "failure_to_pay", "restructuring"},
	"with_restructuring_and_repudiation": {"failure_to_pay", "restructuring", "repudiation"}, "asset_backed_events": {"failure_to_pay", "writedown"},
}

// NamedCreditEvents are the credit events that a position names, as a term.
func (p parameters) NamedCreditEvents() string {
	place := "1"
	for i, event := range position.CreditEvents {
		var texts []string
		for words, set := range p.eventSets() {
			if slices.Contains(eventsOfSets[set], event) {
				texts = append(texts, words)
			}
		}
		slices.Sort(texts)
		place += fmt.Sprintf(" + case when %s or %s then %d else 0 end", store.HasAnyWord("credit_events", p.eventWords(event)),
			store.IsOneOf(store.SortedWords("credit_events"), texts), 1<<i)
	}
	var terms []string
	for _, named := range position.NamedCreditEvents() {
		terms = append(terms, term("credit_events", store.Literal(named)))
	}
	return store.Choose(place, terms)
}

// HasUnknownCreditEvents is true of a position some of whose credit events the maps do
// not have.
func (p parameters) HasUnknownCreditEvents() string {
	return "not (credit_events is null or " + store.HasNoOtherWord("credit_events", p.eventWords("")) + " or " +
		store.IsOneOf(store.SortedWords("credit_events"), slices.Sorted(maps.Keys(p.eventSets()))) + ")"
}

// LastDate is the last day of a position.
func (p parameters) LastDate(row string) string {
	return position.LastDate(row, store.IsOneOf(row+"role", position.OptionRoles))
}

// OwnTerm is a column whose texts are of the closed list that facts has for it, as
// terms.
func (p parameters) OwnTerm(column string) string {
	facts := position.Facts(nil).ClosedLists()
	terms := map[string]string{}
	for _, value := range facts[column] {
		terms[value] = term(column, store.Literal(value))
	}
	return store.Lookup(column, terms, store.Identifier(termType(column)))
}

// laterTerms are the terms that came into being on a day: auction settlement was
// hardwired by the ISDA 2009 supplement, and the 2014 definitions became effective.
// Trades before it have the term by protocol alone.
var laterTerms = map[string]struct {
	term  string
	since time.Time
}{
	"settlement_method": {"auction", time.Date(2009, 4, 8, 0, 0, 0, 0, time.UTC)},
	"definitions":       {"2014", time.Date(2014, 9, 22, 0, 0, 0, 0, time.UTC)},
}

// Triggers is what a trade says of a term that triggers settlement: of the column's
// closed list, a term of its own where it is newer than the trade, or not_stated.
func (p parameters) Triggers(column string) string {
	stated := "coalesce(" + p.OwnTerm(column) + ", " + term(column, "'not_stated'") + ")"
	later := laterTerms[column]
	if later.term == "" || p.Input.AsOf.Before(later.since) {
		return stated
	}
	return fmt.Sprintf("case when %s and trade_date < %s then %s else %s end",
		store.IsOneOf(column, []string{later.term}), dateLiteral(later.since), term(column, store.Literal(later.term+"_by_protocol")), stated)
}

// Grade is the grade of a rating of an agency: investment up to the tenth notch,
// BBB- or Baa3.
func (p parameters) Grade(rating string) string {
	terms := map[string]string{}
	for word, notch := range RatingNotches(p.Maps["ratings"]) {
		grade := "non_investment"
		if n, err := strconv.Atoi(notch); err == nil && n <= 10 {
			grade = "investment"
		}
		terms[word] = term("rating_grade", store.Literal(grade))
	}
	return store.Lookup(rating, terms, store.Identifier(termType("rating_grade")))
}

// Notch is the notch of a rating, 1 for the best.
func (p parameters) Notch(rating string) string {
	return store.Lookup(rating, RatingNotches(p.Maps["ratings"]), "integer")
}

// IsUnknownRating is true of a text that the map ratings does not have.
func (p parameters) IsUnknownRating(rating string) string {
	return rating + " is not null and not " + store.IsOneOf(rating, slices.Sorted(maps.Keys(p.Maps["ratings"])))
}

// UnknownRatings are those by the agencies in a row of a data set, with their columns,
// as one text, or NULL.
func (p parameters) UnknownRatings(set, row string) string {
	var unknown []string
	for _, column := range []string{"rating_sp", "rating_moodys", "rating_fitch"} {
		rating := row + "." + column
		unknown = append(unknown, fmt.Sprintf("case when %s then '%s.%s ' || %s end", p.IsUnknownRating(rating), set, column, rating))
	}
	return "nullif(concat_ws(', ', " + strings.Join(unknown, ", ") + "), '')"
}

// DecidingNotch is the notch that decides among those of three agencies, sp, moodys
// and fitch: the middle of three, the lower of two, the one.
func (p parameters) DecidingNotch() string {
	return `case when sp is not null and moodys is not null and fitch is not null then greatest(least(sp, moodys), least(greatest(sp, moodys), fitch)) when sp is not null and moodys is not null then greatest(sp, moodys) when sp is not null and fitch is not null then greatest(sp, fitch) when moodys is not null and fitch is not null then greatest(moodys, fitch) when sp is not null then sp when moodys is not null then moodys else fitch end`
}

// Numerator and Denominator are the exact ratio that converts an amount of the
// currency at the as-of date.
func (p parameters) Numerator(currency string) string {
	return p.ratio(currency, func(c conversion) *big.Int { return c.numerator })
}

func (p parameters) Denominator(currency string) string {
	return p.ratio(currency, func(c conversion) *big.Int { return c.denominator })
}

func (p parameters) ratio(currency string, part func(conversion) *big.Int) string {
	values := map[string]string{}
	for _, c := range p.conversions {
		values[c.currency] = fmt.Sprintf("cast(%s as bigint)", part(c))
	}
	return store.Lookup(currency, values, "bigint")
}

// BusinessDays and Approvers are lists for the templates, with an element that nothing
// equals, because an empty list is no SQL.
func (p parameters) BusinessDays() string {
	list := []string{"date '0001-01-01'"}
	for _, day := range p.Input.BusinessDays {
		list = append(list, dateLiteral(day))
	}
	return strings.Join(list, ", ")
}

func (p parameters) Approvers() string {
	list := []string{"null"}
	for _, name := range p.Input.Approvers {
		list = append(list, store.Literal(name))
	}
	return strings.Join(list, ", ")
}

// InAnyScope is the SQL that tells whether a legal entity belongs to a scope.
func (p parameters) InAnyScope(entity string) string {
	all := Scope{}
	for _, s := range p.Scopes {
		all.All, all.LegalEntities = all.All || s.All, append(all.LegalEntities, s.LegalEntities...)
	}
	return all.IsMember(entity)
}

// ListsEntities tells whether a scope lists its legal entities, so that what states none
// is out of it.
func (p parameters) ListsEntities() bool {
	return slices.ContainsFunc(p.Scopes, func(s Scope) bool { return !s.All })
}

func dateLiteral(d time.Time) string { return "date '" + d.Format(time.DateOnly) + "'" }

// anniversary is the same calendar day years later, and 28 February for the
// 29th where that year has none.
func anniversary(d time.Time, years int) time.Time {
	moved := d.AddDate(years, 0, 0)
	if moved.Day() != d.Day() {
		return moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// Prepare makes the relations that classification reads, up to joined, and
// compiles the rules; it is all that validation needs.
func Prepare(ctx context.Context, db *store.DB, in Input) (map[string]compiledRules, error) {
	if err := createTerms(ctx, db, in); err != nil {
		return nil, err
	}
	p := parameters{Input: in}
	for _, name := range []string{"counterparties_as_of", "own_counterparties", "books_as_of", "indices_as_of", "reference_grades"} {
		if err := createTable(ctx, db, name, name, p); err != nil {
			return nil, err
		}
	}
	if err := uniqueNow(ctx, db); err != nil {
		return nil, err
	}
	if err := createView(ctx, db, "joined", "joined", p); err != nil {
		return nil, err
	}
	// Rules are bound over empty tables of its columns: over the view each question would
	// plan all its joins again.
	if err := db.CreateTable(ctx, "joined_columns", "select * from joined limit 0"); err != nil {
		return nil, err
	}
	if err := db.CreateTable(ctx, "joined_with_instrument", "select *, "+unclassified("instrument")+" as instrument from joined_columns"); err != nil {
		return nil, err
	}
	first, err := in.Rules.compile(ctx, db, in, "joined_columns", "instrument")
	second, err2 := in.Rules.compile(ctx, db, in, "joined_with_instrument", Attributes[1:]...)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	second["instrument"] = first["instrument"]
	return second, nil
}

// uniqueNow refuses reference data that is valid twice at the as-of date: a
// join would count its positions twice.
func uniqueNow(ctx context.Context, db *store.DB) error {
	var faults []error
	for _, r := range []struct{ relation, what, key, advice string }{
		{"counterparties_as_of", "counterparty_id", "counterparty_id", "end one period before the next begins"},
		{"books_as_of", "book", "book", "end one period before the next begins"},
		{"reference_grades", "reference_entity_id", "reference_entity_id", "end one period before the next begins"},
		{"indices_as_of", "index, series and version", "concat(index_name, ' ', index_series, ' ', index_version)", "deliver one factor for each day in valid_from"},
	} {
		table, err := store.Query(ctx, db, fmt.Sprintf(
			"select %[1]s, count(*) as times from %[2]s group by %[1]s having count(*) > 1 order by %[1]s limit 10", r.key, r.relation))
		if err != nil {
			return err
		}
		for _, row := range table.Rows {
			faults = append(faults, fmt.Errorf("%w: %s %q is valid %d times at the as-of date (relation %s); %s",
				ErrData, r.what, row[0], row[1], r.relation, r.advice))
		}
	}
	return errors.Join(faults...)
}

// ErrData marks errors of the data rather than of the program.
var ErrData = errors.New("data")

// Facts writes the facts and makes the relation facts. It gives what tells how good
// the rules are.
func Facts(ctx context.Context, db *store.DB, in Input) (RuleQuality, error) {
	quality := RuleQuality{asOf: in.AsOf, rules: in.Rules}
	compiled, err := Prepare(ctx, db, in)
	if err != nil {
		return quality, err
	}
	if err := findMeetings(ctx, db, compiled); err != nil {
		return quality, fmt.Errorf("finding rules that can match at once: %w", err)
	}
	quality.compiled = compiled
	conversions, err := createConversions(ctx, db, in)
	if err != nil {
		return quality, err
	}
	if err := createRuleTerm(ctx, db, compiled); err != nil {
		return quality, err
	}
	p := parameters{Input: in, compiled: compiled, conversions: conversions}
	quality.digits = p.digits()
	for _, name := range []string{"classified", "measured", "applied_adjustments"} {
		if err := createView(ctx, db, name, name, p); err != nil {
			return quality, err
		}
	}
	sliced, err := strikeEvidence(ctx, db, p)
	if err != nil {
		return quality, fmt.Errorf("testing purposes against evidence: %w", err)
	}
	if err := writeFacts(ctx, db, p, sliced); err != nil {
		return quality, err
	}
	return quality, findIdenticalUnderlyings(ctx, db, p)
}

// writeFacts writes the facts of positions, cut where evidence sliced them, then those of
// adjustments, which take the classes of the positions that they name; and makes the
// relation facts of both.
func writeFacts(ctx context.Context, db *store.DB, p parameters, sliced bool) error {
	name := "position_facts"
	if sliced {
		if err := createView(ctx, db, name, name, p); err != nil {
			return err
		}
		columns, err := store.Query(ctx, db, "describe position_facts")
		if err != nil {
			return err
		}
		for _, row := range columns.Rows {
			p.stored = append(p.stored, row[0].(string))
		}
		name = "sliced_facts"
	}
	query, err := render(name, p)
	if err != nil {
		return err
	}
	positions, adjustments := filepath.Join(p.Output, "facts-001.parquet"), filepath.Join(p.Output, "facts-002.parquet")
	if err := db.WriteParquetAsJoined(ctx, query, positions); err != nil { // they have terms already
		return fmt.Errorf("writing the facts: %w", err)
	}
	if err := db.CreateOverFiles(ctx, "position_slices_written", "select * from "+store.ReadParquet([]string{positions})); err != nil {
		return err
	}
	// What takes the classification of a position takes that of its first slice.
	if err := db.CreateView(ctx, "position_facts_written", "select * from position_slices_written where slice <= 1"); err != nil {
		return err
	}
	if query, err = render("adjustment_facts", p); err != nil {
		return err
	}
	if err := db.WriteParquet(ctx, query, adjustments, p.closedLists()); err != nil {
		return fmt.Errorf("writing the facts: %w", err)
	}
	if err := db.CreateOverFiles(ctx, "facts_stored", "select * from "+store.PlainParquet(positions, adjustments)); err != nil {
		return err
	}
	return createView(ctx, db, "facts", "facts", p)
}

func (p parameters) scopeNames() []string {
	var names []string
	for _, scope := range p.Scopes {
		names = append(names, scope.Name)
	}
	return names
}

// closedLists are the values that columns of the stored facts can have.
func (p parameters) closedLists() map[string][]string {
	facts := position.Facts(p.scopeNames())
	lists := facts.ClosedLists()
	delete(lists, "fair_value_status") // derived, not stored
	for _, attribute := range Attributes {
		column, _ := facts.Column(attribute)
		lists[attribute] = termsOf(column)
	}
	lists["release"] = []string{p.Input.Release}
	return lists
}

// laterColumns are those that facts of the first releases lack.
var laterColumns = []string{"book", "index_name", "index_series", "basket_id", "attachment_point", "detachment_point", "seniority", "reference_obligation_id", "last_date", "fair_value_before", "credit_events"}

// FactsQuery is the SELECT that derives facts from the stored ones, for the scopes of a
// release; stored is the FROM item. names are the columns that are stored, nil where all
// are: a column that facts did not have when the release was made is NULL.
func FactsQuery(scopes []Scope, stored string, names []string) (string, error) {
	var lacking strings.Builder
	for _, c := range position.Facts(parameters{Input: Input{Scopes: scopes}}.scopeNames()).Columns {
		if slices.Contains(laterColumns, c.Name) && names != nil && !slices.Contains(names, c.Name) {
			fmt.Fprintf(&lacking, ", cast(null as %s) as %s", c.Type.SQL(), c.Name)
		}
	}
	if lacking.Len() > 0 {
		stored = "(select *" + lacking.String() + " from " + stored + ")"
	}
	query, err := render("facts", parameters{Input: Input{Scopes: scopes}})
	return strings.Replace(query, "from facts_stored", "from "+stored, 1), err
}

// createTable and createView make the relation name of the query of a file.
func createTable(ctx context.Context, db *store.DB, name, file string, p any) error {
	return create(ctx, db.CreateTable, name, file, p)
}

func createView(ctx context.Context, db *store.DB, name, file string, p any) error {
	return create(ctx, db.CreateView, name, file, p)
}

func create(ctx context.Context, as func(ctx context.Context, name, query string) error, name, file string, p any) error {
	query, err := render(file, p)
	if err != nil {
		return err
	}
	if err := as(ctx, name, query); err != nil {
		return fmt.Errorf("relation %s: %w", name, err)
	}
	return nil
}

// insertRows adds rows to a table, each the SQL of its values.
func insertRows(ctx context.Context, db *store.DB, table string, rows []string) error {
	const atOnce = 1000 // of which the engine reads a statement quickly
	for some := range slices.Chunk(rows, atOnce) {
		if err := db.Run(ctx, "insert into "+table+" values "+strings.Join(some, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// ask runs the query of a file.
func ask(ctx context.Context, db *store.DB, file string, p any) (store.Table, error) {
	query, err := render(file, p)
	if err != nil {
		return store.Table{}, err
	}
	return store.Query(ctx, db, query)
}

// render fills in a template; p has what it may ask for.
func render(name string, p any) (string, error) {
	text, err := fs.ReadFile(queries, "sql/"+name+".sql")
	if err != nil {
		return "", err
	}
	parsed, err := template.New(name).Parse(string(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := parsed.Execute(&b, p); err != nil {
		return "", err
	}
	return b.String(), nil
}

// CounterpartiesAsOf makes the relation counterparties_as_of, the counterparties valid
// at a date with their notches by the agencies, of the data set counterparties.
func CounterpartiesAsOf(ctx context.Context, db *store.DB, asOf time.Time, maps map[string]Map) error {
	p := parameters{Input: Input{AsOf: asOf, Maps: maps}}
	if err := createTerms(ctx, db, p.Input); err != nil {
		return err
	}
	return createTable(ctx, db, "counterparties_as_of", "counterparties_as_of", p)
}
