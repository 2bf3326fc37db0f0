package transform

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// RollForward is what the roll-forward of the notional is made of (DOMAIN: flows).
// The database has the relations of the opening release under opening_<name>, and
// lifecycle_since, the events that were delivered since.
type RollForward struct {
	Since       time.Time
	Path        string // of position.MovementPaths
	Unexplained string // most that may stay unexplained, in the reporting currency
	Nights      []Night
	Restated    bool // readers were shown another opening, whose facts are reported_facts
}

// Night is a release in between: its relations are known under <Prefix><name>.
type Night struct {
	Date   time.Time
	Prefix string
}

// rollParameters are what the templates of the roll-forward may ask for.
type rollParameters struct {
	parameters
	roll          RollForward
	side          string
	before, after string    // prefixes of the relations of the two dates compared
	moved         string    // relation of the positions of both
	date          time.Time // the later of the two
}

func (p rollParameters) Since() string       { return dateLiteral(p.roll.Since) }
func (p rollParameters) Path() string        { return store.Literal(p.roll.Path) }
func (p rollParameters) ByEvents() bool      { return p.roll.Path == "events" }
func (p rollParameters) Unexplained() string { return p.roll.Unexplained }
func (p rollParameters) Restated() bool      { return p.roll.Restated }
func (p rollParameters) Side() string        { return p.side }
func (p rollParameters) Before() string      { return p.before }
func (p rollParameters) After() string       { return p.after }
func (p rollParameters) Moved() string       { return p.moved }
func (p rollParameters) MoveDate() string    { return dateLiteral(p.date) }

// ClassColumns are the columns of facts whose values a roll-forward keeps apart.
func (p rollParameters) ClassColumns() []string {
	columns := []string{"direction", "instrument", "funded", "counterparty_type", "purpose"}
	for _, scope := range p.Scopes {
		columns = append(columns, scope.Column())
	}
	return columns
}

// IsScope tells whether a column of a class says how it stands to a scope.
func (p rollParameters) IsScope(column string) bool {
	return slices.ContainsFunc(p.Scopes, func(s Scope) bool { return s.Column() == column })
}

// ClassTerm is a text as a term of such a column; what is no text stays as it is.
func (p rollParameters) ClassTerm(column, text string) string {
	if column == "funded" {
		return text
	}
	return p.Term(column, text)
}

// Class lists them, of a relation by its alias.
func (p rollParameters) Class(alias string) string { return p.ClassBut(alias, "", "") }

// ClassBut lists them with another value for one of them.
func (p rollParameters) ClassBut(alias, column, value string) string {
	list := p.ClassColumns()
	for i, name := range list {
		switch {
		case name == column:
			list[i] = value + " as " + name
		case alias != "":
			list[i] = alias + "." + name
		}
	}
	return strings.Join(list, ", ")
}

// ownColumns are the columns of a position that decide its class without any other
// data set: where one of them differs, the trade changed, and else rules or reference
// data did.
var ownColumns = []string{
	"legal_entity", "counterparty_id", "counterparty_type", "counterparty_entity", "book", "product", "role", "option_type", "reference_entity_id", "index_name",
	"basket_id", "attachment_point", "nth_to_default", "designation", "purpose_code", "hedged_item_id", "offsets_position_id", "offset_pool", "embedded_in",
}

// OwnColumns are those of the template.
func (rollParameters) OwnColumns() []string { return ownColumns }

// Step moves the opening amount of positions from one class to another that differs in
// one attribute alone.
type Step struct{ Attribute, Cause, Where, Before, After string }

