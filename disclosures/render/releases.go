package render

import (
	"fmt"
	"strings"
)

// Release is a release that the packet shows.
type Release struct {
	AsOf           string     `json:"as_of_date"`
	Name           string     `json:"release"`
	RecastOf       string     `json:"recast_of,omitempty"` // the release whose records it was computed from; it is in the packet alone
	Kind           string     `json:"kind"`
	Hash           string     `json:"release_hash"`
	AcceptedBreaks []Accepted `json:"accepted_breaks"`
}

// Accepted is a broken control that a second person accepted.
type Accepted struct {
	Control  string `json:"control"`
	Subject  string `json:"subject"`
	Amount   string `json:"amount"`
	Reason   string `json:"reason"`
	Preparer string `json:"preparer"`
	Approver string `json:"approver"`
}

// writeReleases says which releases the figures are of, and which breaks in them
// were accepted.
func writeReleases(b *strings.Builder, p Packet, head, acceptedHead, bullet string) {
	for _, r := range p.Releases {
		b.WriteString(head)
		head = ""
		fmt.Fprintf(b, "%s%s: release %s, %s, hash %s\n", bullet, r.AsOf, r.Name, r.Kind, r.Hash)
	}
	for _, text := range breaks(p) {
		b.WriteString(acceptedHead + bullet + text + "\n")
		acceptedHead = ""
	}
}

// breaks are the accepted breaks of all releases, a line each.
func breaks(p Packet) []string {
	var list []string
	for _, r := range p.Releases {
		for _, a := range r.AcceptedBreaks {
			list = append(list, fmt.Sprintf("%s: %s, %s, difference %s: %s (prepared by %s, approved by %s)", r.AsOf, a.Control, a.Subject, a.Amount, a.Reason, a.Preparer, a.Approver))
		}
	}
	return list
}
