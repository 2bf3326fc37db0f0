package batch

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comment11/internal/position"
)

// TestEveryExclusionHasItsMeaning holds that every reason for leaving a record out is
// told with what it means.
func TestEveryExclusionHasItsMeaning(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(slices.Values(position.ExclusionReasons)), slices.Sorted(maps.Keys(exclusionMeanings))); diff != "" {
		t.Error(diff)
	}
}
