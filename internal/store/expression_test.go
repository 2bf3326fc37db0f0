package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"comment11/internal/testkit"
)

// expressionDatabase has a relation positions to bind over, without a row.
func expressionDatabase(t testing.TB) *DB {
	t.Helper()
	db, err := Open(context.Background(), Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	err = db.Run(context.Background(), `create table positions (
  role varchar, direction varchar, instrument varchar, notional decimal(18, 2), fair_value decimal(18, 2), trade_date date, funded boolean)`)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// ownFunctions are two that a caller of Compile may add.
var ownFunctions = map[string]Function{
	"doubled": {MinArguments: 1, MaxArguments: 1, Compile: func(arguments []string, _ []*string) (string, error) {
		return arguments[0] + " || " + arguments[0], nil
	}},
	"named": {MinArguments: 2, MaxArguments: 2, Compile: func(arguments []string, constants []*string) (string, error) {
		if constants[0] == nil {
			return "", errors.New("the first argument must be a text")
		}
		if *constants[0] != "known" {
			return "", fmt.Errorf("%q is not known", *constants[0])
		}
		return arguments[1], nil
	}},
}

func compileOne(db *DB, text string, want ExpressionType) (string, error) {
	texts, err := Compile(context.Background(), db, []Expression{
		{Text: text, File: "rules.yaml", Line: 7, Column: 9, Relation: "positions", Want: want}}, ownFunctions)
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestAcceptedExpressions compares what each expression compiles to.
func TestAcceptedExpressions(t *testing.T) {
	db := expressionDatabase(t)
	var got bytes.Buffer
	for _, text := range lines(t, "testdata/expressions/accepted.in") {
		compiled, err := compileOne(db, text, Value)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		fmt.Fprintf(&got, "%s\n  %s\n", text, compiled)
	}
	testkit.Golden(t, "testdata/expressions/accepted.want", got.Bytes())
}

// TestRefusedExpressions compares the message of each, as a condition.
func TestRefusedExpressions(t *testing.T) {
	db := expressionDatabase(t)
	refused := append(lines(t, "testdata/expressions/refused.in"), "funded\x00 or true", "role = '\xfc'", "funded and\n  roole = 'x'", "role = 'ü' and\n\tdirektion = 'é'", "funded and 'ü' ) = role")
	var got bytes.Buffer
	for _, text := range refused {
		compiled, err := compileOne(db, text, Boolean)
		var faults ExpressionFaults
		if !errors.As(err, &faults) {
			t.Errorf("%q: compiled to %q, error %v; expected a refusal", text, compiled, err)
			continue
		}
		fmt.Fprintf(&got, "%q\n  %v\n", text, err)
	}
	testkit.Golden(t, "testdata/expressions/refused.want", got.Bytes())
}

// TestAllFaultsAtOnce holds that one bad expression does not hide another.
func TestAllFaultsAtOnce(t *testing.T) {
	db := expressionDatabase(t)
	_, err := Compile(context.Background(), db, []Expression{
		{Text: "roole = 'b'", File: "a.yaml", Line: 1, Column: 1, Relation: "positions"},
		{Text: "funded", File: "a.yaml", Line: 2, Column: 1, Relation: "positions"},
		{Text: "now()", File: "b.yaml", Line: 3, Column: 5, Relation: "positions"},
	}, nil)
	var faults ExpressionFaults
	if !errors.As(err, &faults) || len(faults) != 2 || faults[0].File != "a.yaml" || faults[1].Column != 5 {
		t.Errorf("%v", err)
	}
}

// FuzzCompile holds that what is accepted binds alone, means a condition, and
// holds no second statement however it is put into a query.
func FuzzCompile(f *testing.F) {
	for _, name := range []string{"accepted", "refused"} {
		for _, text := range lines(f, "testdata/expressions/"+name+".in") {
			f.Add(text)
		}
	}
	db := expressionDatabase(f)
	f.Fuzz(func(t *testing.T, text string) {
		compiled, err := compileOne(db, text, Boolean)
		if err != nil {
			var faults ExpressionFaults
			if !errors.As(err, &faults) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		count, err := Scalar[int64](context.Background(), db, "select count(*) from positions where "+compiled+" and false")
		if err != nil || count != 0 {
			t.Errorf("%q compiled to %q: %d, %v", text, compiled, count, err)
		}
		again, err := compileOne(db, compiled, Boolean)
		if err != nil {
			t.Errorf("%q compiled to %q, which is refused: %v", text, compiled, err)
		}
		if third, err := compileOne(db, again, Boolean); err != nil || third != again {
			t.Errorf("%q compiled to %q, then %q, then %q (%v)", text, compiled, again, third, err)
		}
	})
}

func BenchmarkCompile300(b *testing.B) {
	db := expressionDatabase(b)
	var expressions []Expression
	for i := range 300 {
		expressions = append(expressions, Expression{Text: fmt.Sprintf("role = 'r%d' and instrument in ('a', 'b') and notional > %d", i, i), Relation: "positions"})
	}
	for b.Loop() {
		if _, err := Compile(context.Background(), db, expressions, nil); err != nil {
			b.Fatal(err)
		}
	}
}
