package store

import (
	"context"
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// roundedQuotient is a/b rounded half away from zero; b is positive.
func roundedQuotient(a, b *big.Int) *big.Int {
	twice := new(big.Int).Mul(new(big.Int).Abs(a), big.NewInt(2))
	q := twice.Add(twice, b).Quo(twice, new(big.Int).Mul(b, big.NewInt(2)))
	if a.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

// TestConvertAmountIsExact compares with math/big: amounts up to the largest of
// the contract, ratios of any size that conversions may have, and results up to
// the largest amount; what is larger must fail, not wrap.
func TestConvertAmountIsExact(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CreateMacros(ctx); err != nil {
		t.Fatal(err)
	}
	largest := int64(9_999_999_999_999_999) // 14 digits and two decimals, in cents
	limit := big.NewInt(999_999_999_999_999_999)
	magnitude := func(t *rapid.T, label string, most int64) int64 {
		digits := rapid.IntRange(0, 18).Draw(t, label+" digits")
		n := int64(1)
		for range digits {
			n *= 10
		}
		return rapid.Int64Range(1, min(n, most)).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(0, min(largest, magnitude(t, "cents", largest))).Draw(t, "amount")
		if rapid.Bool().Draw(t, "negative") {
			cents = -cents
		}
		numerator, denominator := magnitude(t, "numerator", 9_000_000_000_000_000_000), magnitude(t, "denominator", 200_000_000_000_000_000)
		want := roundedQuotient(new(big.Int).Mul(big.NewInt(cents), big.NewInt(numerator)), big.NewInt(denominator))
		got, err := Query(ctx, db, "select convert_amount(cast(? as decimal(18, 2)), cast(? as bigint), cast(? as bigint))",
			decimal.New(cents, -2).StringFixed(2), numerator, denominator)
		switch {
		case new(big.Int).Abs(want).Cmp(limit) > 0 && err == nil:
			t.Fatalf("%d cents * %d / %d = %s is too large, but gives %v", cents, numerator, denominator, want, got.Rows[0][0])
		case new(big.Int).Abs(want).Cmp(limit) > 0:
		case err != nil:
			t.Fatalf("%d cents * %d / %d: %v", cents, numerator, denominator, err)
		case !got.Rows[0][0].(decimal.Decimal).Equal(decimal.NewFromBigInt(want, -2)):
			t.Fatalf("%d cents * %d / %d: %v, expected %s cents", cents, numerator, denominator, got.Rows[0][0], want)
		}
	})
}

// TestConvertAmount has the cases that a rounded rate or a double gets wrong.
func TestConvertAmount(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CreateMacros(ctx); err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"convert_amount(100000000000.00, 14179, 1635500)":              "866952002.45", // 100 billion yen
		"convert_amount(0.01, 1, 2)":                                   "0.01",         // half away from zero
		"convert_amount(-0.01, 1, 2)":                                  "-0.01",
		"convert_amount(0.01, 49, 100)":                                "0",
		"convert_amount(99999999999999.99, 1, 1)":                      "99999999999999.99",
		"convert_amount(9999999999999.99, 163550000, 1000000)":         "1635499999999998.36",
		"times_factor(cast(1000000.01 as decimal(18, 2)), 0.98)":       "980000.01",
		"times_factor(cast(-0.5 as decimal(18, 2)), 0.99)":             "-0.5", // -0.495
		"times_factor(cast(99999999999999.99 as decimal(18, 2)), 1.0)": "99999999999999.99",
	} {
		got, err := Query(ctx, db, "select "+call)
		if err != nil {
			t.Errorf("%s: %v", call, err)
			continue
		}
		if value, ok := got.Rows[0][0].(decimal.Decimal); !ok || value.String() != want {
			t.Errorf("%s = %v, expected %s", call, got.Rows[0][0], want)
		}
	}
	for _, call := range []string{"convert_amount(null, 1, 2)", "convert_amount(1.00, null, 2)", "convert_amount(1.00, 1, null)"} {
		if got, err := Query(ctx, db, "select "+call); err != nil || got.Rows[0][0] != nil {
			t.Errorf("%s = %v, %v; expected NULL", call, got.Rows, err)
		}
	}
}
