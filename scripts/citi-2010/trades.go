package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

var positionColumns = []string{
	"position_id", "trade_version", "legal_entity", "counterparty_id", "book", "product", "role", "option_type", "underlying_kind",
	"reference_entity_id", "reference_rating", "reference_obligation_id", "seniority", "index_name", "index_series", "index_version", "basket_id",
	"attachment_point", "detachment_point", "points_basis", "nth_to_default", "definitions", "restructuring", "settlement_method", "currency", "notional",
	"notional_basis", "trade_date", "effective_date", "maturity_date", "option_expiry_date", "fixed_rate", "fair_value", "fair_value_level",
	"valuation_date", "netting_set_id", "designation", "capital_treatment", "purpose_code", "offset_pool",
}

// meanNotional of a position in cents, which makes about 4,000 positions.
const meanNotional = 650 * million

var (
	asOf = day(2010, 12, 31)
	// clearingBegan is when central counterparties took their first index trades.
	clearingBegan = day(2009, 3, 9)
	// bigBang is when fixed coupons and auction settlement came into the contracts.
	bigBang = day(2009, 4, 8)
	// newDefinitions is when trades went over to the ISDA definitions of 2003.
	newDefinitions = day(2003, 6, 20)
)

// indexContract is one maturity of an index series.
type indexContract struct {
	family, series   int
	issued, maturity time.Time
}

// dealer invents the trades.
type dealer struct {
	random     *rand.Rand
	clients    [5][]client
	references [2][]reference
	indices    []indexContract
	maturities []time.Time
}

func newDealer() *dealer {
	return &dealer{rand.New(rand.NewPCG(2010, 12)), clients(), references(), indexContracts(), standardMaturities()}
}

// indexContracts gives the maturities of all series. The odd series come out in
// September and mature in December, the even ones in March and June.
func indexContracts() (list []indexContract) {
	for family := range indexFamilies {
		for series := firstSeries; series <= lastSeries; series++ {
			// Series 14 came out in March 2010, series 15 in September.
			issued, last := day(2003+series/2, 3, 20), time.June
			if series%2 == 1 {
				issued, last = day(2003+series/2, 9, 20), time.December
			}
			for _, years := range []int{3, 5, 7, 10} {
				maturity := day(issued.Year()+years, last, 20)
				if maturity.After(asOf) {
					list = append(list, indexContract{family, series, issued, maturity})
				}
			}
		}
	}
	return list
}

// standardMaturities are the quarterly dates of single names, and the dates on
// either side of the limits of one and of five years.
func standardMaturities() []time.Time {
	list := []time.Time{day(2011, 12, 31), day(2012, 1, 1), day(2015, 12, 31), day(2016, 1, 1)}
	for quarter := range 40 {
		list = append(list, day(2011, time.Month(3+3*quarter), 20))
	}
	return list
}

// deal cuts every cell into positions of odd amounts that add up to it.
func (d *dealer) deal(notional, receivable, payable []int64) []record {
	var positions []record
	for i, c := range cells {
		if notional[i] == 0 {
			continue
		}
		// The gainers have about as much notional as they have of the value, so
		// that no fair value is out of proportion.
		gain := min(max(receivable[i]*1000/(receivable[i]+payable[i]), 20), 980)
		halves := cut(notional[i], []int64{gain, 1000 - gain})
		positions = append(positions, d.positions(c, halves[0], receivable[i], 1)...)
		positions = append(positions, d.positions(c, halves[1], payable[i], -1)...)
	}
	slices.SortStableFunc(positions, func(a, b record) int { return cmp.Compare(a["trade_date"], b["trade_date"]) })
	for i, p := range positions {
		p["position_id"] = fmt.Sprintf("CD%05d", i+1)
	}
	return positions
}

// positions gives positions of one cell and one sign of the fair value.
func (d *dealer) positions(c cell, notional, value, sign int64) []record {
	sizes := make([]int64, max(1, (notional+meanNotional/2)/meanNotional))
	for i := range sizes {
		size := 1 + d.random.Int64N(12)
		sizes[i] = size * size
	}
	notionals := cut(notional, sizes)
	values := make([]int64, len(notionals))
	for i := range notionals {
		values[i] = notionals[i] / 1000 * (75 + d.random.Int64N(50))
	}
	values = cut(value, values)
	list := make([]record, len(notionals))
	for i := range list {
		list[i] = d.position(c)
		list[i]["notional"] = amount(notionals[i])
		list[i]["fair_value"] = amount(sign * values[i])
	}
	return list
}

