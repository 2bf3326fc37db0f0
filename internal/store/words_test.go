package store

import "testing"

func TestWords(t *testing.T) {
	db, err := Open(t.Context(), Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cases := [][2]string{
		{`scope_group = 'external' and (not "funded") and ("direction" = 'bought')`, "external to group; not funded; direction is bought"},
		{`scope_group = 'external' and ("instrument" like 'cds_%')`, "external to group; instrument begins with cds"},
		{`(("a" = '1') or ("b" in ('x_y', 'z'))) and "is_rated"`, "(a is 1 or b is x y or z); rated"},
		{`("purpose" <> 'client') and (not (("a" = 1) or ("b" is null)))`, "purpose is not client; not (a is 1 or b has no value)"},
		{`"n" >= 2 and "n" < 3 and "m" not in (1, 2)`, "n is at least 2; n is less than 3; m is none of 1, 2"},
		{`coalesce("a", 'x') = 'x'`, `coalesce("a", 'x') = 'x'`}, // no words for it
		{`"a" like '%x%'`, `"a" like '%x%'`},
	}
	var predicates []string
	for _, c := range cases {
		predicates = append(predicates, c[0])
	}
	words, err := Words(t.Context(), db, predicates)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		if words[i] != c[1] {
			t.Errorf("%s:\n  got  %s\n  want %s", c[0], words[i], c[1])
		}
	}
}
