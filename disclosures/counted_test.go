package disclosures

import "testing"

func TestCounted(t *testing.T) {
	for n, want := range map[int64]string{0: "0 facts", 1: "1 fact", 2: "2 facts"} {
		if got := Counted(n, "fact"); got != want {
			t.Errorf("%d: %s, expected %s", n, got, want)
		}
	}
}
