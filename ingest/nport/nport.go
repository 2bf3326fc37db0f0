// Package nport decodes filings on SEC Form N-PORT into rows of the data set
// positions: the credit swaps and options among a fund's holdings (Item C.11), as
// the fund sees them. Every other holding is excluded.
package nport

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/document"
)

// Reasons for exclusions, rejects and findings.
const (
	NotCredit = "not_credit"
	NoTrade   = "no_trade"

	SideNotStated       = "side_not_stated"
	SideDisagrees       = "side_disagrees"
	OptionTypeNotStated = "option_type_not_stated"
	UnsupportedProduct  = "unsupported_product"

	SeveralCounterparties = "several_counterparties"
	UnrealizedDiffers     = "unrealized_differs"
)

// column is the place of a value in a row.
type column int

const (
	positionID column = iota
	legalEntity
	counterpartyID
	counterpartyName
	product
	role
	optionType
	underlyingKind
	referenceEntityName
	referenceObligationID
	indexName
	indexSeries
	currency
	notional
	notionalBasis
	maturityDate
	optionExpiryDate
	fixedRate
	fairValue
	fairValueCurrency
	fairValueLevel
	valuationDate
	// Beyond the contract, for mappings:
	registrant
	series
	title
	counterpartyLEI
	indexID
	referenceCountry
	upfrontPaid
	upfrontReceived
	unrealized
	columnCount
)

var columnNames = [columnCount]string{
	"position_id", "legal_entity", "counterparty_id", "counterparty_name", "product", "role", "option_type", "underlying_kind", "reference_entity_name",
	"reference_obligation_id", "index_name", "index_series", "currency", "notional", "notional_basis", "maturity_date", "option_expiry_date",
	"fixed_rate", "fair_value", "fair_value_currency", "fair_value_level", "valuation_date",
	"registrant", "series", "title", "counterparty_lei", "index_id", "reference_country", "upfront_paid", "upfront_received", "unrealized",
}

// Columns are the names of the rows' values.
func Columns() []string { return columnNames[:] }

// Meanings are those of the columns that the contract does not have.
var Meanings = map[string]string{
	"registrant":        "regName",
	"series":            "seriesName",
	"title":             "title of the holding",
	"counterparty_lei":  "counterpartyLei",
	"index_id":          "indexIdentifier",
	"reference_country": "invCountry",
	"upfront_paid":      "upfrontPmnt",
	"upfront_received":  "upfrontRcpt, negative",
	"unrealized":        "unrealizedAppr",
}

// Format is that of a filing.
var Format = document.Format{
	Records: map[string]int{"invstOrSec": 1},
	Limits:  document.Limits{Bytes: 256 << 20, Depth: 60, Elements: 500_000, Records: 500_000},
	Columns: Columns(),
	Open:    func(number int) document.Reader { return &reader{number: number} },
}

// reader makes the rows of one filing.
type reader struct {
	number   int
	holdings []holding
}

// holding is one row, before the filing's own data stand beside it.
type holding struct {
	values   [columnCount]string
	path     string
	outcome  string
	reason   string
	faults   []document.Fault
	internal string // the filer's own identifier
}

func (h *holding) reject(reason, column, value string) {
	h.outcome = document.Rejected
	h.faults = append(h.faults, document.Fault{Reason: reason, Column: column, Value: value, Rejects: true})
}

func (h *holding) note(reason, column, value string) {
	h.faults = append(h.faults, document.Fault{Reason: reason, Column: column, Value: value})
}

// Record reads one holding.
func (r *reader) Record(n *document.Node, path string) {
	h := holding{path: path, outcome: document.Position}
	if n.TextAt("assetCat") != "DCR" {
		h.outcome, h.reason = document.Excluded, NotCredit
		h.values[title] = stated(n.TextAt("title"))
		h.values[fairValue], h.values[fairValueCurrency] = document.Amount(stated(n.TextAt("valUSD"))), "USD"
	} else {
		h.read(n)
	}
	r.holdings = append(r.holdings, h)
}

