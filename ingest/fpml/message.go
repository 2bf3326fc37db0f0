package fpml

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/document"
)

// reader makes the rows of one document. A record is read when it comes, and
// judged at the document's end, where the parties stand.
type reader struct {
	number  int
	ours    map[string]bool
	asOf    string
	facts   []fact
	parties map[string]party
}

// fact is what one record says, before it is known which party we are.
type fact struct {
	values  [columnCount]string
	path    string
	outcome string // document.Position until something speaks against it
	reason  string
	faults  []document.Fault

	event        Event
	additional   bool // beside the one that the record is counted as
	isEvent      bool // a change of a trade or a report of it, rather than the trade
	kind         kind
	recoveryLock bool
	buyer        string // reference to who buys protection, pays the total return or buys the option
	seller       string
	identifiers  []identifier
	// Of a position in a report:
	base string // reference to the party from whose side it is seen
	// Of a novation:
	novation             side
	transferor           string
	transferee           string
	remaining            string
	secondTransferee     string       // of a four-way novation: the remaining party leaves, too, and this one takes its place
	replacedIdentifiers  []identifier // of the old trade, where the new one has its own
	remainsAfterNovation bool         // something of the old trade is left
}

// side of a novation that a fact speaks of.
type side int

const (
	noNovation side = iota
	oldSide
	newSide
)

// identifier is one that a party has given to the trade.
type identifier struct {
	party   string // reference, or "" where nobody is named
	scheme  string
	id      string
	version string
}

func (i identifier) key() string { return i.scheme + "|" + i.id }

// Record reads one record.
func (r *reader) Record(n *document.Node, path string) {
	known := len(r.facts)
	switch n.Name {
	case "trade", "contract":
		r.add(r.trade(n), path)
	case "position":
		r.addEvent(r.position(n), path)
	case "positionUpdate":
		f := r.position(n.At("position"))
		f.values[sentAt] = document.Instant(n.TextAt("timestamp"))
		switch kind := n.TextAt("type"); kind {
		case "Created", "Modified":
		case "Deleted":
			f.end(Cancelled)
		default:
			f.reject(UnsupportedMessage, "type", kind)
		}
		r.addEvent(f, path)
	case "tradeValuationItem":
		r.addEvent(r.valuationItem(n), path)
	case "amendment", "change":
		r.addEvent(r.change(n), path)
	case "increase", "termination", "terminatingEvent":
		r.addEvent(r.notionalChange(n), path)
	case "novation":
		before, after := r.novation(n)
		r.addEvent(before, path)
		r.addEvent(after, path)
	case "optionExercise", "optionExpiry":
		r.addEvent(r.exercise(n), path)
		if t := n.At("physicalSettlement", "resultingTrade"); t != nil {
			f := r.trade(t)
			f.additional = true
			r.addEvent(f, path)
		}
	}
	if r.later(agreed(n)) {
		for i := range r.facts[known:] {
			r.facts[known+i].notYet()
		}
	}
}

// eventDays say when an event was agreed, in all versions; where only the day is
// told from which it counts, it counts from then.
var eventDays = []string{"agreementDate", "amendmentTradeDate", "increaseTradeDate", "terminationTradeDate", "novationTradeDate", "novationContractDate",
	"novationDate", "exerciseDate", "date", "effectiveDate"}

// agreed is the day of an event by which it is of the due date's book or not, as
// the trade date is for a trade.
func agreed(n *document.Node) string {
	if day := n.First(eventDays...); day != nil {
		return document.Date(day.Text)
	}
	return ""
}

// later tells whether a day is after the due date; what is no day is not.
func (r *reader) later(day string) bool {
	_, err := time.Parse(time.DateOnly, day)
	return err == nil && r.asOf != "" && day > r.asOf
}

// notYet leaves out an event that has not happened at the due date, and a value
// of a later day.
func (f *fact) notYet() {
	if f.reason != NotCredit {
		f.outcome, f.reason, f.faults, f.event = document.Excluded, NotYetTraded, nil, ""
	}
}

func (r *reader) addEvent(f fact, path string) {
	f.isEvent = true
	r.add(f, path)
}

func (r *reader) add(f fact, path string) {
	f.path = path
	r.facts = append(r.facts, f)
}

