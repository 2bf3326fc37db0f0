package position

import (
	"fmt"
	"slices"
	"strings"
)

// FindingCode is one kind of what a person should look at. docs/findings.md is made
// of it, and so is what a run says.
type FindingCode struct {
	Code     string
	Severity string // without limits and materiality: hold, warn or info
	Meaning  string // what it means
	Action   string // what to do
	Matters  string // why it matters to a figure
	Source   string // the rule that it comes from
}

// Message is what a run says of a finding of the code.
func (f FindingCode) Message() string { return f.Meaning + "; " + f.Action }

// FindFinding gives the code's entry.
func FindFinding(code string) (FindingCode, bool) {
	i := slices.IndexFunc(FindingCodes, func(f FindingCode) bool { return f.Code == code })
	if i < 0 {
		return FindingCode{}, false
	}
	return FindingCodes[i], true
}

// FindingNames are the codes of all findings, in order.
func FindingNames() []string {
	names := make([]string, len(FindingCodes))
	for i, f := range FindingCodes {
		names[i] = f.Code
	}
	return names
}

// FindingsDocument is docs/findings.md.
func FindingsDocument() string {
	var b strings.Builder
	b.WriteString(`# Findings

Made from internal/position by ` + "`go test ./cmd/comment11 -run TestFindingsDocument -update`" + `; do not edit.

What a person should look at. ` + "`comment11 query \"select * from findings\"`" + ` has each with its positions, its money and the first of them; ` + "`finding_cells`" + ` has the cells that its facts stand in, with what they come to there; the column ` + "`findings`" + ` of facts has those of each position.

The severity says what a finding does. ` + "`hold`" + ` keeps the release back: a code has a limit under ` + "`limits.findings`" + ` of the config, in positions and in money, which is nil for the codes that hold below; within its limit it warns. A code that warns is ` + "`info`" + ` where materiality is configured and the findings of the code together are below it: it stays in the list and in every row of every table, and nobody is woken. What holds and what only informs does so whatever the money.

`)
	for _, f := range FindingCodes {
		fmt.Fprintf(&b, "## %s\n\nSeverity: %s\n\n- What it means: %s.\n- Why it matters: %s (%s).\n- What to do: %s.\n\n",
			f.Code, f.Severity, f.Meaning, f.Matters, f.Source, f.Action)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// FindingCodes are all codes, in order.
var FindingCodes = []FindingCode{
	{"adjustment_not_applied", "hold", "the adjustment stays out of the facts", "have it approved by another person whom the config lists, or end it",
		"a manual figure counts only when a second person stands for it; until then the tables are without it", "Exchange Act Rule 13a-15, control over financial reporting; DOMAIN 11"},
	{"adjustment_of_another_entity", "hold", "the adjustment states another legal entity than the position that it names; the position's counts", "take legal_entity out of the adjustment, or give it a full classification and no position",
		"two entities are named and only one can have the money: in a scope that has one of them alone, totals differ by it", "ASC 810-10-45-1, intra-entity balances; DOMAIN 1, 11"},
	{"adjustment_of_several_positions", "hold", "several source systems have the position that it adjusts; it takes the class of none", "give the adjustment a full classification and no position",
		"the classes of the positions differ, and nothing says which of them the money is of", "DOMAIN 11"},
	{"adjustment_without_entity", "hold", "neither the adjustment nor a position that it names tells our entity: in no table of a scope that lists entities; the money is its notional", "state legal_entity, or end it",
		"it is approved and stands on the page of adjustments, and in no total", "DOMAIN 1, 11"},
	{"adjustment_without_position", "hold", "the position that it adjusts is not in the book", "give the adjustment a full classification, or end it",
		"its money is in the totals, but in no row that says what it is", "DOMAIN 11"},
	{"column_lost", "hold", "a column that the release before had of a data set, or an earlier one of the date, and that no file of it brings any more", "deliver it again; or, if the figures may do without it, have the release accepted once",
		"what followed from it is not stated or undecided now, and no record is rejected for it", "Exchange Act Rule 13a-15, control over financial reporting; DOMAIN 11"},
	{"column_misspelt", "warn", "a column of a file that nothing reads, spelled nearly like one of the data set that the file does not bring", "correct the header at the source, or map it under columns of the source",
		"the data set has nothing in the column that was meant, and no record is rejected for it", "Exchange Act Rule 13a-15, control over financial reporting; DOMAIN 11"},
	{"column_not_read", "info", "columns of files that nothing reads, by source", "map one under columns of the source if a figure follows from it; else nothing",
		"what they say is in no figure", "DOMAIN 11"},
	{"expiry_of_no_option", "warn", "an expiry of what is no option by its role: it counts only where there is no maturity", "correct role, or take option_expiry_date off and deliver maturity_date",
		"the contract would be cut off, or stand in another bucket of remaining maturity, by a date that is not its own", "Call Report RC-L 7.d; DOMAIN 1, 5"},
	{"externalised", "info", "external trades that lay off an internal hedge, taken for hedges and tested as such", "nothing, unless the link to the internal trade is wrong",
		"their purpose is that of the desk that hedges, not of the desk that trades with the market, but for what an over-hedge moves to trading", "comment 11(a); DOMAIN 1"},
	{"holiday_not_in_calendar", "warn", "a day of the fiscal year to date that every calendar of the data set holidays has, and calendar.holidays of the config has not", "add the day to calendar.holidays, or take it out of the data set",
		"due dates, business days and the age of valuations follow the config: a day would be missed, or a valuation called stale", "DOMAIN 1, due dates"},
	{"hybrid_basket", "warn", "a total return swap on a basket of credit and other assets was taken whole", "split it at its source, or leave it out by the source's where",
		"its notional is only in part that of a credit derivative", "Form N-PORT item C.11; DOMAIN 2"},
	{"index_factor_missing", "hold", "an original notional without a factor was taken whole", "deliver index_factor or the data set indices",
		"the current notional is the original one times the factor, exactly once; without it defaults are counted as if they were open", "DOMAIN 5, notional"},
	{"internal_break", "warn", "internal trades that do not cancel, by mirror_id", "find the missing or different leg; limits.internal_breaks decides whether the release is held",
		"what does not cancel inside the scope is a trade with nobody, or one of which a side is missing", "ASC 810-10-45-1, intra-entity balances; DOMAIN 1"},
	{"ledger_of_no_scope", "warn", "no scope has the ledger's legal entity at the as-of date; the money is what its lines come to without sign", "correct the entity in the config's scopes or in the ledger; an entity that is meant to stay out needs nothing",
		"the bridge to the balance sheet is without it, and no control holds the book against it", "DOMAIN 1, 9"},
	{"losses_missing", "hold", "an original tranche notional without losses_to_date was taken whole", "deliver the losses",
		"the current notional of a tranche is the original one less its losses; without them maximum exposure is too high", "DOMAIN 5, notional"},
	{"macro_hedge", "info", "hedges of a portfolio, by designation: held against no holding and never split", "nothing, unless the designation is wrong",
		"no single holding supports their purpose; a reviewer will ask for the designation", "comment 11(a); DOMAIN 3"},
	{"movement_of_several_positions", "warn", "an event whose position several source systems have, or in several currencies of which it states none; it stands with that whose amount it begins or ends with, else with one that is open", "deliver the event's currency, or make ids unique at the source",
		"the roll-forward by class may have it in another one's row, and both trades unexplained", "comment 11(f); DOMAIN 6"},
	{"movement_unexplained", "warn", "a trade whose events do not explain how its notional changed since the opening; the money is what they leave unexplained, by trade and without netting", "ask for the trade's events, or correct them; limits.unexplained decides whether the release is held",
		"the roll-forward closes by a row that nothing supports", "comment 11(f); DOMAIN 6"},
	{"movement_without_currency", "warn", "an event of a trade that is open at neither end of the roll-forward, whose currency neither it nor what it realized tells; the control movements_without_currency holds the release", "deliver currency and classification with the event",
		"its notional is an amount of nothing, and no row of the roll-forward has it", "comment 11(f); DOMAIN 5, 6"},
	{"movement_without_entity", "warn", "an event of a trade that is open at neither end of the roll-forward, and of which nothing tells our entity: in no table of a scope that lists entities; the money is the notional that it moved", "deliver legal_entity of the event, or of what it realized",
		"the roll-forward is without it, and closes all the same, because the trade came and went", "comment 11(f); DOMAIN 1, 6"},
	{"no_fixed_maximum", "info", "protection sold whose maximum is not fixed: counted and named, in no sum of maximum exposure", "say so beside the table",
		"the maximum potential amount of future payments must be given, or the reason why it cannot be estimated", "ASC 815-10-50-4K(b); DOMAIN 2"},
	{"no_value", "warn", "no fair value: shown as no_value, never as zero", "deliver the value; limits.no_value decides whether the release is held",
		"fair value is disclosed for every derivative; an empty one is missing from receivables and payables", "ASC 815-10-50-4B; DOMAIN 1"},
	{"notional_basis_missing", "hold", "an index or tranche, by its product code alone, that does not say whether its notional is current or original", "deliver notional_basis",
		"nothing tells whether defaults were taken off already", "DOMAIN 5, notional"},
	{"notional_floor", "warn", "the notional is capped or masked at its source: a floor", "ask the source for the amount, or say so beside the table",
		"the true notional is at least so much, so that every sum it stands in is a lower bound", "17 CFR 43.4, capped notionals; DOMAIN 5"},
	{"original_not_reduced", "hold", "an original notional was taken whole, as it is of no index and no tranche", "deliver index_name or attachment_point, or the current notional",
		"nothing makes the amount current", "DOMAIN 5, notional"},
	{"orphan_hedge", "warn", "hedges of a group of which nothing is held", "purpose.over_hedge decides whether they become trading; the relation evidence has the groups",
		"protection on a name to which there is no exposure hedges nothing: its purpose is another", "comment 11(a); DOMAIN 3"},
	{"over_hedge", "warn", "hedges that exceed the holdings of their group and the tolerance", "purpose.over_hedge decides whether the excess becomes trading; the relation evidence has the groups",
		"what exceeds the exposure is a position of its own, not a hedge of the portfolio", "comment 11(a); DOMAIN 3"},
	{"payout_without_cash", "warn", "a credit event or recovery on protection sold without its cash: in no sum of payouts", "deliver the cash of the event",
		"what was paid out and recovered in the period is without it", "comment 11(c); DOMAIN 6"},
	{"pnl_explain_of_nothing", "warn", "pnl_explain names a position that neither the book nor an event of the year has, or a book without positions that the data set books has not; the money is what it explains, without sign and at the as-of date's rates, or nothing where one is not needed elsewhere", "correct position_id or book at the source",
		"unless it was in the opening, no row of the attribution of fair value has it, and what it explains stands there as not explained", "comment 11(f); DOMAIN 6"},
	{"position_of_no_scope", "warn", "no scope has its legal entity at the as-of date: in no table", "correct the entity in the config's scopes or at the source; an entity that is meant to stay out needs nothing",
		"a scope that is spelled otherwise than the source leaves its whole book out", "DOMAIN 1, scopes"},
	{"position_without_entity", "warn", "the position does not say our entity: in no table of a scope that lists entities", "deliver legal_entity",
		"its money is in no total of such a scope", "DOMAIN 1, scopes"},
	{"product_disagrees", "warn", "the trade's structure says another instrument than its product code; structure decided", "correct the product code at its source, or its word in the map products",
		"the trade may stand in the wrong row of every table by instrument", "Call Report RC-L 7.a; DOMAIN 2"},
	{"rate_leapt", "warn", "the newest exchange rate up to the as-of date is more than half as much again as the one before it, or less than two thirds", "compare it with another source; a slip is corrected by delivering the rate again",
		"all money in the currency is converted by it", "DOMAIN 5, currency"},
	{"realized_from_cash", "info", "an event that has cash alone: realized.cash_only made its amount, or held it as basis; the money is the cash", "deliver realized_gain_loss, or see that the policy is the books' own",
		"gross gains and losses rest on a policy and not on the sub-ledger", "comment 11(c); DOMAIN 6"},
	{"realized_no_value", "warn", "an event without an amount: counted, in no sum", "deliver the amount; of a partial close with cash alone, closed_share",
		"gross gains and losses of the period are without it", "comment 11(c); DOMAIN 6"},
	{"realized_without_entity", "warn", "neither the event nor its position in the book tells our entity: in no table of a scope that lists entities; the money is that realized", "deliver legal_entity of the event",
		"gross gains and losses of the period are without it", "comment 11(c); DOMAIN 1, 6"},
	{"several_counterparties", "warn", "the holding names several counterparties; the first was taken", "split the holding at its source",
		"the type of counterparty may be another's", "comment 11(g); Form N-PORT item C.11"},
	{"several_notionals", "warn", "the trade has amounts that differ; one counts, the other is told here", "see which is right, and correct the document",
		"the notional in every table may be the wrong one", "DOMAIN 5, notional"},
	{"sold_hedge", "warn", "protection sold that is claimed as a hedge; it stays where its label puts it", "correct the label, or explain it",
		"protection sold adds to the exposure that a hedge of the credit portfolio is to take away; so does a receiver option that is held, which tables show as bought", "comment 11(a); DOMAIN 2, 3"},
	{"stale_valuation", "warn", "valued before the due date's business day", "ask for today's value",
		"fair value is that at the date of the balance sheet", "ASC 820-10-35; DOMAIN 1"},
	{"term_after_as_of", "warn", "a term that did not exist at the as-of date: definitions of 2014 before 2014-09-22, or settlement by auction before 2009-04-08", "correct definitions or settlement_method at the source",
		"the triggers that are disclosed would be those of a contract that nobody could have made", "comment 11(d); DOMAIN 9"},
	{"term_by_protocol", "warn", "a loan or asset-backed swap with a term that is newer than the trade", "look whether a protocol covered it, and correct the term if none did",
		"protocols brought new terms into old corporate and sovereign trades, but not into those on loans and asset-backed securities", "comment 11(d); DOMAIN 9"},
	{"unclassified_counterparty_type", "warn", "no rule decided the type of counterparty", "add the word to the map counterparty_types, or the counterparty to its data set",
		"the position stands in the row unclassified of every table by type of counterparty", "comment 11(g); DOMAIN 4"},
	{"unclassified_direction", "warn", "the role does not belong to the instrument", "correct the role at its source or the mapping",
		"it is neither protection bought nor sold in any table", "comment 11(a); DOMAIN 2"},
	{"unclassified_direction_economic", "warn", "an option without payer or receiver has no economic direction", "deliver option_type",
		"tables in the economic view have it as unclassified", "DOMAIN 2"},
	{"unclassified_instrument", "warn", "neither structure nor product code tell the instrument", "add the code to the map products",
		"the position stands in the row unclassified of every table by instrument", "comment 11(a); Call Report RC-L 7.a; DOMAIN 2"},
	{"unclassified_maturity_bucket", "warn", "no rule decided the bucket of remaining maturity", "complete the rules of maturity_bucket",
		"the grid of rating and maturity has it as unclassified", "Call Report RC-L 7.d; DOMAIN 5"},
	{"unclassified_obligation", "warn", "an option written without payer or receiver has no known obligation", "deliver option_type",
		"maximum exposure follows the obligation; without it there is none", "ASC 815-10-50-4K(b); DOMAIN 2"},
	{"unclassified_purpose", "warn", "neither designation, purpose code nor book tell the purpose", "add the word to the map purposes or the book to its data set",
		"the purposes that are disclosed are without it", "comment 11(a); DOMAIN 3"},
	{"unclassified_rating_grade", "warn", "no rule decided the grade of the reference", "complete the rules of rating_grade",
		"the grid of rating and maturity has it as unclassified", "Call Report RC-L 7.d; ASC 815-10-50-4K(a)(4); DOMAIN 5"},
	{"unclassified_realized", "warn", "neither is the classification frozen at the event nor its position in the book; the money is that realized", "deliver instrument and direction",
		"gains and losses of the period by instrument and purpose are without it", "comment 11(c); DOMAIN 6"},
	{"unknown_book", "warn", "the data set books does not have it at the as-of date", "add the book, or correct its from and until",
		"purpose may have to be told by the book", "comment 11(a); DOMAIN 3"},
	{"unknown_counterparty", "warn", "the data set counterparties does not have it at the as-of date", "add the counterparty, or correct its from and until",
		"type and entity come from it: an internal trade may pass as external", "comment 11(g); DOMAIN 4"},
	{"unknown_credit_events", "warn", "credit events of which the map credit_events does not have every word", "correct the words at the source, or add them to the map credit_events, or all of them together to the map credit_event_sets",
		"the rows of single credit events are without what the words mean, and their set is among the others", "comment 11(d); DOMAIN 1, 9"},
	{"unknown_product", "warn", "the map products does not have it", "add the code to the map products",
		"the instrument may have to be told by the code", "Call Report RC-L 7.a; DOMAIN 2"},
	{"unknown_purpose", "warn", "the map purposes does not have it", "add the word to the map purposes",
		"the trade's own purpose is passed over, and the book's decides", "comment 11(a); DOMAIN 3"},
	{"unknown_rating", "warn", "a rating that the map ratings does not have, of the trade, of its reference entity or counterparty, or of a rule of collateral, whose positions are netting sets and whose money is not known", "correct the rating at its source, or add it to the map ratings",
		"it counts as none: the grade of the reference and the downgrade of the counterparty go by the ratings that are known, or by none, and a rule of collateral never moves", "ASC 815-10-50-4K(a)(4); comment 11(h); DOMAIN 1, 5"},
	{"unknown_reference_entity", "warn", "the data set reference_entities does not have it at the as-of date", "add the reference entity, or correct its from and until",
		"grade, sector and hedge group come from it: a hedge is tested against its own name alone", "comment 11(a); DOMAIN 3, 5"},
	{"unmatched_offset", "warn", "client offsets of which no client's trade is found, or too little", "purpose.offset decides whether they become trading; the relation evidence has them",
		"a trade offsets a client's only where there is one", "comment 11(a); DOMAIN 3"},
	{"unreadable_value", "warn", "the text could not be read and counts as no value; the record was taken because the column is not essential", "correct the text at its source; the relation unreadable_values has it",
		"whatever the column decides was decided without it", "DOMAIN 1"},
	{"unrealized_differs", "warn", "the holding's unrealized appreciation is not its value less upfronts paid and received", "ask the filer",
		"one of the three amounts is wrong, and one of them is the fair value", "Form N-PORT item C.11"},
	{"untested_hedge", "warn", "hedges that no holding can be held against: of no single name and not designated, or of no direction", "deliver reference_entity_id or designation",
		"nothing supports the purpose that they claim", "comment 11(a); DOMAIN 3"},
	{"value_side_not_stated", "warn", "the report does not say from whose side its value is (baseParty); it counts as no value", "deliver the side",
		"a value whose sign is not known is neither receivable nor payable", "DOMAIN 1"},
}
