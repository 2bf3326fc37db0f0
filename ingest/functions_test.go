package ingest

import (
	"context"
	"testing"

	"comment11/internal/store"
)

// TestFunctions gives each function texts as they are printed. What it cannot
// read it must give back as it was, so that the reject shows it.
func TestFunctions(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Run(ctx, "create table texts (x varchar)"); err != nil {
		t.Fatal(err)
	}
	maps := map[string]Map{"sides": {"B": "buyer", "it's": "seller"}}
	for expression, texts := range map[string][][2]string{
		"printed_amount(x)": {{"26,580", "26580"}, {"(407,261)", "-407261"}, {"( 6,718 )", "-6718"}, {"—", "0"}, {"–", "0"}, {"-", "0"}, {"-5", "-5"}, {"$ 1,000.50", "1000.5"}, {"$ (407,261)", "-407261"}, {"$(1.50)", "-1.5"}, {"($ 5)", "-5"}, {"-$5", "-5"}, {"$ —", "0"}, {"$—", "0"}, {"$", "$"}, {"$ ($5)", "$ ($5)"},
			{"1,000,0", "1,000,0"}, {"1e5", "1e5"}, {"(5", "(5"}, {"5)", "5)"}, {"1.23456", "1.23456"}, {"10.00", "10"}, {"100", "100"}, {"0", "0"}, {"", ""}, {"n/a", "n/a"}, {" 12 ", "12"}},
		"printed_amount(x, 1000)":    {{"26,580", "26580000"}, {"(1.5)", "-1500"}, {"0.01", "10"}, {"99999999999", "99999999999000"}},
		"printed_amount(x, 1000000)": {{"1,234.56", "1234560000"}, {"—", "0"}},
		"capped_amount(x)":           {{"250,000,000+", "250000000"}, {"250,000,000", "250000000"}, {"+", "+"}, {"some+", "some+"}},
		"printed_percent(x)": {{"1.25", "0.01250000"}, {"1.25%", "0.01250000"}, {"1.25 %", "0.01250000"}, {"(0.5)", "-0.00500000"}, {"-0.5", "-0.00500000"}, {"100", "1.00000000"},
			{"0.000001", "0.00000001"}, {"1.25bp", "1.25bp"}, {"( 5.00 )", "-0.05000000"}, {"(1.25", "(1.25"}, {"1.25)", "1.25)"}, {"(-1.25)", "(-1.25)"}, {"(5.00%)", "-0.05000000"}, {"(5.00)%", "-0.05000000"}, {"", ""}, {"99999", "999.99000000"}, {"0.0000001", "0.0000001"}},
		"date_mdy(x)":      {{"06/20/28", "2028-06-20"}, {"6/2/2028", "2028-06-02"}, {"12-31-69", "2069-12-31"}, {"12-31-70", "1970-12-31"}, {"2028-06-20", "2028-06-20"}, {"06/20/028", "06/20/028"}, {"6/20", "6/20"}},
		"date_dmy(x)":      {{"20.06.2028", "2028-06-20"}, {"31/12/06", "2006-12-31"}},
		"date_yyyymmdd(x)": {{"20070930", "2007-09-30"}, {"2007093", "2007093"}, {"2007-09-30", "2007-09-30"}},
		"round_double(x, 2)": {{"1234.565 (floating point)", "1234.57"}, {"-1234.565 (floating point)", "-1234.57"}, {"1e+16 (floating point)", "10000000000000000.00"}, {"0.0049999999999999996 (floating point)", "0.00"},
			{"-0.001", "0.00"}, {"1.5e3", "1500.00"}, {"nan (floating point)", "nan (floating point)"}, {"inf (floating point)", "inf (floating point)"}, {"1e300 (floating point)", "1e300 (floating point)"}, {"", ""}, {"1,5", "1,5"}},
		"round_double(x, 8)": {{"4.9999999999999996e-09 (floating point)", "0.00000000"}, {"5e-09 (floating point)", "0.00000001"}, {"0.1", "0.10000000"}},
		"round_double(x, 0)": {{"2.5", "3"}, {"-2.5", "-3"}},
		"round_double(x, 9)": nil, "round_double(x)": nil,
		"flag(x)":              {{"Y", "true"}, {"no", "false"}, {"1", "true"}, {"maybe", "maybe"}},
		"lookup('sides', x)":   {{"B", "buyer"}, {"it's", "seller"}, {"Z", "Z"}},
		"printed_amount(x, 7)": nil, "lookup(x, x)": nil, "lookup('side', x)": nil, "flag()": nil,
	} {
		compiled, err := store.Compile(ctx, db, []store.Expression{{Text: expression, File: "test", Line: 1, Column: 1, Relation: "texts", Want: store.Value}}, Functions(maps))
		if texts == nil {
			if err == nil {
				t.Errorf("%s was compiled", expression)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		for _, pair := range texts {
			got, err := store.Scalar[string](ctx, db, "select "+compiled[0]+" from (values (?)) as texts(x)", pair[0])
			if err != nil || got != pair[1] {
				t.Errorf("%s of %q = %q, %v; expected %q", expression, pair[0], got, err, pair[1])
			}
		}
	}
}