// position reads a position of a report, with its value.
func (r *reader) position(n *document.Node) fact {
	var trades []*document.Node
	n.Each("trade", func(t *document.Node) { trades = append(trades, t) })
	f := fact{outcome: document.Position, event: Terms}
	switch len(trades) {
	case 0:
		f.reject(ProductMissing, "position", "no trade")
	case 1:
		f = r.trade(trades[0])
	default:
		f.reject(SeveralTrades, "position", fmt.Sprintf("%d trades", len(trades)))
	}
	if id := n.At("positionId"); id != nil && len(f.identifiers) == 0 {
		f.identifiers = []identifier{{scheme: id.Attribute("positionIdScheme"), id: id.Text, version: n.TextAt("version")}}
	}
	f.base = n.At("reportingRoles", "baseParty").Attribute("href")
	f.value(n)
	if f.values[notionalBasis] != "" {
		f.currentNotional(n)
	}
	return f
}

// valuationItem reads the value of a trade, with the trade or its identifiers alone.
func (r *reader) valuationItem(n *document.Node) fact {
	f := fact{outcome: document.Position, event: Terms}
	if t := n.At("trade"); t != nil {
		f = r.trade(t)
	} else {
		f.identifiers = identifiersIn(n)
		f.exclude(EventOnly)
		f.event = Value
	}
	f.base = n.Find("baseParty").Attribute("href")
	f.value(n)
	return f
}

// change reads a message whose trade is the one after the change.
func (r *reader) change(n *document.Node) fact {
	t := n.First("trade", "contract", "amendedTrade")
	if t == nil {
		f := fact{outcome: document.Position, event: Terms, identifiers: identifiersIn(n)}
		f.reject(UnsupportedMessage, n.Name, "no trade")
		return f
	}
	f := r.trade(t)
	if factor := n.TextAt("indexChange", "indexFactor"); factor != "" {
		f.values[indexFactor] = document.Rate(factor)
	}
	if amount := n.At("indexChange", "factoredCalculationAmount"); amount != nil {
		f.values[notional], f.values[currency] = document.Amount(amount.TextAt("amount")), amount.TextAt("currency")
		f.values[notionalBasis] = "current"
	}
	return f
}

// notionalChange reads an increase or a termination, of the whole or of a part.
// The trade in it, where there is one, is the trade before.
func (r *reader) notionalChange(n *document.Node) fact {
	t := n.First("originalTrade", "trade", "contract")
	f := fact{outcome: document.Position}
	if t != nil {
		f = r.trade(t)
	} else {
		f.identifiers = identifiersIn(n)
		f.exclude(EventOnly)
	}
	if n.Name == "terminatingEvent" && len(n.Children) == 0 {
		f.event = Terms // a word beside the termination, why it came about
		return f
	}
	outstanding := sizeAmount(n, "outstandingNotionalAmount")
	amount := sizeAmount(n, "changeInNotionalAmount", "increaseInNotionalAmount", "decreaseInNotionalAmount")
	switch {
	case outstanding != "":
		f.event = Notional
		f.changeNotional(outstanding, func(_, left decimal.Decimal) decimal.Decimal { return left })
	case amount != "" && n.Name == "increase":
		f.event = Increase
		f.changeNotional(amount, decimal.Decimal.Add)
	case amount != "":
		f.event = Decrease
		f.changeNotional(strings.TrimPrefix(amount, "-"), decimal.Decimal.Sub)
	case n.Name == "increase" || ofAPart(n):
		f.reject(UnsupportedMessage, n.Name, "no amount")
	default:
		f.end(Terminated)
	}
	return f
}

// exercise reads the exercise of an option, of the whole or of a part, or that it
// lapsed.
func (r *reader) exercise(n *document.Node) fact {
	f := fact{outcome: document.Position}
	if t := n.At("originalTrade"); t != nil {
		f = r.trade(t)
	} else {
		f.identifiers = identifiersIn(n)
		f.exclude(EventOnly)
	}
	outstanding, amount := sizeAmount(n, "outstandingNotionalAmount"), sizeAmount(n, "exerciseInNotionalAmount")
	action := n.TextAt("exerciseAction")
	switch {
	case n.Name == "optionExpiry", n.TextAt("expiry") == "true", n.TextAt("fullExercise") == "true", action == "FullExercise", action == "Abandon":
		f.end(Terminated)
	case outstanding != "":
		f.event = Notional
		f.changeNotional(outstanding, func(_, left decimal.Decimal) decimal.Decimal { return left })
	case amount != "":
		f.event = Decrease
		f.changeNotional(strings.TrimPrefix(amount, "-"), decimal.Decimal.Sub)
	default:
		f.event = ""
		f.reject(UnsupportedMessage, n.Name, "no amount")
	}
	return f
}

