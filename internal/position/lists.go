package position

import "strings"

// Instruments are the kinds of contract, told by structure first (DOMAIN: the
// comment letter's item 11(a), FpML product taxonomy, Call Report RC-L 7.a).
var Instruments = []string{
	"cds_single_name", "cds_index", "cds_index_tranche", "cds_bespoke_tranche", "cds_nth_to_default",
	"cds_loan", "cds_asset_backed", "credit_option", "total_return_swap", "credit_linked_note",
	"credit_spread_option", "recovery_lock", "contingent_cds", "other", Unclassified,
}

// Unclassified is the class of what no rule decided. It is shown and counted,
// in money, and never folded into "other".
const Unclassified = "unclassified"

// Roles are our sides of a contract; which of them an instrument knows is the
// matter of the direction rules.
var Roles = []string{
	"buyer", "seller", "total_return_payer", "total_return_receiver",
	"option_buyer", "option_seller", "issuer", "holder",
}

// OptionRoles are those of an option: they alone make an instrument one.
var OptionRoles = []string{"option_buyer", "option_seller"}

// Directions are credit protection from our side: bought (beneficiary), sold
// (guarantor), or two_way where a contract is neither, as a recovery lock.
var Directions = []string{"bought", "sold", "two_way", Unclassified}

// Purposes are the letter's four of item 11(a) and other_risk_management,
// which keeps them honest and is shown apart.
var Purposes = []string{
	"credit_portfolio_hedge", "trading", "client", "client_offset", "other_risk_management", Unclassified,
}

// PurposeDetails say what a hedge is for.
var PurposeDetails = []string{"loan", "investment", "commitment", "cva", "structured_note", "other"}

// CounterpartyTypes are the types of item 11(g) before they are grouped.
var CounterpartyTypes = []string{
	"bank", "broker_dealer", "monoline", "insurance", "hedge_fund", "ccp", "special_purpose",
	"other_financial", "sovereign", "non_financial", Unclassified,
}

// RatingGrades are the grades of the reference; two-row layouts put not_rated
// into non-investment and say so.
var RatingGrades = []string{"investment", "non_investment", "not_rated"}

// MaturityBuckets are remaining maturities, by calendar anniversaries of the
// as-of date, inclusive (Call Report RC-L 7.d).
var MaturityBuckets = []string{"up_to_1_year", "over_1_to_5_years", "over_5_years", "no_maturity"}

// ScopeStatuses say how a position stands to a scope of legal entities.
var ScopeStatuses = []string{"external", "internal", "out_of_scope"}

// UnderlyingKinds are what the protection refers to.
var UnderlyingKinds = []string{
	"corporate", "financial", "sovereign", "municipal", "loan", "asset_backed", "index", "basket", "other",
}

// Sectors are industries of reference entities, in the groups in which reports show
// them, and the public sector.
var Sectors = []string{
	"energy", "materials", "industrials", "consumer", "health_care", "financials", "technology", "communication",
	"utilities", "real_estate", "public_sector", "not_stated", Unclassified,
}

// CreditEventSets are the sets of credit events that are agreed together (ISDA
// Physical Settlement Matrix): those of corporates without and with restructuring,
// those of emerging sovereigns, and those of asset-backed securities.
var CreditEventSets = []string{
	"bankruptcy_and_failure_to_pay", "with_restructuring", "with_restructuring_and_repudiation", "asset_backed_events", "not_stated", Unclassified,
}

// CreditEvents are those of which tables tell what contracts name them. Repudiation is
// also a moratorium, a failure to pay also one of principal or interest alone.
var CreditEvents = []string{"bankruptcy", "failure_to_pay", "restructuring", "repudiation", "writedown"}

// NamedCreditEvents are what a contract can name of the credit events: none, or some in
// their order, with a space between. The place of each, from 0, has a bit for each event.
func NamedCreditEvents() []string {
	list := []string{"none"}
	for named := 1; named < 1<<len(CreditEvents); named++ {
		var events []string
		for i, event := range CreditEvents {
			if named&(1<<i) != 0 {
				events = append(events, event)
			}
		}
		list = append(list, strings.Join(events, " "))
	}
	return list
}

// AttachmentBuckets are where a tranche begins to bear losses.
var AttachmentBuckets = []string{
	"below_3_percent", "from_3_to_7_percent", "from_7_to_15_percent", "from_15_to_30_percent", "from_30_percent", "not_tranched",
}

// Designations are accounting designations of a position.
var Designations = []string{"trading", "management_hedge", "asc815_hedge"}

// CapitalTreatments are those of Call Report RC-L 7.c.
var CapitalTreatments = []string{"market_risk_rule", "other_sold", "recognised_guarantee", "not_recognised"}

// Seniorities follow the ISDA and FpML code list, in full words.
var Seniorities = []string{"senior_secured", "senior", "subordinated", "junior_subordinated", "preference", "loss_absorbing"}

// Restructurings are the ISDA restructuring clauses: CR full, MR modified, MM
// modified modified, XR none.
var Restructurings = []string{"CR", "MR", "MM", "XR"}

// LifecycleKinds are the events that change a position's notional.
var LifecycleKinds = []string{
	"new", "increase", "novation_in", "maturity", "termination", "partial_termination", "compression",
	"novation_out", "amendment", "amortisation", "reclassification", "credit_event", "index_factor",
	"exercise", "correction",
}

// RealizedKinds are the events that realize a gain or loss.
var RealizedKinds = []string{
	"premium", "upfront", "total_return_reset", "option_premium", "termination", "partial_termination",
	"novation", "maturity", "exercise", "credit_event", "recovery", "transfer", "collateral", "other",
}

// ExclusionReasons are why a record is left out on purpose: by the source's where,
// by cut-off, or superseded; of documents: no credit derivative, no trade at all,
// an event that only changes another record, the same message again, and trades
// that a message cancelled, terminated or moved.
var ExclusionReasons = []string{
	"where", "expired", "not_yet_traded", "superseded",
	"not_credit", "no_trade", "event", "repeated", "cancelled", "terminated", "novated",
}

// Currencies are the codes of ISO 4217 in force, and those withdrawn since
// 1999 in which a position of the past may stand.
var Currencies = []string{
	"AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "ATS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BEF", "BGN",
	"BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLF", "CLP",
	"CNH", "CNY", "COP", "CRC", "CUP", "CVE", "CYP", "CZK", "DEM", "DJF", "DKK", "DOP", "DZD", "EEK", "EGP", "ERN",
	"ESP", "ETB", "EUR", "FIM", "FJD", "FKP", "FRF", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GRD", "GTQ", "GYD",
	"HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "IEP", "ILS", "INR", "IQD", "IRR", "ISK", "ITL", "JMD", "JOD", "JPY",
	"KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LTL", "LUF",
	"LVL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MTL", "MUR", "MVR", "MWK", "MXN", "MXV",
	"MYR", "MZN", "NAD", "NGN", "NIO", "NLG", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN",
	"PTE", "PYG", "QAR", "ROL", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SIT",
	"SKK", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRL", "TRY",
	"TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF",
	"XPF", "YER", "ZAR", "ZMW", "ZWG",
}
