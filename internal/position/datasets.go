package position

// DataSets are all kinds of input, in the order in which docs/DATA.md shows
// them. Positions alone are enough for a run; each further one unlocks tables.
var DataSets = []DataSet{
	positions, counterparties, referenceEntities, indices, books, holdings, realized, lifecycle,
	collateral, ledger, adjustments, controlTotals, fxRates, pnlExplain, holidays,
}

const (
	identity  = Required | Essential | Key
	essential = Essential
	required  = Required | Essential
)

var positions = DataSet{
	Name:    "positions",
	Grain:   "one row per open trade at the as-of date, seen from our side",
	Meaning: "The book. Direction follows from role and instrument, never from a sign.",
	Columns: []Column{
		{Name: "position_id", Type: Text, Use: identity, Meaning: "Identity of the trade in its source system."},
		{Name: "trade_version", Type: Integer, Use: essential | Key, Meaning: "Version of the trade; the highest counts and lower ones are excluded as superseded. Empty means 0."},
		{Name: "status", Type: Text, Use: essential, Values: []string{"open", "triggered_unsettled"}, Meaning: "triggered_unsettled keeps a trade open after its maturity until the credit event is settled. Empty means open."},
		{Name: "source_system", Type: Text, Use: Key, Meaning: "System of record; unmapped, the name of the source."},
		{Name: "legal_entity", Type: Text, Use: Dimension, Meaning: "Our entity that holds the trade; decides the scope."},
		{Name: "counterparty_id", Type: Text, Meaning: "Legal counterparty, not a guarantor and not the reference entity."},
		{Name: "counterparty_name", Type: Text, Meaning: "Name of the legal counterparty."},
		{Name: "counterparty_type", Type: Text, Meaning: "The source's word for the type of counterparty, looked up in the map counterparty_types."},
		{Name: "counterparty_entity", Type: Text, Use: Dimension, Meaning: "Our own entity on the other side of an internal trade."},
		{Name: "mirror_id", Type: Text, Meaning: "Shared by the two legs of an internal trade."},
		{Name: "book", Type: Text, Meaning: "Trading or banking book."},
		{Name: "desk", Type: Text, Meaning: "Desk that runs the book."},
		{Name: "strategy", Type: Text, Meaning: "Strategy label of the source."},
		{Name: "product", Type: Text, Use: Mapped, Meaning: "The source's product code, looked up in the map products after the trade's structure was asked."},
		{Name: "role", Type: Text, Use: required, Values: Roles, Meaning: "Our side of the contract: a buyer pays the fixed rate, a total_return_payer passes on the reference asset's return."},
		{Name: "option_type", Type: Text, Use: essential, Values: []string{"payer", "receiver"}, Meaning: "The right that the option gives its buyer: payer to buy protection, receiver to sell it. On price-quoted indices a put is a payer and a call a receiver. Required of options."},
		{Name: "underlying_kind", Type: Text, Values: UnderlyingKinds, Use: Dimension, Meaning: "What the protection refers to."},
		{Name: "reference_entity_id", Type: Text, Meaning: "Reference entity of a single name."},
		{Name: "reference_entity_name", Type: Text, Meaning: "Name of the reference entity or of the index as printed."},
		{Name: "reference_rating", Type: Text, Meaning: "Rating of the reference on the trade, in any agency's letters."},
		{Name: "reference_obligation_id", Type: Text, Meaning: "Reference obligation, by ISIN or CUSIP."},
		{Name: "seniority", Type: Text, Values: Seniorities, Meaning: "Seniority of the reference obligation."},
		{Name: "index_name", Type: Text, Meaning: "Family of the index, for example CDX.NA.IG."},
		{Name: "index_series", Type: Integer, Meaning: "Series of the index."},
		{Name: "index_version", Type: Integer, Meaning: "Version of the series after credit events."},
		{Name: "index_factor", Type: Rate, Use: essential | Share, Unit: "fraction", Meaning: "Share of the original notional that is left after credit events."},
		{Name: "basket_id", Type: Text, Meaning: "Identity of a bespoke basket."},
		{Name: "attachment_point", Type: Rate, Use: essential | Share, Unit: "fraction", Meaning: "Lower bound of a tranche, as a fraction of the portfolio: 0.03 is 3%."},
		{Name: "detachment_point", Type: Rate, Use: essential | Share, Unit: "fraction", Meaning: "Upper bound of a tranche."},
		{Name: "points_basis", Type: Text, Values: []string{"current", "original"}, Meaning: "Whether attachment and detachment are of the current or the original portfolio."},
		{Name: "losses_to_date", Type: Amount, Use: essential, Unit: "currency", Meaning: "Losses that an original tranche notional has already borne."},
		{Name: "nth_to_default", Type: Integer, Meaning: "Rank of the default that triggers a basket swap."},
		{Name: "recovery_fixed", Type: Rate, Use: essential | Share, Unit: "fraction", Meaning: "Fixed recovery of a digital swap; protection pays the rest."},
		{Name: "definitions", Type: Text, Values: []string{"1999", "2003", "2014"}, Use: Dimension, Meaning: "Edition of the ISDA Credit Derivatives Definitions."},
		{Name: "restructuring", Type: Text, Values: Restructurings, Use: Dimension, Meaning: "ISDA restructuring clause."},
		{Name: "credit_events", Type: Text, Meaning: "Agreed credit events, in any order, separated by spaces, commas or semicolons."},
		{Name: "credit_event_date", Type: Date, Meaning: "Date of the credit event of a triggered trade."},
		{Name: "settlement_method", Type: Text, Values: []string{"physical", "cash", "auction"}, Use: Dimension, Meaning: "Settlement after a credit event."},
		{Name: "currency", Type: Currency, Use: required | Dimension, Meaning: "Currency of the notional."},
		{Name: "notional", Type: Amount, Use: required | Measure, Unit: "currency", Meaning: "Contract notional, never negative; which one notional_basis says."},
		{Name: "notional_basis", Type: Text, Use: essential, Values: []string{"current", "original"}, Meaning: "original is multiplied by the index factor, or reduced by losses, exactly once; current never. Required for indices and tranches."},
		{Name: "notional_is_floor", Type: Flag, Use: Dimension, Meaning: "The notional is a capped or masked amount: at least so much."},
		{Name: "trade_date", Type: Date, Use: essential, Meaning: "Date of the trade."},
		{Name: "effective_date", Type: Date, Use: essential, Meaning: "Start of protection."},
		{Name: "maturity_date", Type: Date, Use: essential, Meaning: "Scheduled termination; required unless there is an option expiry."},
		{Name: "option_expiry_date", Type: Date, Use: essential, Meaning: "Expiry of an option; it counts for cut-off and remaining maturity."},
		{Name: "fixed_rate", Type: Rate, Unit: "fraction", Meaning: "Running premium: 0.01 is 100 basis points."},
		{Name: "fair_value", Type: Amount, Use: Measure, Unit: "currency", Meaning: "Fair value from our side before valuation adjustment, netting and collateral; empty is no_value, never zero."},
		{Name: "fair_value_currency", Type: Currency, Use: essential, Meaning: "Currency of the fair value; empty means that of the notional."},
		{Name: "fair_value_basis", Type: Text, Values: []string{"clean", "with_accrued"}, Meaning: "Whether accrued premium is in the fair value."},
		{Name: "valuation_adjustment", Type: Amount, Use: Measure, Unit: "currency", Meaning: "Credit and debit valuation adjustments and reserves, in the fair value's currency."},
		{Name: "fair_value_level", Type: Integer, Values: []string{"1", "2", "3"}, Use: Dimension, Meaning: "Level of the fair value hierarchy (ASC 820)."},
		{Name: "valuation_date", Type: Date, Meaning: "Date of the fair value."},
		{Name: "netting_set_id", Type: Text, Meaning: "Netting set with the counterparty."},
		{Name: "designation", Type: Text, Values: Designations, Use: Dimension, Meaning: "Accounting designation."},
		{Name: "capital_treatment", Type: Text, Values: CapitalTreatments, Use: Dimension, Meaning: "Regulatory capital treatment (Call Report RC-L 7.c)."},
		{Name: "purpose_code", Type: Text, Meaning: "The source's purpose of the trade, looked up in the map purposes."},
		{Name: "hedged_item_id", Type: Text, Meaning: "Holding that the trade hedges."},
		{Name: "offsets_position_id", Type: Text, Meaning: "Client trade or internal hedge that this trade lays off."},
		{Name: "offset_pool", Type: Text, Meaning: "Pool that offsets client trades at book level."},
		{Name: "embedded_in", Type: Text, Meaning: "Note whose embedded derivative this position is."},
		{Name: "settled_to_market", Type: Flag, Meaning: "Variation margin settles the exposure (settled to market)."},
		{Name: "source_path", Type: Text, Meaning: "Where the trade stands in a file that is no table: the number of the document, a colon, the path of the element."},
	},
}

