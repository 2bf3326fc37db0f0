package fpml

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/document"
)

// kind of contract, as far as roles go.
type kind int

const (
	swap kind = iota
	option
	totalReturn
)

// notProducts are the children of a trade that are no product.
var notProducts = []string{
	"tradeHeader", "contractHeader", "header", "otherPartyPayment", "brokerPartyReference", "calculationAgent", "calculationAgentBusinessCenter",
	"calculationAgentBusinessCenters", "determiningParty", "barrierDeterminationAgent", "hedgingParty", "collateral", "documentation", "governingLaw",
	"allocations", "approvals", "tradeSummary", "extension", "id", "originatingPackage", "Signature", "previousTradeIdentifier", "tradeSide",
}

// otherProducts are the products of FpML 4.0 to 5.13 that have no credit risk of
// a reference entity at their heart. A product that stands in no list is
// rejected: what is not known is not left out.
var otherProducts = []string{
	"swap", "fra", "capFloor", "swaption", "bulletPayment", "fxSingleLeg", "fxSwap", "fxLeg", "fxOption", "fxSimpleOption", "fxBarrierOption", "fxDigitalOption",
	"fxAverageRateOption", "fxFlexibleForward", "fxForwardVolatilityAgreement", "fxVarianceSwap", "fxVolatilitySwap", "fxAccrualForward", "fxAccrualOption",
	"fxAccrualDigitalOption", "fxRangeAccrual", "fxTargetKnockoutForward", "fxPerformanceSwap", "termDeposit", "deposit", "bondOption", "equityOption",
	"equityForward", "equityOptionTransactionSupplement", "equityOptionShortForm", "brokerEquityOption", "equitySwap", "equitySwapTransactionSupplement",
	"varianceSwap", "varianceSwapTransactionSupplement", "varianceOptionTransactionSupplement", "volatilitySwap", "volatilitySwapTransactionSupplement",
	"correlationSwap", "dividendSwapTransactionSupplement", "dividendSwapOptionTransactionSupplement", "commoditySwap", "commodityOption", "commodityForward",
	"commoditySwaption", "commodityDigitalOption", "commodityBasketOption", "commodityPerformanceSwap", "instrumentTradeDetails", "securityLending", "repo",
	"genericDeposit", "loanTrade",
}

// openProducts say by their asset class alone what they are.
var openProducts = []string{"genericProduct", "nonSchemaProduct", "standardProduct", "strategy"}

// trade reads a trade's header, product and documentation.
func (r *reader) trade(n *document.Node) fact {
	f := fact{outcome: document.Position, event: Terms}
	header := n.First("tradeHeader", "contractHeader", "header")
	f.identifiers = identifiersIn(header)
	f.values[tradeDate] = document.Date(header.TextAt("tradeDate"))
	if f.values[tradeDate] == "" {
		f.values[tradeDate] = document.Date(header.TextAt("contractDate"))
	}
	if name := header.Find("portfolioName"); name != nil {
		f.values[book] = name.Text
	}
	for _, p := range n.Children {
		if slices.Contains(notProducts, p.Name) {
			continue
		}
		f.values[productType] = p.TextAt("productType")
		switch {
		case p.Name == "creditDefaultSwap":
			r.swap(&f, p, n)
		case p.Name == "creditDefaultSwapOption":
			r.option(&f, p, n)
		case p.Name == "returnSwap":
			r.returnSwap(&f, p)
		case slices.Contains(otherProducts, p.Name):
			f.exclude(NotCredit)
		case slices.Contains(openProducts, p.Name):
			openProduct(&f, p)
		default:
			f.reject(UnsupportedProduct, "product", p.Name)
		}
		return f
	}
	f.reject(ProductMissing, "product", "")
	return f
}

// openProduct leaves out what says that it is of another asset class.
func openProduct(f *fact, p *document.Node) {
	class := assetClass(p)
	credit := p.Find("creditDefaultSwap", "creditDefaultSwapOption", "returnSwap") != nil
	switch {
	case credit, class == "Credit", class == "" && p.Name != "strategy":
		f.reject(UnsupportedProduct, "product", strings.TrimSpace(p.Name+" "+f.values[productType]))
	default:
		f.exclude(NotCredit)
	}
}

// assetClass is the one that the product states, or that its product type begins with.
func assetClass(p *document.Node) string {
	for _, name := range []string{"primaryAssetClass", "assetClass"} {
		if class := p.TextAt(name); class != "" {
			return class
		}
	}
	if class, _, ok := strings.Cut(p.TextAt("productType"), ":"); ok {
		return class
	}
	return ""
}

