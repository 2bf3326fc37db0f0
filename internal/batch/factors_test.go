package batch_test

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"comment11/internal/batch"
	"comment11/internal/store"
)

var (
	diffSeed  = flag.Uint64("diff.seed", 0, "seed of TestDiffFindsPlantedCauses; 0: another one each time")
	diffPairs = flag.Int("diff.pairs", 1, "random pairs of releases of TestDiffFindsPlantedCauses; each takes some 14 seconds of a processor")
)

// TestDiffFindsPlantedCauses plants causes in a book, one after the other in the order
// of batch.Factors, and runs after each: what a figure moves by there is what was
// planted. Then diff is told the first release and the last and nothing else, and must
// give every planted amount of every cell to its cause, to the cent, and no other. Causes
// meet in the same trades, so that their order counts.
func TestDiffFindsPlantedCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	seed := *diffSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -diff.seed=%d -diff.pairs=%d", seed, *diffPairs)
	const streams = 2 // side by side, each on a book of its own
	found := make([]map[string]int, streams)
	t.Cleanup(func() {
		total := map[string]int{}
		for _, causes := range found {
			for cause, cells := range causes {
				total[cause] += cells
			}
		}
		t.Logf("cells by planted cause: %v", total)
		for _, factor := range batch.Factors {
			planted := factor != "as_of_date" && factor != "earlier_releases" // the book has one date; testdata/scripts/diff.txtar has others
			if planted && total[factor] == 0 && *diffPairs >= 100 && !t.Failed() {
				t.Errorf("nothing that was planted of %s moved any cell", factor)
			}
		}
	})
	for stream := range streams {
		found[stream] = map[string]int{}
		t.Run(fmt.Sprint(stream), func(t *testing.T) {
			t.Parallel()
			p := newPlanter(t, rand.New(rand.NewPCG(seed, uint64(stream))))
			for done, tried := stream, 0; done < *diffPairs && !t.Failed(); tried++ { // one that the checks refuse is no pair
				if p.pair(t, tried, found[stream]) {
					done += streams
				}
			}
		})
	}
}

// planter plants causes in a book.
type planter struct{ *changer }

func newPlanter(t *testing.T, random *rand.Rand) *planter {
	p := &planter{newChanger(t, random)}
	p.write(t, "realized.csv", "event_id,position_id,kind,event_date,booking_date,cash,realized_gain_loss,currency,instrument,direction,purpose,legal_entity\n"+
		"E1,X1,termination,2007-09-04,2007-09-05,100.00,100.10,USD,cds_single_name,sold,client,MARKETS-INC\n"+
		"E2,X2,termination,2007-09-28,2007-09-28,-250.00,-250.05,EUR,cds_index,bought,trading,BANK-NA\n"+
		"E3,X3,credit_event,2007-09-28,2007-09-28,-9000.00,-9000.77,GBP,cds_single_name,sold,trading,MARKETS-INC\n")
	p.change(t, "comment11.yaml", "sources:\n", "sources:\n  - {name: realized, data_set: realized, files: realized.csv}\n")
	p.reload(t)
	return p
}