// position invents the contract of a position in a cell, all but its amounts.
func (d *dealer) position(c cell) record {
	r := record{
		"trade_version": strconv.Itoa(1 + d.random.IntN(12)/10), "currency": "USD", "valuation_date": text(asOf), "fair_value_level": "2",
		"designation": "trading", "capital_treatment": "market_risk_rule", "product": d.product(c),
	}
	traded := d.contract(r, c)
	d.terms(r, c, traded)
	d.client(r, c, traded)
	d.purpose(r, c)
	return r
}

// product chooses the source's product code by weights that fit the cell.
func (d *dealer) product(c cell) string {
	if c[instrument] == totalReturnSwaps {
		return "TRS"
	}
	if c[stand] == managementHedge {
		return d.pick("CDS", 9, "CDX", 1)
	}
	if c[counterparty] == monoline && c[maturity] == afterFiveYears {
		return d.pick("ABCDS", 4, "BESPOKE", 3, "CDX_TRANCHE", 3)
	}
	options, loans, assetBacked := 0, 0, 0
	if c[maturity] == withinOneYear {
		options = 10
	}
	if c[maturity] == oneToFiveYears {
		options = 1
	}
	if c[rating] == nonInvestment {
		loans = 3
	}
	if c[maturity] == afterFiveYears {
		assetBacked = 6
	}
	return d.pick("CDS", 55, "CDX", 24, "CDX_TRANCHE", 10, "NTD", 2, "BESPOKE", 3, "CDSOPT", options, "LCDS", loans, "ABCDS", assetBacked)
}

// pick chooses one of the words by the weight that follows each.
func (d *dealer) pick(wordsAndWeights ...any) string {
	total := 0
	for i := 1; i < len(wordsAndWeights); i += 2 {
		total += wordsAndWeights[i].(int)
	}
	drawn := d.random.IntN(total)
	for i := 0; ; i += 2 {
		drawn -= wordsAndWeights[i+1].(int)
		if drawn < 0 {
			return wordsAndWeights[i].(string)
		}
	}
}

// contract fills in what the product refers to and when it ends, and returns
// its trade date.
func (d *dealer) contract(r record, c cell) time.Time {
	end := choose(d, keep(d.maturities, within(c[maturity])))
	switch r["product"] {
	case "CDX":
		return d.businessDay(d.index(r, c, within(c[maturity])))
	case "CDX_TRANCHE":
		issued := d.index(r, c, within(c[maturity]))
		d.tranche(r, c)
		return d.businessDay(issued)
	case "CDSOPT":
		issued := d.index(r, c, func(t time.Time) bool { return t.After(end) })
		r["option_expiry_date"], r["option_type"] = text(end), d.pick("payer", 3, "receiver", 2)
		if issued.Before(asOf.AddDate(0, -9, 0)) {
			return d.businessDay(asOf.AddDate(0, -9, 0)) // options are younger than their index
		}
		return d.businessDay(issued)
	case "BESPOKE":
		r["underlying_kind"], r["basket_id"] = "basket", fmt.Sprintf("BSK-%03d", 1+d.random.IntN(60))
		d.tranche(r, c)
	case "NTD":
		r["underlying_kind"], r["basket_id"] = "basket", fmt.Sprintf("BSK-%03d", 101+d.random.IntN(20))
		r["nth_to_default"], r["reference_rating"] = strconv.Itoa(1+d.random.IntN(3)), d.letters(c)
	case "LCDS":
		d.name(r, c, "loan")
	case "ABCDS":
		d.name(r, c, "asset_backed")
		r["reference_obligation_id"] = "OBL-" + r["reference_entity_id"]
		end = day(2034+d.random.IntN(4), time.Month(1+d.random.IntN(12)), 25)
	case "TRS":
		d.name(r, c, "corporate", "loan")
	default:
		d.name(r, c, "corporate", "corporate", "financial", "sovereign")
	}
	r["maturity_date"] = text(end)
	if r["product"] == "ABCDS" {
		return d.businessDay(day(2005, 7, 1)) // since there is a standard contract on them
	}
	years := choose(d, []int{5, 7, 10})
	if c[maturity] == afterFiveYears {
		years = 10
	}
	return d.businessDay(end.AddDate(-years, 0, 0))
}

