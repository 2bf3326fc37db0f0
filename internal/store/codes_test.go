package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestCodes holds that numbers tell apart what the words of columns do, none and few as
// well as so many columns that one number is too small, and that the words come back.
func TestCodes(t *testing.T) {
	ctx := context.Background()
	db := expressionDatabase(t)
	if err := db.Run(ctx, "create table coded as select case n % 3 when 0 then 'it''s' when 1 then 'other' end as word, "+
		"case n % 5 when 0 then true when 1 then false end as truth, cast(null as varchar) as nothing, n % 7 as one, date '2007-09-30' + cast(n % 2 as integer) as day, cast(n % 90 as varchar) as many from range(200) as r(n)"); err != nil {
		t.Fatal(err)
	}
	wide := []string{"word", "truth", "nothing", "one", "day"}
	for i := range 12 {
		wide = append(wide, fmt.Sprintf("many_%d", i))
	}
	if err := db.Run(ctx, "create table wide as select *"+func() (s string) {
		for _, c := range wide[4:] {
			s += ", many as " + c
		}
		return s
	}()+" from coded"); err != nil {
		t.Fatal(err)
	}
	for _, columns := range [][]string{nil, {"word"}, {"truth", "nothing"}, {"many", "word", "truth", "nothing", "one", "day"}, wide} {
		relation := "coded"
		if len(columns) == len(wide) {
			relation = "wide"
		}
		codes, err := NewCodes(ctx, db, relation, columns, map[string][]string{"word": {"unused", "other", "it's", "other"}})
		if err != nil {
			t.Fatal(err)
		}
		if more := len(columns) == len(wide); more != (len(codes.Of) > 1) {
			t.Errorf("%v: %d numbers", columns, len(codes.Of))
		}
		numbers, named := codes.Numbered()
		list := strings.Join(append(numbers[:len(numbers):len(numbers)], codes.Words(numbers, columns)...), ", ")
		words := "1"
		for _, c := range columns {
			words += ", " + Identifier(c)
		}
		query := fmt.Sprintf("from (select %s from (select distinct %s from %s))", list, strings.Join(named, ", "), relation)
		for _, differ := range []string{
			fmt.Sprintf("select count(*) from ((select %[1]s %[2]s except select %[1]s from %[3]s) union all (select %[1]s from %[3]s except select %[1]s %[2]s))", words, query, relation),
			fmt.Sprintf("select (select count(*) %s) - (select count(*) from (select distinct %s from %s))", query, words, relation),
		} {
			n, err := Scalar[int64](ctx, db, differ)
			if err != nil || n != 0 {
				t.Errorf("%v: %d combinations differ, %v", columns, n, err)
			}
		}
	}
	codes, err := NewCodes(ctx, db, "wide", wide, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, columns := range [][]string{nil, {"truth"}, {"word", "many_0", "many_11"}} {
		n, err := Scalar[int64](ctx, db, fmt.Sprintf("select count(distinct (%s)) from wide", strings.Join(codes.Only(codes.Of, columns), ", ")))
		want, wrong := Scalar[int64](ctx, db, fmt.Sprintf("select count(*) from (select distinct %s from wide)", strings.Join(append(columns, "1"), ", ")))
		if err != nil || wrong != nil || n != want {
			t.Errorf("%v: %d combinations, expected %d: %v %v", columns, n, want, err, wrong)
		}
	}
	unknown, err := NewCodes(ctx, db, "coded", []string{"word"}, map[string][]string{"word": {"other"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Query(ctx, db, "select "+unknown.Of[0]+" from coded"); err == nil || !strings.Contains(err.Error(), "word has a value that is not of its closed list: it's") {
		t.Errorf("a value outside of a closed list: %v", err)
	}
}