// swap reads a credit default swap.
func (r *reader) swap(f *fact, p, trade *document.Node) {
	general := p.At("generalTerms")
	f.buyer, f.seller = general.At("buyerPartyReference").Attribute("href"), general.At("sellerPartyReference").Attribute("href")
	f.values[effectiveDate] = dateIn(general.At("effectiveDate"))
	f.values[maturityDate] = dateIn(general.At("scheduledTerminationDate"))
	f.values[fixedRate] = document.Rate(p.TextAt("feeLeg", "periodicPayment", "fixedAmountCalculation", "fixedRate"))
	r.swapNotional(f, p)
	documentationTerms(f, trade)
	underlying(f, general, p)
	creditTerms(f, p)
	f.values[product] = swapProduct(f)
}

// swapNotional takes the contract's notional: that of the protection terms, which
// of an nth-to-default swap is one and not the basket's sum.
func (r *reader) swapNotional(f *fact, p *document.Node) {
	protection := p.All("protectionTerms")
	if len(protection) == 0 {
		return
	}
	amount := protection[0].At("calculationAmount")
	for _, other := range protection[1:] {
		a := other.At("calculationAmount")
		if a == nil || a.TextAt("amount") == amount.TextAt("amount") && a.TextAt("currency") == amount.TextAt("currency") {
			continue
		}
		if fee := p.At("feeLeg", "periodicPayment", "fixedAmountCalculation", "calculationAmount"); fee != nil {
			amount = fee
		}
		f.note(SeveralNotionals, "notional", a.TextAt("currency")+" "+a.TextAt("amount"))
		break
	}
	f.values[currency], f.values[notional] = amount.TextAt("currency"), document.Amount(r.stepped(f, amount))
}

// stepped is the amount in force at the due date.
func (r *reader) stepped(f *fact, amount *document.Node) string {
	value := amount.TextAt("amount")
	last := ""
	for _, step := range amount.All("step") {
		if _, err := time.Parse(time.DateOnly, document.Date(step.TextAt("stepDate"))); err != nil {
			f.reject("not_a_date", "step_date", step.TextAt("stepDate"))
		}
		if day := document.Date(step.TextAt("stepDate")); day >= last && day <= r.asOf {
			last, value = day, step.TextAt("stepValue")
		}
	}
	return value
}

// dateIn is the day of an adjustable date: as agreed, before adjustment.
func dateIn(n *document.Node) string {
	if found := n.Find("unadjustedDate"); found != nil {
		return document.Date(found.Text)
	}
	if found := n.Find("adjustedDate"); found != nil {
		return document.Date(found.Text)
	}
	return ""
}

// underlying reads what the protection refers to.
func underlying(f *fact, general, p *document.Node) {
	v := &f.values
	if single := general.At("referenceInformation"); single != nil {
		entity := single.At("referenceEntity")
		v[referenceEntityName], v[referenceEntityID] = entity.TextAt("entityName"), entity.TextAt("entityId")
		v[underlyingKind] = kindOfEntity(v[matrixTerm])
		obligation(f, single.At("referenceObligation"))
		if strings.EqualFold(single.TextAt("securedList"), "true") {
			v[underlyingKind] = "loan"
		}
		if p.Find("floatingAmountEvents") != nil {
			v[underlyingKind] = "asset_backed"
		}
	}
	if index := general.At("indexReferenceInformation"); index != nil {
		v[indexName], v[indexID] = index.TextAt("indexName"), index.TextAt("indexId")
		if v[indexName] == "" {
			v[indexName] = v[indexID]
		}
		v[referenceEntityName] = v[indexName]
		v[indexSeries], v[indexVersion] = index.TextAt("indexSeries"), index.TextAt("indexAnnexVersion")
		v[indexFactor] = document.Rate(index.TextAt("indexFactor"))
		v[seniority] = seniorityOf(index.TextAt("seniority"))
		v[underlyingKind] = "index"
		tranche(f, index)
	}
	if basket := general.At("basketReferenceInformation"); basket != nil {
		v[basketID] = basket.TextAt("basketId")
		v[referenceEntityName] = basket.TextAt("basketName")
		if v[basketID] == "" {
			v[basketID] = v[referenceEntityName]
		}
		v[nthToDefault] = basket.TextAt("nthToDefault")
		v[underlyingKind] = "basket"
		tranche(f, basket)
	}
	if v[indexName] != "" || v[attachmentPoint] != "" {
		v[notionalBasis] = "original" // the calculation amount is that of the contract; factors and losses come on top
	}
}

