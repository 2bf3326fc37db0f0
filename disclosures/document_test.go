package disclosures

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// TestDefinitionsDocument holds that docs/DEFINITIONS.md names every key of a table, and
// that the table that it shows is one.
func TestDefinitionsDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/DEFINITIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, of := range map[string]any{"table": Table{}, "block": Block{}, "column": Column{}, "row": Row{}} {
		_, after, found := strings.Cut(string(text), "| key of a "+what+" | |\n")
		if !found {
			t.Fatalf("no keys of a %s", what)
		}
		keys, _, _ := strings.Cut(after, "\n\n")
		for i := range reflect.TypeOf(of).NumField() {
			key, _, _ := strings.Cut(reflect.TypeOf(of).Field(i).Tag.Get("yaml"), ",")
			if key != "" && !strings.Contains(keys, "`"+key+"`") {
				t.Errorf("key %s of a %s is missing", key, what)
			}
		}
	}
	_, after, _ := strings.Cut(string(text), "```yaml\nid: ")
	table, _, _ := strings.Cut(after, "```")
	id, _, _ := strings.Cut(table, "\n")
	shown := fstest.MapFS{id + ".yaml": {Data: []byte("id: " + table)}}
	db := emptyDatabase(t)
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group", "bank"}, Embedded(), shown)
	if err == nil {
		err = Validate(t.Context(), db, tables, []string{"group", "bank"})
	}
	if err != nil {
		t.Error(err)
	}
}