// pair makes two releases, with two to five causes between them, and asks diff; false
// where a cause cannot be planted because the run refuses it.
func (p *planter) pair(t *testing.T, n int, found map[string]int) bool {
	t.Helper()
	planters := map[string]func(*testing.T) string{
		"positions": p.positions, "prices": p.prices, "events": func(t *testing.T) string { return p.amount(t, "realized.csv", "realized_gain_loss") },
		"other_data": func(t *testing.T) string { return p.amount(t, "holdings.csv", "amount") }, "reference_data": p.reference,
		"rules": p.rulesOrMaps, "fx": p.rates, "adjustments": func(t *testing.T) string {
			return p.amount(t, "adjustments.csv", pick(p.random, []string{"notional", "fair_value"}))
		},
		"binary": func(*testing.T) string { return "a program that tests no purposes" },
	}
	causes := slices.Sorted(maps.Keys(planters))
	p.random.Shuffle(len(causes), func(i, j int) { causes[i], causes[j] = causes[j], causes[i] })
	causes = causes[:2+p.random.IntN(4)]
	before := p.force(t, "", false)
	if before == nil {
		t.Fatalf("pair %d: the book cannot be run", n+1)
	}
	saved := t.TempDir()
	if err := os.CopyFS(saved, os.DirFS(p.folder)); err != nil {
		t.Fatal(err)
	}
	planted := map[string]map[cellKey]decimal.Decimal{} // by cause, what each cell moves by
	standing, what := exactCells(*before), ""
	for _, factor := range batch.Factors {
		if !slices.Contains(causes, factor) {
			continue
		}
		what += factor + ": " + planters[factor](t) + "; "
		outcome := p.force(t, factor, true)
		if outcome == nil { // such as a rule that the checks refuse: the pair is given up
			p.restore(t, saved)
			t.Logf("pair %d: given up: %s", n+1, what)
			return false
		}
		cells := exactCells(*outcome)
		planted[factor] = differences(standing, cells)
		standing = cells
	}
	program := ""
	if slices.Contains(causes, "binary") {
		program = "binary"
	}
	last := p.force(t, program, false)
	if last == nil {
		t.Fatalf("pair %d, %s: the run fails, the dry run did not", n+1, what)
	}
	bridge, err := batch.Diff(context.Background(), p.config, p.options(), before.Manifest, last.Manifest, batch.DiffOptions{Trades: 1})
	if err != nil {
		t.Fatalf("pair %d, %s: %v", n+1, what, err)
	}
	if len(bridge.Notes) > 0 {
		t.Errorf("pair %d, %s: %v", n+1, what, bridge.Notes)
	}
	p.holds(t, fmt.Sprintf("pair %d, %s", n+1, what), bridge, planted, differences(exactCells(*before), exactCells(*last)), found)
	return true
}

// holds holds the bridge against what was planted.
func (p *planter) holds(t *testing.T, what string, bridge batch.Bridge, planted map[string]map[cellKey]decimal.Decimal, moved map[cellKey]decimal.Decimal, found map[string]int) {
	t.Helper()
	for _, c := range slices.Concat(bridge.Cells, bridge.Derived) {
		key, sum := cellKey{c.Table, c.Block, c.Row, c.Column}, decimal.Zero
		for _, factor := range batch.Factors {
			sum = sum.Add(c.Causes[factor])
			if got, want := c.Causes[factor], planted[factor][key]; !got.Equal(want) {
				t.Errorf("%s: cell %v: %s by %s, planted was %s", what, key, got, factor, want)
			} else if !want.IsZero() {
				found[factor]++
			}
		}
		if !sum.Equal(c.Difference) || !c.Difference.Equal(moved[key]) {
			t.Errorf("%s: cell %v: the causes come to %s of %s, the releases differ by %s", what, key, sum, c.Difference, moved[key])
		}
		delete(moved, key)
	}
	if len(moved) > 0 {
		t.Errorf("%s: cells that moved and are not in the bridge: %v", what, moved)
	}
}

func differences(before, after map[cellKey]decimal.Decimal) map[cellKey]decimal.Decimal {
	all := map[cellKey]decimal.Decimal{}
	for key, amount := range after {
		all[key] = amount
	}
	for key, amount := range before {
		all[key] = all[key].Sub(amount)
	}
	maps.DeleteFunc(all, func(_ cellKey, amount decimal.Decimal) bool { return amount.IsZero() })
	return all
}

// force runs the date, whatever the book was before; nil where the run fails. A program
// that is another one is one that does not test purposes.
func (p *planter) force(t *testing.T, program string, dry bool) *batch.Outcome {
	t.Helper()
	p.now = p.now.Add(1e9)
	options := p.options()
	options.AsOf, options.Force, options.DryRun, options.LeaveCatalog = date(t, "2007-09-30"), true, dry, true
	if program == "binary" {
		options.WithoutEvidence, options.Program = true, store.Program{Version: "another"}
	}
	outcome, err := batch.Run(context.Background(), p.config, options)
	if err != nil {
		t.Logf("%v", err)
		return nil
	}
	return &outcome
}