var counterparties = DataSet{
	Name: "counterparties", Grain: "one row per counterparty and period of validity",
	Meaning: "Names, types and ratings of legal counterparties: item 11(g), 11(h).",
	Columns: []Column{
		{Name: "counterparty_id", Type: Text, Use: identity, Meaning: "Identity of the counterparty."},
		{Name: "name", Type: Text, Meaning: "Legal name."},
		{Name: "lei", Type: Text, Meaning: "Legal entity identifier (ISO 17442)."},
		{Name: "type", Type: Text, Meaning: "The source's word for its type, looked up in the map counterparty_types."},
		{Name: "entity", Type: Text, Meaning: "Our own entity, where the counterparty is one."},
		{Name: "rating_sp", Type: Text, Meaning: "Rating by Standard & Poor's."},
		{Name: "rating_moodys", Type: Text, Meaning: "Rating by Moody's."},
		{Name: "rating_fitch", Type: Text, Meaning: "Rating by Fitch."},
		{Name: "valid_from", Type: Date, Use: essential | Key, Meaning: "First day of validity; empty means always."},
		{Name: "valid_until", Type: Date, Use: essential, Meaning: "Last day of validity; empty means open."},
	},
}

var referenceEntities = DataSet{
	Name: "reference_entities", Grain: "one row per reference entity and period of validity",
	Meaning: "Groups, kinds and ratings of the names that protection refers to.",
	Columns: []Column{
		{Name: "reference_entity_id", Type: Text, Use: identity, Meaning: "Identity of the reference entity."},
		{Name: "name", Type: Text, Meaning: "Legal name."},
		{Name: "hedge_group", Type: Text, Meaning: "Group within which a hedge may hedge: a parent and its subsidiaries are one."},
		{Name: "kind", Type: Text, Values: UnderlyingKinds, Meaning: "Kind of underlying."},
		{Name: "sector", Type: Text, Meaning: "Industry sector."},
		{Name: "country", Type: Text, Meaning: "Country of risk (ISO 3166)."},
		{Name: "rating_sp", Type: Text, Meaning: "Rating by Standard & Poor's."},
		{Name: "rating_moodys", Type: Text, Meaning: "Rating by Moody's."},
		{Name: "rating_fitch", Type: Text, Meaning: "Rating by Fitch."},
		{Name: "internal_grade", Type: Text, Values: []string{"investment", "non_investment"}, Meaning: "Our own grade, used where no agency rates."},
		{Name: "valid_from", Type: Date, Use: essential | Key, Meaning: "First day of validity; empty means always."},
		{Name: "valid_until", Type: Date, Use: essential, Meaning: "Last day of validity; empty means open."},
	},
}

