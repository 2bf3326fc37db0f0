package render

import (
	"fmt"
	"testing"

	"comment11/disclosures"
)

// TestFiledMarks leaves amounts, and what is adjusted, inside.
func TestFiledMarks(t *testing.T) {
	got := filedMarks([]disclosures.Mark{{ID: "floor", Facts: 2}, {ID: "adjusted", Facts: 1}})
	if want := []disclosures.Mark{{ID: "floor"}}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("filed are %v, expected %v", got, want)
	}
}
