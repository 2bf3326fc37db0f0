package position

// MovementPaths are how a roll-forward found its causes (DOMAIN: flows): by events, by
// the published releases of every night in between, or by the two ends alone.
var MovementPaths = []string{"events", "daily", "two_point"}

// MovementCauses are why notional is more or less than at the opening. Those from
// appeared to amount_changed are inferred from positions, where no events tell more.
var MovementCauses = []string{
	"opening", "restated_opening",
	"new_trades", "late_trades", "increases", "novated_in", "matured", "terminated", "compressed", "novated_out", "amended", "amortised", "exercised",
	"credit_events", "index_factor", "corrections",
	"appeared", "disappeared", "amount_changed",
	"reclassified", "rule_or_reference_data", "scope", "adjustments", "fx", "cents_of_rounding", "unexplained",
}

// MovementAttributes are by which attribute a position moved to another class;
// position, where an event moved it to another position.
var MovementAttributes = []string{"none", "direction", "instrument", "counterparty_type", "scope", "purpose", "position"}

// Movements is the contract of the relation movements for the scopes of a configuration.
func Movements(scopes []string) DataSet {
	return DataSet{
		Name:    "movements",
		Grain:   "one row per opening fact, and per position or adjustment, event, cause and class that moved",
		Meaning: "Roll-forward of the notional from the opening release to the facts of the as-of date, with its causes; all rows of a class add up to its facts. Only releases of period ends have it, and those that were asked for one.",
		Columns: []Column{
			{Name: "path", Type: Text, Values: MovementPaths, Use: Dimension, Meaning: "How causes were found: by events, by the releases of every night in between, or inferred from the two ends."},
			{Name: "cause", Type: Text, Values: MovementCauses, Use: Key | Dimension, Meaning: "Why the notional moved; opening is the facts of the opening release."},
			{Name: "attribute", Type: Text, Values: MovementAttributes, Use: Key | Dimension, Meaning: "Attribute by which a position moved to another class; the rows of each sum to nil."},
			{Name: "source_system", Type: Text, Use: Key, Meaning: "System of record of the position; empty where it is open at neither end."},
			{Name: "position_id", Type: Text, Use: Key, Meaning: "Identity of the position."},
			{Name: "adjustment_id", Type: Text, Use: Key, Meaning: "Identity of the adjustment, or empty."},
			{Name: "event_id", Type: Text, Use: Key, Meaning: "Identity of the event, or empty where none tells the movement."},
			{Name: "event_date", Type: Date, Use: Key, Meaning: "Date whose rate converts the movement, or empty."},
			{Name: "currency", Type: Currency, Use: Dimension, Meaning: "Currency of the trade, in which notional_local is."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "instrument", Type: Text, Values: Instruments, Use: Key | Dimension, Meaning: "Kind of contract."},
			{Name: "funded", Type: Flag, Use: Dimension, Meaning: "A credit-linked note: a population of its own."},
			{Name: "counterparty_type", Type: Text, Values: CounterpartyTypes, Use: Key | Dimension, Meaning: "Type of the legal counterparty."},
			{Name: "purpose", Type: Text, Values: Purposes, Use: Key | Dimension, Meaning: "What the position is for."},
			{Name: "notional_local", Type: Amount, Unit: "currency of the trade", Meaning: "Movement in the trade's currency; nil for FX and cents of rounding."},
			{Name: "notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Movement, events at their own date's rate; the opening as it was converted then."},
		},
	}.withScopes(scopes)
}

// FairValueCauses are why fair value is more or less than at the opening. Those from
// spread on are the factors of pnl_explain.
var FairValueCauses = []string{"opening", "new", "closed_out", "cash_settled", "reclassified", "scope", "adjustments", "fx", "market", "unexplained",
	"spread", "rates", "carry", "credit_event", "volatility_and_correlation", "model", "other"}