// sizes are the elements in which an event's amounts stand where they are not its
// own children: from 5.9 on, in novations, and in version 4.
var sizes = []string{"sizeChange", "novationAmount", "partial"}

// sizeAmount is the first of the named amounts that an event states.
func sizeAmount(n *document.Node, names ...string) string {
	for _, name := range names {
		if amount := n.TextAt(name, "amount"); amount != "" {
			return amount
		}
		for _, size := range sizes {
			if amount := n.TextAt(size, name, "amount"); amount != "" {
				return amount
			}
		}
	}
	return ""
}

var otherSize = regexp.MustCompile(`^(changeIn|decreaseIn|outstanding|novatedNumber|remaining(Number|Amount))`)

// ofAPart tells whether an event is of a part of the trade, however its size is told.
func ofAPart(n *document.Node) bool {
	return slices.ContainsFunc(children(n), func(c *document.Node) bool { return slices.Contains(sizes, c.Name) || otherSize.MatchString(c.Name) })
}

// changeNotional makes the trade that stands before an event the one after it,
// or leaves the amount for the trade that another message tells.
func (f *fact) changeNotional(amount string, after func(before, amount decimal.Decimal) decimal.Decimal) {
	f.values[eventAmount] = document.Amount(amount)
	change, err := decimal.NewFromString(amount)
	if err != nil {
		f.reject("not_an_amount", "event_amount", amount)
		return
	}
	if f.outcome != document.Position { // without terms, or a trade that is none of ours to count
		if f.event == Notional && change.IsZero() {
			f.end(Terminated)
		}
		return
	}
	before, err := decimal.NewFromString(f.values[notional])
	if err != nil {
		return // the contract rejects what stands there
	}
	left := after(before, change)
	if left.IsZero() {
		f.end(Terminated)
		return
	}
	f.event, f.values[eventAmount] = Terms, ""
	f.values[notional] = document.Amount(left.String())
}

// novation reads both sides of a novation: what becomes of the old trade between
// transferor and remaining party, and the new trade between transferee and
// remaining party.
func (r *reader) novation(n *document.Node) (before, after fact) {
	base := fact{outcome: document.Position, event: Terms}
	old := n.First("oldTrade", "oldTransaction", "oldContract") // the latter two in version 4
	if old != nil {
		base = r.trade(old)
	} else {
		base.identifiers = identifiersIn(n.First("oldTradeReference", "oldTransactionReference", "oldContractReference"))
		for _, identifier := range n.All("oldTradeIdentifier") {
			base.identifiers = append(base.identifiers, identifiersOf(identifier)...)
		}
	}
	base.transferor, base.transferee = n.At("transferor").Attribute("href"), n.At("transferee").Attribute("href")
	base.remaining, base.secondTransferee = n.At("remainingParty").Attribute("href"), n.At("otherRemainingParty").Attribute("href")
	novated := strings.TrimPrefix(sizeAmount(n, "novatedAmount", "changeInNotionalAmount"), "-")
	before, after = base, base
	before.novation, after.novation = oldSide, newSide
	before.faults, after.faults = clone(base.faults), clone(base.faults)

	hasTerms := old != nil
	if !hasTerms {
		before.exclude(EventOnly)
	}
	switch {
	case novated == "" && ofAPart(n):
		before.reject(UnsupportedMessage, "novation", "no amount")
		after.reject(UnsupportedMessage, "novation", "no amount")
		before.event, after.event = "", ""
		return before, after
	case novated == "":
		before.end(Novated)
	default:
		before.event = Decrease
		before.changeNotional(novated, decimal.Decimal.Sub)
		if before.event == End {
			before.reason = Novated
		}
	}
	base.remainsAfterNovation = before.event != End
	after.remainsAfterNovation = base.remainsAfterNovation
	newIdentifiers := identifiersIn(n.First("newTradeReference", "newTransactionReference", "newContractReference"))
	for _, identifier := range n.All("newTradeIdentifier") {
		newIdentifiers = append(newIdentifiers, identifiersOf(identifier)...)
	}
	switch t := n.First("newTrade", "newTransaction", "newContract"); {
	case t != nil:
		after = r.trade(t)
		after.novation, after.transferor, after.transferee = newSide, base.transferor, base.transferee
		after.remaining, after.secondTransferee = base.remaining, base.secondTransferee
		after.remainsAfterNovation = base.remainsAfterNovation
		newIdentifiers = after.identifiers
	case hasTerms && novated != "":
		after.values[notional] = document.Amount(novated)
	case !hasTerms:
		after.reject(UnsupportedMessage, "novation", "neither the old nor the new trade is there")
	}
	after.replacedIdentifiers = base.identifiers
	if len(newIdentifiers) > 0 {
		after.identifiers = newIdentifiers
		before.continueAs(newIdentifiers)
	}
	return before, after
}

