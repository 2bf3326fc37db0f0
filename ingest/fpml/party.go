package fpml

import (
	"cmp"
	"regexp"
	"strings"

	"comment11/internal/document"
)

// party is one of the document, by its reference.
type party struct {
	ids  []string // a legal entity identifier first
	name string
}

var legalEntityIdentifier = regexp.MustCompile(`^[A-Z0-9]{18}\d{2}$`)

// parties are those of the document.
func parties(root *document.Node) map[string]party {
	found := map[string]party{}
	for _, n := range root.All("party") {
		p := party{name: n.TextAt("partyName")}
		for _, id := range n.All("partyId") {
			switch {
			case id.Text == "":
			case legalEntityIdentifier.MatchString(id.Text):
				p.ids = append([]string{id.Text}, p.ids...)
			default:
				p.ids = append(p.ids, id.Text)
			}
		}
		found[n.Attribute("id")] = p
	}
	return found
}

// id names the party: by an identifier, else by its name.
func (p party) id() string {
	if len(p.ids) > 0 {
		return p.ids[0]
	}
	return p.name
}

// name is the party's, or the reference where the document has no such party.
func (r *reader) name(reference string) string {
	if p, known := r.parties[reference]; known {
		return p.id()
	}
	return reference
}

// our gives the identifier or name under which a party is one of ours, or "".
func (r *reader) our(reference string) string {
	p, known := r.parties[reference]
	if !known || reference == "" {
		return ""
	}
	for _, id := range p.ids {
		if r.ours[id] {
			return id
		}
	}
	if p.name != "" && r.ours[p.name] {
		return p.name
	}
	return ""
}

// roles of who buys protection, pays the total return or buys the option, and of
// the other side.
var roles = map[kind][2]string{
	swap:        {"buyer", "seller"},
	option:      {"option_buyer", "option_seller"},
	totalReturn: {"total_return_payer", "total_return_receiver"},
}

// rows judges a fact: which side is ours, which identifier is the trade's, whose
// value it is. A trade between two parties of ours is two rows.
func (r *reader) rows(f *fact) []document.Row {
	if f.reason == NotYetTraded { // without the trade's identifier: it is no other state of the trade
		return []document.Row{f.row()}
	}
	if f.novation == newSide {
		for _, side := range []*string{&f.buyer, &f.seller} {
			switch {
			case *side == f.transferor && f.transferee != "":
				*side = f.transferee
			case *side == f.remaining && f.secondTransferee != "":
				*side = f.secondTransferee
			}
		}
	}
	hasSides := f.outcome != document.Excluded || f.reason == Terminated || f.reason == Novated || f.reason == Cancelled
	buyer, seller := r.our(f.buyer), r.our(f.seller)
	if buyer == "" && seller == "" && r.our(f.base) != "" {
		switch {
		case f.buyer == "" && f.seller != "":
			f.buyer, buyer = f.base, r.our(f.base)
		case f.seller == "" && f.buyer != "":
			f.seller, seller = f.base, r.our(f.base)
		}
	}
	if r.betweenOthers(f) {
		f.outcome, f.reason, f.faults, f.event, f.values[eventAmount] = document.Excluded, Novated, nil, Terms, ""
		return []document.Row{f.row()}
	}
	r.identify(f)
	switch names := roles[f.kind]; {
	case !hasSides:
		if f.event == Value {
			f.ownValue(r.our(f.base) != "", f.base != "")
		}
	case buyer != "" && seller != "":
		return r.bothSides(f, buyer, seller)
	case buyer != "":
		r.see(f, names[0], buyer, f.buyer, f.seller)
	case seller != "":
		r.see(f, names[1], seller, f.seller, f.buyer)
	case f.outcome != document.Position:
	case f.buyer == "" && f.seller == "":
		f.reject(SideNotStated, "role", "")
	default:
		f.reject(NeitherPartyOurs, "role", r.name(f.buyer)+" / "+r.name(f.seller))
	}
	f.placed()
	return []document.Row{f.row()}
}

