package render

import "testing"

func TestPercent(t *testing.T) {
	for _, test := range []struct {
		from, to int64
		want     string
	}{
		{0, 0, "—"}, {5, 5, "—"}, {0, 5, "n/m"}, {5, 0, "(100%)"}, {-5, 5, "n/m"}, {5, -5, "n/m"}, {-5, 0, "100%"}, {-10, -5, "50%"},
		{100, 250, "150%"}, {1000, 995, "(1%)"}, {1000, 1001, "—"}, {200, 201, "1%"}, {3, 2, "(33%)"},
	} {
		if got := percent(test.from, test.to); got != test.want {
			t.Errorf("from %d to %d: %s, expected %s", test.from, test.to, got, test.want)
		}
	}
}