// continueAs takes the version of an identifier that goes on after an event.
func (f *fact) continueAs(identifiers []identifier) {
	f.identifiers = append([]identifier(nil), f.identifiers...)
	for i, old := range f.identifiers {
		for _, after := range identifiers {
			if after.key() == old.key() && after.party == old.party {
				f.identifiers[i].version = after.version
			}
		}
	}
}

func clone(faults []document.Fault) []document.Fault { return append([]document.Fault(nil), faults...) }

func (f *fact) exclude(reason string) {
	if f.outcome == document.Position {
		f.outcome, f.reason = document.Excluded, reason
	}
}

// end says that the trade is not there after the message.
func (f *fact) end(reason string) {
	f.event = End
	if f.outcome != document.Rejected && f.reason != NotCredit {
		f.outcome, f.reason = document.Excluded, reason
	}
}

func (f *fact) reject(reason, column, value string) {
	if f.outcome == document.Excluded && f.reason == NotCredit {
		return
	}
	f.outcome, f.reason = document.Rejected, ""
	f.faults = append(f.faults, document.Fault{Reason: reason, Column: column, Value: value, Rejects: true})
}

func (f *fact) note(reason, column, value string) {
	f.faults = append(f.faults, document.Fault{Reason: reason, Column: column, Value: value})
}

// identifiersIn gives all identifiers of trades within a node, the node's own
// trades apart.
func identifiersIn(n *document.Node) []identifier {
	if n == nil {
		return nil
	}
	var list []identifier
	for _, c := range n.Children {
		switch c.Name {
		case "partyTradeIdentifier", "tradeIdentifier", "partyContractIdentifier", "contractIdentifier", "identifier", "originalTradeIdentifier":
			list = append(list, identifiersOf(c)...)
		case "tradeReference", "contractReference", "tradeReferenceInformation":
			list = append(list, identifiersIn(c)...)
		}
	}
	return list
}

// identifiersOf reads one identifier element: who gave the identifier, and the
// identifiers in it, the versioned one first.
func identifiersOf(n *document.Node) []identifier {
	party := n.At("partyReference").Attribute("href")
	if nested := n.All("partyTradeIdentifier"); len(nested) > 0 { // a tradeIdentifier of several parties
		return identifiersIn(n)
	}
	scheme := n.TextAt("issuer")
	var list []identifier
	one := func(c *document.Node, version string) {
		if c == nil || c.Text == "" {
			return
		}
		i := identifier{party: party, scheme: scheme, id: c.Text, version: version}
		if i.scheme == "" {
			i.scheme = c.Attribute(c.Name + "Scheme")
		}
		list = append(list, i)
	}
	for _, kind := range []string{"tradeId", "contractId"} {
		versioned := n.At("versioned" + strings.ToUpper(kind[:1]) + kind[1:])
		one(versioned.At(kind), versioned.TextAt("version"))
		for _, c := range n.All(kind) {
			one(c, "")
		}
	}
	return list
}

var cancels = regexp.MustCompile(`^[cC]ancel|(Retracted|Retraction|Cancelled|Canceled|Cancellation)$`)

