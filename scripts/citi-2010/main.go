// Citi-2010 writes a made-up book of positions that adds up to the credit
// derivatives table of Citigroup's annual report for 2010, in all four blocks
// and by designation and direction, to the million and without any rounding.
// The names and the trades are invented; only the totals are published.
//
//	go run ./scripts/citi-2010
//
// from the root of the repository rewrites testdata/cases/citi-2010/input/*.csv.
// Its random numbers have a fixed seed: the same program writes the same bytes.
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// million is a million dollars in cents, the unit of all amounts here.
const million = 100_000_000

// The dimensions of a cell, and the lines that the program names in each.
const (
	stand = iota
	counterparty
	instrument
	rating
	maturity
)

const (
	tradingBought, tradingSold, managementHedge = 0, 1, 2

	bank, brokerDealer, monoline, nonFinancial, insuranceAndOther = 0, 1, 2, 3, 4

	defaultSwapsAndOptions, totalReturnSwaps = 0, 1

	investment, nonInvestment = 0, 1

	withinOneYear, oneToFiveYears, afterFiveYears = 0, 1, 2
)

// managementHedgeNotional is not published; USD millions, our choice.
const managementHedgeNotional = 27_250

// The published table at 31 December 2010, USD millions, by line of each
// dimension (Citigroup Inc., Form 10-K for 2010, credit derivatives). The lines
// of stand are those of the text beside the table.
var (
	publishedReceivable = margins{
		{42_403, 22_638, 88}, {37_586, 15_428, 1_914, 93, 10_108}, {64_840, 289}, {20_480, 44_649}, {1_716, 33_853, 29_560},
	}
	publishedPayable = margins{
		{23_503, 35_958, 337}, {35_727, 16_239, 2, 70, 7_760}, {58_225, 1_573}, {17_281, 42_517}, {1_817, 34_298, 23_683},
	}
	publishedBought = margins{
		{1_322_693 - managementHedgeNotional, 0, managementHedgeNotional},
		{820_211, 319_625, 4_409, 1_277, 177_171}, {1_301_514, 21_179}, {598_179, 724_514}, {164_735, 935_632, 222_326},
	}
	publishedSold = margins{
		{0, 1_223_116, 0}, {784_080, 312_131, 0, 1_463, 125_442}, {1_221_211, 1_905}, {532_283, 690_833}, {162_075, 853_808, 207_233},
	}
)

func main() {
	files, err := book()
	if err != nil {
		log.Fatal(err)
	}
	folder := filepath.Join("testdata", "cases", "citi-2010", "input")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		log.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// book gives the files of the book by name.
func book() (map[string][]byte, error) {
	notional := make([]int64, len(cells))
	for _, published := range []margins{publishedBought, publishedSold} {
		fitted, err := fit(plausible, published)
		if err != nil {
			return nil, fmt.Errorf("notional: %w", err)
		}
		for i, amount := range fitted {
			notional[i] += amount
		}
	}
	byNotional := func(i int) float64 { return float64(notional[i]) }
	receivable, err := fit(byNotional, publishedReceivable)
	if err != nil {
		return nil, fmt.Errorf("receivable: %w", err)
	}
	payable, err := fit(byNotional, publishedPayable)
	if err != nil {
		return nil, fmt.Errorf("payable: %w", err)
	}
	return writeFiles(newDealer().deal(notional, receivable, payable))
}

// plausible is the weight of a cell before the fit: 1, but 0 where such trades
// are not done, which also keeps the smallest cells from being a few dollars.
func plausible(i int) float64 {
	c := cells[i]
	switch {
	case c[stand] == tradingSold && c[counterparty] == monoline,
		c[stand] == managementHedge && c[counterparty] == monoline,
		c[stand] == managementHedge && c[instrument] == totalReturnSwaps,
		c[instrument] == totalReturnSwaps && (c[counterparty] == monoline || c[counterparty] == nonFinancial),
		c[counterparty] == monoline && c[maturity] == withinOneYear:
		return 0
	case c[counterparty] == monoline && c[rating] == nonInvestment && c[maturity] == afterFiveYears:
		return 10 // monolines had insured long asset-backed securities, which were downgraded
	default:
		return 1
	}
}

func writeFiles(positions []record) (map[string][]byte, error) {
	tables := map[string]struct {
		columns []string
		records []record
	}{
		"positions.csv":          {positionColumns, positions},
		"counterparties.csv":     {[]string{"counterparty_id", "name", "type", "rating_sp", "rating_moodys", "rating_fitch"}, counterpartyRecords()},
		"reference_entities.csv": {[]string{"reference_entity_id", "name", "hedge_group", "kind", "sector", "country", "rating_sp", "rating_moodys", "rating_fitch", "internal_grade", "valid_from", "valid_until"}, referenceRecords()},
		"indices.csv":            {[]string{"index_name", "index_series", "index_version", "index_factor", "grade"}, indexRecords()},
		"books.csv":              {[]string{"book", "desk", "strategy", "purpose", "detail"}, bookRecords},
	}
	files := map[string][]byte{}
	for name, table := range tables {
		lines := [][]string{table.columns}
		for _, r := range table.records {
			line := make([]string, len(table.columns))
			for i, column := range table.columns {
				line[i] = r[column]
			}
			lines = append(lines, line)
		}
		var text bytes.Buffer
		if err := csv.NewWriter(&text).WriteAll(lines); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = text.Bytes()
	}
	return files, nil
}