// Steps lead from the class at the opening to that at the as-of date, an attribute at a
// time, so that each attribute's moves sum to nil. The purposes of sliced positions
// are compared slice by slice instead.
func (p rollParameters) Steps() []Step {
	var scopes []string
	for _, scope := range p.Scopes {
		scopes = append(scopes, scope.Column())
	}
	attributes := []struct {
		name    string
		columns []string
	}{{"direction", []string{"direction"}}, {"instrument", []string{"instrument", "funded"}}, {"counterparty_type", []string{"counterparty_type"}},
		{"scope", scopes}, {"purpose", []string{"purpose"}}}
	moved := map[string]bool{}
	class := func() string {
		var list []string
		for _, column := range p.ClassColumns() {
			switch {
			case moved[column]:
				list = append(list, "m."+column)
			case column == "purpose":
				list = append(list, "f."+column)
			default:
				list = append(list, "m.opening_"+column)
			}
		}
		return strings.Join(list, ", ")
	}
	var steps []Step
	for _, a := range attributes {
		step := Step{Attribute: a.name, Cause: "case when m.is_own then 'reclassified' else 'rule_or_reference_data' end", Before: class()}
		var differs []string
		for _, column := range a.columns {
			moved[column] = true
			differs = append(differs, "m.opening_"+column+" is distinct from m."+column)
		}
		step.After, step.Where = class(), "("+strings.Join(differs, " or ")+")"
		switch a.name {
		case "scope":
			step.Cause = "'scope'"
		case "purpose":
			step.Where += " and not m.is_sliced"
		}
		steps = append(steps, step)
	}
	return steps
}

// Movements writes the roll-forward from the opening release to the facts, after
// Facts, makes the relation movements, and gives the controls.
func Movements(ctx context.Context, db *store.DB, in Input, roll RollForward) ([]position.Control, error) {
	p := rollParameters{parameters: parameters{Input: in}, roll: roll, before: "opening_", moved: "moved_positions", date: in.AsOf}
	if err := p.compareDates(ctx, db); err != nil {
		return nil, err
	}
	if p.scopesChange() {
		if err := createTable(ctx, db, p.moved, "gone_scopes", p); err != nil {
			return nil, err
		}
	}
	if err := p.createMoves(ctx, db); err != nil {
		return nil, err
	}
	if err := createMovementRates(ctx, db, in); err != nil {
		return nil, err
	}
	for _, name := range []string{"converted_moves", "movement_sums", "position_moves", "moved_classes", "movement_weights", "sliced_moves", "resliced", "adjusted"} {
		makeRelation := createTable
		if name == "position_moves" {
			makeRelation = createView
		}
		if err := makeRelation(ctx, db, name, name, p); err != nil {
			return nil, err
		}
	}
	if roll.Restated {
		p.side = "reported_facts"
		if err := createView(ctx, db, "reported_facts_in_terms", "facts_in_terms", p); err != nil {
			return nil, err
		}
		if err := createTable(ctx, db, "restated", "restated", p); err != nil {
			return nil, err
		}
	}
	query, err := render("movements", p)
	if err != nil {
		return nil, err
	}
	lists := position.Movements(p.scopeNames()).ClosedLists()
	lists["release"] = []string{in.Release}
	file := filepath.Join(in.Output, "movements.parquet")
	if err := db.WriteParquet(ctx, query, file, lists); err != nil {
		return nil, fmt.Errorf("writing the movements: %w", err)
	}
	if err := db.CreateOverFiles(ctx, "movements", "select * from "+store.PlainParquet(file)); err != nil {
		return nil, err
	}
	return p.controls(ctx, db)
}

// compareDates makes the relation p.moved of the positions of two dates.
func (p rollParameters) compareDates(ctx context.Context, db *store.DB) error {
	for _, prefix := range []string{p.before, p.after} {
		p.side = prefix + "facts"
		if err := createView(ctx, db, p.side+"_in_terms", "facts_in_terms", p); err != nil {
			return err
		}
		if err := createView(ctx, db, prefix+"positions_placed", "placed_positions", p); err != nil {
			return err
		}
	}
	return createTable(ctx, db, p.moved, "moved_positions", p)
}

// scopesChange tells whether an entity enters a scope or leaves one between the two dates.
func (p rollParameters) scopesChange() bool {
	return slices.ContainsFunc(p.Scopes, func(s Scope) bool {
		return slices.ContainsFunc(s.Members, func(m Member) bool {
			return m.From.After(p.roll.Since) && !m.From.After(p.Input.AsOf) || !m.Until.IsZero() && !m.Until.Before(p.roll.Since) && m.Until.Before(p.Input.AsOf)
		})
	})
}