var indices = DataSet{
	Name: "indices", Grain: "one row per index version and first day of its factor",
	Meaning: "Factors and grades of credit indices.",
	Columns: []Column{
		{Name: "index_name", Type: Text, Use: identity, Meaning: "Family of the index."},
		{Name: "index_series", Type: Integer, Use: identity, Meaning: "Series."},
		{Name: "index_version", Type: Integer, Use: essential | Key, Meaning: "Version of the series."},
		{Name: "index_factor", Type: Rate, Use: required | Share, Unit: "fraction", Meaning: "Share of the original notional that is left."},
		{Name: "grade", Type: Text, Values: []string{"investment", "non_investment"}, Meaning: "Grade of the index."},
		{Name: "valid_from", Type: Date, Use: essential | Key, Meaning: "First day of the factor; empty means always."},
	},
}

var books = DataSet{
	Name: "books", Grain: "one row per book and period of validity",
	Meaning: "Purpose of each book, where the trade and its designation do not say it.",
	Columns: []Column{
		{Name: "book", Type: Text, Use: identity, Meaning: "Name of the book."},
		{Name: "desk", Type: Text, Meaning: "Desk."},
		{Name: "strategy", Type: Text, Meaning: "Strategy."},
		{Name: "purpose", Type: Text, Meaning: "The source's purpose, looked up in the map purposes."},
		{Name: "detail", Type: Text, Values: PurposeDetails, Meaning: "Detail of a hedging purpose."},
		{Name: "valid_from", Type: Date, Use: essential | Key, Meaning: "First day of validity; empty means always."},
		{Name: "valid_until", Type: Date, Use: essential, Meaning: "Last day of validity; empty means open."},
	},
}

