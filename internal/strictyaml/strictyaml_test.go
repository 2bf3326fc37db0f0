package strictyaml

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

type book struct {
	Name  Text    `yaml:"name,required"`
	Count int     `yaml:"count"`
	Open  *bool   `yaml:"open"`
	Words Mapping `yaml:"words"`
	Shelf []shelf `yaml:"shelf"`
}

type shelf struct {
	Label string `yaml:"label"`
}

// TestPlaces holds that a text knows where its first character stands, so that
// a fault inside of it can be told to the character.
func TestPlaces(t *testing.T) {
	text := `name: plain
words:
  quoted: "double"
  single: 'single'
  block: |
    first
    second
  folded: >-
      deep
  empty:
shelf:
  - label: x
`
	var b book
	if err := Decode("b.yaml", []byte(text), &b); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{b.Name.Value: b.Name.Place.String()}
	for _, entry := range b.Words {
		got[entry.Key.Value+"="+entry.Value.Value] = entry.Value.Place.String()
	}
	want := map[string]string{
		"plain": "b.yaml:1:7", "quoted=double": "b.yaml:3:12", "single=single": "b.yaml:4:12",
		"block=first\nsecond\n": "b.yaml:6:5", "folded=deep": "b.yaml:9:7", "empty=": "b.yaml:10:9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"notional", "currency", "maturity_date"}
	for slip, want := range map[string]string{"notionl": "notional", "Currency": "currency", "maturty_date": "maturity_date", "xyz": ""} {
		if got, ok := Nearest(slip, known); got != want || ok != (want != "") {
			t.Errorf("nearest of %q: %q", slip, got)
		}
	}
}

func TestSpelledAlike(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"Designation ", "designation"}: true, {"x_designation", "designation"}: true, {"Fair Value-Level", "fair_value_level"}: true,
		{"bok", "book"}: false, {"book_", "book"}: true, {"trade_id", "trade_date"}: false, {"value_date", "trade_date"}: false, {"Straße", "strasse"}: false, {"", "book"}: false,
	} {
		if got := SpelledAlike(pair[0], pair[1]); got != want {
			t.Errorf("%q and %q: %v", pair[0], pair[1], got)
		}
	}
}

// FuzzDecode holds that no text makes the decoder fail but with faults, and
// that each fault stands in the file.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"name: x\n", "name: [x]\ncount: y\nopen: 2\n", "- a\n- b\n", "name: &a x\nwords: *a\n", "a: b\n---\nc: d\n", "name: |\n", "name: !!binary x\n", "<<: {name: x}\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b book
		err := Decode("b.yaml", []byte(text), &b)
		if err == nil {
			return
		}
		faults, ok := IsFaults(err)
		if !ok || len(faults) == 0 {
			t.Fatalf("%q: %v", text, err)
		}
		for _, fault := range faults {
			if fault.File != "b.yaml" || fault.Message == "" || (utf8.ValidString(text) && !utf8.ValidString(fault.Message)) {
				t.Errorf("%q: %+v", text, fault)
			}
		}
	})
}
