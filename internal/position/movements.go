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
