package position

// Published are the relations of a release that the catalog shows beside the
// data sets, with the columns that every release of this contract has. Facts
// has one more column per scope of the configuration: see Facts.
var Published = []DataSet{Facts(nil), RealizedFacts(nil), Movements(nil), CounterpartyRanks(nil), ReferenceRanks(nil), DowngradedNettingSets(nil), MatchedProtection(nil), BalanceSheetBridge(nil), IncomeBridge(nil), CreditEventPayouts(nil), FairValueMoves(nil), MatchedGrowth(nil), GrowthDrivers(nil), EightQuarters(nil), evidence, evidenceSlices, evidenceNotes, identicalUnderlyings, cells, cellMarks, tables, controls, findings, findingCells, rulesUsed, ruleConflicts, rejects, exclusions, unreadableValues, conflicts, runs, approvals, packets, cellsRestated}

// ScopeColumn names the column of facts that says how a fact stands to a scope.
func ScopeColumn(scope string) string { return "scope_" + scope }

// Facts is the contract of the relation facts for the scopes of a configuration.
func Facts(scopes []string) DataSet {
	facts := DataSet{
		Name:    "facts",
		Grain:   "one row per position or adjustment and slice",
		Meaning: "Classified positions and adjustments, each attribute with the rule that decided it; money is in the reporting currency unless the column says otherwise.",
		Columns: []Column{
			{Name: "source_system", Type: Text, Use: Key, Meaning: "System of record of the position."},
			{Name: "position_id", Type: Text, Use: Key, Meaning: "Identity of the position; of an adjustment, the position it adjusts, if any."},
			{Name: "slice", Type: Integer, Use: Key, Meaning: "0 for a whole position; slices of one that serves two purposes count from 1."},
			{Name: "origin", Type: Text, Values: []string{"position", "adjustment"}, Use: Dimension, Meaning: "Where the fact comes from."},
			{Name: "adjustment_id", Type: Text, Use: Key, Meaning: "Identity of the adjustment, or empty."},
			{Name: "legal_entity", Type: Text, Use: Dimension, Meaning: "Our entity that holds the position."},
			{Name: "mirror_id", Type: Text, Meaning: "Shared by the two legs of an internal trade."},
			{Name: "currency", Type: Currency, Use: Dimension, Meaning: "Currency of the trade, in which notional_local is."},
			{Name: "instrument", Type: Text, Values: Instruments, Use: Dimension, Meaning: "Kind of contract."},
			{Name: "instrument_rule", Type: Text, Meaning: "Rule that decided instrument."},
			{Name: "funded", Type: Flag, Use: Dimension, Meaning: "A credit-linked note: a population of its own, in no total of derivatives."},
			{Name: "direction", Type: Text, Values: Directions, Use: Dimension, Meaning: "Credit protection from our side, regulatory view: an option's buyer has bought."},
			{Name: "direction_rule", Type: Text, Meaning: "Rule that decided direction."},
			{Name: "direction_economic", Type: Text, Values: Directions, Use: Dimension, Meaning: "Credit protection from our side, economic view: a long payer and a short receiver have bought."},
			{Name: "direction_economic_rule", Type: Text, Meaning: "Rule that decided direction_economic."},
			{Name: "obligation", Type: Text, Values: []string{"default_payout", "fixed_payout", "carrying_amount", "buy_protection", "no_fixed_maximum", "none", Unclassified}, Use: Dimension, Meaning: "What the contract can oblige us to pay; maximum exposure follows it, not the label."},
			{Name: "obligation_rule", Type: Text, Meaning: "Rule that decided obligation."},
			{Name: "purpose", Type: Text, Values: Purposes, Use: Dimension, Meaning: "What the position is for (comment 11(a))."},
			{Name: "purpose_rule", Type: Text, Meaning: "Rule that decided purpose."},
			{Name: "purpose_detail", Type: Text, Values: PurposeDetails, Use: Dimension | Empty, Meaning: "Detail of a hedging purpose."},
			{Name: "designation", Type: Text, Values: append([]string{"not_stated"}, Designations...), Use: Dimension, Meaning: "Accounting designation."},
			{Name: "counterparty_type", Type: Text, Values: CounterpartyTypes, Use: Dimension, Meaning: "Type of the legal counterparty (comment 11(g))."},
			{Name: "counterparty_type_rule", Type: Text, Meaning: "Rule that decided counterparty_type."},
			{Name: "rating_grade", Type: Text, Values: RatingGrades, Use: Dimension, Meaning: "Grade of the reference."},
			{Name: "rating_grade_rule", Type: Text, Meaning: "Rule that decided rating_grade."},
			{Name: "maturity_bucket", Type: Text, Values: MaturityBuckets, Use: Dimension, Meaning: "Remaining maturity at the as-of date."},
			{Name: "maturity_bucket_rule", Type: Text, Meaning: "Rule that decided maturity_bucket."},
			{Name: "underlying_kind", Type: Text, Values: append([]string{"not_stated"}, UnderlyingKinds...), Use: Dimension, Meaning: "What the protection refers to."},
			{Name: "sector", Type: Text, Values: Sectors, Use: Dimension, Meaning: "Industry sector of the reference entity."},
			{Name: "attachment_bucket", Type: Text, Values: AttachmentBuckets, Use: Dimension, Meaning: "Where a tranche begins to bear losses, as given."},
			{Name: "restructuring", Type: Text, Values: append([]string{"not_stated"}, Restructurings...), Use: Dimension, Meaning: "ISDA restructuring clause."},
			{Name: "definitions", Type: Text, Values: []string{"not_stated", "1999", "2003", "2014", "2014_by_protocol"}, Use: Dimension, Meaning: "Edition of the ISDA Credit Derivatives Definitions; by protocol where it is newer than the trade."},
			{Name: "settlement_method", Type: Text, Values: []string{"not_stated", "physical", "cash", "auction", "auction_by_protocol"}, Use: Dimension, Meaning: "Settlement after a credit event; by protocol where auctions are newer than the trade."},
			{Name: "credit_event_set", Type: Text, Values: CreditEventSets, Use: Dimension, Meaning: "Credit events that are agreed together."},
			{Name: "credit_events", Type: Text, Values: NamedCreditEvents(), Use: Dimension, Meaning: "Credit events that the contract names, of those that tables tell apart, in their order."},
			{Name: "status", Type: Text, Values: []string{"open", "triggered_unsettled"}, Use: Dimension, Meaning: "Whether a credit event has happened that is not settled yet."},
			{Name: "counterparty_id", Type: Text, Meaning: "Legal counterparty."},
			{Name: "reference_entity_id", Type: Text, Meaning: "Reference entity of a single name; empty for indices, baskets, tranches and ranks of default."},
			{Name: "netting_set_id", Type: Text, Meaning: "Netting set with the counterparty."},
			{Name: "book", Type: Text, Meaning: "Book that holds the position."},
			{Name: "index_name", Type: Text, Meaning: "Index of an index contract."},
			{Name: "index_series", Type: Integer, Meaning: "Series of the index."},
			{Name: "basket_id", Type: Text, Meaning: "Identity of a bespoke basket."},
			{Name: "attachment_point", Type: Rate, Unit: "fraction", Meaning: "Where a tranche begins to bear losses."},
			{Name: "detachment_point", Type: Rate, Unit: "fraction", Meaning: "Where a tranche is used up."},
			{Name: "seniority", Type: Text, Values: Seniorities, Use: Dimension | Empty, Meaning: "Seniority of the reference obligation, or empty."},
			{Name: "reference_obligation_id", Type: Text, Meaning: "Reference obligation, by ISIN or CUSIP."},
			{Name: "last_date", Type: Date, Meaning: "Last day of the contract: an option's expiry, else the maturity."},
			{Name: "capital_treatment", Type: Text, Values: append([]string{"not_stated"}, CapitalTreatments...), Use: Dimension, Meaning: "Regulatory capital treatment."},
			{Name: "fair_value_level", Type: Integer, Values: []string{"1", "2", "3"}, Use: Dimension | Empty, Meaning: "Level of the fair value hierarchy, or empty."},
			{Name: "fair_value_status", Type: Text, Values: []string{"receivable", "payable", "nil", "no_value"}, Use: Dimension, Meaning: "Sign of the fair value, or that there is none."},
			{Name: "notional_is_floor", Type: Flag, Use: Dimension, Meaning: "The notional is a capped or masked amount: at least so much."},
			{Name: "is_contract", Type: Flag, Use: Dimension, Meaning: "The fact stands for its contract where contracts are counted: the whole position or the first of its slices, and no adjustment."},
			{Name: "recovery_fixed", Type: Rate, Unit: "fraction", Meaning: "Fixed recovery of a digital swap."},
			{Name: "notional_factor", Type: Rate, Unit: "fraction", Meaning: "Factor that made the current notional of the original one; 1 for a current one, empty where losses were taken off instead."},
			{Name: "notional_local", Type: Amount, Unit: "trade currency", Meaning: "Current notional in the currency of the trade."},
			{Name: "notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Current notional at the as-of date's rate."},
			{Name: "fair_value", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Fair value from our side; empty where there is none."},
			{Name: "fair_value_before", Type: Amount, Unit: "reporting currency", Meaning: "Of an adjustment of a position in its own class, what the position was worth before it, earlier adjustments included, so that both are receivable or payable as one; else empty."},
			{Name: "fair_value_receivable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "The fair value where it is positive, else 0; of an adjustment of a position, what it changes of the position's."},
			{Name: "fair_value_payable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "The absolute fair value where it is negative, else 0; of an adjustment of a position, what it changes of the position's."},
			{Name: "valuation_adjustment", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Valuation adjustment; empty where none is given."},
			{Name: "net_notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "The notional of protection bought, and that of protection sold with a minus; 0 for neither."},
			{Name: "net_fair_value", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "The fair value, and 0 where there is none: receivable less payable."},
			{Name: "maximum_exposure", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Most that we could have to pay, undiscounted, before recovery, recourse and collateral (ASC 815-10-50-4K); 0 where nothing, empty where no maximum is fixed, or where it is the carrying amount of a note without a fair value."},
			{Name: "findings", Type: Text, Meaning: "What a person should look at, one per line as code: subject; docs/findings.md tells what to do."},
		},
	}
	return facts.withScopes(scopes)
}

func (s DataSet) withScopes(scopes []string) DataSet {
	for _, scope := range scopes {
		s.Columns = append(s.Columns, Column{Name: ScopeColumn(scope), Type: Text, Values: ScopeStatuses, Use: Dimension,
			Meaning: "How the position stands to the scope " + scope + ": external to it, internal to it, or out of it."})
	}
	return s
}

// RealizedAmounts are how the amounts of realized facts were found: the sub-ledger's,
// or of events that have cash alone what realized.cash_only made of it.
var RealizedAmounts = []string{"sub_ledger", "as_settled", "basis", "basis_released", "never_realized", "none"}

// RealizedFacts is the contract of the relation realized_facts for the scopes of a
// configuration.
func RealizedFacts(scopes []string) DataSet {
	return DataSet{
		Name:    "realized_facts",
		Grain:   "one row per event booked in the fiscal year to date, or where delivered in the same period of the year before, at its highest version",
		Meaning: "Realized gains and losses, each event converted once at its own date's rate, at the as-of date's where it takes effect later, with the classification frozen at the event or, where none was, the position's.",
		Columns: []Column{
			{Name: "event_id", Type: Text, Use: Key, Meaning: "Identity of the event."},
			{Name: "position_id", Type: Text, Meaning: "Position that realized it."},
			{Name: "kind", Type: Text, Values: RealizedKinds, Use: Dimension, Meaning: "Kind of event."},
			{Name: "event_date", Type: Date, Meaning: "Date of the event; its rate converts the amount."},
			{Name: "booking_date", Type: Date, Meaning: "Date of booking; it decides the fiscal period."},
			{Name: "fiscal_year", Type: Text, Values: []string{"this_year", "year_before"}, Use: Dimension, Meaning: "Booked in the fiscal year to date, or in the same period of the year before."},
			{Name: "in_quarter", Type: Flag, Use: Dimension, Meaning: "Booked in the fiscal quarter of the as-of date, of the year before in the same quarter."},
			{Name: "event_period", Type: Text, Values: []string{"quarter", "year_to_date", "prior_year"}, Use: Dimension, Meaning: "Whether the event itself is of the fiscal quarter of the as-of date, of the year before that quarter, or of an earlier year; of events of the year before, in theirs."},
			{Name: "legal_entity", Type: Text, Use: Dimension, Meaning: "Our entity that held the position."},
			{Name: "counterparty_id", Type: Text, Meaning: "Counterparty at the event."},
			{Name: "reference_entity_id", Type: Text, Meaning: "Reference entity at the event or, where none is given, of the position in the book."},
			{Name: "instrument", Type: Text, Values: Instruments, Use: Dimension, Meaning: "Kind of contract."},
			{Name: "funded", Type: Flag, Use: Dimension, Meaning: "A credit-linked note."},
			{Name: "direction", Type: Text, Values: Directions, Use: Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "purpose", Type: Text, Values: Purposes, Use: Dimension, Meaning: "What the position was for."},
			{Name: "classification", Type: Text, Values: []string{"frozen", "position", "none"}, Use: Dimension, Meaning: "Whether the classification was frozen at the event, is the position's of the as-of date, or neither is there."},
			{Name: "currency", Type: Currency, Use: Dimension, Meaning: "Currency of the event."},
			{Name: "amount_from", Type: Text, Values: RealizedAmounts, Use: Dimension, Meaning: "How the amount was found: the sub-ledger's; or of cash alone, as settled, held as basis, cash with the basis released, never realized; or none."},
			{Name: "cash_local", Type: Amount, Unit: "currency of the event", Meaning: "Cash received, or paid where negative; empty where none is given."},
			{Name: "basis_released_local", Type: Amount, Unit: "currency of the event", Meaning: "Of events that have cash alone and close a position, or pay for one after it was closed, the basis that was released with it."},
			{Name: "realized_local", Type: Amount, Unit: "currency of the event", Meaning: "Realized gain, or loss where negative."},
			{Name: "realized_gain_loss", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "Realized gain, or loss where negative, at the event date's rate; empty where none is given, and of events of the year before."},
			{Name: "cash", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "Cash received, or paid where negative, at the event date's rate; empty where none is given, and of events of the year before."},
			{Name: "realized_year_before", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'year_before'`, Meaning: "Realized gain or loss of events of the year before, at the event date's rate."},
			{Name: "cash_year_before", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'year_before'`, Meaning: "Cash of events of the year before, at the event date's rate."},
			{Name: "result", Type: Text, Values: []string{"gain", "loss", "nil", "no_value"}, Use: Dimension, Meaning: "Gain or loss, by event, never netted first."},
		},
	}.withScopes(scopes)
}

var evidence = DataSet{
	Name: "evidence", Grain: "one row per scope, test, outcome, subject and what it was matched with",
	Meaning: "How purposes stood the test: hedges against holdings by hedge group, client offsets against clients' trades. Of several scopes the first of the config decides purposes; client offsets are tested in it alone.",
	Columns: []Column{
		{Name: "scope", Type: Text, Use: Key, Meaning: "Scope in which it was tested."},
		{Name: "test", Type: Text, Use: Key, Values: []string{"hedge", "offset"}, Meaning: "What was tested."},
		{Name: "outcome", Type: Text, Use: Key, Values: []string{"covered_hedge", "over_hedge", "orphan_hedge", "sold_hedge", "macro_hedge", "untested_hedge", "externalised", "linked", "paired", "pooled", "unmatched_offset"}, Meaning: "What came out."},
		{Name: "subject", Type: Text, Use: Key, Meaning: "Hedge group; of a sold hedge, a paired or an unmatched offset its position; of macro, untested and externalised hedges the instrument; of linked offsets the book, of pooled ones the pool."},
		{Name: "matched_with", Type: Text, Use: Key, Meaning: "Client's trade that a paired or linked offset is of, or empty."},
		{Name: "positions", Type: Whole, Unit: "positions", Meaning: "How many positions."},
		{Name: "notional", Type: Total, Unit: "reporting currency", Meaning: "What was tested: of a hedge group protection bought less sold."},
		{Name: "evidence", Type: Total, Unit: "reporting currency", Meaning: "What was found for it: holdings, or clients' trades."},
		{Name: "unsupported", Type: Total, Unit: "reporting currency", Meaning: "What the evidence does not support, above the tolerance."},
		{Name: "moved", Type: Total, Unit: "reporting currency", Meaning: "What of that became trading."},
		{Name: "example", Type: Text, Meaning: "The first of the positions."},
	},
}

var evidenceSlices = DataSet{
	Name: "slices", Grain: "one row per position, or slice of one, to which evidence gave another purpose or detail",
	Meaning: "How positions are cut: the facts of such a position have these shares of all of its money. An evidence that is frozen goes on from here.",
	Columns: []Column{
		{Name: "sliced_system", Type: Text, Use: Key, Meaning: "System of record of the position."},
		{Name: "sliced_id", Type: Text, Use: Key, Meaning: "Identity of the position."},
		{Name: "slice", Type: Integer, Use: Key, Meaning: "Slice, as in facts."},
		{Name: "purpose_by_evidence", Type: Text, Values: Purposes, Meaning: "Purpose by evidence; empty means that of the labels."},
		{Name: "rule_by_evidence", Type: Text, Meaning: "What decided the purpose; empty means a rule of the labels."},
		{Name: "detail_by_evidence", Type: Text, Values: PurposeDetails, Meaning: "Detail of a hedging purpose."},
		{Name: "part_from", Type: Whole, Unit: "cents", Meaning: "Where the slice begins in the notional when the evidence was struck."},
		{Name: "part_to", Type: Whole, Unit: "cents", Meaning: "Where it ends."},
		{Name: "part_whole", Type: Whole, Unit: "cents", Meaning: "The whole notional then."},
	},
}

var evidenceNotes = DataSet{
	Name: "evidence_notes", Grain: "one row per position with a finding of evidence that gave it no other purpose",
	Meaning: "The positions that findings of evidence are about, in the first scope, beside those of slices that a rule of evidence decided; facts have both in the column findings. An evidence that is frozen goes on from here.",
	Columns: []Column{
		{Name: "noted_system", Type: Text, Use: Key, Meaning: "System of record of the position."},
		{Name: "noted_id", Type: Text, Use: Key, Meaning: "Identity of the position."},
		{Name: "code", Type: Text, Meaning: "Code of the finding."},
	},
}

var identicalUnderlyings = DataSet{
	Name: "identical_underlyings", Grain: "one row per scope and underlying on which protection was both sold and bought",
	Meaning: "Purchased protection with identical underlyings (ASC 815-10-50-4K(f)): default swaps of any kind and total return swaps with others outside of the scope. The uncapped figure is the sum of bought, the other that of covered.",
	Columns: []Column{
		{Name: "scope", Type: Text, Use: Key, Meaning: "Scope."},
		{Name: "underlying", Type: Text, Use: Key, Meaning: "Index family, series and tranche; basket; or reference entity and seniority, of asset-backed securities with the obligation."},
		{Name: "sold", Type: Total, Unit: "reporting currency", Meaning: "Notional of protection sold on it."},
		{Name: "bought", Type: Total, Unit: "reporting currency", Meaning: "Notional of protection bought on it."},
		{Name: "covered", Type: Total, Unit: "reporting currency", Meaning: "What of the sold protection can be paired with bought protection that matures no earlier, no amount used twice."},
	},
}

// places are the ten largest and the rest.
var places = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "others"}

// CounterpartyRanks is the contract of the relation counterparty_ranks.
func CounterpartyRanks(scopes []string) DataSet {
	return DataSet{
		Name:    "counterparty_ranks",
		Grain:   "one row per scope, counterparty of the ten largest or all others, rating and direction",
		Meaning: "Facts by counterparty, ranked by notional; each scope has its own ranks, and its rows are external to it.",
		Columns: []Column{
			{Name: "place", Type: Text, Values: places, Use: Key | Dimension, Meaning: "Rank by notional, or others."},
			{Name: "name", Type: Text, Use: Key | Dimension, Meaning: "Name of the counterparty, or its id; empty for others."},
			{Name: "rating_grade", Type: Text, Values: RatingGrades, Use: Key | Dimension, Meaning: "Grade of the counterparty by the agencies: middle of three, lower of two, one."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the notionals."},
			{Name: "fair_value_receivable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the positive fair values."},
			{Name: "fair_value_payable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the negative fair values, absolute."},
		},
	}.withScopes(scopes)
}

// ReferenceRanks is the contract of the relation reference_ranks.
func ReferenceRanks(scopes []string) DataSet {
	return DataSet{
		Name:    "reference_ranks",
		Grain:   "one row per scope, reference entity of the ten largest or all others, and direction",
		Meaning: "Single-name facts by reference entity, ranked by notional bought and sold together; each scope has its own ranks.",
		Columns: []Column{
			{Name: "place", Type: Text, Values: places, Use: Key | Dimension, Meaning: "Rank by notional, or others."},
			{Name: "name", Type: Text, Use: Key | Dimension, Meaning: "Name of the reference entity, or its id; empty for others."},
			{Name: "direction", Type: Text, Values: Directions, Use: Key | Dimension, Meaning: "Credit protection from our side, regulatory view."},
			{Name: "notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Sum of the notionals."},
			{Name: "net_notional", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional bought less sold."},
			{Name: "net_fair_value", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Fair value receivable less payable."},
		},
	}.withScopes(scopes)
}

// DowngradedNettingSets is the contract of the relation downgraded_netting_sets.
func DowngradedNettingSets(scopes []string) DataSet {
	return DataSet{
		Name:    "downgraded_netting_sets",
		Grain:   "one row per scope, netting set, counterparty and number of notches down",
		Meaning: "What a lower rating of the counterparty, or of ourselves, would mean for each netting set; credit derivatives alone.",
		Columns: []Column{
			{Name: "netting_set_id", Type: Text, Use: Key, Meaning: "Netting set, or empty where positions have none."},
			{Name: "counterparty_id", Type: Text, Use: Key, Meaning: "Legal counterparty."},
			{Name: "notches", Type: Text, Values: []string{"0", "1", "2", "3"}, Use: Key | Dimension, Meaning: "Notches by which the rating would be lower; 0 as it is."},
			{Name: "is_rated", Type: Flag, Use: Dimension, Meaning: "An agency rates the counterparty; where there is an agreement, one whose rating decides by it."},
			{Name: "contingent", Type: Flag, Use: Dimension, Meaning: "The agreement has a threshold or a termination trigger by rating."},
			{Name: "counterparty_type", Type: Text, Values: CounterpartyTypes, Use: Key | Dimension, Meaning: "Type of the legal counterparty; where the positions of a netting set give several, that of most notional."},
			{Name: "without_value", Type: Flag, Use: Dimension, Meaning: "Positions of the netting set have no fair value, so that the amounts leave them out."},
			{Name: "falls_below_investment", Type: Flag, Use: Dimension, Meaning: "Investment grade as it is, and no longer after the notches."},
			{Name: "exposure", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Net fair value where positive; without a netting set, the sum of the positive ones."},
			{Name: "liability", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Net fair value where negative, absolute; without a netting set, the sum of the negative ones."},
			{Name: "collateral_held", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Collateral held by us."},
			{Name: "collateral_posted", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Collateral posted by us."},
			{Name: "recoverable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Of the collateral held, what we could recover on a trigger (ASC 815-10-50-4K(e))."},
			{Name: "collateral_callable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "More collateral that could be called: exposure and independent amount above threshold and collateral held; below its agreement's grade a threshold is nil; nothing where it is less than the minimum transfer."},
			{Name: "all_products", Type: Flag, Use: Dimension, Meaning: "The fair value of the netting set's other products and its credit valuation adjustment were delivered."},
			{Name: "all_products_exposure", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Net fair value of all products where positive; 0 where all_products is false."},
			{Name: "all_products_held", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Collateral held, where all_products."},
			{Name: "all_products_callable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "More collateral that could be called for all products, where all_products."},
			{Name: "credit_valuation_adjustment", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Credit valuation adjustment of the netting set, as delivered."},
			{Name: "residual", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Exposure of all products less collateral held, collateral callable and the valuation adjustment, where positive."},
			{Name: "settlement_on_trigger", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "What settling contingent agreements at once would cost us beyond collateral posted."},
			{Name: "terminable", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Exposure of sets that could be terminated, below the trigger of any of their agreements."},
			{Name: "protection_bought", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional of protection bought in the netting set."},
			{Name: "protection_on_own_names", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Of the protection bought, that on reference entities on which the scope also sold protection, or of whose group it has holdings."},
		},
	}.withScopes(scopes)
}

// MatchedProtection is the contract of the relation matched_protection.
func MatchedProtection(scopes []string) DataSet {
	return DataSet{
		Name:    "matched_protection",
		Grain:   "one row per scope and part",
		Meaning: "What protection is held against: bought and sold by whether the other side has an identical underlying (ASC 815-10-50-4K(f)), holdings by whether they are hedged. Protection alone, without credit-linked notes; those that are issued to hedge holdings do hedge them.",
		Columns: []Column{
			{Name: "part", Type: Text, Use: Key | Dimension, Values: []string{"bought_identical", "bought_other", "sold_covered", "sold_identical_not_covered", "sold_other", "holdings_hedged", "holdings_not_hedged"},
				Meaning: "Part of the protection bought, of the protection sold, or of the holdings. Covered is what of the sold protection can be paired with protection bought that matures no earlier; hedged is what of a group's holdings its hedges reach."},
			{Name: "amount", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Notional, or amount held."},
		},
	}.withScopes(scopes)
}

// BalanceSheetBridge is the contract of the relation balance_sheet_bridge.
func BalanceSheetBridge(scopes []string) DataSet {
	return DataSet{
		Name:    "balance_sheet_bridge",
		Grain:   "one row per scope, legal entity and line",
		Meaning: "What lies between gross fair value and the balance sheet, as the book and as the ledger has it; trades among our own entities included, without credit-linked notes.",
		Columns: []Column{
			{Name: "legal_entity", Type: Text, Use: Key | Dimension, Meaning: "Our entity."},
			{Name: "line", Type: Text, Use: Key | Dimension, Values: []string{"gross_receivable", "gross_payable", "cash_collateral", "valuation_adjustment", "counterparty_netting", "internal", "balance_sheet"},
				Meaning: "Line: payables and collateral with a minus; netting is off each side and in no sum; internal is what trades among our own entities leave."},
			{Name: "facts", Type: Whole, Unit: "facts", Meaning: "Facts of the entity: each may be rounded by half a cent where the ledger's sum is rounded once."},
			{Name: "in_ledger", Type: Flag, Use: Dimension, Meaning: "The ledger has the line."},
			{Name: "book", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Amount of the book."},
			{Name: "ledger", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Amount of the ledger, with the line's sign; 0 where it does not have the line."},
			{Name: "difference", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Book less ledger, where the ledger has the line."},
		},
	}.withScopes(scopes)
}

// IncomeBridge is the contract of the relation income_bridge.
func IncomeBridge(scopes []string) DataSet {
	return DataSet{
		Name:    "income_bridge",
		Grain:   "one row per scope, legal entity and line",
		Meaning: "What makes trading revenue of the fiscal year to date of these books, as the book has it, and that of the ledger; trades among our own entities included, without credit-linked notes.",
		Columns: []Column{
			{Name: "legal_entity", Type: Text, Use: Key | Dimension, Meaning: "Our entity."},
			{Name: "line", Type: Text, Use: Key | Dimension, Values: []string{"realized_gains", "realized_losses", "unrealized_opening", "unrealized_closing", "scope", "basis", "valuation_adjustment", "trading_revenue"},
				Meaning: "Line: the opening fair value with a minus; scope that of what left the scope, and with a minus of what entered it; basis is cash of events that was not realized with them, less basis released; valuation_adjustment the change of it; trading_revenue the sum of the others."},
			{Name: "facts", Type: Whole, Unit: "facts", Meaning: "Facts and events behind it: each may be rounded by half a cent where the ledger's sum is rounded once."},
			{Name: "in_ledger", Type: Flag, Use: Dimension, Meaning: "The ledger has the line."},
			{Name: "in_other_currencies", Type: Whole, Unit: "rows", Meaning: "Rows of the ledger's line in other currencies than the reporting one: income of a period has no one rate, so they are left out."},
			{Name: "book", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Amount of the book."},
			{Name: "ledger", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Amount of the ledger; 0 where it does not have the line."},
			{Name: "difference", Type: Amount, Use: Measure, Unit: "reporting currency", Meaning: "Book less ledger, where the ledger has the line."},
		},
	}.withScopes(scopes)
}

// CreditEventPayouts is the contract of the relation credit_event_payouts.
func CreditEventPayouts(scopes []string) DataSet {
	return DataSet{
		Name:    "credit_event_payouts",
		Grain:   "one row per scope, reference entity of the ten with the largest payouts, all others or none stated, instrument, fiscal year and quarter; of events without cash one each",
		Meaning: "What was paid out on protection sold when credit events came, and recovered: the cash of events of the kinds credit_event and recovery, without credit-linked notes; each scope has its own ranks.",
		Columns: []Column{
			{Name: "place", Type: Text, Values: append(append([]string{}, places...), "not_stated"), Use: Key | Dimension, Meaning: "Rank by payouts of the fiscal year to date, others, or not_stated where the event names no reference entity and its position is gone."},
			{Name: "name", Type: Text, Use: Key | Dimension, Meaning: "Name of the reference entity, or its id; empty for others."},
			{Name: "instrument", Type: Text, Values: Instruments, Use: Key | Dimension, Meaning: "Kind of contract."},
			{Name: "fiscal_year", Type: Text, Values: []string{"this_year", "year_before"}, Use: Key | Dimension, Meaning: "Booked in the fiscal year to date, or in the same period of the year before."},
			{Name: "in_quarter", Type: Flag, Use: Key | Dimension, Meaning: "Booked in the fiscal quarter to date, of the year before in the same quarter."},
			{Name: "has_cash", Type: Flag, Use: Key | Dimension, Meaning: "The events give their cash; those that do not are in no sum."},
			{Name: "event_id", Type: Text, Use: Key, Meaning: "Event that does not give its cash; empty for the sums of the others."},
			{Name: "payouts", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "Cash paid for credit events, at each event date's rate; received, with a minus."},
			{Name: "recoveries", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "Cash received as recovery."},
			{Name: "net_paid", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "Payouts less recoveries."},
			{Name: "realized_gain_loss", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'this_year'`, Meaning: "What these events realized."},
			{Name: "payouts_year_before", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'year_before'`, Meaning: "Cash paid for credit events in the same period of the year before."},
			{Name: "recoveries_year_before", Type: Amount, Use: Measure, Unit: "reporting currency", Rows: `"fiscal_year" = 'year_before'`, Meaning: "Cash received as recovery in the same period of the year before."},
		},
	}.withScopes(scopes)
}

var cells = DataSet{
	Name: "cells", Grain: "one row per table, block, row and column",
	Meaning: "Every number of every disclosure table: exact and as displayed. Amounts are in the reporting currency, counts are numbers of facts.",
	Columns: []Column{
		{Name: "table_id", Type: Text, Use: Key, Meaning: "Table."},
		{Name: "block_id", Type: Text, Use: Key, Meaning: "Block of the table."},
		{Name: "row_id", Type: Text, Use: Key, Meaning: "Row; nested rows are joined by a slash."},
		{Name: "column_id", Type: Text, Use: Key, Meaning: "Column."},
		{Name: "row_number", Type: Integer, Meaning: "Place of the row in the block."},
		{Name: "column_number", Type: Integer, Meaning: "Place of the column in the block."},
		{Name: "table_number", Type: Integer, Meaning: "Place of the table."},
		{Name: "block_number", Type: Integer, Meaning: "Place of the block in the table."},
		{Name: "depth", Type: Integer, Meaning: "How far the row is indented."},
		{Name: "block_title", Type: Text, Meaning: "Title of the block."},
		{Name: "row_label", Type: Text, Meaning: "Label of the row."},
		{Name: "column_label", Type: Text, Meaning: "Label of the column."},
		{Name: "measure", Type: Text, Meaning: "Measure that is summed, or count."},
		{Name: "predicate", Type: Text, Meaning: "Predicate on facts that gives the facts behind the cell."},
		{Name: "exact", Type: Total, Unit: "reporting currency", Meaning: "Exact value, or the count."},
		{Name: "displayed", Type: Whole, Unit: "units of the column unit", Meaning: "Displayed value in whole units; displayed values foot."},
		{Name: "unit", Type: Text, Meaning: "Unit of the displayed value, for example USD millions."},
		{Name: "moved", Type: Whole, Unit: "units", Meaning: "Displayed value less the conventionally rounded one: not 0 where the cell was moved so that the table foots."},
		{Name: "memo", Type: Flag, Meaning: "The row stands outside the footing."},
		{Name: "parent_row_id", Type: Text, Meaning: "Row that the row is a part of, or empty: exact and displayed values of the parts add up to it."},
		{Name: "total_column", Type: Flag, Meaning: "The column is the sum of the block's other columns of its measure."},
		{Name: "code", Type: Text, Meaning: "Name of the figure in a regulator's form, for example C968; else empty."},
	},
}

var cellMarks = DataSet{
	Name: "cell_marks", Grain: "one row per cell and footnote that it carries",
	Meaning: "What a figure rests on that a reader must know: facts that are floors, have no value, are unclassified, not rated or two-way.",
	Columns: []Column{
		{Name: "table_id", Type: Text, Use: Key, Meaning: "Table."},
		{Name: "block_id", Type: Text, Use: Key, Meaning: "Block of the table."},
		{Name: "row_id", Type: Text, Use: Key, Meaning: "Row."},
		{Name: "column_id", Type: Text, Use: Key, Meaning: "Column."},
		{Name: "mark", Type: Text, Use: Key, Values: []string{"floor", "no_value", "unclassified", "not_rated", "two_way", "no_carrying_amount", "no_amount", "no_amount_year_before"}, Meaning: "Footnote."},
		{Name: "facts", Type: Whole, Unit: "facts", Meaning: "How many of the facts behind the cell cause it."},
		{Name: "amount", Type: Total, Unit: "reporting currency", Meaning: "Their share of the cell's measure, or their number."},
	},
}

var tables = DataSet{
	Name: "tables", Grain: "one row per disclosure table",
	Meaning: "Titles, clauses and notes of the tables whose numbers are in cells.",
	Columns: []Column{
		{Name: "table_id", Type: Text, Use: Key, Meaning: "Table."},
		{Name: "table_number", Type: Integer, Meaning: "Place of the table."},
		{Name: "relation", Type: Text, Meaning: "Relation that the predicates of its cells are over."},
		{Name: "title", Type: Text, Meaning: "Title."},
		{Name: "clauses", Type: Text, Meaning: "What it answers, for example 11(a), separated by commas."},
		{Name: "scope", Type: Text, Meaning: "Scope that it speaks for."},
		{Name: "option_view", Type: Text, Meaning: "View of options: regulatory or economic."},
		{Name: "unit", Type: Text, Meaning: "Unit of its displayed amounts."},
		{Name: "notes", Type: Text, Meaning: "Notes, one per line."},
		{Name: "missing", Type: Text, Meaning: "Data sets without which the table has no cells and that were not delivered, or the scope that the config does not have, separated by commas."},
	},
}

var controls = DataSet{
	Name: "controls", Grain: "one row per control and subject",
	Meaning: "Identities that must hold on every run, with both sides and the difference.",
	Columns: []Column{
		{Name: "control_id", Type: Text, Use: Key, Meaning: "Control."},
		{Name: "subject", Type: Text, Use: Key, Meaning: "What it was held against: a file, a currency, a scope, a table."},
		{Name: "class", Type: Text, Values: []string{"integrity", "completeness", "reconciliation"}, Meaning: "Class of the control; integrity can never be accepted."},
		{Name: "severity", Type: Text, Values: []string{"hold", "warn", "info"}, Meaning: "What a break does to the release."},
		{Name: "left_meaning", Type: Text, Meaning: "What the left side is."},
		{Name: "left_value", Type: Total, Meaning: "Left side."},
		{Name: "right_meaning", Type: Text, Meaning: "What the right side is."},
		{Name: "right_value", Type: Total, Meaning: "Right side."},
		{Name: "difference", Type: Total, Meaning: "Left less right."},
		{Name: "tolerance", Type: Total, Meaning: "Largest absolute difference that holds."},
		{Name: "holds", Type: Flag, Meaning: "Whether the control holds."},
	},
}

var findings = DataSet{
	Name: "findings", Grain: "one row per finding code and subject",
	Meaning: "What a person should look at, with how many records or positions and how much money; docs/findings.md has a page for each code.",
	Columns: []Column{
		{Name: "code", Type: Text, Use: Key, Values: FindingNames(), Meaning: "Code of the finding; docs/findings.md tells what it means and what to do."},
		{Name: "subject", Type: Text, Use: Key, Meaning: "The value, column or file that it is about."},
		{Name: "severity", Type: Text, Values: []string{"hold", "warn", "info"}, Meaning: "What it does: hold where the limit of its code is exceeded, info where it is not material or no fault."},
		{Name: "positions", Type: Whole, Unit: "positions", Meaning: "How many positions, or records."},
		{Name: "money", Type: Total, Unit: "reporting currency", Meaning: "What they come to: the notional, of hedges and offsets what the evidence does not support, of realized events their result without its sign; empty where none could be read."},
		{Name: "material", Type: Flag, Meaning: "Whether the findings of its code together reach a threshold of materiality; empty where the config has none. Money that is not known is taken for material."},
		{Name: "example", Type: Text, Meaning: "The first of them."},
		{Name: "message", Type: Text, Meaning: "What it means and what to do."},
	},
}

var findingCells = DataSet{
	Name: "finding_cells", Grain: "one row per finding and cell that any of its facts stands in",
	Meaning: "The cells that a finding touches, with what its facts come to in each, exact. A finding of records that became no fact touches none.",
	Columns: []Column{
		{Name: "code", Type: Text, Use: Key, Meaning: "Code of the finding."},
		{Name: "subject", Type: Text, Use: Key, Meaning: "What it is about, as in findings; empty where a release has more than 2,000 findings: those of a code together."},
		{Name: "table_id", Type: Text, Use: Key, Meaning: "Table."},
		{Name: "block_id", Type: Text, Use: Key, Meaning: "Block of the table."},
		{Name: "row_id", Type: Text, Use: Key, Meaning: "Row."},
		{Name: "column_id", Type: Text, Use: Key, Meaning: "Column."},
		{Name: "measure", Type: Text, Meaning: "What the cell adds up."},
		{Name: "amount", Type: Total, Unit: "reporting currency, or facts", Meaning: "What the facts of the finding come to in the cell. 0 where their amount is missing: the cell is touched all the same."},
	},
}

var rulesUsed = DataSet{
	Name: "rules_used", Grain: "one row per attribute and version of a rule, and one of what no rule decided",
	Meaning: "What each rule decided, by the labels, before evidence moved purposes. A rule in force with 0 positions never fired; the rule none has the gaps.",
	Columns: []Column{
		{Name: "attribute", Type: Text, Use: Key, Meaning: "Attribute that the rule decides."},
		{Name: "rule", Type: Text, Use: Key, Meaning: "Rule, or none."},
		{Name: "place", Type: Integer, Use: Key, Meaning: "Place of the rule: the first that matches decides."},
		{Name: "valid_from", Type: Date, Meaning: "First as-of date of the rule, or empty: always."},
		{Name: "valid_until", Type: Date, Meaning: "Last as-of date of the rule, or empty: open."},
		{Name: "in_force", Type: Flag, Meaning: "Whether the rule holds at the as-of date."},
		{Name: "positions", Type: Whole, Unit: "positions", Meaning: "Positions that it decided."},
		{Name: "money", Type: Total, Unit: "reporting currency", Meaning: "Their notional."},
	},
}

var ruleConflicts = DataSet{
	Name: "rule_conflicts", Grain: "one row per pair of rules of an attribute that match the same positions and decide differently",
	Meaning: "Where the order of the rules alone decides: the first rule decided, the shadowed one would have decided otherwise.",
	Columns: []Column{
		{Name: "attribute", Type: Text, Use: Key, Meaning: "Attribute that the rules decide."},
		{Name: "rule", Type: Text, Use: Key, Meaning: "Rule that decided."},
		{Name: "shadowed_rule", Type: Text, Use: Key, Meaning: "Rule that matched too and would have decided otherwise."},
		{Name: "positions", Type: Whole, Unit: "positions", Meaning: "Positions on which they disagree."},
		{Name: "money", Type: Total, Unit: "reporting currency", Meaning: "Their notional."},
	},
}

var rejects = DataSet{
	Name: "rejects", Grain: "one row per record that could not be taken and fault in it",
	Meaning: "Input records that could not be taken.",
	Columns: []Column{
		{Name: "data_set", Type: Text, Use: Key, Meaning: "Data set of the source."},
		{Name: "file", Type: Text, Use: Key, Meaning: "File, without its folder."},
		{Name: "record", Type: Whole, Use: Key, Meaning: "Record number; the first after the header is 1."},
		{Name: "fault", Type: Integer, Use: Key, Meaning: "Number of the fault in the record; 1 marks one row per record."},
		{Name: "column_name", Type: Text, Meaning: "Column of the contract, or empty where the record could not be split."},
		{Name: "value", Type: Text, Meaning: "Text that was found."},
		{Name: "reason", Type: Text, Meaning: "Reason, of the closed list in docs/DATA.md."},
		{Name: "currency", Type: Currency, Meaning: "Currency of the record, if it could be read."},
		{Name: "notional", Type: Amount, Unit: "currency", Meaning: "Notional of the record, if it could be read; else it is unpriced."},
		{Name: "raw", Type: Text, Meaning: "The record's fields as they stood in the file, as a JSON list; of a record that could not be split, its text."},
	},
}

var exclusions = DataSet{
	Name: "exclusions", Grain: "one row per record that was left out on purpose",
	Meaning: "Records that were read and left out: by the source's where, by cut-off, or superseded.",
	Columns: []Column{
		{Name: "data_set", Type: Text, Use: Key, Meaning: "Data set of the source."},
		{Name: "file", Type: Text, Use: Key, Meaning: "File, without its folder."},
		{Name: "record", Type: Whole, Use: Key, Meaning: "Record number; the first after the header is 1."},
		{Name: "reason", Type: Text, Values: ExclusionReasons, Meaning: "Why it was left out: by the source's where, by cut-off, for a newer version, and of documents what they are or what other messages made of them (docs/RUNBOOK.md)."},
		{Name: "currency", Type: Currency, Meaning: "Currency of the record."},
		{Name: "notional", Type: Amount, Unit: "currency", Meaning: "Notional of the record."},
		{Name: "fair_value", Type: Amount, Unit: "currency", Meaning: "Fair value of the record."},
		{Name: "raw", Type: Text, Meaning: "The record's fields as they stood in the file, as a JSON list; of a record that could not be split, its text."},
	},
}

var unreadableValues = DataSet{
	Name: "unreadable_values", Grain: "one row per text of a taken record that could not be read, or that its reader noted",
	Meaning: "Texts that count as no value because their column does not decide whether a record can be taken, and what the reader of a document found with a record that it took.",
	Columns: []Column{
		{Name: "data_set", Type: Text, Use: Key, Meaning: "Data set of the source."},
		{Name: "file", Type: Text, Use: Key, Meaning: "File, without its folder."},
		{Name: "record", Type: Whole, Use: Key, Meaning: "Record number; the first after the header is 1."},
		{Name: "column_name", Type: Text, Use: Key, Meaning: "Column of the contract."},
		{Name: "value", Type: Text, Meaning: "Text that was found."},
		{Name: "reason", Type: Text, Meaning: "Reason, of the closed list in docs/DATA.md."},
		{Name: "source_system", Type: Text, Meaning: "Of a position, its system of record."},
		{Name: "record_id", Type: Text, Meaning: "Of a position, its identity."},
	},
}

var conflicts = DataSet{
	Name: "conflicts", Grain: "one row per record that another record of its key rejected or superseded",
	Meaning: "What one record alone cannot tell; the data sets leave these records out.",
	Columns: []Column{
		{Name: "data_set", Type: Text, Use: Key, Meaning: "Data set of the source."},
		{Name: "source_file", Type: Text, Use: Key, Meaning: "File that the record came from, without its folder."},
		{Name: "file_row_number", Type: Whole, Use: Key, Meaning: "Row of the record in its Parquet file, from 0."},
		{Name: "record_status", Type: Text, Values: []string{"rejected", "excluded"}, Meaning: "What became of the record."},
		{Name: "exclusion", Type: Text, Meaning: "Why it was left out, or empty."},
		{Name: "faults", Type: Text, Meaning: "Why it was rejected, or empty."},
	},
}

var runs = DataSet{
	Name: "runs", Grain: "one row per published release",
	Meaning: "The releases that the catalog shows, first and newest of each as-of date marked, and who made, approved and extracted them.",
	Columns: []Column{
		{Name: "as_of_date", Type: Date, Use: Key, Meaning: "As-of date."},
		{Name: "release", Type: Text, Use: Key, Meaning: "Release."},
		{Name: "sequence", Type: Integer, Meaning: "Place of the release in the chain of all releases of the warehouse."},
		{Name: "kind", Type: Text, Values: ReleaseKinds, Meaning: "first; rerun: no figure changed; correction: before any packet; revision or restatement: after one."},
		{Name: "reporting_currency", Type: Currency, Meaning: "Currency of money in facts and cells."},
		{Name: "first", Type: Flag, Meaning: "Whether it is what was first reported for its as-of date."},
		{Name: "newest", Type: Flag, Meaning: "Whether positions, facts and cells show this release."},
		{Name: "published_at", Type: Time, Meaning: "When it was published, UTC."},
		{Name: "follows", Type: Text, Meaning: "Release whose place it took, or empty."},
		{Name: "opening", Type: Text, Meaning: "Release of an earlier as-of date that it builds on, or empty."},
		{Name: "ran_by", Type: Text, Meaning: "User of the run."},
		{Name: "host", Type: Text, Meaning: "Host of the run."},
		{Name: "approved_by", Type: Text, Meaning: "Who accepted its breaks, or empty."},
		{Name: "extracted_by", Type: Text, Meaning: "Who extracted packets from it before this catalog was built, or empty."},
		{Name: "fingerprint", Type: Text, Meaning: "SHA-256 over inputs, rules, maps, tables and program."},
		{Name: "release_hash", Type: Text, Meaning: "SHA-256 over the fingerprint and the contents of all relations; an approval names it."},
	},
}

var approvals = DataSet{
	Name: "approvals", Grain: "one row per accepted break and published release",
	Meaning: "Breaks of completeness and reconciliation that a second person accepted; those of integrity cannot be.",
	Columns: []Column{
		{Name: "as_of_date", Type: Date, Use: Key, Meaning: "As-of date."},
		{Name: "release", Type: Text, Use: Key, Meaning: "Release."},
		{Name: "control_id", Type: Text, Use: Key, Meaning: "Control that is broken."},
		{Name: "subject", Type: Text, Use: Key, Meaning: "What it was held against."},
		{Name: "amount", Type: Total, Meaning: "Difference that was accepted."},
		{Name: "kind", Type: Text, Meaning: "revision or restatement, where figures of a packet change; else empty."},
		{Name: "reason", Type: Text, Meaning: "Reason, in the preparer's words."},
		{Name: "preparer", Type: Text, Meaning: "Who asked for it."},
		{Name: "approver", Type: Text, Meaning: "Who accepted it, another person."},
		{Name: "approved_at", Type: Time, Meaning: "When, UTC."},
		{Name: "expires_at", Type: Time, Meaning: "Until when it could let a release out, UTC."},
	},
}

var packets = DataSet{
	Name: "packets", Grain: "one row per extracted packet and release in it",
	Meaning: "Packets that were extracted before this catalog was built.",
	Columns: []Column{
		{Name: "packet", Type: Text, Use: Key, Meaning: "Packet."},
		{Name: "as_of_date", Type: Date, Use: Key, Meaning: "As-of date."},
		{Name: "release", Type: Text, Use: Key, Meaning: "Release."},
		{Name: "extracted_at", Type: Time, Meaning: "When, UTC."},
		{Name: "extracted_by", Type: Text, Meaning: "Who."},
		{Name: "host", Type: Text, Meaning: "On which host."},
	},
}

var cellsRestated = DataSet{
	Name: "cells_restated", Grain: "one row per cell of a date whose figures changed since they were first reported",
	Meaning: "As first reported beside as it stands; comment11 diff names the trades behind each difference.",
	Columns: []Column{
		{Name: "as_of_date", Type: Date, Use: Key, Meaning: "As-of date."},
		{Name: "table_id", Type: Text, Use: Key, Meaning: "Table."},
		{Name: "block_id", Type: Text, Use: Key, Meaning: "Block of the table."},
		{Name: "row_id", Type: Text, Use: Key, Meaning: "Row."},
		{Name: "column_id", Type: Text, Use: Key, Meaning: "Column."},
		{Name: "first_release", Type: Text, Meaning: "Release that was first reported."},
		{Name: "newest_release", Type: Text, Meaning: "Release that stands."},
		{Name: "first_exact", Type: Total, Unit: "reporting currency", Meaning: "Exact value as first reported; empty where the cell was not there."},
		{Name: "exact", Type: Total, Unit: "reporting currency", Meaning: "Exact value as it stands; empty where the cell is no longer there."},
		{Name: "difference", Type: Total, Unit: "reporting currency", Meaning: "As it stands less as first reported."},
		{Name: "first_displayed", Type: Whole, Meaning: "Displayed value as first reported."},
		{Name: "displayed", Type: Whole, Meaning: "Displayed value as it stands."},
	},
}

// ReleaseKinds are what a release can be to the releases of its date before it.
var ReleaseKinds = []string{"first", "rerun", "correction", "revision", "restatement"}

// CatalogMacros are the macros of the catalog for the usual questions. Beside
// them every relation <name> has <name>_as_of(business_date, known_on := ...)
// and <name>_as_known(known_on).
var CatalogMacros = []struct{ Name, Arguments, Meaning, SQL string }{
	{"protection", "business_date", "Notional, fair value and maximum exposure of a business date by direction and instrument, reporting currency, credit-linked notes apart. Trades among our own entities, and of entities that no scope has, are in it, so that tables of a scope show less.",
		`create macro protection(business_date) as table
select direction, instrument, funded, count(*) as facts, sum(notional) as notional, sum(fair_value_receivable) as receivable,
  sum(fair_value_payable) as payable, sum(maximum_exposure) as maximum_exposure
from facts where as_of_date = cast(business_date as date) group by direction, instrument, funded order by direction, instrument, funded`},
	{"cell_history", "table_name, block_name, row_name, column_name", "One cell over all business dates, as it stands.",
		`create macro cell_history(table_name, block_name, row_name, column_name) as table
select as_of_date, exact, displayed, unit, release from cells
where table_id = table_name and block_id = block_name and row_id = row_name and column_id = column_name order by as_of_date`},
	{"position_history", "identity", "What one position was over all business dates, as it stands.",
		`create macro position_history(identity) as table
select as_of_date, source_system, position_id, slice, origin, adjustment_id, direction, instrument, purpose, counterparty_type, notional, fair_value, release
from facts where position_id = identity order by as_of_date, source_system, slice, origin, adjustment_id`},
	{"controls_broken", "business_date", "Controls of a business date that do not hold: warnings, and breaks that were accepted.",
		`create macro controls_broken(business_date) as table
select c.control_id, c.subject, c.class, c.severity, c.left_value, c.right_value, c.difference, a.approver, a.reason
from controls as c left join approvals as a on a.release = c.release and a.control_id = c.control_id and a.subject = c.subject
where c.as_of_date = cast(business_date as date) and not c.holds order by c.control_id, c.subject`},
}
