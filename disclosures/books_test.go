package disclosures

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestRandomBooksFoot rounds all embedded tables of random books: every displayed
// total foots, no figure is a whole unit or more from its exact value, grand totals are
// rounded conventionally, and a figure shows the same value in every table of its unit.
// COMMENT11_BOOKS says how many, COMMENT11_SEED from which seed on;
// scripts/random-books.sh runs 10,000. A failure names the book's seed.
func TestRandomBooksFoot(t *testing.T) {
	books, seed := fromEnvironment(t, "COMMENT11_BOOKS", 30), fromEnvironment(t, "COMMENT11_SEED", 1)
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, []string{"group", "bank"}, Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var moved, linked int
	p, err := compilePredicates(ctx, db, tables, []string{"group", "bank"})
	if err != nil {
		t.Fatal(err)
	}
	seeds := []int{5195, 5978, 6087, 6864} // books with a figure that differed, before sheets changed their order
	for n := range books {
		seeds = append(seeds, seed+n)
	}
	for _, seed := range seeds {
		random := rand.New(rand.NewPCG(uint64(seed), 11))
		sources := drawGroups(ctx, t, db, p, tables, random, rand.New(rand.NewPCG(uint64(seed), 12)))
		sheets, err := laySheets(tables, position.DataSetNames(), p, sources)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		linkTied(tables, sheets)
		grand := shownFirst(sheets)
		if err := roundSheets(sheets, grand); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		shown := map[figure]int64{}
		for _, s := range sheets {
			name := fmt.Sprintf("seed %d, %s/%s", seed, s.head.TableID, s.head.BlockID)
			if totals, footing := s.footing(); totals != footing {
				t.Errorf("%s: %d of %d totals foot", name, footing, totals)
			}
			linked += s.linked
			if len(s.unlinked) > 0 {
				t.Errorf("%s: shown otherwise than elsewhere: %v", name, s.unlinked)
			}
			for r := range s.rows {
				for c, column := range s.columns {
					w := s.split(r, c)
					up := s.displayed[r][c] - w.floor
					if len(column.adds) > 0 && !column.total { // shown as what others show comes to
						if _, added := s.added(r, c); s.displayed[r][c] != added || up < -1 || up > 2 {
							t.Errorf("%s: %s / %s shows %d for %s, and what it adds %d", name, s.rows[r].id, column.id, s.displayed[r][c], amount(column.measure, s.exact[r][c]), added)
						}
						continue
					}
					if up != 0 && (up != 1 || !w.fraction) {
						t.Errorf("%s: %s shown as %d", name, amount(column.measure, s.exact[r][c]), s.displayed[r][c])
					}
					if s.displayed[r][c] != w.conventional() {
						moved++
						if s.head.TableID == "comment-11a" && s.isTotal(r) && column.total { // what contains all others
							t.Errorf("%s: the grand total %s is moved to %d", name, amount(column.measure, s.exact[r][c]), s.displayed[r][c])
						}
					}
					if value, fixed := grand[s.figures[r][c]]; fixed && value != s.displayed[r][c] {
						t.Errorf("%s: the grand total %s / %s shows %d, rounded conventionally %d", name, s.rows[r].id, column.id, s.displayed[r][c], value)
					}
					before, known := shown[s.figures[r][c]]
					if known && before != s.displayed[r][c] {
						t.Errorf("%s: %s / %s shows %d, elsewhere %d", name, s.rows[r].id, column.id, s.displayed[r][c], before)
					}
					if !known {
						shown[s.figures[r][c]] = s.displayed[r][c]
					}
				}
			}
		}
	}
	t.Logf("%d books from seed %d: %d cells moved, %d cells shown more than once", books, seed, moved, linked)
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

// drawGroups draws facts of every relation with random classes and amounts. Of some
// books all amounts are small, and of some the facts have one word alone in some columns,
// as where terms are not delivered.
func drawGroups(ctx context.Context, t *testing.T, db *store.DB, p predicates, tables []Table, random, plainly *rand.Rand) map[string]groups {
	plain := plainly.IntN(3) == 0
	scopes, made := []string{"group", "bank"}, map[string]bool{}
	most, empty := []int64{3e8, 2e9, 1e12}[random.IntN(3)], random.IntN(3)
	sources := map[string]groups{}
	for _, source := range slices.Sorted(maps.Keys(p.used)) {
		relation := relationOf(source)
		if !made[relation] {
			made[relation] = true
			contract := relations[relation](scopes)
			contract.Columns = slices.Clone(contract.Columns)
			for i, column := range contract.Columns {
				if plain && len(column.Values) > 0 && !strings.HasPrefix(column.Name, "scope_") && plainly.IntN(2) == 0 {
					contract.Columns[i].Values = []string{column.Values[plainly.IntN(len(column.Values))]}
				}
			}
			var rows []string
			for number := range 150 {
				rows = append(rows, drawFact(random, contract, number, most, empty))
			}
			if err := db.Run(ctx, "drop table if exists "+relation, contract.CreateTable(relation), "insert into "+relation+" values "+strings.Join(rows, ", ")); err != nil {
				t.Fatal(err)
			}
			for _, measure := range Differences {
				_, known := contract.Column(measure)
				_, has := contract.Column(differences[measure].of)
				if known && has {
					if err := db.Run(ctx, "update "+relation+" set "+measure+" = "+differences[measure].as); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		var err error
		if sources[source], err = readGroups(ctx, db, source, p, tables, &grouped{relation: relation}, false); err != nil {
			t.Fatal(err)
		}
	}
	return sources
}

// differences are the measures that others come to, of which a relation has the one or not.
var differences = map[string]struct{ of, as string }{
	"growth": {"opening", "closing - opening"}, "net_paid": {"payouts", "case when has_cash then payouts else 0 end - recoveries"},
	"realized_net": {"realized_gains", "realized_gains + realized_losses"}, "net_fair_value": {"fair_value_payable", "fair_value_receivable - fair_value_payable"},
	"net_notional": {"notional", "case direction when 'bought' then notional when 'sold' then -notional else 0 end"},
}

func drawFact(random *rand.Rand, contract position.DataSet, number int, most int64, empty int) string {
	var values []string
	for _, column := range contract.Columns {
		switch {
		case column.Has(position.Measure):
			values = append(values, drawMoney(random, most, empty))
		case column.Has(position.Key) && column.Type == position.Date:
			values = append(values, fmt.Sprintf("date '2000-01-01' + %d", number))
		case column.Has(position.Key) && (!column.Has(position.Dimension) || column.Name == "name"):
			values = append(values, "'"+strconv.Itoa(number)+"'")
		case !column.Has(position.Dimension):
			values = append(values, "null")
		case strings.HasPrefix(column.Name, "scope_"):
			values = append(values, "'external'")
		case column.Type == position.Flag:
			values = append(values, fmt.Sprint(random.IntN(8) == 0))
		case len(column.Values) == 0:
			values = append(values, "'X'")
		default:
			values = append(values, store.Literal(column.Values[random.IntN(len(column.Values))]))
		}
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// drawMoney draws an amount; some are nil, whole or half units, tiny or negative.
func drawMoney(random *rand.Rand, most int64, empty int) string {
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
	return decimal.New(cents, -2).String()
}