// createMoves makes the relation moves by the path of the roll-forward.
func (p rollParameters) createMoves(ctx context.Context, db *store.DB) error {
	switch p.roll.Path {
	case "events":
		if err := p.placeEvents(ctx, db); err != nil {
			return err
		}
		return createTable(ctx, db, "moves", "event_moves", p)
	case "two_point":
		return createTable(ctx, db, "moves", "inferred_moves", p)
	}
	nights := slices.Concat([]Night{{Date: p.roll.Since, Prefix: p.before}}, p.roll.Nights, []Night{{Date: p.Input.AsOf}})
	for i := range nights[1:] {
		pair := p
		pair.before, pair.after, pair.date, pair.moved = nights[i].Prefix, nights[i+1].Prefix, nights[i+1].Date, "night_positions"
		if err := pair.compareDates(ctx, db); err != nil {
			return err
		}
		query, err := render("inferred_moves", pair)
		if err != nil {
			return err
		}
		if i == 0 {
			err = db.CreateTable(ctx, "night_moves", query)
		} else {
			err = db.Run(ctx, "insert into night_moves "+query)
		}
		if err != nil {
			return fmt.Errorf("the moves of %s: %w", pair.date.Format(time.DateOnly), err)
		}
	}
	return createTable(ctx, db, "moves", "nightly_moves", p)
}

// placeEvents makes the relation placed_events, each event once.
func (p rollParameters) placeEvents(ctx context.Context, db *store.DB) error {
	if err := createTable(ctx, db, "placed_events", "placed_events", p); err != nil {
		return err
	}
	several, err := store.Scalar[bool](ctx, db, fmt.Sprintf(
		"select (select count(*) from placed_events) > (select count(*) from lifecycle_since where booking_date > %s and booking_date <= %s)", p.Since(), p.AsOf()))
	if err != nil || !several {
		return err
	}
	return createTable(ctx, db, "placed_events", "placed_once", p)
}

// createMovementRates makes the relation movement_rates: of each currency at the as-of
// date and at every date on which something in it moved.
func createMovementRates(ctx context.Context, db *store.DB, in Input) error {
	return createDatedConversions(ctx, db, in, "movement_rates", "the date of a movement", fmt.Sprintf(`
select distinct event_date, currency from (
  select currency, event_date from moves
  union select currency, %[1]s from moves
  union select currency, %[1]s from moved_positions
  union select currency, %[1]s from opening_facts
  union select currency, %[1]s from facts)
where currency is not null order by event_date, currency`, dateLiteral(in.AsOf)), func(rates allRates, currency string, date time.Time) (conversion, bool) {
		if date.Equal(in.AsOf) {
			return rates.balance(currency)
		}
		return rates.event(currency, date)
	})
}

// controls are those of the roll-forward.
func (p rollParameters) controls(ctx context.Context, db *store.DB) ([]position.Control, error) {
	controls, err := readControls(ctx, db, "movement_controls", p)
	if err != nil {
		return nil, err
	}
	fx, err := p.fxControls(ctx, db)
	return append(controls, fx...), err
}

// fxControls compute what the rates made of opening and movements again, from the sums
// of each currency, and compare it with the movements' own.
func (p rollParameters) fxControls(ctx context.Context, db *store.DB) ([]position.Control, error) {
	parts, err := ask(ctx, db, "movement_fx_checks", p)
	if err != nil {
		return nil, err
	}
	expected, records := map[string]decimal.Decimal{}, map[string]int64{}
	for _, row := range parts.Rows {
		currency, local := row[1].(string), row[2].(decimal.Decimal)
		at := func(i int) decimal.Decimal {
			return local.Mul(decimal.NewFromInt(row[i].(int64))).DivRound(decimal.NewFromInt(row[i+1].(int64)), 8)
		}
		expected[currency] = expected[currency].Add(at(6).Sub(at(4)))
		records[currency] += row[3].(int64)
	}
	found, err := store.Query(ctx, db, "select currency, cast(coalesce(sum(notional) filter (where cause = 'fx'), 0) as decimal(38, 2)) from movements where currency is not null group by currency order by currency")
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range found.Rows {
		currency := row[0].(string)
		control := position.Integrity("movements_fx_is_computed", currency,
			"opening and movements in "+currency+" times the change of the rate", expected[currency].Round(2), "FX of the movements", row[1].(decimal.Decimal))
		control.Tolerance = halfCent.Mul(decimal.NewFromInt(2*records[currency] + 1))
		controls = append(controls, control)
	}
	return controls, nil
}