// tranche reads the points of a tranche; an empty element is none.
func tranche(f *fact, n *document.Node) {
	f.values[attachmentPoint] = document.Rate(n.TextAt("tranche", "attachmentPoint"))
	f.values[detachmentPoint] = document.Rate(n.TextAt("tranche", "exhaustionPoint"))
}

// obligation reads the reference obligation of a single name.
func obligation(f *fact, n *document.Node) {
	for _, c := range children(n) {
		switch c.Name {
		case "bond", "convertibleBond":
		case "loan":
			f.values[underlyingKind] = "loan"
		case "mortgage":
			f.values[underlyingKind] = "asset_backed"
		default:
			continue
		}
		f.values[referenceObligationID] = instrumentID(c)
		f.values[seniority] = seniorityOf(c.TextAt("seniority"))
		return
	}
}

func children(n *document.Node) []*document.Node {
	if n == nil {
		return nil
	}
	return n.Children
}

// instrumentID prefers an ISIN to a CUSIP to any other.
func instrumentID(n *document.Node) string {
	ids := n.All("instrumentId")
	for _, scheme := range []string{"isin", "cusip", ""} {
		for _, id := range ids {
			if strings.Contains(strings.ToLower(id.Attribute("instrumentIdScheme")), scheme) {
				return id.Text
			}
		}
	}
	return ""
}

// seniorities are the words of the FpML code lists credit-seniority and
// credit-seniority-trading.
var seniorities = map[string]string{
	"Senior": "senior", "SeniorUnSec": "senior", "SeniorSec": "senior_secured", "SeniorLossAbsorbingCapacity": "loss_absorbing",
	"Subordinate": "subordinated", "SubLowerTier2": "subordinated", "SubTier3": "subordinated", "SubUpperTier2": "junior_subordinated",
	"SubTier1": "preference",
}

func seniorityOf(word string) string {
	if known, ok := seniorities[word]; ok {
		return known
	}
	return word // what the list does not have is a finding of its own
}

// kindOfEntity tells the kind of a single name by the matrix's transaction type.
func kindOfEntity(term string) string {
	switch {
	case strings.Contains(term, "Sovereign"):
		return "sovereign"
	case strings.Contains(term, "Municipal"):
		return "municipal"
	case strings.Contains(term, "Financial"), strings.Contains(term, "Insurance"):
		return "financial"
	case strings.Contains(term, "Corporate"):
		return "corporate"
	}
	return ""
}

var definitionsEdition = regexp.MustCompile(`^ISDA(1999|2003|2014)\w*Credit`)

// documentationTerms reads edition of the definitions and matrix; a trade that is
// silent has neither.
func documentationTerms(f *fact, trade *document.Node) {
	n := trade.At("documentation")
	for _, name := range []string{"contractualDefinitions", "masterConfirmationType", "type", "contractualSupplement"} {
		n.Each(name, func(c *document.Node) {
			if match := definitionsEdition.FindStringSubmatch(c.Text); match != nil && f.values[definitions] == "" {
				f.values[definitions] = match[1]
			}
		})
	}
	if term := n.Find("matrixTerm"); term != nil {
		f.values[matrixTerm] = term.Text
	} else if kind := n.Find("masterConfirmationType"); kind != nil {
		f.values[matrixTerm] = kind.Text
	}
}

// eventNames are the credit events of FpML, in the spelling of its code list
// credit-event-type but for the first letter.
var eventNames = []string{
	"bankruptcy", "failureToPay", "failureToPayPrincipal", "failureToPayInterest", "obligationDefault", "obligationAcceleration",
	"repudiationMoratorium", "restructuring", "governmentalIntervention", "distressedRatingsDowngrade", "maturityExtension", "writedown", "impliedWritedown",
}

// restructurings are the ISDA clauses by the FpML code list restructuring.
var restructurings = map[string]string{"R": "CR", "ModR": "MR", "ModModR": "MM"}