// name fills in a single reference entity of the cell's grade.
func (d *dealer) name(r record, c cell, kinds ...string) {
	chosen := choose(d, ofKind(d.references[c[rating]], kinds...))
	r["reference_entity_id"], r["underlying_kind"] = chosen.id, chosen.kind
	switch chosen.kind {
	case "loan":
		r["seniority"] = "senior_secured"
	case "asset_backed":
		r["seniority"] = "subordinated"
	default:
		r["seniority"] = "senior"
	}
}

// index fills in an index contract of the cell's grade whose maturity will do,
// and returns the date on which the series came out.
func (d *dealer) index(r record, c cell, maturityWillDo func(time.Time) bool) time.Time {
	chosen := choose(d, keep(d.indices, func(i indexContract) bool {
		return indexFamilies[i.family].line == c[rating] && maturityWillDo(i.maturity)
	}))
	r["underlying_kind"], r["notional_basis"] = "index", "current"
	r["index_name"], r["index_series"] = indexFamilies[chosen.family].name, strconv.Itoa(chosen.series)
	r["index_version"] = strconv.Itoa(version(chosen.family, chosen.series))
	r["maturity_date"] = text(chosen.maturity)
	return chosen.issued
}

// tranche fills in the points of a tranche and its own rating. A tranche that
// nobody rates has none and is shown with non-investment grade.
func (d *dealer) tranche(r record, c cell) {
	points := [][2]string{{"0.10", "0.15"}, {"0.15", "0.30"}, {"0.30", "1.00"}}
	if c[rating] == nonInvestment {
		points = [][2]string{{"0.00", "0.03"}, {"0.03", "0.07"}, {"0.07", "0.10"}}
	}
	chosen := choose(d, points)
	r["attachment_point"], r["detachment_point"], r["points_basis"] = chosen[0], chosen[1], "original"
	r["notional_basis"], r["fair_value_level"] = "current", "3"
	if chosen[0] != "0.00" {
		r["reference_rating"] = d.letters(c)
	}
}

// letters gives a rating of the cell's grade in the letters of either agency.
func (d *dealer) letters(c cell) string {
	agency := choose(d, [][]string{standardAndPoors, moodys})
	if c[rating] == investment {
		return agency[1+d.random.IntN(10)]
	}
	return agency[11+d.random.IntN(9)]
}

// terms fills in the terms that were usual on the trade date.
func (d *dealer) terms(r record, c cell, traded time.Time) {
	r["trade_date"], r["effective_date"] = text(traded), text(traded.AddDate(0, 0, 1))
	r["definitions"], r["settlement_method"] = "2003", "physical"
	if traded.Before(newDefinitions) {
		r["definitions"] = "1999"
	}
	if !traded.Before(bigBang) {
		r["settlement_method"] = "auction"
	}
	switch r["product"] {
	case "TRS":
		r["definitions"], r["settlement_method"] = "", "cash"
	case "ABCDS":
		r["settlement_method"], r["fair_value_level"] = "cash", "3"
	case "CDX_TRANCHE", "NTD":
		r["fair_value_level"] = "3"
	}
	switch {
	case r["product"] == "CDS" && r["underlying_kind"] == "sovereign":
		r["restructuring"] = "CR"
	case r["product"] == "CDS" && traded.Before(bigBang) && c[rating] == investment:
		r["restructuring"] = "MR"
	case r["product"] != "TRS" && r["product"] != "ABCDS":
		r["restructuring"] = "XR"
	}
	r["role"] = roleOf(r["product"], c[stand])
	switch basisPoints := 20 + 5*d.random.Int64N(32); {
	case r["product"] == "CDSOPT": // pays a premium at once, not a running one
	case r["product"] != "TRS" && !traded.Before(bigBang):
		r["fixed_rate"] = []string{"0.01", "0.05"}[c[rating]]
	case c[rating] == investment || r["product"] == "TRS":
		r["fixed_rate"] = amountOf(basisPoints, 4)
	default:
		r["fixed_rate"] = amountOf(4*basisPoints+100, 4)
	}
}