// placed rejects a message that changes something and does not say what.
func (f *fact) placed() {
	if f.outcome != document.Excluded || f.event == Terms || f.event == "" {
		return
	}
	byConversation := f.reason == Cancelled && f.values[correlation] != ""
	switch {
	case byConversation:
	case f.event == Withdraw:
		f.reject(UnsupportedMessage, "correlation_id", "no conversation whose event is taken back")
	case f.values[tradeKey] == "":
		f.reject(UnsupportedMessage, "trade_key", "no identifier of the trade")
	}
}

// betweenOthers tells whether a side of a novation is between other parties, while
// the other side is ours.
func (r *reader) betweenOthers(f *fact) bool {
	second := cmp.Or(f.secondTransferee, f.remaining)
	before := r.our(f.transferor) != "" || r.our(f.remaining) != ""
	after := r.our(f.transferee) != "" || r.our(second) != ""
	switch f.novation {
	case oldSide:
		return after && !before
	case newSide:
		return before && !after
	default:
		return false
	}
}

// see puts down the trade as one of our parties sees it: the reference of our side
// and of the other.
func (r *reader) see(f *fact, as, name, own, other string) {
	f.values[role], f.values[legalEntity] = as, name
	if p, known := r.parties[other]; known {
		f.values[counterpartyID], f.values[counterpartyName] = p.id(), p.name
	}
	f.ownValue(f.base != "" && f.base == own, f.base != "" && f.base == other)
}

// ownValue turns a value that is seen from the other side, and drops one of which
// nobody says whose it is: a sign is never guessed.
func (f *fact) ownValue(ours, others bool) {
	switch {
	case f.values[fairValue] == "" || ours:
	case others:
		f.values[fairValue] = document.Negated(f.values[fairValue])
	default:
		f.note(ValueSideNotStated, "fair_value", f.values[fairValueCurrency]+" "+f.values[fairValue])
		f.values[fairValue], f.values[fairValueCurrency], f.values[valuationDate] = "", "", ""
	}
}

// bothSides makes the two legs of a trade between parties of ours.
func (r *reader) bothSides(f *fact, buyer, seller string) []document.Row {
	names := roles[f.kind]
	id := f.values[positionID]
	other := *f
	other.faults = clone(f.faults)
	r.see(f, names[0], buyer, f.buyer, f.seller)
	r.see(&other, names[1], seller, f.seller, f.buyer)
	f.values[counterpartyEntity], other.values[counterpartyEntity] = seller, buyer
	for _, leg := range []*fact{f, &other} {
		suffix := "/" + leg.values[role]
		leg.values[mirrorID] = id
		if id != "" {
			leg.values[positionID] = id + suffix
		}
		if leg.values[tradeKey] != "" {
			leg.values[tradeKey] += suffix
			leg.values[otherKeys] = ""
		}
	}
	row := other.row()
	row.Additional = true
	return []document.Row{f.row(), row}
}

// identify chooses the identifier that we gave, else the first, and keeps the
// others: a message may know the trade by one of them alone.
func (r *reader) identify(f *fact) {
	chosen := -1
	for i, id := range f.identifiers {
		if r.our(id.party) != "" {
			chosen = i
			break
		}
	}
	if chosen >= 0 {
		f.values[ownIdentifier] = "true"
	} else if len(f.identifiers) > 0 {
		chosen = 0
	} else {
		return
	}
	id := f.identifiers[chosen]
	f.values[positionID], f.values[tradeVersion], f.values[tradeKey] = id.id, id.version, id.key()
	var others []string
	for i, other := range f.identifiers {
		if i != chosen && other.key() != id.key() {
			others = append(others, other.key())
		}
	}
	f.values[otherKeys] = strings.Join(others, keySeparator)
	if f.novation == newSide && f.remainsAfterNovation {
		for _, old := range f.replacedIdentifiers {
			if old.key() == id.key() { // the old trade goes on under it
				f.values[positionID] += "/novated"
				f.values[tradeKey] += "/novated"
				f.values[otherKeys] = ""
				break
			}
		}
	}
}

// row is the fact as it is handed on.
func (f *fact) row() document.Row {
	f.values[event] = string(f.event)
	return document.Row{Outcome: f.outcome, Reason: f.reason, Faults: f.faults, Path: f.path, Values: f.values[:], Additional: f.additional}
}
