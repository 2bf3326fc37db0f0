package main

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"comment11/internal/position"
)

const input = "../../testdata/cases/citi-2010/input"

func TestCommittedFilesAreWhatTheProgramWrites(t *testing.T) {
	files, err := book()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(input, name))
		if err != nil {
			t.Fatalf("%v; run go run ./scripts/citi-2010 from the root of the repository", err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what the program writes; run go run ./scripts/citi-2010 from the root of the repository", name)
		}
	}
}

// The figures are held here a second time, as they are printed: the constants
// of the program are arranged otherwise.
var printed = map[string][4]int64{ // receivable, payable, beneficiary, guarantor
	"Bank": {37586, 35727, 820211, 784080}, "Broker-dealer": {15428, 16239, 319625, 312131}, "Monoline": {1914, 2, 4409, 0},
	"Non-financial": {93, 70, 1277, 1463}, "Insurance and other financial institutions": {10108, 7760, 177171, 125442},
	"Total by industry/counterparty":   {65129, 59798, 1322693, 1223116},
	"Credit default swaps and options": {64840, 58225, 1301514, 1221211}, "Total return swaps and other": {289, 1573, 21179, 1905},
	"Total by instrument": {65129, 59798, 1322693, 1223116},
	"Investment grade":    {20480, 17281, 598179, 532283}, "Non-investment grade (1)": {44649, 42517, 724514, 690833},
	"Total by rating": {65129, 59798, 1322693, 1223116},
	"Within 1 year":   {1716, 1817, 164735, 162075}, "From 1 to 5 years": {33853, 34298, 935632, 853808}, "After 5 years": {29560, 23683, 222326, 207233},
	"Total by maturity": {65129, 59798, 1322693, 1223116},
}

func TestBookAddsUpToThePublishedTable(t *testing.T) {
	got := map[string][4]int64{}
	byStand := map[string][2]int64{}
	for _, p := range readPositions(t) {
		lines := []string{p.counterpartyLine(t), p.instrumentLine(), p.ratingLine(t), p.maturityLine(),
			"Total by industry/counterparty", "Total by instrument", "Total by rating", "Total by maturity"}
		notional, value := cents(t, p.record["notional"]), cents(t, p.record["fair_value"])
		for _, line := range lines {
			sums := got[line]
			sums[p.notionalColumn(t)] += notional
			sums[0] += max(value, 0)
			sums[1] += max(-value, 0)
			got[line] = sums
		}
		stand := p.record["designation"] + " " + []string{2: "bought", 3: "sold"}[p.notionalColumn(t)]
		byStand[stand] = [2]int64{byStand[stand][0] + max(value, 0), byStand[stand][1] + max(-value, 0)}
	}
	want := map[string][4]int64{}
	for line, millions := range printed {
		for i := range millions {
			millions[i] *= million
		}
		want[line] = millions
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cents by line and column, published - book +:\n%s", diff)
	}
	wantByStand := map[string][2]int64{
		"trading bought": {42403 * million, 23503 * million}, "trading sold": {22638 * million, 35958 * million}, "management_hedge bought": {88 * million, 337 * million},
	}
	if diff := cmp.Diff(wantByStand, byStand); diff != "" {
		t.Errorf("cents by designation and direction, published - book +:\n%s", diff)
	}
}

func TestConstantsAreThePublishedFile(t *testing.T) {
	path := "../../../shared/data/published/citigroup_10k2010_credit_derivatives_by_counterparty_and_form.tsv"
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the published file is not beside this repository; its figures are held as constants alone")
	}
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][4]int64{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if fields[0] != "2010-12-31" {
			continue
		}
		var figures [4]int64
		for i, figure := range fields[3:] {
			if figure != "—" {
				figures[i] = cents(t, figure+".00") / 100
			}
		}
		got[fields[2]] = figures
	}
	if diff := cmp.Diff(got, printed); diff != "" {
		t.Errorf("published - constants +:\n%s", diff)
	}
}

