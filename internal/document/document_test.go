package document

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

// items is a format whose records are items with a text; that of a pair is two.
func items() Format {
	return Format{Records: map[string]int{"item": 1, "pair": 2}, Limits: Limits{Bytes: 400, Depth: 4, Elements: 10, Records: 5},
		Columns: []string{"text"}, Open: func(number int) Reader { return &itemReader{number: number} }}
}

type itemReader struct {
	number int
	rows   []Row
}

func (r *itemReader) Record(n *Node, path string) {
	r.rows = append(r.rows, Row{Outcome: Position, Path: path, Values: []string{n.Text + n.TextAt("name")}})
	if n.Name == "pair" {
		r.rows = append(r.rows, r.rows[len(r.rows)-1])
	}
}

func (r *itemReader) Rows(root *Node) []Row {
	if len(r.rows) == 0 {
		return []Row{{Outcome: Excluded, Reason: "empty", Path: fmt.Sprintf("%d:/%s", r.number, root.Name), Values: []string{root.Attribute("id")}}}
	}
	return r.rows
}

// described are the rows of a text in one line each, and what Count says.
func described(t *testing.T, f Format, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	summary, err := f.Decode(bytes.NewReader(text), func(batch arrow.RecordBatch) error {
		for i := range int(batch.NumRows()) {
			for c := range int(batch.NumCols()) {
				fmt.Fprintf(&b, "%s|", strings.NewReplacer(FieldSeparator, "~", FaultSeparator, "^", "(null)", "").Replace(batch.Column(c).ValueStr(i)))
			}
			b.WriteString("\n")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	documents, records, err := f.Count(bytes.NewReader(text))
	if err != nil || documents != summary.Documents || records != summary.Records {
		t.Errorf("Count: %d documents, %d records; Decode: %d, %d (%v)", documents, records, summary.Documents, summary.Records, err)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"one document", `<list><item> a&amp;b </item><pair><name><![CDATA[<c>]]></name></pair></list>`,
			"1:/list/item[1]|position|||a&b|\n1:/list/pair[1]|position|||<c>|\n1:/list/pair[1]|position|||<c>|\n"},
		{"a comment and a CDATA section are within a text and do not part it", `<list><item>AT<![CDATA[&]]>T <![CDATA[Inc]]></item><item> 10<!-- million -->000000 </item></list>`,
			"1:/list/item[1]|position|||AT&T Inc|\n1:/list/item[2]|position|||10000000|\n"},
		{"prefixes, nested records and what is within comments do not count", `<x:list><!-- <item/> --><x:item><item><name>in</name></item></x:item><part><item>a</item></part></x:list>`,
			"1:/list/item[1]|position||||\n1:/list/part/item[1]|position|||a|\n"},
		{"no record", `<list id="7"/>`, "1:/list|excluded|empty||7|\n"},
		{"several documents, a bad one among them", "\xEF\xBB\xBF<?xml version='1.0'?><list><item>a</item></list>\n<?xml version='1.0'?><list><item>b</item><item></list>\n<?xml version='1.0'?>\n<list><item>c</item></list>",
			"1:/list/item[1]|position|||a|\n2: record 1|rejected||malformed_document~document~byte 54: </list> closes no open element~reject||\n" +
				"2: record 2|rejected||malformed_document~document~byte 54: </list> closes no open element~reject||\n3:/list/item[1]|position|||c|\n"},
		{"a byte order mark before each document", "\xEF\xBB\xBF<?xml version='1.0'?><list><item>a</item></list>\n\xEF\xBB\xBF<?xml version='1.0'?><list><item>b</item></list>\xEF\xBB\xBF",
			"1:/list/item[1]|position|||a|\n2:/list/item[1]|position|||b|\n"},
		{"UTF-16, least byte first", utf16Text(binary.LittleEndian, "\uFEFF<?xml version='1.0' encoding='UTF-16'?><list><item>é €\U0001F600</item></list>"), "1:/list/item[1]|position|||é €\U0001F600|\n"},
		{"UTF-16, greatest byte first, without a mark", utf16Text(binary.BigEndian, "<?xml version='1.0' encoding='utf-16'?><list><item>a</item></list><?xml version='1.0'?><list><item>b</item></list>"),
			"1:/list/item[1]|position|||a|\n2:/list/item[1]|position|||b|\n"},
		{"UTF-16LE by name, without a mark", utf16Text(binary.LittleEndian, "<?xml version='1.0' encoding='UTF-16LE'?><list><item>a</item></list>"), "1:/list/item[1]|position|||a|\n"},
		{"UTF-16 that breaks off within a character", utf16Text(binary.LittleEndian, "\uFEFF<list/>") + "\x20", "1:|rejected||malformed_document~document~byte 10: text outside of the root element~reject||\n"},
		{"breaks off", `<list><item>a</item>`, "1:|rejected||malformed_document~document~the document breaks off within list~reject||\n"},
		{"not XML", "position_id,notional\n1,2\n", "1:|rejected||malformed_document~document~byte 25: text outside of the root element~reject||\n"},
		{"two roots", `<list/><list/>`, "1:|rejected||malformed_document~document~a second root element, list~reject||\n"},
		{"attribute twice", `<list a="1" a="2"/>`, "1:|rejected||malformed_document~document~an attribute stands twice on list~reject||\n"},
		{"document type", `<!DOCTYPE list [<!ENTITY e SYSTEM "file:///etc/passwd">]><list><item>&e;</item></list>`,
			"1:|rejected||document_type_declared~document~DOCTYPE list [<!ENTITY e SYSTEM \"file:///etc/passwd\">]~reject||\n"},
		{"unknown entity", `<list><item>&e;</item></list>`, "1:|rejected||malformed_document~document~XML syntax error on line 1: invalid character entity &e;~reject||\n"},
		{"too deep", `<list><item><a><b><c/></b></a></item></list>`, "1:|rejected||document_too_deep~document~more than 4 elements within each other~reject||\n"},
		{"too many records", `<list><pair/><pair/><pair/></list>`, "1:|rejected||too_many_records~document~more than 5 records~reject||\n"},
		{"too many elements", `<list><item>` + strings.Repeat("<a/>", 20) + `</item></list>`,
			"1:|rejected||too_many_elements~document~more than 10 elements beside those of its records, or in one of them~reject||\n"},
		{"too large", `<?xml version="1.0"?><list>` + strings.Repeat(" ", 500) + `</list><?xml version="1.0"?><list><item>a</item></list>`,
			"1:|rejected||document_too_large~document~more than 400 bytes~reject||\n2:/list/item[1]|position|||a|\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, described(t, items(), strings.NewReader(test.text))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// utf16Text is a text in UTF-16.
func utf16Text(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestDocumentsAcrossBlocks: where a block of the file ends is nothing that the
// rows know of.
func TestDocumentsAcrossBlocks(t *testing.T) {
	f := items()
	const documents = 15_000 // more than the first blocks hold
	var text, want strings.Builder
	for i := range documents {
		fmt.Fprintf(&text, "<?xml version=\"1.0\"?><list><item>%d</item></list>%s\n", i, strings.Repeat(" ", i%17))
		fmt.Fprintf(&want, "%d:/list/item[1]|position|||%d|\n", i+1, i)
	}
	got := described(t, f, strings.NewReader(text.String()))
	if got != want.String() {
		t.Errorf("%d bytes of rows, expected %d", len(got), want.Len())
	}
	f.Limits.Bytes = 30
	text.Reset()
	text.WriteString(strings.Repeat("x", 2*blockSize) + "<?xml version='1.0'?><list/>")
	if got := described(t, f, strings.NewReader(text.String())); got != "1:|rejected||document_too_large~document~more than 30 bytes~reject||\n2:/list|excluded|empty|||\n" {
		t.Errorf("after a document that is too large: %s", got)
	}
}

func TestSpelling(t *testing.T) {
	for _, test := range []struct{ what, got, want string }{
		{"noughts beyond the cents", Amount("500000.00000000"), "500000.00"}, {"signs", Amount("+007.5"), "7.5"}, {"nil", Amount("-0.000"), "0.00"},
		{"a third decimal stays, to be rejected", Amount("1.005"), "1.005"}, {"no number", Amount("1e5"), "1e5"}, {"empty", Amount(""), ""}, {"point", Amount("."), "."},
		{"no whole part", Rate(".02"), "0.02"}, {"rate", Rate("0.0500000000"), "0.05000000"}, {"percent", Percent("1.00000000"), "0.01000000"},
		{"percent of few digits", Percent("-5"), "-0.05"}, {"percent of many", Percent("123.5"), "1.235"}, {"negated", Negated("-1.50"), "1.50"},
		{"negated nil", Negated("0"), "0"}, {"negated positive", Negated("3"), "-3"}, {"negated nonsense", Negated("x"), "x"},
		{"zone Z", Date("2004-01-24Z"), "2004-01-24"}, {"zone", Date("2004-10-10+05:00"), "2004-10-10"}, {"a time is no date", Date("2004-10-10T05:00"), "2004-10-10T05:00"},
		{"instant", Instant("2009-06-08T10:03:09.000-08:00"), "2009-06-08T18:03:09.000000000Z"}, {"without zone", Instant("2004-06-01T21:23:00"), "2004-06-01T21:23:00.000000000Z"},
		{"no instant", Instant("yesterday"), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, expected %q", test.what, test.got, test.want)
		}
	}
}