// read takes a holding of asset category DCR, a derivative on credit.
func (h *holding) read(n *document.Node) {
	v := &h.values
	v[title] = stated(n.TextAt("title"))
	v[fairValue], v[fairValueCurrency] = document.Amount(stated(n.TextAt("valUSD"))), "USD"
	v[fairValueLevel] = stated(n.TextAt("fairValLevel"))
	v[referenceCountry] = stated(n.TextAt("invCountry"))
	if other := n.At("identifiers", "other"); other != nil {
		h.internal = stated(other.Attribute("value"))
	}
	derivative := n.At("derivativeInfo")
	switch {
	case derivative.At("swapDeriv") != nil:
		h.swap(derivative.At("swapDeriv"))
	case derivative.At("optionSwaptionWarrantDeriv") != nil:
		h.option(derivative.At("optionSwaptionWarrantDeriv"))
	default:
		kind := ""
		if derivative != nil && len(derivative.Children) > 0 {
			kind = derivative.Children[0].Name
		}
		h.reject(UnsupportedProduct, "product", kind)
	}
}

// stated is the text, or "" for the form's words for nothing.
func stated(text string) string {
	if text == "N/A" || text == "XXXX" {
		return ""
	}
	return text
}

func (h *holding) counterparty(n *document.Node) {
	all := n.All("counterparties")
	if len(all) == 0 {
		return
	}
	v := &h.values
	v[counterpartyName], v[counterpartyLEI] = stated(all[0].TextAt("counterpartyName")), stated(all[0].TextAt("counterpartyLei"))
	if v[counterpartyID] = v[counterpartyLEI]; v[counterpartyID] == "" {
		v[counterpartyID] = v[counterpartyName]
	}
	if len(all) > 1 {
		h.note(SeveralCounterparties, "counterparty_id", all[1].TextAt("counterpartyName"))
	}
}

func (h *holding) swap(n *document.Node) {
	h.counterparty(n)
	h.reference(n.At("descRefInstrmnt"))
	h.swapTerms(n)
	v := &h.values
	v[role] = h.side(n)
	if v[role] == "total_return_payer" || v[role] == "total_return_receiver" {
		v[product] = "TRS"
	}
	v[upfrontPaid], v[upfrontReceived] = document.Amount(stated(n.TextAt("upfrontPmnt"))), document.Amount(stated(n.TextAt("upfrontRcpt")))
	v[unrealized] = document.Amount(stated(n.TextAt("unrealizedAppr")))
	h.checkUnrealized(n)
}

// swapTerms reads what a swap states, as a holding or beneath an option.
func (h *holding) swapTerms(n *document.Node) {
	v := &h.values
	v[notional], v[currency] = document.Amount(stated(n.TextAt("notionalAmt"))), stated(n.TextAt("curCd"))
	v[maturityDate] = document.Date(stated(n.TextAt("terminationDt")))
	for _, leg := range []string{"fixedRecDesc", "fixedPmntDesc"} {
		if rate := stated(n.At(leg).Attribute("fixedRt")); rate != "" && v[fixedRate] == "" {
			v[fixedRate] = document.Percent(rate)
		}
	}
}

