package main

import (
	"strings"
	"testing"

	"comment11/internal/batch"
)

// A person opens these files in a spreadsheet: an id or a name is no formula there, and a
// negative amount is a number.
func TestReviewedFilesHaveNoFormulas(t *testing.T) {
	var b strings.Builder
	if err := writeCSV(&b, [][]string{{"=1+1", "@SUM(A1)", "-2+3", "-12.50", "+R", "plain", ""}}); err != nil {
		t.Fatal(err)
	}
	if want := "'=1+1,'@SUM(A1),'-2+3,-12.50,'+R,plain,\n"; b.String() != want {
		t.Errorf("the line is %q, expected %q", b.String(), want)
	}
}

// What rounding alone shows otherwise is counted apart: the control change_after_packet
// counts it too.
func TestPlanTellsOfRounding(t *testing.T) {
	for want, c := range map[string]batch.Comparison{
		"1 cell would change": {Cells: []batch.PlannedCell{{}}},
		"0 cells would change, 2 more would be shown otherwise, rounded so that their table foots (-o json names them)": {Rounded: []string{"a/b/c/d", "a/b/c/e"}},
	} {
		if got := wouldChange(c); got != want {
			t.Errorf("the plan says %q, expected %q", got, want)
		}
	}
}
