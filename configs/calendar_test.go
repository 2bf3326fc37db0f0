package configs

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCalendar(t *testing.T) {
	for _, test := range []struct {
		yearEnd, day        string
		business, periodEnd bool
		previous, yearStart string // previous business day, first day of the fiscal year
	}{
		{"12-31", "2006-12-31", false, true, "2006-12-29", "2006-01-01"}, // a Sunday
		{"12-31", "2007-09-30", false, true, "2007-09-28", "2007-01-01"}, // a Sunday
		{"12-31", "2007-09-28", true, false, "2007-09-28", "2007-01-01"},
		{"12-31", "2007-12-25", false, false, "2007-12-24", "2007-01-01"}, // a holiday
		{"12-31", "2008-01-01", true, false, "2008-01-01", "2008-01-01"},
		{"10-31", "2007-10-31", true, true, "2007-10-31", "2006-11-01"},
		{"10-31", "2007-11-01", true, false, "2007-11-01", "2007-11-01"},
		{"10-31", "2008-01-31", true, true, "2008-01-31", "2007-11-01"},
		{"10-31", "2007-09-30", false, false, "2007-09-28", "2006-11-01"},
		{"02-28", "2008-02-29", true, true, "2008-02-29", "2007-03-01"}, // a month end stays one
		{"02-28", "2008-02-28", true, false, "2008-02-28", "2007-03-01"},
		{"02-29", "2007-02-28", true, true, "2007-02-28", "2006-03-01"},
		{"02-29", "2007-05-31", true, true, "2007-05-31", "2007-03-01"},
		{"06-15", "2007-09-15", false, true, "2007-09-14", "2007-06-16"},
		{"06-15", "2007-06-15", true, true, "2007-06-15", "2006-06-16"},
	} {
		c := Calendar{FiscalYearEnd: test.yearEnd, Holidays: []time.Time{day(t, "2007-12-25")}}
		d := day(t, test.day)
		if got := c.IsBusinessDay(d); got != test.business {
			t.Errorf("%s: business day: %t", test.day, got)
		}
		if got := c.IsPeriodEnd(d); got != test.periodEnd {
			t.Errorf("%s with a year to %s: period end: %t", test.day, test.yearEnd, got)
		}
		if got := c.IsDue(d); got != (test.business || test.periodEnd) {
			t.Errorf("%s: due: %t", test.day, got)
		}
		if got := c.PreviousBusinessDay(d); !got.Equal(day(t, test.previous)) {
			t.Errorf("%s: previous business day %s", test.day, got.Format(time.DateOnly))
		}
		if got := c.FiscalYearStart(d); !got.Equal(day(t, test.yearStart)) {
			t.Errorf("%s with a year to %s: the year starts %s", test.day, test.yearEnd, got.Format(time.DateOnly))
		}
	}
}

// TestFiscalYears holds that of any fiscal year four quarters end, the last one
// where the next year starts.
func TestFiscalYears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := day2(t, "2004-01-01").AddDate(0, 0, rapid.IntRange(0, 365).Draw(t, "year end"))
		c := Calendar{FiscalYearEnd: end.Format("01-02")}
		start := c.FiscalYearStart(day2(t, "2007-06-30").AddDate(0, 0, rapid.IntRange(0, 3000).Draw(t, "day")))
		ends, last := 0, start
		for d := start; c.FiscalYearStart(d).Equal(start); d = d.AddDate(0, 0, 1) {
			if last = d; c.IsPeriodEnd(d) {
				ends++
			}
		}
		if ends != 4 || !c.IsPeriodEnd(last) {
			t.Errorf("year to %s that starts %s: %d period ends, the last day %s", c.FiscalYearEnd, start.Format(time.DateOnly), ends, last.Format(time.DateOnly))
		}
	})
}

func day2(t *rapid.T, text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