// seriesOfIndex is how series stand in the names of indices: after a word, and of the
// families that are known at the end, but for a version.
var seriesOfIndex = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^(.+?)[. ]S(?:ERIES)? ?(\d{1,3})\b`),
	regexp.MustCompile(`(?i)^((?:.*\b)?(?:CDX|ITRAXX|[A-Z]{2,3}BX)\b.*?)[. ](\d{1,3})(?:[. ]V\d+)?(?:[. ]\d{1,2}Y)?$`),
}

// reference reads the reference instrument.
func (h *holding) reference(n *document.Node) {
	v := &h.values
	if index := n.At("indexBasketInfo"); index != nil {
		v[referenceEntityName] = stated(index.TextAt("indexName"))
		v[indexName], v[indexID] = v[referenceEntityName], stated(index.TextAt("indexIdentifier"))
		for _, form := range seriesOfIndex {
			if match := form.FindStringSubmatch(v[referenceEntityName]); match != nil {
				v[indexName], v[indexSeries] = match[1], match[2]
				break
			}
		}
		v[underlyingKind], v[notionalBasis], v[product] = "index", "current", "CDS_INDEX" // the form asks for the notional at the date
		return
	}
	v[product] = "CDS"
	if other := n.At("otherRefInst"); other != nil {
		v[referenceEntityName] = stated(other.TextAt("issuerName"))
		identifiers := other.At("identifiers")
		for _, kind := range []string{"isin", "cusip"} {
			if id := stated(identifiers.At(kind).Attribute("value")); id != "" && v[referenceObligationID] == "" {
				v[referenceObligationID] = id
			}
		}
	}
}

var (
	sells       = regexp.MustCompile(`(?i)\b(sell|sells|sold|selling|write|writes|written) (credit )?protection\b`)
	buys        = regexp.MustCompile(`(?i)\b(buy|buys|bought|buying|purchase|purchases|purchased) (credit )?protection\b`)
	totalReturn = regexp.MustCompile(`(?i)\btotal return\b`)
)

// side tells ours by the direction of the legs - who receives the fixed rate has
// sold protection - and by the filer's words; they must not speak against each
// other.
func (h *holding) side(n *document.Node) string {
	receives, pays := n.At("fixedRecDesc") != nil, n.At("fixedPmntDesc") != nil
	words := n.TextAt("otherPmntDesc") + " / " + n.TextAt("otherRecDesc")
	switch {
	case totalReturn.MatchString(n.TextAt("otherRecDesc")):
		return "total_return_receiver"
	case totalReturn.MatchString(n.TextAt("otherPmntDesc")):
		return "total_return_payer"
	}
	sold, bought := sells.MatchString(words), buys.MatchString(words)
	switch {
	case sold && bought, (sold && pays || bought && receives) && receives != pays:
		h.reject(SideDisagrees, "role", words)
		return ""
	case sold, !bought && receives && !pays:
		return "seller"
	case bought, pays && !receives:
		return "buyer"
	}
	h.reject(SideNotStated, "role", words)
	return ""
}

// checkUnrealized notes where unrealized appreciation is not value less upfronts,
// as long as all are in dollars.
func (h *holding) checkUnrealized(n *document.Node) {
	for _, side := range []struct{ amount, currency string }{{"upfrontPmnt", "pmntCurCd"}, {"upfrontRcpt", "rcptCurCd"}} {
		foreign := stated(n.TextAt(side.currency))
		if amount, err := decimal.NewFromString(n.TextAt(side.amount)); err != nil || !amount.IsZero() && foreign != "USD" {
			return
		}
	}
	amounts := map[column]decimal.Decimal{}
	for _, c := range []column{fairValue, upfrontPaid, upfrontReceived, unrealized} {
		amount, err := decimal.NewFromString(h.values[c])
		if err != nil {
			return
		}
		amounts[c] = amount
	}
	expected := amounts[fairValue].Sub(amounts[upfrontPaid]).Sub(amounts[upfrontReceived])
	if !expected.Equal(amounts[unrealized]) {
		h.note(UnrealizedDiffers, "unrealized", fmt.Sprintf("%s, expected %s", amounts[unrealized], expected))
	}
}

var (
	payerWord    = regexp.MustCompile(`(?i)\b(payer|pay)\b`)
	receiverWord = regexp.MustCompile(`(?i)\b(receiver|receive|rec|rcv)\b`)
	// quotedInPrice are the indices that are quoted in price, where a call is the
	// right to sell protection.
	quotedInPrice = regexp.MustCompile(`(?i)\bCDX[. ](NA[. ])?(HY|EM)\b`)
)

func (h *holding) option(n *document.Node) {
	h.counterparty(n)
	v := &h.values
	reference := n.At("descRefInstrmnt")
	if nested := reference.At("nestedDerivInfo", "swapDeriv"); nested != nil {
		h.reference(nested.At("descRefInstrmnt"))
		h.swapTerms(nested)
	} else {
		h.reference(reference)
	}
	if v[notional] == "" {
		v[notional], v[currency] = document.Amount(stated(n.TextAt("principalAmt"))), stated(n.TextAt("curCd"))
	}
	v[product] = "CDS_OPTION"
	if v[indexName] != "" {
		v[product] = "CDS_INDEX_OPTION"
	}
	if v[optionExpiryDate] = document.Date(stated(n.TextAt("expDt"))); v[optionExpiryDate] == "" {
		h.reject("missing_value", "option_expiry_date", "") // the maturity beneath must not stand in for it
	}
	v[unrealized] = document.Amount(stated(n.TextAt("unrealizedAppr")))
	switch n.TextAt("writtenOrPur") {
	case "Written":
		v[role] = "option_seller"
	case "Purchased":
		v[role] = "option_buyer"
	default:
		h.reject(SideNotStated, "role", n.TextAt("writtenOrPur"))
	}
	h.optionType(n.TextAt("putOrCall"))
}

// optionType goes by the filer's words; put and call alone tell it only on
// indices that are quoted in price.
func (h *holding) optionType(putOrCall string) {
	v := &h.values
	payer, receiver := payerWord.MatchString(v[title]), receiverWord.MatchString(v[title])
	inPrice := quotedInPrice.MatchString(v[referenceEntityName]) || quotedInPrice.MatchString(v[title])
	switch {
	case payer && !receiver, !payer && !receiver && inPrice && putOrCall == "Put":
		v[optionType] = "payer"
	case receiver && !payer, !payer && !receiver && inPrice && putOrCall == "Call":
		v[optionType] = "receiver"
	default:
		h.reject(OptionTypeNotStated, "option_type", putOrCall)
	}
}

// Rows puts the filing's own data beside each holding.
func (r *reader) Rows(root *document.Node) []document.Row {
	general := root.At("formData", "genInfo")
	foreign := root.Name != "edgarSubmission" || !strings.HasPrefix(root.TextAt("headerData", "submissionType"), "NPORT")
	if len(r.holdings) == 0 {
		r.holdings = []holding{{path: fmt.Sprintf("%d:/%s", r.number, root.Name), outcome: document.Excluded, reason: NoTrade}}
	}
	rows := make([]document.Row, len(r.holdings))
	for i := range r.holdings {
		h := &r.holdings[i]
		v := &h.values
		if foreign {
			h.faults, h.reason = nil, ""
			h.reject(document.UnknownDocument, "document", root.Name+" "+root.TextAt("headerData", "submissionType"))
		}
		v[registrant], v[series] = stated(general.TextAt("regName")), stated(general.TextAt("seriesName"))
		fund := stated(general.TextAt("seriesId"))
		for _, name := range []string{"seriesLei", "seriesId", "regLei", "regCik"} {
			if v[legalEntity] == "" {
				v[legalEntity] = stated(general.TextAt(name))
			}
		}
		if fund == "" {
			fund = v[legalEntity]
		}
		if h.outcome != document.Excluded {
			v[valuationDate] = document.Date(stated(general.TextAt("repPdDate")))
			if v[positionID] = fund + "/" + h.internal; h.internal == "" {
				v[positionID] = fmt.Sprintf("%s/holding %d", fund, i+1)
			}
		}
		rows[i] = document.Row{Outcome: h.outcome, Reason: h.reason, Faults: h.faults, Path: h.path, Values: v[:]}
	}
	return rows
}
