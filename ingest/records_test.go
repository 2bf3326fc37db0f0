package ingest

import (
	"context"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestTypedValues draws texts that are nearly values; exactly those that are
// spelled as the type's grammar says, and are days of the calendar, must be read.
func TestTypedValues(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, columnType := range []position.Type{position.Date, position.Amount, position.Rate, position.Integer, position.Flag} {
		column := mappedColumn{Column: position.Column{Name: "x", Type: columnType}, text: "x"}
		query := "select " + typedValue(column) + " is not null from (values (cast(? as varchar))) as t(" + textOf("x") + ")"
		grammar := regexp.MustCompile("^(" + columnType.Spelling() + ")$")
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.OneOf(
				rapid.StringMatching(columnType.Spelling()),
				rapid.StringMatching(`[-+]?0{0,2}\d{0,16}(\.\d{0,10})?`),
				rapid.StringMatching(`\d{3,5}-\d{1,2}-\d{1,2}`),
				rapid.StringMatching(`[-+ \d]\d{3}[-/ ][ \d]\d[-/ ]\d[ \d]`),
				rapid.Custom(func(t *rapid.T) string {
					return time.Unix(rapid.Int64Range(-5e10, 2e11).Draw(t, "second"), 0).UTC().Format(time.DateOnly)
				}),
				rapid.SampledFrom([]string{"", "epoch", "infinity", "-infinity", "today", "1_000", "1e3", "12.3e1", " 1", "1 ", "0x1", "+1", "-0", "-0.00", "2007-09-30abc", "2007-02-30",
					"10.005", "99999999999999.99", "100000000000000.00", "999999999", "1000000000", "12007-09-30", "0044-03-15 (BC)", " 200-01-02", "-200-01-02", "2007-01-2 ", "2007- 1-02", "\u0662007-01-02", "true", "TRUE", "t", "1"}),
			).Draw(t, "text")
			want := grammar.MatchString(text)
			if _, err := time.Parse(time.DateOnly, text); columnType == position.Date && err != nil {
				want = false
			}
			got, err := store.Scalar[bool](ctx, db, query, text)
			if err != nil || got != want {
				t.Fatalf("%s %q: read %t, %v; expected %t", columnType, text, got, err, want)
			}
		})
	}
}
