package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// record is one record of a file, by column.
type record map[string]string

// counterparties are the made-up legal counterparties by line of the table and
// by type.
var counterparties = [5][]struct {
	kind  string
	names []string
}{
	bank: {{"bank", []string{
		"First Bank of Northmark", "Harrow & Vane Bank plc", "Banque Duvallier SA", "Bankhaus Oderfeld AG", "Kestrel National Bank", "Lakeshore Trust Bank",
		"Banco Almaro SA", "Meridian Cantonal Bank", "Tamura Trust Bank", "Royal Bank of Strathmuir", "Union Credit of Calder", "Saltwick Commercial Bank",
		"Banca Terralba SpA", "Nordvik Bank ASA", "Pacific Harbour Bank", "Westermark Landesbank",
	}}},
	brokerDealer: {{"broker_dealer", []string{
		"Ashdown Securities LLC", "Brackett Holloway & Co", "Corvane Capital Markets Inc", "Dunmore International plc", "Ellery Stone Securities",
		"Fenwick Global Markets Ltd", "Greyfriars Securities Japan", "Hollis Partners LLC", "Ironbridge Markets Inc",
	}}},
	monoline: {{"monoline", []string{"Bulwark Financial Guaranty Corp", "Columbine Assurance Inc", "Stonegate Municipal Guaranty"}}},
	nonFinancial: {
		{"non_financial", []string{"Aurelia Energy Inc", "Brandt Werke AG", "Cedar Rail Corp", "Delmarva Foods Inc", "Estuary Shipping Ltd", "Foxglove Pharma plc"}},
		{"sovereign", []string{"Debt Office of Halvania", "Treasury of Port Lorne"}},
	},
	insuranceAndOther: {
		{"insurance", []string{"Granite Life Insurance Co", "Heron Reinsurance Ltd", "Ivory Quay Mutual Assurance", "Juniper Casualty Co", "Keystone Annuity Co"}},
		{"hedge_fund", []string{
			"Larkspur Credit Master Fund", "Mistral Relative Value Fund", "Nightjar Opportunities LP", "Osprey Structured Credit Fund",
			"Peregrine Macro Fund", "Quillon Distressed Partners LP", "Redstart Capital Fund",
		}},
		{"ccp", []string{"Continental Credit Clearing Corp", "Eastgate Clear Ltd"}},
		{"special_purpose", []string{"Sable Funding 2006-1 Ltd", "Teasel Synthetic CDO 2007-2", "Umber Capital SPV III", "Verbena Credit Linked 2005-4"}},
		{"other_financial", []string{"Wren Pension Trustees", "Xanthe Asset Management", "Yarrow Finance Company", "Zephyr Savings Fund"}},
	},
}

// client is a counterparty that positions can take.
type client struct{ id, kind string }

// clients gives the counterparties by line of the table.
func clients() (lines [5][]client) {
	number := 0
	for line, groups := range counterparties {
		for _, group := range groups {
			for range group.names {
				number++
				lines[line] = append(lines[line], client{fmt.Sprintf("C%03d", number), group.kind})
			}
		}
	}
	return lines
}

func counterpartyRecords() (list []record) {
	for _, groups := range counterparties {
		for _, group := range groups {
			for _, name := range group.names {
				n := len(list) + 1
				r := record{"counterparty_id": fmt.Sprintf("C%03d", n), "name": name, "type": group.kind}
				if group.kind != "hedge_fund" && group.kind != "special_purpose" {
					rate(r, 2+n%7, n)
				}
				list = append(list, r)
			}
		}
	}
	return list
}

// The letters of the agencies by notch; Fitch's are those of Standard & Poor's.
// The tenth is the last of investment grade.
var (
	standardAndPoors = []string{"", "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+", "B", "B-", "CCC+", "CCC", "CCC-"}
	moodys           = []string{"", "Aaa", "Aa1", "Aa2", "Aa3", "A1", "A2", "A3", "Baa1", "Baa2", "Baa3", "Ba1", "Ba2", "Ba3", "B1", "B2", "B3", "Caa1", "Caa2", "Caa3"}
)

// rate gives the record ratings around a notch: mostly three that differ, some
// two, some one. It returns the notch that the grade is decided by: the middle
// of three, the lower of two, the one.
func rate(r record, notch, pattern int) int {
	better, worse := max(notch-1, 1), min(notch+1, len(moodys)-1)
	switch pattern % 8 {
	case 0, 1, 2:
		r["rating_sp"], r["rating_moodys"], r["rating_fitch"] = standardAndPoors[better], moodys[notch], standardAndPoors[worse]
	case 3, 4:
		r["rating_sp"], r["rating_moodys"], r["rating_fitch"] = standardAndPoors[notch], moodys[worse], standardAndPoors[notch]
	case 5:
		r["rating_sp"], r["rating_moodys"] = standardAndPoors[notch], moodys[better]
	case 6:
		r["rating_moodys"], r["rating_fitch"] = moodys[better], standardAndPoors[notch]
	default:
		r["rating_sp"] = standardAndPoors[notch]
	}
	return notch
}

// reference is what a position refers to.
type reference struct{ id, kind string }

