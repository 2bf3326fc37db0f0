package position

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// everyRelation gives the data sets and published relations.
func everyRelation() []DataSet {
	return append(slices.Clone(DataSets), append(slices.Clone(Published), Facts([]string{"bank"}))...)
}

func TestContractIsWellFormed(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, d := range everyRelation() {
		if !strings.HasPrefix(d.Grain, "one row per ") || d.Meaning == "" {
			t.Errorf("%s: grain %q, meaning %q", d.Name, d.Grain, d.Meaning)
		}
		if len(d.Keys()) == 0 {
			t.Errorf("%s has no key", d.Name)
		}
		seen := map[string]bool{}
		for _, c := range d.Columns {
			if !name.MatchString(c.Name) || seen[c.Name] || !strings.HasSuffix(c.Meaning, ".") {
				t.Errorf("%s.%s: a name of lower-case words that stands once and a meaning that is a sentence, got %q", d.Name, c.Name, c.Meaning)
			}
			seen[c.Name] = true
			if c.Has(Measure) && (c.Type != Amount || c.Unit == "") {
				t.Errorf("%s.%s: a measure is an amount with a unit", d.Name, c.Name)
			}
		}
	}
}

// TestMoneyIsNeverFloating reads every column of every relation, in SQL and in Arrow.
func TestMoneyIsNeverFloating(t *testing.T) {
	for _, d := range everyRelation() {
		schema := d.ArrowSchema()
		for i, c := range d.Columns {
			if strings.Contains(c.Type.SQL(), "double") || strings.Contains(c.Type.SQL(), "float") || arrow.IsFloating(schema.Field(i).Type.ID()) {
				t.Errorf("%s.%s is %s", d.Name, c.Name, c.Type.SQL())
			}
			if schema.Field(i).Name != c.Name || schema.Field(i).Nullable == c.Has(Required) {
				t.Errorf("%s.%s: Arrow field %v", d.Name, c.Name, schema.Field(i))
			}
		}
	}
}

func TestSpellings(t *testing.T) {
	for _, test := range []struct {
		columnType Type
		good, bad  []string
	}{
		{Date, []string{"2007-09-30"}, []string{"2007-9-30", "2007-09-30abc", "epoch", "20070930", " 2007-09-30", "2007-09-30 00:00:00"}},
		{Amount, []string{"0", "-1.5", "99999999999999.99"}, []string{"1,000", "1e6", "1_000", "10.005", "+1", ".5", "5.", "123456789012345", "", "NaN"}},
		{Rate, []string{"0.0125", "-0.00000001", "999999999.99999999"}, []string{"1.25%", "0.000000001", "1e-2"}},
		{Integer, []string{"0", "-8", "999999999"}, []string{"1.0", "1234567890", "0x1"}},
		{Flag, []string{"true", "false"}, []string{"TRUE", "Y", "1"}},
		{Currency, []string{"USD"}, []string{"usd", "US", "USDX"}},
		{Time, []string{"2007-10-01T08:00:00Z"}, []string{"2007-10-01", "2007-10-01T08:00:00+01:00"}},
	} {
		whole := regexp.MustCompile(`^(?:` + test.columnType.Spelling() + `)$`)
		for _, text := range test.good {
			if !whole.MatchString(text) {
				t.Errorf("%s: %q is refused", test.columnType, text)
			}
		}
		for _, text := range test.bad {
			if whole.MatchString(text) {
				t.Errorf("%s: %q is taken", test.columnType, text)
			}
		}
	}
}

func TestFind(t *testing.T) {
	if d, ok := Find("positions"); !ok || !slices.Equal(d.Keys(), []string{"position_id", "trade_version", "source_system"}) {
		t.Errorf("positions: %t, keys %v", ok, d.Keys())
	}
	if _, ok := Find("position"); ok {
		t.Error("position is no relation")
	}
	facts := Facts([]string{"bank"})
	if c, ok := facts.Column(ScopeColumn("bank")); !ok || !c.Has(Dimension) {
		t.Errorf("scope_bank: %v", c)
	}
	if ddl := (DataSet{Columns: []Column{{Name: "a", Type: Amount}, {Name: "b", Type: Flag}}}).CreateTable("x"); ddl != `create table "x" ("a" decimal(18, 2), "b" boolean)` {
		t.Error(ddl)
	}
}