var holdings = DataSet{
	Name: "holdings", Grain: "one row per holding at the as-of date",
	Meaning: "Loans, investments and commitments: the evidence for hedges.",
	Columns: []Column{
		{Name: "holding_id", Type: Text, Use: identity, Meaning: "Identity of the holding."},
		{Name: "legal_entity", Type: Text, Meaning: "Our entity that holds it."},
		{Name: "obligor_id", Type: Text, Use: required, Meaning: "Obligor, a reference entity."},
		{Name: "kind", Type: Text, Use: required, Values: []string{"loan", "investment", "commitment"}, Meaning: "Kind of holding."},
		{Name: "amount", Type: Amount, Use: required | Measure, Unit: "currency", Meaning: "Amount on the given basis."},
		{Name: "basis", Type: Text, Use: required, Values: []string{"funded", "undrawn", "fair_value"}, Meaning: "What the amount is."},
		{Name: "currency", Type: Currency, Use: required, Meaning: "Currency of the amount."},
	},
}

var realized = DataSet{
	Name: "realized", Grain: "one row per event and version",
	Meaning: "Realized gains and losses from the sub-ledger, of the fiscal year to date with each delivery, and of the year before where it is to be compared with: item 11(c).",
	Columns: []Column{
		{Name: "event_id", Type: Text, Use: identity, Meaning: "Identity of the event."},
		{Name: "event_version", Type: Integer, Use: essential | Key, Meaning: "Version; the highest counts."},
		{Name: "position_id", Type: Text, Use: required, Meaning: "Position that realized it."},
		{Name: "kind", Type: Text, Use: required, Values: RealizedKinds, Meaning: "Kind of event."},
		{Name: "event_date", Type: Date, Use: required, Meaning: "Date of the event; its rate converts the amount."},
		{Name: "booking_date", Type: Date, Use: required, Meaning: "Date of booking; it decides the fiscal period."},
		{Name: "cash", Type: Amount, Use: essential | Measure, Unit: "currency", Meaning: "Cash received (positive) or paid."},
		{Name: "realized_gain_loss", Type: Amount, Use: essential | Measure, Unit: "currency", Meaning: "Realized gain (positive) or loss; where it is empty, realized.cash_only decides what cash alone tells."},
		{Name: "closed_share", Type: Rate, Use: essential | Share, Unit: "fraction", Meaning: "Share of the position that the event closed; needed of partial closes that have cash alone. Empty means all of it, but for partial terminations and credit events of indices, tranches and baskets."},
		{Name: "currency", Type: Currency, Use: required, Meaning: "Currency of both amounts."},
		{Name: "instrument", Type: Text, Values: Instruments, Meaning: "Frozen classification at the event."},
		{Name: "direction", Type: Text, Values: Directions, Meaning: "Frozen classification at the event."},
		{Name: "purpose", Type: Text, Values: Purposes, Meaning: "Frozen classification at the event."},
		{Name: "counterparty_id", Type: Text, Meaning: "Counterparty at the event."},
		{Name: "reference_entity_id", Type: Text, Meaning: "Reference entity at the event: whose credit event it was."},
		{Name: "legal_entity", Type: Text, Meaning: "Our entity at the event; decides the scope of positions that are gone."},
		{Name: "counterparty_entity", Type: Text, Meaning: "Our own entity on the other side of an internal trade; empty means that of the event's counterparty or position."},
	},
}

var lifecycle = DataSet{
	Name: "lifecycle", Grain: "one row per event and version",
	Meaning: "Events that change notionals: the roll-forward of item 11(f).",
	Columns: []Column{
		{Name: "event_id", Type: Text, Use: identity, Meaning: "Identity of the event."},
		{Name: "event_version", Type: Integer, Use: essential | Key, Meaning: "Version; the highest counts."},
		{Name: "position_id", Type: Text, Use: required, Meaning: "Position that changed."},
		{Name: "kind", Type: Text, Use: required, Values: LifecycleKinds, Meaning: "Kind of event."},
		{Name: "event_date", Type: Date, Use: required, Meaning: "Date of the event."},
		{Name: "booking_date", Type: Date, Use: required, Meaning: "Date of booking."},
		{Name: "notional_before", Type: Amount, Use: essential, Unit: "currency", Meaning: "Notional before the event."},
		{Name: "notional_after", Type: Amount, Use: essential, Unit: "currency", Meaning: "Notional after the event."},
		{Name: "related_position_id", Type: Text, Meaning: "The other position of a novation, compression or reclassification."},
		{Name: "currency", Type: Currency, Meaning: "Currency of both notionals; needed of trades that are open at neither end of a roll-forward."},
		{Name: "instrument", Type: Text, Values: Instruments, Meaning: "Frozen classification at the event; needed of trades that are open at neither end."},
		{Name: "direction", Type: Text, Values: Directions, Meaning: "Frozen classification at the event."},
		{Name: "purpose", Type: Text, Values: Purposes, Meaning: "Frozen classification at the event."},
		{Name: "legal_entity", Type: Text, Meaning: "Our entity at the event; decides the scope of trades that are open at neither end."},
		{Name: "counterparty_entity", Type: Text, Meaning: "Our own entity on the other side of an internal trade."},
	},
}

