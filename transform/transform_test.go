package transform

import (
	"testing"
	"time"
)

func TestAnniversary(t *testing.T) {
	for _, test := range []struct {
		from  string
		years int
		want  string
	}{
		{"2007-09-30", 1, "2008-09-30"}, {"2008-02-29", 1, "2009-02-28"}, {"2008-02-29", 4, "2012-02-29"},
		{"2007-02-28", 1, "2008-02-28"}, {"2006-12-31", 5, "2011-12-31"},
	} {
		from, err := time.Parse(time.DateOnly, test.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := anniversary(from, test.years).Format(time.DateOnly); got != test.want {
			t.Errorf("%s and %d years: %s, expected %s", test.from, test.years, got, test.want)
		}
	}
}