// restore puts the files of the book back as they were, but for the warehouse.
func (p *planter) restore(t *testing.T, saved string) {
	t.Helper()
	for _, name := range []string{"rules", "maps", "tables"} {
		if err := os.RemoveAll(filepath.Join(p.folder, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(p.folder, name), os.DirFS(filepath.Join(saved, name))); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(saved, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, filepath.Base(file), string(text))
	}
	p.reload(t)
	clear(p.rules)
	p.readRules(t)
}

// amount gives an amount of a random record of a file another value.
func (p *planter) amount(t *testing.T, file, column string) string {
	return p.replace(t, file, column, func(string) string { return decimal.New(1+p.random.Int64N(9_000_000_000), -2).StringFixed(2) })
}

// replace gives a column of a random record another value.
func (p *planter) replace(t *testing.T, file, column string, value func(old string) string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.folder, file))
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	record, place := records[1+p.random.IntN(len(records)-1)], slices.Index(records[0], column)
	old := record[place]
	record[place] = value(old)
	var written strings.Builder
	if err := csv.NewWriter(&written).WriteAll(records); err != nil {
		t.Fatal(err)
	}
	p.write(t, file, written.String())
	return fmt.Sprintf("%s of %s, %q to %q", column, record[0], old, record[place])
}

const bookPositions = "positions_2007-09-30.csv"

// positions changes the terms of some trades, or takes one away.
func (p *planter) positions(t *testing.T) string {
	what := p.amount(t, bookPositions, "notional") + ", " +
		p.replace(t, bookPositions, "counterparty_id", func(string) string { return fmt.Sprintf("K%02d", 1+p.random.IntN(20)) })
	if p.random.IntN(2) == 0 {
		text, err := os.ReadFile(filepath.Join(p.folder, bookPositions))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		at := 1 + p.random.IntN(len(lines)-1)
		what += ", without " + lines[at][:9]
		p.write(t, bookPositions, strings.Join(slices.Delete(lines, at, at+1), "\n")+"\n")
	}
	return what
}

func (p *planter) prices(t *testing.T) string {
	var list []string
	for range 1 + p.random.IntN(5) {
		list = append(list, p.amount(t, bookPositions, "fair_value"))
	}
	return strings.Join(list, ", ")
}

func (p *planter) reference(t *testing.T) string {
	if p.random.IntN(2) == 0 {
		return p.replace(t, "counterparties.csv", "type", func(string) string { return pick(p.random, []string{"bank", "hedge_fund", "monoline", "insurance"}) })
	}
	return p.replace(t, "reference_entities.csv", "rating_sp", func(string) string { return pick(p.random, []string{"AAA", "BBB-", "BB+", "CCC", ""}) })
}

func (p *planter) rulesOrMaps(t *testing.T) string {
	switch p.random.IntN(5) {
	case 0:
		return p.changeMap(t)
	case 1:
		return p.changeSetting(t)
	case 2:
		return p.changeTable(t)
	}
	return p.changeRule(t)
}

// rates multiplies a rate of the date.
func (p *planter) rates(t *testing.T) string {
	text, err := os.ReadFile(filepath.Join(p.folder, "fx_rates.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var ofDate []int
	for i, line := range lines {
		if strings.HasPrefix(line, "2007-09-28,") {
			ofDate = append(ofDate, i)
		}
	}
	at := pick(p.random, ofDate)
	fields := strings.Split(lines[at], ",")
	rate, err := decimal.NewFromString(fields[3])
	if err != nil {
		t.Fatal(err)
	}
	was := lines[at]
	fields[3] = rate.Mul(decimal.New(9000+p.random.Int64N(2000), -4)).Round(4).String()
	lines[at] = strings.Join(fields, ",")
	p.write(t, "fx_rates.csv", strings.Join(lines, "\n")+"\n")
	return was + " to " + fields[3]
}
