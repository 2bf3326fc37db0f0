package ingest

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"comment11/internal/store"
)

// FuzzFunctions holds that every function of mappings gives for any text its own
// spelling or the text itself, and never an error that would stop a run.
func FuzzFunctions(f *testing.F) {
	ctx := context.Background()
	db := fuzzDatabase(f)
	if err := db.Run(ctx, "create table texts (x varchar)"); err != nil {
		f.Fatal(err)
	}
	number := regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	day := regexp.MustCompile(`^\d{1,4}-\d{2}-\d{2}$`)
	cases := []struct {
		expression string
		spelling   *regexp.Regexp
	}{
		{"printed_amount(x)", number}, {"printed_amount(x, 1000000000)", number}, {"capped_amount(x)", number}, {"printed_percent(x)", number},
		{"round_double(x, 0)", number}, {"round_double(x, 2)", number}, {"round_double(x, 8)", number},
		{"date_mdy(x)", day}, {"date_dmy(x)", day}, {"date_yyyymmdd(x)", day},
		{"flag(x)", regexp.MustCompile(`^(true|false)$`)}, {"lookup('sides', x)", regexp.MustCompile(`^buyer$`)},
	}
	var expressions []store.Expression
	for _, c := range cases {
		expressions = append(expressions, store.Expression{Text: c.expression, File: "fuzz", Line: 1, Column: 1, Relation: "texts", Want: store.Value})
	}
	compiled, err := store.Compile(ctx, db, expressions, Functions(map[string]Map{"sides": {"B": "buyer"}}))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"26,580", "(407,261)", "—", "250,000,000+", "1.25%", "06/20/28", "20070930", "Y", "B", "1234.565 (floating point)", "1e300 (floating point)", "99999999999999", "1e37", "9999999999999999999999999999999999999.9"} {
		f.Add(seed)
	}
	// Prepared once: planning takes longer than running.
	statement, err := db.PrepareContext(ctx, "select "+strings.Join(compiled, ", ")+" from (values (cast(? as varchar))) as texts(x)")
	if err != nil {
		f.Fatal(err)
	}
	defer statement.Close()
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // no text of a record
		}
		got := make([]string, len(cases))
		places := make([]any, len(cases))
		for i := range got {
			places[i] = &got[i] // a NULL, which loses the text, is an error
		}
		if err := statement.QueryRowContext(ctx, text).Scan(places...); err != nil {
			t.Fatalf("functions of %q: %v", text, err)
		}
		for i, c := range cases {
			if got[i] != text && !c.spelling.MatchString(got[i]) {
				t.Fatalf("%s of %q is %q", c.expression, text, got[i])
			}
		}
	})
}
