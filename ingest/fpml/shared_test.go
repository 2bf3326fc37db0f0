package fpml

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"comment11/internal/document"
)

// sharedData is real data that is no part of the repository.
const sharedData = "../../../shared/data"

// decoded are the rows of a text as a decoder hands them on, by column.
func decoded(t testing.TB, format document.Format, text []byte) []map[string]string {
	t.Helper()
	var rows []map[string]string
	summary, err := format.Decode(bytes.NewReader(text), func(batch arrow.RecordBatch) error {
		for i := range int(batch.NumRows()) {
			row := map[string]string{}
			for c, field := range batch.Schema().Fields() {
				if column := batch.Column(c).(*array.String); column.IsValid(i) {
					row[field.Name] = column.Value(i)
				}
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, counted, err := format.Count(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if counted != summary.Records-summary.Additional || summary.Records != int64(len(rows)) {
		t.Errorf("%d records by the text alone, %d rows decoded, of them %d additional, %d handed on", counted, summary.Records, summary.Additional, len(rows))
	}
	for _, row := range rows {
		switch outcome, rejected := row[document.OutcomeColumn], strings.Contains(row[document.FaultsColumn], document.FieldSeparator+"reject"); {
		case row[document.PathColumn] == "":
			t.Errorf("a row without a path: %v", row)
		case outcome == document.Position && row[document.ReasonColumn] == "" && !rejected:
		case outcome == document.Excluded && row[document.ReasonColumn] != "" && !rejected:
		case outcome == document.Rejected && row[document.ReasonColumn] == "" && rejected:
		default:
			t.Errorf("a row that is not exactly one of position, excluded with a reason and rejected with a fault: %v", row)
		}
	}
	return rows
}

// skipWithout skips where a file of the shared data is absent.
func skipWithout(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the shared data is not at %s", path)
	}
}

// partyIDs are the identifiers of a document's parties by their references.
func partyIDs(t *testing.T, text []byte) map[string]string {
	t.Helper()
	found := map[string]string{}
	format := New(Options{})
	format.Open = func(int) document.Reader { return partyReader{found} }
	if _, err := format.Decode(bytes.NewReader(text), func(arrow.RecordBatch) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return found
}

type partyReader struct{ found map[string]string }

func (partyReader) Record(*document.Node, string) {}
func (r partyReader) Rows(root *document.Node) []document.Row {
	for reference, p := range parties(root) {
		r.found[reference] = p.id()
	}
	return nil
}

// TestAnswerKey compares side and instrument of every document that FINOS CDM has
// read with CDM's reading, once for each party as ours.
func TestAnswerKey(t *testing.T) {
	answers := filepath.Join(sharedData, "fpml-answers", "pairs-5-13.tsv")
	skipWithout(t, answers)
	file, err := os.Open(answers)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes = '\t', true
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		name, buyer, seller, taxonomy := filepath.Base(line[0]), line[4], line[5], line[10]
		text, err := os.ReadFile(filepath.Join(sharedData, "fpml", "cdm-5-13", name))
		if err != nil {
			t.Fatal(err)
		}
		ids := partyIDs(t, text)
		for _, side := range []struct{ party, want string }{{buyer, "bought"}, {seller, "sold"}} {
			rows := decoded(t, New(Options{Parties: []string{ids[side.party]}}), text)
			if len(rows) != 1 || rows[0][document.OutcomeColumn] != document.Position {
				t.Errorf("%s, ours is %s: %v", name, side.party, rows)
				continue
			}
			if got := economicDirection(rows[0]); got != side.want {
				t.Errorf("%s: ours is %s: %s, expected %s", name, side.party, got, side.want)
			}
			if got := taxonomyOf(rows[0]["product"]); got != taxonomy && !strings.HasSuffix(taxonomy, got) {
				t.Errorf("%s: product %s, expected of class %s", name, rows[0]["product"], taxonomy)
			}
		}
	}
}

// economicDirection is protection from our side, an option's by what it gives the
// right to.
func economicDirection(row map[string]string) string {
	switch row["role"] + " " + row["option_type"] {
	case "buyer ", "option_buyer payer", "option_seller receiver":
		return "bought"
	case "seller ", "option_seller payer", "option_buyer receiver":
		return "sold"
	}
	return row["role"] + " " + row["option_type"]
}

// taxonomyOf is CDM's class of our products; loans and mortgages are single names to it.
func taxonomyOf(product string) string {
	return map[string]string{
		"CDS": "CreditDefaultSwap_SingleName", "LCDS": "CreditDefaultSwap_SingleName", "ABCDS": "CreditDefaultSwap_SingleName",
		"CDS_INDEX": "CreditDefaultSwap_Index", "INDEX_TRANCHE": "CreditDefaultSwap_IndexTranche",
		"NTD": "CreditDefaultSwap_Basket", "BESPOKE_TRANCHE": "CreditDefaultSwap_Basket",
		"CDS_OPTION": "CreditDefaultSwaption", "CDS_INDEX_OPTION": "CreditDefaultSwaption",
	}[product]
}

// TestRealDocuments reads every public document, with all of its parties as ours
// in turn: each is accounted for, whatever it is.
func TestRealDocuments(t *testing.T) {
	skipWithout(t, filepath.Join(sharedData, "fpml"))
	files, err := filepath.Glob(filepath.Join(sharedData, "fpml", "*", "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range partyIDs(t, text) {
			for _, row := range decoded(t, New(Options{Parties: []string{id}}), text) {
				outcomes[row[document.OutcomeColumn]+" "+row[document.ReasonColumn]+strings.SplitN(row[document.FaultsColumn], document.FieldSeparator, 2)[0]]++
			}
		}
	}
	t.Logf("%d documents: %v", len(files), outcomes)
	for _, bad := range []string{document.Malformed, document.UnknownDocument, UnsupportedProduct, UnsupportedMessage} {
		if n := outcomes[document.Rejected+" "+bad]; n > 0 {
			t.Errorf("%d records of valid documents are rejected as %s", n, bad)
		}
	}
}