func TestPositionsKeepTheContract(t *testing.T) {
	contract, _ := position.Find("positions")
	seen := map[string]bool{}
	for _, p := range readPositions(t) {
		id := p.record["position_id"]
		for name, value := range p.record {
			column, ok := contract.Column(name)
			if !ok {
				t.Fatalf("column %s is not in the contract", name)
			}
			if value == "" && column.Has(position.Required) || value != "" && column.Values != nil && !slices.Contains(column.Values, value) {
				t.Errorf("%s: %s: %q is not one of %v", id, name, value, column.Values)
			}
			seen[name+"="+value] = true
		}
		if last := p.lastDate(); p.record["trade_date"] > "2010-12-31" || last < "2010-12-31" || p.record["maturity_date"] < last {
			t.Errorf("%s: traded %s, ends %s: not open at 2010-12-31", id, p.record["trade_date"], last)
		}
		if (p.record["index_name"] != "" || p.record["attachment_point"] != "") && p.record["notional_basis"] != "current" {
			t.Errorf("%s: an index or tranche without notional_basis", id)
		}
		if notional, value := cents(t, p.record["notional"]), cents(t, p.record["fair_value"]); value == 0 || notional < max(value, -value) {
			t.Errorf("%s: fair value %s of a notional of %s", id, p.record["fair_value"], p.record["notional"])
		}
	}
	for _, wanted := range []string{
		"maturity_date=2011-12-31", "maturity_date=2012-01-01", "maturity_date=2015-12-31", "maturity_date=2016-01-01", "trade_date=2010-12-31",
		"product=CDS", "product=CDX", "product=CDX_TRANCHE", "product=NTD", "product=BESPOKE", "product=LCDS", "product=ABCDS", "product=CDSOPT", "product=TRS",
		"role=option_buyer", "role=option_seller", "option_type=payer", "option_type=receiver", "definitions=1999",
	} {
		if !seen[wanted] {
			t.Errorf("no position has %s", wanted)
		}
	}
}

func TestCutLosesNoCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1e16).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(1, 1e12), 1, 50).Draw(t, "weights")
		sum, left := new(big.Int), total
		for _, w := range weights {
			sum.Add(sum, big.NewInt(w))
		}
		for i, part := range cut(total, weights) {
			left -= part
			share := new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i]))
			if off := part - share.Quo(share, sum).Int64(); off < 0 || off >= int64(len(weights)) {
				t.Errorf("part %d is %d cents from its share", i, off)
			}
		}
		if left != 0 {
			t.Errorf("%d cents lost", left)
		}
	})
}

// held is a position with what the other files say of it. The lines of the
// table are worked out from the files alone, not from the program's own cells.
type held struct {
	record         record
	counterparties map[string]record
	references     map[string]record
	indices        map[string]record
}

func readPositions(t *testing.T) []held {
	t.Helper()
	by := func(file string, columns ...string) map[string]record {
		keyed := map[string]record{}
		for _, r := range readCSV(t, file) {
			if until := r["valid_until"]; until != "" && until < "2010-12-31" {
				continue
			}
			var key []string
			for _, column := range columns {
				key = append(key, r[column])
			}
			if _, repeated := keyed[strings.Join(key, " ")]; repeated {
				t.Fatalf("%s: %v is there twice", file, key)
			}
			keyed[strings.Join(key, " ")] = r
		}
		return keyed
	}
	counterparties, references := by("counterparties.csv", "counterparty_id"), by("reference_entities.csv", "reference_entity_id")
	indices, books := by("indices.csv", "index_name", "index_series", "index_version"), by("books.csv", "book")
	var list []held
	for id, r := range by("positions.csv", "position_id") {
		if books[r["book"]] == nil || r["purpose_code"] == "" && books[r["book"]]["purpose"] == "" {
			t.Errorf("%s: neither the trade nor the book %q says the purpose", id, r["book"])
		}
		list = append(list, held{r, counterparties, references, indices})
	}
	return list
}