var (
	families   = []string{"Alder Creek", "Blackthorn", "Carrick", "Dovetail", "Eastmoor", "Farrow", "Glenhaven", "Hathersage", "Inverlay", "Jessop"}
	industries = []struct{ name, kind, sector string }{
		{"Steel Corp", "corporate", "materials"}, {"Motors Inc", "corporate", "consumer_cyclical"}, {"Power & Light", "corporate", "utilities"},
		{"Telecom Inc", "corporate", "communications"}, {"Retail Stores", "corporate", "consumer_cyclical"}, {"Foods Inc", "corporate", "consumer_staples"},
		{"Chemicals plc", "corporate", "materials"}, {"Airlines Inc", "corporate", "industrials"}, {"Health Systems", "corporate", "health_care"},
		{"Media Group", "corporate", "communications"}, {"Petroleum Corp", "corporate", "energy"}, {"Paper Co", "corporate", "materials"},
		{"Bancorp", "financial", "financials"}, {"Insurance Group", "financial", "financials"}, {"Consumer Finance", "financial", "financials"},
		{"Airlines Inc term loan B", "loan", "industrials"}, {"Media Group term loan B", "loan", "communications"},
		{"Home Equity 2006-2 M1", "asset_backed", "mortgages"}, {"Auto Receivables 2007-1 C", "asset_backed", "auto_loans"},
	}
	nations = []string{
		"Republic of Aldoria", "Kingdom of Brenmark", "Federation of Casmere", "Republic of Dastria", "Commonwealth of Esker", "Republic of Farangia",
		"Principality of Gorm", "Republic of Halvania", "State of Istrava", "Republic of Jorvik",
	}
)

// references gives the reference entities of one grade: the file tells the
// agencies' letters, the line of the table follows from them.
func references() (byRating [2][]reference) {
	records, lines := referencesWithLines()
	for i, r := range records {
		if r["valid_until"] == "" {
			byRating[lines[i]] = append(byRating[lines[i]], reference{r["reference_entity_id"], r["kind"]})
		}
	}
	return byRating
}

func referenceRecords() []record {
	records, _ := referencesWithLines()
	return records
}

// referencesWithLines gives the records and, beside each, its line of the
// rating block.
func referencesWithLines() (records []record, lines []int) {
	add := func(r record, line int) { records, lines = append(records, r), append(lines, line) }
	number := 0
	one := func(name, group, kind, sector, country string) {
		number++
		r := record{"reference_entity_id": fmt.Sprintf("R%03d", number), "name": name, "hedge_group": group, "kind": kind, "sector": sector, "country": country}
		switch number % 20 {
		case 4: // rated by nobody but ourselves
			r["internal_grade"] = "investment"
			add(r, investment)
		case 9:
			r["internal_grade"] = "non_investment"
			add(r, nonInvestment)
		case 14: // rated by nobody: shown with non-investment grade
			add(r, nonInvestment)
		case 19: // a fallen angel: two records, of which the later one holds
			before := record{"valid_until": "2009-06-30"}
			for column, value := range r {
				before[column] = value
			}
			add(before, lineOf(rate(before, 9, number)))
			r["valid_from"] = "2009-07-01"
			add(r, lineOf(rate(r, 12, number)))
		default:
			notch := 2 + number*7%17
			if kind == "loan" {
				notch = max(notch, 11)
			}
			add(r, lineOf(rate(r, notch, number/3)))
		}
	}
	for i, family := range families {
		for _, industry := range industries {
			country := []string{"US", "US", "US", "GB", "CA"}[(i+len(industry.name))%5]
			company, _, _ := strings.Cut(family+" "+industry.name, " term loan")
			one(family+" "+industry.name, company, industry.kind, industry.sector, country)
		}
	}
	for _, nation := range nations {
		one(nation, nation, "sovereign", "government", "")
	}
	return records, lines
}

func lineOf(notch int) int {
	if notch <= 10 {
		return investment
	}
	return nonInvestment
}

// indexFamilies with how many names each holds and how many of them defaulted
// in a series, by the years that the series has lived.
var indexFamilies = []struct {
	name              string
	line              int
	names             int
	defaultsInTenYear int
}{
	{"CDX.NA.IG", investment, 125, 4}, {"CDX.NA.IG.HVOL", investment, 30, 3}, {"CDX.NA.HY", nonInvestment, 100, 20}, {"CDX.NA.XO", nonInvestment, 35, 5},
}

const (
	firstSeries, lastSeries = 3, 15
)

// version of a series at the end of 2010: one more than its defaults.
func version(family, series int) int {
	return 1 + indexFamilies[family].defaultsInTenYear*(lastSeries-series)/20
}

func indexRecords() (list []record) {
	for f, family := range indexFamilies {
		for series := firstSeries; series <= lastSeries; series++ {
			for v := 1; v <= version(f, series); v++ {
				factor := float64(family.names-v+1) / float64(family.names)
				list = append(list, record{
					"index_name": family.name, "index_series": strconv.Itoa(series), "index_version": strconv.Itoa(v),
					"index_factor": strconv.FormatFloat(factor, 'f', 8, 64), "grade": []string{"investment", "non_investment"}[family.line],
				})
			}
		}
	}
	return list
}

// bookRecords are our books. The flow books have no purpose of their own: there
// the trade says it.
var bookRecords = []record{
	{"book": "CPM-COMMITMENTS", "desk": "portfolio management", "strategy": "loan hedging", "purpose": "CPM", "detail": "commitment"},
	{"book": "CPM-LOANS", "desk": "portfolio management", "strategy": "loan hedging", "purpose": "CPM", "detail": "loan"},
	{"book": "FINANCING", "desk": "financing", "strategy": "total return", "purpose": "CLIENT"},
	{"book": "FLOW-LONDON", "desk": "flow credit", "strategy": "market making"},
	{"book": "FLOW-NEW-YORK", "desk": "flow credit", "strategy": "market making"},
	{"book": "INDEX", "desk": "index trading", "strategy": "index arbitrage", "purpose": "TRADING"},
	{"book": "STRUCTURED", "desk": "structured credit", "strategy": "correlation", "purpose": "TRADING"},
}

// ofKind picks the references of the given kinds.
func ofKind(list []reference, kinds ...string) []reference {
	return slices.DeleteFunc(slices.Clone(list), func(r reference) bool { return !slices.Contains(kinds, r.kind) })
}