var collateral = DataSet{
	Name: "collateral", Grain: "one row per netting set and agreement",
	Meaning: "Collateral and downgrade triggers: item 11(h), ASC 815-10-50-4H.",
	Columns: []Column{
		{Name: "netting_set_id", Type: Text, Use: identity, Meaning: "Netting set."},
		{Name: "agreement", Type: Text, Use: Key, Meaning: "Agreement, for example the CSA."},
		{Name: "currency", Type: Currency, Use: required, Meaning: "Currency of the amounts."},
		{Name: "held", Type: Amount, Use: essential, Unit: "currency", Meaning: "Collateral held by us."},
		{Name: "posted", Type: Amount, Use: essential, Unit: "currency", Meaning: "Collateral posted by us."},
		{Name: "recoverable_on_trigger", Type: Flag, Meaning: "Assets that would be recovered when protection pays (ASC 815-10-50-4K(e))."},
		{Name: "agency", Type: Text, Values: []string{"sp", "moodys", "fitch", "lower", "higher"}, Meaning: "Agency or rule that decides the threshold."},
		{Name: "grade", Type: Text, Meaning: "Rating at which the threshold applies."},
		{Name: "threshold", Type: Amount, Use: essential, Unit: "currency", Meaning: "Exposure that stays unsecured at that rating."},
		{Name: "independent_amount", Type: Amount, Use: essential, Unit: "currency", Meaning: "Independent amount."},
		{Name: "minimum_transfer", Type: Amount, Use: essential, Unit: "currency", Meaning: "Minimum transfer amount."},
		{Name: "termination_trigger", Type: Text, Meaning: "Rating below which the other side may terminate."},
		{Name: "other_products_fair_value", Type: Amount, Use: essential, Unit: "currency", Meaning: "Fair value of the other products of the netting set."},
		{Name: "cva", Type: Amount, Use: essential, Unit: "currency", Meaning: "Credit valuation adjustment of the netting set."},
	},
}

var ledger = DataSet{
	Name: "ledger", Grain: "one row per legal entity, account, measure and currency",
	Meaning: "Balances of the general ledger that the book must tie to.",
	Columns: []Column{
		{Name: "legal_entity", Type: Text, Use: identity, Meaning: "Our entity."},
		{Name: "account", Type: Text, Use: identity, Meaning: "Account."},
		{Name: "measure", Type: Text, Use: identity, Values: []string{"gross_receivable", "gross_payable", "counterparty_netting", "cash_collateral", "valuation_adjustment", "balance_sheet", "trading_revenue"}, Meaning: "What the amount is; gross_payable, counterparty_netting and cash_collateral are positive amounts that are taken off."},
		{Name: "currency", Type: Currency, Use: identity, Meaning: "Currency."},
		{Name: "amount", Type: Amount, Use: required, Unit: "currency", Meaning: "Balance."},
	},
}