// creditTerms reads credit events, restructuring and settlement.
func creditTerms(f *fact, p *document.Node) {
	var events []string
	for _, terms := range p.All("protectionTerms") {
		for _, c := range children(terms.At("creditEvents")) {
			if !slices.Contains(eventNames, c.Name) {
				continue
			}
			name := strings.ToUpper(c.Name[:1]) + c.Name[1:]
			if applies(c) && !slices.Contains(events, name) {
				events = append(events, name)
			}
			if c.Name == "restructuring" && f.values[restructuring] == "" {
				f.values[restructuring] = restructuringClause(c)
			}
		}
	}
	f.values[creditEvents] = strings.Join(events, " ")
	cash, physical := p.At("cashSettlementTerms"), p.At("physicalSettlementTerms")
	switch {
	case cash != nil && physical == nil:
		f.values[settlementMethod] = "cash"
	case physical != nil && cash == nil:
		f.values[settlementMethod] = "physical"
	}
	f.values[recoveryFixed] = document.Rate(cash.TextAt("recoveryFactor"))
	f.recoveryLock = cash.At("fixedSettlement") != nil // which FpML has for recovery locks, whether it applies or not
}

// applies tells whether an event is agreed: in version 4 by being there, in
// version 5 unless it is said not to be applicable.
func applies(n *document.Node) bool {
	return n.Text != "false" && n.TextAt("applicable") != "false"
}

func restructuringClause(n *document.Node) string {
	word := n.TextAt("restructuringType")
	switch clause, known := restructurings[word]; {
	case !applies(n):
		return "XR"
	case known:
		return clause
	default:
		return word
	}
}

// swapProduct is the word of the map products for the structure; the product type
// adds what structure cannot tell.
func swapProduct(f *fact) string {
	kind := f.values[productType]
	switch v := &f.values; {
	case f.recoveryLock, strings.Contains(kind, "RecoveryLock"):
		return "RECLOCK"
	case strings.Contains(kind, "ContingentCDS"):
		return "CCDS"
	case v[nthToDefault] != "":
		return "NTD"
	case v[attachmentPoint] != "" && v[indexName] != "":
		return "INDEX_TRANCHE"
	case v[attachmentPoint] != "":
		return "BESPOKE_TRANCHE"
	case v[indexName] != "" && strings.Contains(kind, "Tranche"):
		return "INDEX_TRANCHE" // structure decides that it is none; that they disagree is a finding
	case v[indexName] != "":
		return "CDS_INDEX"
	case v[basketID] != "" || v[underlyingKind] == "basket":
		return "OTHER"
	case v[underlyingKind] == "loan":
		return "LCDS"
	case v[underlyingKind] == "asset_backed":
		return "ABCDS"
	case v[referenceEntityName] == "" && v[referenceEntityID] == "":
		return kind // the structure is not told
	default:
		return "CDS"
	}
}

// option reads an option on a credit default swap. The holder's right follows
// from the sides of the swap beneath; a word that says otherwise is a reject.
func (r *reader) option(f *fact, p, trade *document.Node) {
	f.kind = option
	beneath := p.At("creditDefaultSwap")
	r.swap(f, beneath, trade)
	swapBuyer, swapSeller := f.buyer, f.seller
	f.buyer, f.seller = p.At("buyerPartyReference").Attribute("href"), p.At("sellerPartyReference").Attribute("href")
	f.values[product] = "CDS_OPTION"
	if f.values[indexName] != "" {
		f.values[product] = "CDS_INDEX_OPTION"
	}
	if kind := p.TextAt("productType"); kind != "" {
		f.values[productType] = kind
	}
	if f.values[optionExpiryDate] = expiry(p); f.values[optionExpiryDate] == "" {
		f.reject("missing_value", "option_expiry_date", "") // the maturity beneath must not stand in for it
	}
	word := p.TextAt("optionType")
	f.values[optionType] = map[string]string{"Payer": "payer", "Receiver": "receiver"}[word]
	right := ""
	switch {
	case f.buyer != "" && f.buyer == swapBuyer, f.seller != "" && f.seller == swapSeller:
		right = "payer"
	case f.buyer != "" && f.buyer == swapSeller, f.seller != "" && f.seller == swapBuyer:
		right = "receiver"
	}
	switch {
	case right == "" && f.values[optionType] == "":
		f.reject(OptionTypeNotStated, "option_type", word)
	case right != "" && f.values[optionType] != "" && right != f.values[optionType]:
		f.reject(OptionTypeDisagrees, "option_type", word)
	case right != "":
		f.values[optionType] = right
	}
	optionNotional(f, p)
}

// optionNotional lets an amount on the option itself stand for that of the swap:
// there may be two, and one counts.
func optionNotional(f *fact, p *document.Node) {
	amount := p.At("notionalAmount")
	if amount == nil {
		return
	}
	text := document.Amount(amount.TextAt("amount"))
	own, err1 := decimal.NewFromString(text)
	other, err2 := decimal.NewFromString(f.values[notional])
	if err1 == nil && err2 == nil && (!own.Equal(other) || amount.TextAt("currency") != f.values[currency]) {
		f.note(SeveralNotionals, "notional", f.values[currency]+" "+f.values[notional])
	}
	f.values[notional], f.values[currency] = text, amount.TextAt("currency")
}

