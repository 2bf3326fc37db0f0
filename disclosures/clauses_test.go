package disclosures

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestEveryClauseIsAnswered holds that every clause of the comment has a block of a
// table, the item's text, or a stated reason why the data cannot answer it, and that
// tables claim the clauses that they answer.
func TestEveryClauseIsAnswered(t *testing.T) {
	clauses, err := Clauses()
	if err != nil {
		t.Fatal(err)
	}
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group", "bank"}, Embedded())
	if err != nil {
		t.Fatal(err)
	}
	blocks, claims := map[string]bool{}, map[string][]string{}
	for _, table := range tables {
		for _, clause := range table.Clauses {
			claims[table.ID.Value] = append(claims[table.ID.Value], clause.Value)
		}
		for _, block := range table.Blocks {
			blocks[table.ID.Value+"/"+block.ID.Value] = true
		}
	}
	answered := map[string]bool{}
	for _, c := range clauses {
		ways := 0
		for _, way := range []bool{len(c.Answers) > 0 && !c.Text, c.Text, c.Reason.Value != ""} { // blocks may stand beside a text
			if way {
				ways++
			}
		}
		if ways != 1 {
			t.Errorf("%s, %s: expected blocks that answer it, the item's text or a reason, and one of them", c.Clause.Value, c.Asks.Value)
		}
		for _, answer := range slices.Concat(c.Answers, c.Beside) {
			table, _, _ := strings.Cut(answer.Value, "/")
			if !blocks[answer.Value] {
				t.Errorf("%s: %s, %s: no table has the block %q", c.Asks.Place, c.Clause.Value, c.Asks.Value, answer.Value)
			} else if !slices.Contains(claims[table], c.Clause.Value) {
				t.Errorf("%s: %s is answered by %q, whose table does not name the clause", c.Asks.Place, c.Clause.Value, answer.Value)
			}
			answered[c.Clause.Value+" "+table] = true
		}
	}
	for _, clause := range []string{"11(a)", "11(b)", "11(c)", "11(d)", "11(e)", "11(f)", "11(g)", "11(h)"} {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(answered)), func(key string) bool { return strings.HasPrefix(key, clause+" ") }) {
			t.Errorf("%s: no table answers it", clause)
		}
	}
	for table, list := range claims {
		for _, clause := range list {
			if !answered[clause+" "+table] {
				t.Errorf("table %s names %s, but no clause of clauses.yaml is answered by it", table, clause)
			}
		}
	}
}