var adjustments = DataSet{
	Name: "adjustments", Grain: "one row per adjustment",
	Meaning: "Top-side corrections. They become facts of origin adjustment, never edits.",
	Columns: []Column{
		{Name: "adjustment_id", Type: Text, Use: identity, Meaning: "Identity of the adjustment."},
		{Name: "as_of", Type: Date, Use: required, Meaning: "First as-of date to which it applies."},
		{Name: "until", Type: Date, Use: essential, Meaning: "Last as-of date to which it applies; empty means as_of alone."},
		{Name: "position_id", Type: Text, Use: essential, Meaning: "Position whose classification it takes; empty where a full classification is given."},
		{Name: "legal_entity", Type: Text, Meaning: "Our entity, where no position is named; of one that is named, the position's counts."},
		{Name: "instrument", Type: Text, Values: Instruments, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "direction", Type: Text, Values: Directions, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "purpose", Type: Text, Values: Purposes, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "counterparty_type", Type: Text, Values: CounterpartyTypes, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "rating_grade", Type: Text, Values: RatingGrades, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "maturity_bucket", Type: Text, Values: MaturityBuckets, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "designation", Type: Text, Values: Designations, Use: essential, Meaning: "Classification, where no position is named."},
		{Name: "currency", Type: Currency, Use: required, Meaning: "Currency of the amounts."},
		{Name: "notional", Type: Amount, Use: essential | Measure, Unit: "currency", Meaning: "Amount to add to the notional; may be negative."},
		{Name: "fair_value", Type: Amount, Use: essential | Measure, Unit: "currency", Meaning: "Amount to add to the fair value; may be negative."},
		{Name: "reason_code", Type: Text, Use: required, Meaning: "Reason, by a code of the controller."},
		{Name: "reason", Type: Text, Use: required, Meaning: "Reason, in words."},
		{Name: "evidence", Type: Text, Meaning: "Document that supports it."},
		{Name: "evidence_sha256", Type: Text, Meaning: "SHA-256 of the document."},
		{Name: "preparer", Type: Text, Use: required, Meaning: "Who prepared it."},
		{Name: "approver", Type: Text, Meaning: "Who approved it: another person, listed in the config."},
		{Name: "approved_at", Type: Time, Meaning: "When it was approved, UTC."},
	},
}

var controlTotals = DataSet{
	Name: "control_totals", Grain: "one row per file, as-of date and currency",
	Meaning: "What the sender says it sent: compared with what was read, before conversion.",
	Columns: []Column{
		{Name: "file", Type: Text, Use: identity, Meaning: "Name of the file, without its folder."},
		{Name: "as_of", Type: Date, Use: identity, Meaning: "As-of date of the file."},
		{Name: "records", Type: Integer, Use: essential, Unit: "records", Meaning: "Records of the whole file; the same on each of its rows."},
		{Name: "currency", Type: Currency, Use: essential | Key, Meaning: "Currency of the totals of this row."},
		{Name: "notional", Type: Amount, Use: essential, Unit: "currency", Meaning: "Sum of the notionals in this currency."},
		{Name: "fair_value", Type: Amount, Use: essential, Unit: "currency", Meaning: "Sum of the fair values in this currency."},
	},
}

var fxRates = DataSet{
	Name: "fx_rates", Grain: "one row per day, base and currency",
	Meaning: "Published reference rates; amounts are crossed through the base.",
	Columns: []Column{
		{Name: "rate_date", Type: Date, Use: identity, Meaning: "Day of the rate."},
		{Name: "base_currency", Type: Currency, Use: identity, Meaning: "Currency of which one unit is priced."},
		{Name: "currency", Type: Currency, Use: identity, Meaning: "Currency in which it is priced."},
		{Name: "rate", Type: Rate, Use: required, Unit: "currency per unit of base", Meaning: "Units of currency for one unit of base, as published."},
	},
}

var pnlExplain = DataSet{
	Name: "pnl_explain", Grain: "one row per position or book, day and factor",
	Meaning: "Attribution of each day's change in fair value, of the fiscal year to date with each delivery: item 11(f).",
	Columns: []Column{
		{Name: "position_id", Type: Text, Use: Key, Meaning: "Position, or empty where the row is for a book."},
		{Name: "book", Type: Text, Use: Key, Meaning: "Book, where no position is named."},
		{Name: "pnl_date", Type: Date, Use: identity, Meaning: "Day."},
		{Name: "factor", Type: Text, Use: identity, Values: []string{"spread", "rates", "carry", "credit_event", "volatility_and_correlation", "model", "other"}, Meaning: "Cause."},
		{Name: "amount", Type: Amount, Use: required | Measure, Unit: "currency", Meaning: "Gain or loss."},
		{Name: "currency", Type: Currency, Use: required, Meaning: "Currency of the amount."},
	},
}

var holidays = DataSet{
	Name: "holidays", Grain: "one row per calendar and day",
	Meaning: "Days on which no business is done, beside weekends.",
	Columns: []Column{
		{Name: "calendar", Type: Text, Use: identity, Meaning: "Name of the calendar."},
		{Name: "holiday", Type: Date, Use: identity, Meaning: "The day."},
	},
}