// FairValueMoves is the contract of the relation fair_value_moves.
func FairValueMoves(scopes []string) DataSet {
	return DataSet{
		Name:    "fair_value_moves",
		Grain:   "one row per cause, how it is told, and class",
		Meaning: "What leads from the fair value at the last fiscal year-end to that at the as-of date; all rows of a class add up to its facts.",
		Columns: []Column{
			{Name: "cause", Type: Text, Values: FairValueCauses, Use: Key | Dimension, Meaning: "Why the fair value is another: cash that was paid or received for trades, on their close, or settled in between; where no realized events are delivered, the values of trades that came and went. Market is what is left; with pnl_explain its factors, and unexplained what they leave."},
			{Name: "told_by", Type: Text, Values: []string{"none", "position", "book"}, Use: Key | Dimension, Meaning: "Whether pnl_explain tells the factor by position or by book, whose direction and instrument are not told; none for all that is not told by it."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "instrument", Type: Text, Values: Instruments, Use: Key | Dimension, Meaning: "Kind of contract."},
			{Name: "funded", Type: Flag, Use: Key | Dimension, Meaning: "A credit-linked note: a population of its own."},
			{Name: "amount", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Fair value, receivable less payable; cash at its own date's rate, the opening as it was converted then."},
		},
	}.withScopes(scopes)
}

// MatchedGrowth is the contract of the relation matched_growth.
func MatchedGrowth(scopes []string) DataSet {
	return DataSet{
		Name:    "matched_growth",
		Grain:   "one row per scope and part",
		Meaning: "Protection sold and bought since the opening, by whether the other side has an identical underlying (ASC 815-10-50-4K(f)): how much of the growth of one is offset by the other. Without credit-linked notes.",
		Columns: []Column{
			{Name: "part", Type: Text, Use: Key | Dimension, Values: []string{"sold_covered", "sold_identical_not_covered", "sold_other", "bought_identical", "bought_other"}, Meaning: "Part of the protection sold or bought, as in matched_protection."},
			{Name: "opening", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional at the opening."},
			{Name: "closing", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional at the as-of date."},
			{Name: "growth", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Closing less opening."},
		},
	}.withScopes(scopes)
}

// GrowthDrivers is the contract of the relation growth_drivers.
func GrowthDrivers(scopes []string) DataSet {
	return DataSet{
		Name:    "growth_drivers",
		Grain:   "one row per scope, kind of name, name among the ten whose notional changed most, all others or none, and direction",
		Meaning: "Who and what drove the change of the notional since the opening; each scope has its own ranks. Without credit-linked notes.",
		Columns: []Column{
			{Name: "kind", Type: Text, Values: []string{"reference", "index", "counterparty", "book"}, Use: Key | Dimension, Meaning: "Kind of name: reference entity, index and series, counterparty or book."},
			{Name: "place", Type: Text, Values: append(append([]string{}, places...), "none"), Use: Key | Dimension, Meaning: "Rank by the change without its sign, bought and sold together; others, or none where facts have no such name."},
			{Name: "name", Type: Text, Use: Key | Dimension, Meaning: "The name, or its id; empty for others and none."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "opening", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional at the opening."},
			{Name: "closing", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional at the as-of date."},
			{Name: "growth", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Closing less opening."},
		},
	}.withScopes(scopes)
}

// EightQuarters is the contract of the relation eight_quarters.
func EightQuarters(scopes []string) DataSet {
	return DataSet{
		Name:    "eight_quarters",
		Grain:   "one row per fiscal quarter up to the as-of date, direction and how they stand to each scope",
		Meaning: "The trend: what the release of each quarter's end shows that the last packet of it displays, else the newest one, and what was realized in the quarter. Only releases of period ends after another one have it.",
		Columns: []Column{
			{Name: "place", Type: Text, Values: []string{"1", "2", "3", "4", "5", "6", "7", "8"}, Use: Key | Dimension, Meaning: "Quarter, 1 is that of the as-of date."},
			{Name: "period", Type: Text, Use: Dimension, Meaning: "End of the quarter, and whether it is shown restated, or as reported though it was restated since, has no realized events or no release."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "funded", Type: Flag, Use: Key | Dimension, Meaning: "A credit-linked note: a population of its own."},
			{Name: "notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional at the end of the quarter."},
			{Name: "fair_value_receivable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the positive fair values."},
			{Name: "fair_value_payable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the negative fair values, absolute."},
			{Name: "net_fair_value", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Receivable less payable."},
			{Name: "realized_gains", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Gross gains of events booked in the quarter."},
			{Name: "realized_losses", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Gross losses of events booked in the quarter."},
			{Name: "realized_net", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Gains and losses together."},
		},
	}.withScopes(scopes)
}
