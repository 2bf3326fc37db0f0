// Command published-books writes the books of testdata/cases/wells-fargo-2019 and
// testdata/cases/jpmorgan-2014, whose tables must come out as the firms published
// them, to the million. It is no part of the product. Run it at the repository's
// root: go run ./scripts/published-books.
package main

import (
	"encoding/csv"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// line is what the trades of one line of a published table have in common, and the
// figures that they add up to, in millions.
type line struct {
	date, role, purpose, rating, maturity string
	notional, receivable, payable         int64
}

// wellsFargo is Form 10-Q for June 30, 2019: credit contracts not designated as
// hedges, by purpose. Economic hedges are of credit exposure; accommodation trading
// is for customers.
var wellsFargo = []line{
	{"2019-06-30", "buyer", "credit_portfolio_hedge", "", "", 220, 38, 0},
	{"2018-12-31", "buyer", "credit_portfolio_hedge", "", "", 100, 27, 0},
	{"2019-06-30", "seller", "client", "", "", 10507, 15, 80},
	{"2018-12-31", "seller", "client", "", "", 11741, 76, 182},
	{"2019-06-30", "buyer", "client", "", "", 20784, 88, 17},
	{"2018-12-31", "buyer", "client", "", "", 20880, 175, 98},
}

// jpmorgan is Form 10-K for 2014: protection sold by rating and maturity. Fair values
// are published by rating alone; the bucket that carries them is a choice.
var jpmorgan = []line{
	{"2014-12-31", "seller", "trading", "BBB", "2015-09-20", 323398, 5153, 1263},
	{"2014-12-31", "seller", "trading", "A", "2018-06-20", 1118293, 18037, 4420},
	{"2014-12-31", "seller", "trading", "BBB-", "2024-12-20", 79486, 2577, 631},
	{"2014-12-31", "seller", "trading", "BB+", "2015-03-20", 157281, 4135, 4491},
	{"2014-12-31", "seller", "trading", "B", "2017-12-20", 396798, 14474, 15718},
	{"2014-12-31", "seller", "trading", "CCC", "2021-03-20", 25047, 2068, 2246},
}

var header = []string{"position_id", "product", "role", "reference_rating", "counterparty_type", "currency", "notional", "trade_date", "maturity_date", "fair_value", "purpose_code"}

func main() {
	for folder, lines := range map[string][]line{"wells-fargo-2019": wellsFargo, "jpmorgan-2014": jpmorgan} {
		if err := write(filepath.Join("testdata/cases", folder), lines); err != nil {
			log.Fatal(err)
		}
	}
}

func write(folder string, lines []line) error {
	byDate := map[string][][]string{}
	random := rand.New(rand.NewPCG(2014, 2019))
	for number, l := range lines {
		byDate[l.date] = append(byDate[l.date], trades(random, number, l)...)
	}
	for date, rows := range byDate {
		file, err := os.Create(filepath.Join(folder, "positions_"+date+".csv"))
		if err != nil {
			return err
		}
		if err := csv.NewWriter(file).WriteAll(append([][]string{header}, rows...)); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// trades divides the figures of a line among a few trades: those of positive fair
// value, then those of negative one. The sums miss the printed millions by a few
// thousand dollars, as those of a real book would.
func trades(random *rand.Rand, number int, l line) [][]string {
	const count = 6
	receivables := count
	if l.payable > 0 {
		receivables = count / 2
	}
	notionals := divide(random, l.notional, count)
	values := divide(random, l.receivable, receivables)
	for _, payable := range divide(random, l.payable, count-receivables) {
		values = append(values, -payable)
	}
	var rows [][]string
	for i := range count {
		rating, maturity := l.rating, l.maturity
		if rating == "" {
			rating, maturity = []string{"A", "BBB", "BB"}[i%3], strconv.Itoa(2020+i)+"-12-20"
		}
		rows = append(rows, []string{fmt.Sprintf("%s-%d-%d", l.date[:4], number+1, i+1), []string{"CDS", "CDS", "TRS"}[i%3], role(l.role, i%3 == 2), rating,
			[]string{"bank", "broker_dealer", "insurance"}[i%3], "USD", amount(notionals[i]), "2013-03-20", maturity, amount(values[i]), l.purpose})
	}
	return rows
}

// role is that of a swap, or of the total return swap that passes on the same risk.
func role(role string, totalReturn bool) string {
	switch {
	case !totalReturn:
		return role
	case role == "buyer":
		return "total_return_payer"
	default:
		return "total_return_receiver"
	}
}

// divide makes parts, in cents, of a sum of millions give or take 20,000.00.
func divide(random *rand.Rand, millions int64, parts int) []int64 {
	if parts == 0 {
		return nil
	}
	left := millions*100_000_000 + random.Int64N(4_000_000) - 2_000_000
	if millions == 0 {
		left = 0
	}
	var list []int64
	for i := range parts - 1 {
		part := left / int64(parts-i) / 100 * (60 + random.Int64N(80))
		list, left = append(list, part), left-part
	}
	return append(list, left)
}

func amount(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}
