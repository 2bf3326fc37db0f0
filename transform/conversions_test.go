package transform

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestNewestRates holds that of several bases that price both currencies the one with
// the newest rates converts, and the first by name where they are as new.
func TestNewestRates(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2007, 9, n, 0, 0, 0, 0, time.UTC) }
	at := func(value string, n int) rate { return rate{decimal.RequireFromString(value), day(n)} }
	one := rate{value: decimal.NewFromInt(1)}
	euro := map[string]rate{"EUR": one, "GBP": at("0.7", 25), "USD": at("1.4", 28)}
	for _, c := range []struct {
		name    string
		rates   map[string]map[string]rate
		day     int
		dollars string // for 10,000 pounds
	}{
		{"a base whose two rates are of two days is as old as the older", map[string]map[string]rate{"EUR": euro, "GBP": {"GBP": one, "USD": at("2.0374", 26)}}, 26, "20374"},
		{"as new as each other", map[string]map[string]rate{"EUR": euro, "GBP": {"GBP": one, "USD": at("2.0374", 25)}}, 25, "20000"},
		{"older", map[string]map[string]rate{"EUR": euro, "GBP": {"GBP": one, "USD": at("2.0374", 24)}}, 25, "20000"},
		{"a base that prices one of both", map[string]map[string]rate{"EUR": euro, "CHF": {"CHF": one, "GBP": at("0.42", 28)}}, 25, "20000"},
	} {
		got, ok := convert("GBP", "USD", c.rates)
		if !ok {
			t.Fatalf("%s: no conversion", c.name)
		}
		dollars := decimal.NewFromBigInt(got.numerator, 0).Mul(decimal.NewFromInt(10_000)).Div(decimal.NewFromBigInt(got.denominator, 0))
		if dollars.String() != c.dollars || !got.rateDate.Equal(day(c.day)) {
			t.Errorf("%s: %s at %s, expected %s at %s", c.name, dollars, got.rateDate, c.dollars, day(c.day))
		}
	}
	if got, ok := convert("JPY", "USD", map[string]map[string]rate{"EUR": euro}); ok {
		t.Errorf("a currency without a rate: %v", got)
	}
}
