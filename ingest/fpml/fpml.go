// Package fpml decodes documents of the Financial products Markup Language, 4.0
// to 5.13, into rows of the data set positions: confirmations, execution advices
// and notifications, data documents, position and valuation reports, and the
// events that change trades. It reads elements by their local names, so that the
// namespaces of versions and views make no difference.
//
// A row says what one message tells of one trade, from our side. What several
// messages come to - corrections, cancellations, terminations, novations, the
// same trade told twice - is not decided here: the columns from trade_key on
// carry what decides it (see Event).
package fpml

import (
	"strings"

	"comment11/internal/document"
)

// Options are what the documents cannot tell.
type Options struct {
	// Parties are our own: identifiers (such as LEIs) or names, as the documents'
	// parties have them. They decide which side of a trade is ours.
	Parties []string
	// AsOf is the due date, YYYY-MM-DD; it decides which step of an amortising
	// notional counts, and which events have happened.
	AsOf string
}

// Event says how a row bears on the trade of its trade_key.
type Event string

// Events. Terms is the trade as it stands after the message. The others are of
// messages that name a trade without its terms: they change the latest terms.
const (
	Terms    Event = "terms"
	Increase Event = "increase" // by event_amount
	Decrease Event = "decrease" // by event_amount
	Notional Event = "notional" // to event_amount
	Value    Event = "value"    // its fair value
	End      Event = "end"      // it is no longer there, for record_reason
	Withdraw Event = "withdraw" // an event of the same conversation is taken back
)

// Reasons for exclusions.
const (
	NotCredit    = "not_credit"
	NoTrade      = "no_trade"
	NotYetTraded = "not_yet_traded"
	EventOnly    = "event"
	Cancelled    = "cancelled"
	Terminated   = "terminated"
	Novated      = "novated"
)

// Reasons for rejects, and for findings with positions that are taken.
const (
	NeitherPartyOurs    = "neither_party_ours"
	SideNotStated       = "side_not_stated"
	OptionTypeNotStated = "option_type_not_stated"
	OptionTypeDisagrees = "option_type_disagrees"
	ProductMissing      = "product_missing"
	UnsupportedProduct  = "unsupported_product"
	UnsupportedMessage  = "unsupported_message"
	UnderlyingNotStated = "underlying_not_stated"
	SeveralTrades       = "several_trades"

	HybridBasket       = "hybrid_basket"
	SeveralNotionals   = "several_notionals"
	ValueSideNotStated = "value_side_not_stated"
)

// column is the place of a value in a row.
type column int

const (
	positionID column = iota
	tradeVersion
	legalEntity
	counterpartyID
	counterpartyName
	counterpartyEntity
	mirrorID
	book
	product
	role
	optionType
	underlyingKind
	referenceEntityID
	referenceEntityName
	referenceObligationID
	seniority
	indexName
	indexSeries
	indexVersion
	indexFactor
	basketID
	attachmentPoint
	detachmentPoint
	nthToDefault
	recoveryFixed
	definitions
	restructuring
	creditEvents
	settlementMethod
	currency
	notional
	notionalBasis
	tradeDate
	effectiveDate
	maturityDate
	optionExpiryDate
	fixedRate
	fairValue
	fairValueCurrency
	valuationDate
	// Beyond the contract, for mappings:
	productType
	matrixTerm
	indexID
	messageType
	messageID
	// What decides between several messages:
	tradeKey
	ownIdentifier
	otherKeys
	event
	eventAmount
	sentAt
	sequenceNumber
	correlation
	columnCount
)

var columnNames = [columnCount]string{
	"position_id", "trade_version", "legal_entity", "counterparty_id", "counterparty_name", "counterparty_entity", "mirror_id", "book",
	"product", "role", "option_type", "underlying_kind", "reference_entity_id", "reference_entity_name", "reference_obligation_id",
	"seniority", "index_name", "index_series", "index_version", "index_factor", "basket_id", "attachment_point", "detachment_point",
	"nth_to_default", "recovery_fixed", "definitions", "restructuring", "credit_events", "settlement_method", "currency", "notional",
	"notional_basis", "trade_date", "effective_date", "maturity_date", "option_expiry_date", "fixed_rate", "fair_value",
	"fair_value_currency", "valuation_date",
	"product_type", "matrix_term", "index_id", "message_type", "message_id",
	"trade_key", "own_identifier", "other_keys", "event", "event_amount", "sent_at", "sequence_number", "correlation_id",
}

// Columns are the names of the rows' values.
func Columns() []string { return columnNames[:] }

// Meanings are those of the columns that the contract does not have.
var Meanings = map[string]string{
	"product_type":    "productType, as it is written",
	"matrix_term":     "transaction type of the matrix, else the type of master confirmation",
	"index_id":        "indexId",
	"message_type":    "root element, or its type in version 4",
	"message_id":      "messageId of the header",
	"trade_key":       "scheme and identifier by which messages about one trade are put together",
	"own_identifier":  "true where the identifier is one that we gave",
	"other_keys":      "the trade's other identifiers",
	"event":           "terms, increase, decrease, notional, value, end or withdraw: how the message bears on the trade",
	"event_amount":    "amount of an event without terms",
	"sent_at":         "time of the message or update, UTC",
	"sequence_number": "sequenceNumber",
	"correlation_id":  "scheme and correlationId, in version 4 conversationId: the conversation",
}

// keySeparator stands between the keys of other_keys.
const keySeparator = "\x1f"

// limits of one document.
var limits = document.Limits{Bytes: 64 << 20, Depth: 100, Elements: 500_000, Records: 100_000}

// records are the elements that are records. A novation is two: the trade that
// is given up or goes on smaller, and the one that takes its place.
var records = map[string]int{
	"trade": 1, "contract": 1, "position": 1, "positionUpdate": 1, "tradeValuationItem": 1,
	"amendment": 1, "change": 1, "increase": 1, "termination": 1, "terminatingEvent": 1, "novation": 2, "optionExercise": 1, "optionExpiry": 1,
}

// New gives the format for the options.
func New(o Options) document.Format {
	ours := make(map[string]bool, len(o.Parties))
	for _, party := range o.Parties {
		ours[strings.TrimSpace(party)] = true
	}
	return document.Format{Records: records, Limits: limits, Columns: Columns(),
		Open: func(number int) document.Reader { return &reader{number: number, ours: ours, asOf: o.AsOf} }}
}