// roleOf is our side of the contract that a product and a direction make.
func roleOf(product string, standing int) string {
	roles := [2]string{"buyer", "seller"}
	switch product {
	case "TRS":
		roles = [2]string{"total_return_payer", "total_return_receiver"}
	case "CDSOPT":
		roles = [2]string{"option_buyer", "option_seller"}
	}
	if standing == tradingSold {
		return roles[1]
	}
	return roles[0]
}

// client chooses a counterparty of the cell's line. Central counterparties took
// indices alone, and only late; to hedge funds nobody sold a hedge.
func (d *dealer) client(r record, c cell, traded time.Time) {
	chosen := choose(d, keep(d.clients[c[counterparty]], func(possible client) bool {
		switch possible.kind {
		case "ccp":
			return r["product"] == "CDX" && !traded.Before(clearingBegan)
		case "hedge_fund":
			return c[stand] != managementHedge
		default:
			return true
		}
	}))
	r["counterparty_id"], r["netting_set_id"] = chosen.id, "NS-"+chosen.id
}

// purpose fills in the book, what it is for and whose it is. Of a flow book the
// trade says what it is for.
func (d *dealer) purpose(r record, c cell) {
	switch {
	case c[stand] == managementHedge:
		r["book"] = d.pick("CPM-LOANS", 2, "CPM-COMMITMENTS", 1)
		r["purpose_code"] = d.pick("CPM", 1, "", 2)
		r["designation"], r["capital_treatment"] = "management_hedge", "recognised_guarantee"
	case r["product"] == "TRS":
		r["book"] = "FINANCING"
	case slices.Contains([]string{"CDX_TRANCHE", "BESPOKE", "NTD", "ABCDS"}, r["product"]):
		r["book"] = "STRUCTURED"
	case r["product"] == "CDSOPT", r["product"] == "CDX" && d.random.IntN(2) == 0:
		r["book"] = "INDEX"
	default:
		r["book"] = d.pick("FLOW-NEW-YORK", 3, "FLOW-LONDON", 2)
		r["purpose_code"] = d.pick("CLIENT", 9, "CLIENT_OFFSET", 8, "TRADING", 3)
		if r["purpose_code"] == "CLIENT_OFFSET" {
			r["offset_pool"] = r["book"]
		}
	}
	r["legal_entity"] = map[string]string{
		"CPM-LOANS": "BANK-NA", "CPM-COMMITMENTS": "BANK-NA", "FINANCING": "MARKETS-INC", "FLOW-LONDON": "MARKETS-LTD",
		"FLOW-NEW-YORK": "BANK-NA", "INDEX": "MARKETS-INC", "STRUCTURED": "MARKETS-LTD",
	}[r["book"]]
}

// within tells whether a day is in a line of the maturity block.
func within(line int) func(time.Time) bool {
	return func(t time.Time) bool {
		switch line {
		case withinOneYear:
			return !t.After(asOf.AddDate(1, 0, 0))
		case oneToFiveYears:
			return t.After(asOf.AddDate(1, 0, 0)) && !t.After(asOf.AddDate(5, 0, 0))
		default:
			return t.After(asOf.AddDate(5, 0, 0))
		}
	}
}

// businessDay draws a day from the first to the as-of date; a weekend moves to
// the Monday. The as-of date is a Friday, so none comes after it.
func (d *dealer) businessDay(first time.Time) time.Time {
	t := first.AddDate(0, 0, d.random.IntN(int(asOf.Sub(first).Hours()/24)+1))
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

// choose draws one element; it is a fault of this program if there is none.
func choose[T any](d *dealer, list []T) T { return list[d.random.IntN(len(list))] }

func keep[T any](list []T, wanted func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(t T) bool { return !wanted(t) })
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func text(t time.Time) string { return t.Format(time.DateOnly) }

// amount writes cents as dollars.
func amount(cents int64) string { return amountOf(cents, 2) }

// amountOf writes a whole number of units of the given number of decimals.
func amountOf(units int64, decimals int) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	digits := fmt.Sprintf("%0*d", decimals+1, units)
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}
