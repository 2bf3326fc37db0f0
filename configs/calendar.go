package configs

import (
	"slices"
	"time"
)

// Calendar tells business days from others and knows the fiscal periods. Days
// are times at midnight UTC.
type Calendar struct {
	FiscalYearEnd string // month and day, for example 12-31
	Holidays      []time.Time
}

// IsBusinessDay tells whether business is done on the day.
func (c Calendar) IsBusinessDay(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday &&
		!slices.ContainsFunc(c.Holidays, day.Equal)
}

// PreviousBusinessDay is the last business day on or before the day.
func (c Calendar) PreviousBusinessDay(day time.Time) time.Time {
	for !c.IsBusinessDay(day) {
		day = day.AddDate(0, 0, -1)
	}
	return day
}

// BusinessDays are those from one day to another.
func (c Calendar) BusinessDays(from, to time.Time) (days []time.Time) {
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		if c.IsBusinessDay(day) {
			days = append(days, day)
		}
	}
	return days
}

// AddBusinessDays is the business day so many after the day.
func (c Calendar) AddBusinessDays(day time.Time, count int) time.Time {
	for count > 0 {
		day = day.AddDate(0, 0, 1)
		if c.IsBusinessDay(day) {
			count--
		}
	}
	return day
}

// IsPeriodEnd tells whether a fiscal quarter ends on the day. Fiscal periods end
// on month ends where the year does.
func (c Calendar) IsPeriodEnd(day time.Time) bool {
	for quarter := range 4 {
		if c.periodEnd(day.Year(), -3*quarter).Equal(day) || c.periodEnd(day.Year()+1, -3*quarter).Equal(day) {
			return true
		}
	}
	return false
}

// periodEnd is the end of the fiscal year that ends in the calendar year, moved
// by whole months.
func (c Calendar) periodEnd(year, months int) time.Time {
	end, err := time.Parse("2006-01-02", "2004-"+c.FiscalYearEnd) // a leap year, so that 02-29 can be read
	if err != nil {
		return time.Time{} // a config is checked when it is read
	}
	lastOfMonth := end.AddDate(0, 0, 1).Day() == 1 || (end.Month() == time.February && end.Day() == 28)
	first := time.Date(year, end.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1)
	if lastOfMonth || end.Day() > last.Day() {
		return last
	}
	return first.AddDate(0, 0, end.Day()-1)
}

// IsDue tells whether a run is due for the day: every business day and every
// fiscal period end, whatever its weekday.
func (c Calendar) IsDue(day time.Time) bool { return c.IsBusinessDay(day) || c.IsPeriodEnd(day) }

// DueDates gives the due dates from start to end, both included.
func (c Calendar) DueDates(start, end time.Time) []time.Time {
	var days []time.Time
	for day := start; !day.After(end); day = day.AddDate(0, 0, 1) {
		if c.IsDue(day) {
			days = append(days, day)
		}
	}
	return days
}

// FiscalQuarterStart is the first day of the fiscal quarter of the day.
func (c Calendar) FiscalQuarterStart(day time.Time) time.Time {
	start := day
	for !c.IsPeriodEnd(start.AddDate(0, 0, -1)) {
		start = start.AddDate(0, 0, -1)
	}
	return start
}

// FiscalYearStart is the first day of the fiscal year of the day.
func (c Calendar) FiscalYearStart(day time.Time) time.Time {
	return c.PreviousYearEnd(day).AddDate(0, 0, 1)
}

// PreviousYearEnd is the last fiscal year-end before the day.
func (c Calendar) PreviousYearEnd(day time.Time) time.Time {
	end := c.periodEnd(day.Year(), 0)
	if !end.Before(day) {
		end = c.periodEnd(day.Year()-1, 0)
	}
	return end
}