// talk are messages that answer others, say what another alleges or ask for
// something: whatever trade stands in them, nothing became of it.
var talk = regexp.MustCompile(`(Acknowledgement|Exception|Response|Status|Alleged|Mismatched|Refused|Disputed|(Consent|Amendment|Increase|Termination|Novation)Request)$|^[rR]equest(Consent|Allocation|Execution|ClearingEligibility|ClearingRetracted)`)

// unknownEvents are messages of versions 4 that change a trade without saying so
// in an element that is a record.
var unknownEvents = regexp.MustCompile(`Termination|Novat|Increase|Amend|Change`)

// reports are messages that tell of trades and do not make them.
var reports = regexp.MustCompile(`(?i)(valuation|position|activity)\w*report`)

// Rows judges what was read, now that the parties are known.
func (r *reader) Rows(root *document.Node) []document.Row {
	kind := root.Attribute("type")
	if kind == "" || root.Name != "FpML" {
		kind = root.Name
	}
	if _, after, prefixed := strings.Cut(kind, ":"); prefixed {
		kind = after
	}
	foreign := foreignDocument(root)
	if len(r.facts) == 0 {
		r.facts = []fact{documentFact(root, kind, r.number)}
	}
	r.parties = parties(root)
	var rows []document.Row
	for i := range r.facts {
		f := &r.facts[i]
		switch {
		case foreign != "":
			*f = fact{path: f.path, additional: f.additional}
			f.reject(document.UnknownDocument, "document", foreign)
		case talk.MatchString(kind):
			*f = fact{path: f.path, additional: f.additional, outcome: document.Excluded, reason: NoTrade}
			r.message(f, root, kind)
		default:
			r.message(f, root, kind)
		}
		rows = append(rows, r.rows(f)...)
	}
	return rows
}

// documentFact is that of a document without any record element.
func documentFact(root *document.Node, kind string, number int) fact {
	f := fact{outcome: document.Position, path: fmt.Sprintf("%d:/%s", number, root.Name), identifiers: identifiersIn(root),
		isEvent: unknownEvents.MatchString(kind) || reports.MatchString(kind)}
	switch {
	case cancels.MatchString(kind):
		f.end(Cancelled)
	case strings.HasSuffix(kind, "FullTermination"):
		f.end(Terminated)
	case unknownEvents.MatchString(kind):
		f.reject(UnsupportedMessage, "document", kind)
	default:
		f.exclude(NoTrade)
	}
	return f
}

// foreignDocument says what a document is that is no FpML of the versions read.
func foreignDocument(root *document.Node) string {
	version := root.Attribute("fpmlVersion")
	if root.Name == "FpML" {
		version = root.Attribute("version")
	}
	if version == "" {
		return root.Name
	}
	major, minor, _ := strings.Cut(version, "-")
	m, err := strconv.Atoi(minor)
	if err != nil || m < 0 || major != "4" && (major != "5" || m > 13) {
		return "FpML " + version
	}
	return ""
}

// message puts down what the message says of itself.
func (r *reader) message(f *fact, root *document.Node, kind string) {
	if cancels.MatchString(kind) && f.reason != NoTrade && f.reason != NotYetTraded {
		f.end(Cancelled)
		if f.isEvent {
			f.event = Withdraw
		}
	}
	header := root.At("header")
	f.values[messageType], f.values[messageID] = kind, header.TextAt("messageId")
	if f.values[sentAt] == "" {
		f.values[sentAt] = document.Instant(header.TextAt("creationTimestamp"))
	}
	f.values[sequenceNumber] = root.TextAt("sequenceNumber")
	if id := root.At("correlationId"); id != nil {
		f.values[correlation] = id.Attribute("correlationIdScheme") + "|" + id.Text
	} else if id := header.At("conversationId"); id != nil { // its name in version 4
		f.values[correlation] = id.Attribute("conversationIdScheme") + "|" + id.Text
	}
	if f.values[fairValue] != "" && f.values[valuationDate] == "" {
		f.values[valuationDate] = document.Date(root.TextAt("quotationCharacteristics", "valuationDate"))
		if f.values[valuationDate] == "" {
			f.values[valuationDate] = document.Date(root.TextAt("asOfDate"))
		}
	}
	if f.event == Value && r.later(f.values[valuationDate]) {
		f.notYet()
	}
}
