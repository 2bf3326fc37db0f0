package main

import (
	"strings"
	"testing"
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