func readCSV(t *testing.T, file string) []record {
	t.Helper()
	f, err := os.Open(filepath.Join(input, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []record
	for _, line := range lines[1:] {
		r := record{}
		for i, column := range lines[0] {
			r[column] = line[i]
		}
		list = append(list, r)
	}
	return list
}

func (p held) counterpartyLine(t *testing.T) string {
	c := p.counterparties[p.record["counterparty_id"]]
	switch c["type"] {
	case "bank":
		return "Bank"
	case "broker_dealer":
		return "Broker-dealer"
	case "monoline":
		return "Monoline"
	case "non_financial", "sovereign":
		return "Non-financial"
	case "insurance", "hedge_fund", "ccp", "special_purpose", "other_financial":
		return "Insurance and other financial institutions"
	}
	t.Fatalf("%s: counterparty %q has type %q", p.record["position_id"], p.record["counterparty_id"], c["type"])
	return ""
}

func (p held) instrumentLine() string {
	if strings.HasPrefix(p.record["role"], "total_return") {
		return "Total return swaps and other"
	}
	return "Credit default swaps and options"
}

// ratingLine follows the rule: an index has its own grade, a tranche or basket
// the trade's, a name the middle of three agencies, the lower of two, the one,
// else our own grade; investment from BBB- and Baa3.
func (p held) ratingLine(t *testing.T) string {
	r := p.record
	reference := p.references[r["reference_entity_id"]]
	var grade string
	switch {
	case r["index_name"] != "" && r["attachment_point"] == "":
		grade = p.indices[r["index_name"]+" "+r["index_series"]+" "+r["index_version"]]["grade"]
		if grade == "" {
			t.Fatalf("%s: index %s %s version %s has no grade", r["position_id"], r["index_name"], r["index_series"], r["index_version"])
		}
	case r["basket_id"] != "" || r["index_name"] != "":
		grade = gradeOf(t, r["reference_rating"])
	default:
		grade = gradeOf(t, reference["rating_sp"], reference["rating_moodys"], reference["rating_fitch"])
		if reference == nil {
			t.Fatalf("%s: unknown reference entity %q", r["position_id"], r["reference_entity_id"])
		}
		if grade == "" {
			grade = reference["internal_grade"]
		}
	}
	if grade == "investment" {
		return "Investment grade"
	}
	return "Non-investment grade (1)"
}

func gradeOf(t *testing.T, letters ...string) string {
	var notches []int
	for _, l := range letters {
		if l != "" {
			notches = append(notches, max(slices.Index(standardAndPoors, l), slices.Index(moodys, l)))
		}
	}
	slices.Sort(notches)
	switch {
	case len(notches) == 0:
		return ""
	case notches[0] < 1:
		t.Fatalf("unknown rating among %q", letters)
		return ""
	case notches[len(notches)/2] <= slices.Index(standardAndPoors, "BBB-"):
		return "investment"
	default:
		return "non_investment"
	}
}

func (p held) maturityLine() string {
	switch last := p.lastDate(); {
	case last <= "2011-12-31":
		return "Within 1 year"
	case last <= "2015-12-31":
		return "From 1 to 5 years"
	default:
		return "After 5 years"
	}
}

// lastDate is the day that remaining maturity is measured to: of an option its
// own expiry.
func (p held) lastDate() string {
	if expiry := p.record["option_expiry_date"]; expiry != "" {
		return expiry
	}
	return p.record["maturity_date"]
}

// notionalColumn is the column of the table that the direction means: 2 for
// beneficiary, 3 for guarantor.
func (p held) notionalColumn(t *testing.T) int {
	columns := map[string]int{
		"buyer": 2, "option_buyer": 2, "total_return_payer": 2,
		"seller": 3, "option_seller": 3, "total_return_receiver": 3,
	}
	column, ok := columns[p.record["role"]]
	if !ok {
		t.Fatalf("%s: role %q; expected one of %v", p.record["position_id"], p.record["role"], slices.Sorted(maps.Keys(columns)))
	}
	return column
}

func cents(t *testing.T, amount string) int64 {
	t.Helper()
	dollars, decimals, _ := strings.Cut(amount, ".")
	value, err := strconv.ParseInt(dollars+decimals, 10, 64)
	if err != nil || len(decimals) != 2 {
		t.Fatalf("%q is not an amount with cents", amount)
	}
	return value
}
