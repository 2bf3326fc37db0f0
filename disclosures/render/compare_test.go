package render

import "testing"

// TestSameFigures takes drawings and markup of another program, and no other number.
func TestSameFigures(t *testing.T) {
	page := `<p class="c1">Sold 1,250</p><svg width="10"><path d="M 1.5 2"/><text x="3">(12)</text></svg><script>var at = [1, 2];</script>`
	for other, want := range map[string]bool{
		`<p class="c2">Protection sold: 1,250</p><svg width="11"><path d="M 1.6 2"/><text x="4">(12)</text></svg><script>var at = {"a": 9};</script>`: true,
		`<p>Sold 1,251</p><svg><text>(12)</text></svg>`: false,
		`<p>Sold 1,250</p><svg><text>12</text></svg>`:   false,
		`<p>Sold 1,250</p>`:                             false,
	} {
		if got := SameFigures([]byte(page), []byte(other)); got != want {
			t.Errorf("%s: %v", other, got)
		}
	}
	if SameFigures([]byte("| 5 | below 3 % and > 7 % |"), []byte("| 5 | below 4 % and > 7 % |")) {
		t.Error("a text that is no page lost a number")
	}
}
