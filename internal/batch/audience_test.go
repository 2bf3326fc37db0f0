package batch

import (
	"slices"
	"testing"
)

// In a filing a name has one number at both dates and no two names have the same, also
// where a name reads like what stands in its place.
func TestNamesOfAFilingAreNumbered(t *testing.T) {
	label := numbered(map[string]tableNames{"largest": {"Counterparty", map[string]bool{"Acme": true, "Counterparty 2": true, "Zeta": true}}})
	var got []string
	for _, text := range []string{"Acme", "Counterparty 2", "Zeta", "All others", "Zeta", "Acme"} {
		got = append(got, label("largest", text))
	}
	want := []string{"Counterparty 1", "Counterparty 2", "Counterparty 3", "All others", "Counterparty 3", "Counterparty 1"}
	if !slices.Equal(got, want) {
		t.Errorf("the labels are %q, expected %q", got, want)
	}
	if other := label("another", "Acme"); other != "Acme" {
		t.Errorf("a table without names says %q", other)
	}
}