// expiry is the last day on which the option can be exercised.
func expiry(p *document.Node) string {
	for _, style := range []string{"europeanExercise", "americanExercise"} {
		if day := dateIn(p.At(style, "expirationDate")); day != "" {
			return day
		}
	}
	last := ""
	p.At("bermudaExercise").Each("unadjustedDate", func(n *document.Node) { last = max(last, document.Date(n.Text)) })
	return last
}

// Underlying assets of a total return swap, by whether they bear credit risk.
var (
	creditAssets = []string{"bond", "convertibleBond", "loan", "mortgage"}
	otherAssets  = []string{"equity", "index", "exchangeTradedFund", "mutualFund", "commodity", "future", "cash", "deposit", "fx", "rateIndex", "simpleFra", "simpleIRSwap"}
)

// returnSwap reads a total return swap; those on bonds and loans are credit
// derivatives, those on other assets are left out, and a basket of both is taken
// and noted.
func (r *reader) returnSwap(f *fact, p *document.Node) {
	f.kind = totalReturn
	f.values[product] = "TRS"
	leg := p.At("returnLeg")
	f.buyer, f.seller = leg.At("payerPartyReference").Attribute("href"), leg.At("receiverPartyReference").Attribute("href")
	if interest := p.At("interestLeg"); f.buyer == "" && f.seller == "" {
		f.buyer, f.seller = interest.At("receiverPartyReference").Attribute("href"), interest.At("payerPartyReference").Attribute("href")
	}
	f.values[effectiveDate], f.values[maturityDate] = dateIn(leg.At("effectiveDate")), dateIn(leg.At("terminationDate"))
	for _, amount := range []*document.Node{leg.At("notional", "notionalAmount"), leg.At("notional", "amount"),
		leg.At("notional"), p.At("interestLeg", "notional", "notionalAmount"), p.At("interestLeg", "notional")} {
		if f.values[notional] == "" && amount.TextAt("amount") != "" {
			f.values[notional], f.values[currency] = document.Amount(amount.TextAt("amount")), amount.TextAt("currency")
		}
	}
	r.returnUnderlying(f, p, leg.At("underlyer"))
}

func (r *reader) returnUnderlying(f *fact, p, underlyer *document.Node) {
	var credit, other []*document.Node
	assets := append([]*document.Node{underlyer.At("singleUnderlyer")}, underlyer.At("basket").All("basketConstituent")...)
	for _, asset := range assets {
		for _, c := range children(asset) {
			switch {
			case slices.Contains(creditAssets, c.Name):
				credit = append(credit, c)
			case slices.Contains(otherAssets, c.Name):
				other = append(other, c)
			}
		}
	}
	class := assetClass(p)
	switch {
	case len(credit) == 0 && len(other) == 0 && class == "Credit":
		return // of the asset nothing is told
	case len(credit) == 0 && len(other) == 0 && class == "":
		f.reject(UnderlyingNotStated, "underlyer", f.values[productType])
		return
	case len(credit) == 0 && !(class == "Credit" && slices.ContainsFunc(other, func(n *document.Node) bool { return n.Name == "index" })):
		f.exclude(NotCredit)
		return
	}
	assets = append(credit, other...)
	if len(assets) == 1 {
		f.values[referenceEntityName], f.values[referenceObligationID] = assetName(assets[0]), instrumentID(assets[0])
		f.values[underlyingKind] = map[string]string{"loan": "loan", "mortgage": "asset_backed", "index": "index"}[assets[0].Name]
		f.values[seniority] = seniorityOf(assets[0].TextAt("seniority"))
		return
	}
	f.values[underlyingKind] = "basket"
	f.values[basketID] = underlyer.TextAt("basket", "basketId")
	f.values[referenceEntityName] = underlyer.TextAt("basket", "basketName")
	if len(credit) > 0 && len(other) > 0 {
		f.note(HybridBasket, "underlyer", other[0].Name+" "+assetName(other[0]))
	}
}

func assetName(n *document.Node) string {
	for _, path := range [][]string{{"issuerName"}, {"borrower", "entityName"}, {"description"}} {
		if name := n.TextAt(path...); name != "" {
			return name
		}
	}
	return instrumentID(n)
}
