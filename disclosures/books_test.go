package disclosures

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestRandomBooksFoot rounds all embedded tables of random books: every displayed
// total foots, a figure shows the same value in every table of its unit, and no
// figure is a whole unit or more from its exact value. COMMENT11_BOOKS says how
// many, COMMENT11_SEED from which seed on; scripts/random-books runs 10,000. A
// failure names the book's seed.
func TestRandomBooksFoot(t *testing.T) {
	books, seed := fromEnvironment(t, "COMMENT11_BOOKS", 200), fromEnvironment(t, "COMMENT11_SEED", 1)
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := ReadTables("millions", []string{"group", "bank"}, Embedded())
	if err != nil {
		t.Fatal(err)
	}
	const booksOfOneDraw = 500 // the classes of facts are drawn anew after so many books, their money for each
	var moved, unlinked, linked int
	var sources map[string]groups
	var p predicates
	for n := range books {
		random := rand.New(rand.NewPCG(uint64(seed+n), 11))
		if n%booksOfOneDraw == 0 {
			p, sources = drawGroups(ctx, t, db, tables, rand.New(rand.NewPCG(uint64(seed+n), 7)))
		}
		for name, g := range sources {
			drawMoney(random, Measures(name), g)
		}
		sheets, err := laySheets(tables, position.DataSetNames(), p, sources)
		if err != nil {
			t.Fatalf("seed %d: %v", seed+n, err)
		}
		if err := roundSheets(sheets, shownFirst(sheets)); err != nil {
			t.Fatalf("seed %d: %v", seed+n, err)
		}
		shown := map[figure]int64{}
		for _, s := range sheets {
			name := fmt.Sprintf("seed %d, %s/%s", seed+n, s.head.TableID, s.head.BlockID)
			if totals, footing := s.footing(); totals != footing {
				t.Errorf("%s: %d of %d totals foot", name, footing, totals)
			}
			linked, unlinked = linked+s.linked, unlinked+len(s.unlinked)
			if len(s.unlinked) > 0 {
				t.Logf("%s: unlinked %v", name, s.unlinked)
			}
			for r := range s.rows {
				for c, column := range s.columns {
					w := splitValue(amount(column.measure, s.exact[r][c]), s.unitOf(column.measure))
					if up := s.displayed[r][c] - w.floor; up != 0 && (up != 1 || !w.fraction) {
						t.Errorf("%s: %s shown as %d", name, amount(column.measure, s.exact[r][c]), s.displayed[r][c])
					}
					if s.displayed[r][c] != conventional(amount(column.measure, s.exact[r][c]), s.unitOf(column.measure)) {
						moved++
					}
					before, known := shown[s.figures[r][c]]
					if known && before != s.displayed[r][c] {
						t.Errorf("%s: %s / %s shows %d, elsewhere %d", name, s.rows[r].id, column.id, s.displayed[r][c], before)
					}
					shown[s.figures[r][c]] = s.displayed[r][c]
				}
			}
		}
	}
	t.Logf("%d books from seed %d: %d cells moved, %d cells linked, %d of them not alike", books, seed, moved, linked, unlinked)
}

func fromEnvironment(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// drawGroups draws facts of every relation, a row each, with random classes.
func drawGroups(ctx context.Context, t *testing.T, db *store.DB, tables []Table, random *rand.Rand) (predicates, map[string]groups) {
	scopes := []string{"group", "bank"}
	p, err := compilePredicates(ctx, db, tables, scopes)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]groups{}
	for relation := range p.used {
		contract := relations[relation](scopes)
		if err := db.Run(ctx, "drop table if exists "+relation); err != nil {
			t.Fatal(err)
		}
		if err := db.Run(ctx, contract.CreateTable(relation)); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for range 300 {
			rows = append(rows, drawFact(random, contract))
		}
		if err := db.Run(ctx, "insert into "+relation+" values "+strings.Join(rows, ", ")); err != nil {
			t.Fatal(err)
		}
		if sources[relation], err = readGroups(ctx, db, relation, p, tables); err != nil {
			t.Fatal(err)
		}
	}
	return p, sources
}

func drawFact(random *rand.Rand, contract position.DataSet) string {
	var values []string
	for _, column := range contract.Columns {
		switch {
		case !column.Has(position.Dimension):
			values = append(values, "null")
		case strings.HasPrefix(column.Name, "scope_"):
			values = append(values, "'external'")
		case column.Type == position.Flag:
			values = append(values, fmt.Sprint(random.IntN(8) == 0))
		case column.Type == position.Integer:
			values = append(values, strconv.Itoa(1+random.IntN(3)))
		case len(column.Values) == 0:
			values = append(values, "'X'")
		default:
			values = append(values, store.Literal(column.Values[random.IntN(len(column.Values))]))
		}
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// drawMoney draws the measures of the groups: of some books all amounts are small,
// and some amounts are nil, whole or half units, or negative.
func drawMoney(random *rand.Rand, measures []string, g groups) {
	most := []int64{3e8, 2e9, 1e12}[random.IntN(3)]
	empty := random.IntN(3)
	for _, measure := range measures {
		for i := range g.count {
			cents := random.Int64N(most)
			switch random.IntN(12) {
			case 0:
				cents = 5e7
			case 1:
				cents -= cents % 1e8
			case 2:
				cents = -cents
			case 3:
				cents = random.Int64N(5) - 2
			}
			if random.IntN(3) < empty {
				cents = 0
			}
			if measure == countMeasure {
				cents = 1
			}
			g.measures[measure][i] = big.NewInt(cents)
		}
	}
}
