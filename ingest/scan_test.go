package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"comment11/internal/store"
)

var comma = dialect{delimiter: ',', quote: '"'}

// scanText scans a text as a file.
func scanText(t testing.TB, d dialect, text string) (scanned, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return scanFile(path, d, 2)
}

func TestScan(t *testing.T) {
	for _, test := range []struct {
		name, text string
		d          dialect
		records    int64
		faults     []structuralFault
		refused    string // reason
	}{
		{name: "plain", text: "a,b\n1,2\n3,4\n", d: comma, records: 2},
		{name: "no last line end", text: "a,b\n1,2\n3,4", d: comma, records: 2},
		{name: "byte order mark, CRLF, blank lines", text: "\uFEFF\r\na,b\r\n\r\n1,2\r\n\r\n", d: comma, records: 1},
		{name: "quoted line end, delimiter and quote", text: "a,b\n\"1\n,\"\"\",2\n3,4\n", d: comma, records: 2},
		{name: "line ends differ inside of quotes only", text: "a,b\n\"1\r\n\",2\n", d: comma, records: 1},
		{name: "a quote that opens nothing", text: "a,b\n1 2\" pipe,2\n", d: comma, records: 1},
		{name: "quotes that mean nothing", text: "a\tb\n\"1\t2\n", d: dialect{delimiter: '\t'}, records: 1},
		{name: "one column", text: "a\n1\n\n2\n", d: comma, records: 2},
		{name: "last line is empty fields", text: "a,b\n,\n", d: comma, records: 1},
		{name: "trailing delimiter", text: "a,b,\n1,2,\n", d: dialect{delimiter: ',', quote: '"', trailingDelimiter: true}, records: 1},
		{name: "too few, too many", text: "a,b\n1\n1,2\n1,2,3\n", d: comma, records: 3, faults: []structuralFault{
			{record: 1, reason: tooFewFields, fields: 1, text: "1"}, {record: 3, reason: tooManyFields, fields: 3, text: "1,2,3"}}},
		{name: "extra empty fields", text: "a,b\n1,2,,\n", d: comma, records: 1, faults: []structuralFault{
			{record: 1, reason: tooManyFields, fields: 4, text: "1,2,,"}}},
		{name: "not UTF-8", text: "a,b\n1,\xE9\n1,é\n", d: comma, records: 2, faults: []structuralFault{
			{record: 1, reason: invalidUTF8, fields: 2, text: "1,\uFFFD"}}},
		{name: "text after a closing quote", text: "a,b\n\"1\"x,2\n", d: comma, records: 1, faults: []structuralFault{
			{record: 1, reason: misplacedQuote, fields: 2, text: "\"1\"x,2"}}},
		{name: "blank before an opening quote", text: "a,b\n1, \"x\n3,y\"\n 1,\t\"2\"\n", d: comma, records: 3, faults: []structuralFault{
			{record: 1, reason: misplacedQuote, fields: 2, text: "1, \"x"}}},
		{name: "carriage return behind a quote in a text", text: "a,b\n1\"1,2\r2\n", d: comma, refused: "mixed_line_ends"},
		{name: "carriage return in a quoted field", text: "a,b\n\"1\r1\",2\n", d: comma, records: 1},
		{name: "quote not closed", text: "a,b\n1,\"2\n3,4\n", d: comma, refused: "unclosed_quote"},
		{name: "empty", text: "", d: comma, refused: emptyFile},
		{name: "blank lines only", text: "\n\n", d: comma, refused: emptyFile},
		{name: "NUL", text: "a,b\n1,\x00\n", d: comma, refused: "nul_byte"},
		{name: "UTF-16", text: "\xFF\xFEa\x00,\x00b\x00", d: comma, refused: "utf_16"},
		{name: "UTF-16 without a mark", text: "a\x00,\x00b\x00\n\x001\x00,\x002\x00", d: comma, refused: "utf_16"},
		{name: "mixed line ends", text: "a,b\r\n1,2\n", d: comma, refused: "mixed_line_ends"},
		{name: "carriage returns alone", text: "a,b\r1,2\r", d: comma, refused: "mixed_line_ends"},
		{name: "semicolons", text: "a;b\n1;2\n", d: comma, refused: "wrong_delimiter"},
		{name: "a name twice", text: "a,A\n1,2\n", d: comma, refused: "repeated_column"},
		{name: "a name missing", text: "a,\n1,2\n", d: comma, refused: "unnamed_column"},
		{name: "header not UTF-8", text: "a,\xE9\n1,2\n", d: comma, refused: "invalid_header"},
		{name: "a record without end", text: "a,b\n" + strings.Repeat("x", 2*chunkSize), d: comma, refused: "record_too_long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := scanText(t, test.d, test.text)
			var refused *refusal
			switch {
			case errors.As(err, &refused):
				if refused.reason != test.refused {
					t.Errorf("refused for %s: %v", refused.reason, err)
				}
				return
			case err != nil:
				t.Fatal(err)
			case test.refused != "":
				t.Fatalf("not refused for %s", test.refused)
			}
			if diff := cmp.Diff(test.faults, got.faults, cmp.AllowUnexported(structuralFault{})); diff != "" || got.records != test.records {
				t.Errorf("%d records, expected %d; faults (- want, + got) %s", got.records, test.records, diff)
			}
		})
	}
}

// TestScanCompressed holds that compression changes nothing but the hash.
func TestScanCompressed(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,\"2\n3\"\n", 3) + "1\n"
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{g, z} {
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string][]byte{"t.csv": []byte(text), "t.csv.gz": gz.Bytes(), "t.csv.zst": zst.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := scanFile(path, comma, 2)
		if err != nil {
			t.Fatal(name, err)
		}
		if got.records != 4 || len(got.faults) != 1 || got.bytes != int64(len(content)) {
			t.Errorf("%s: %+v", name, got)
		}
		if err := os.WriteFile(path, content[:len(content)-4], 0o600); err != nil {
			t.Fatal(err)
		}
		var refused *refusal
		if _, err := scanFile(path, comma, 2); name != "t.csv" && (!errors.As(err, &refused) || refused.reason != "unreadable_file") {
			t.Errorf("%s breaks off: %v", name, err)
		}
	}
}

// TestScannerAndEngineAgree draws files with every oddity that a reader may
// know; the scanner, encoding/csv and the engine must read the same records.
func TestScannerAndEngineAgree(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		header, records, text := drawFile(t)
		path := filepath.Join(folder, "drawn.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := scanFile(path, comma, 2)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got.records != int64(len(records)) || len(got.faults) != 0 || cmp.Diff(header, got.header) != "" {
			t.Fatalf("%q: %d records under %q, faults %v; expected %d", text, got.records, got.header, got.faults, len(records))
		}
		file := File{Name: "drawn.csv", path: path, unsound: got.unsound, head: got.head, body: got.body, textBytes: got.textBytes}
		sound, end, err := part{file: &file, from: got.body, to: got.textBytes}.feed(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := end(); err != nil {
				t.Error(err)
			}
		}()
		table, err := store.Query(ctx, db, "select * from "+readCSV(Source{Delimiter: ',', Quote: '"'}, header, sound))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var read [][]string
		for _, row := range table.Rows {
			fields := make([]string, len(row))
			for i, value := range row {
				fields[i], _ = value.(string) // an empty field is NULL
			}
			read = append(read, fields)
		}
		if diff := cmp.Diff(records, read); diff != "" {
			t.Fatalf("%q: the engine read (- expected, + got) %s", text, diff)
		}
	})
}

// drawFile draws a sound file: what it means and how it is written.
func drawFile(t *rapid.T) (header []string, records [][]string, text string) {
	columns := rapid.IntRange(1, 4).Draw(t, "columns")
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "\uFEFF"}).Draw(t, "mark"))
	for c := range columns {
		header = append(header, strings.Repeat("n", c+1))
	}
	b.WriteString(strings.Join(header, ",") + end)
	field := rapid.SampledFrom([]string{"", "1", "x y", "é", "a,b", "say \"so\"", "two" + end + "lines", "-1.5", "'", "\t", "NULL", "#"})
	for range rapid.IntRange(0, 6).Draw(t, "records") {
		for rapid.IntRange(0, 4).Draw(t, "blank") == 0 {
			b.WriteString(end)
		}
		record := make([]string, columns)
		written := make([]string, columns)
		for c := range columns {
			record[c] = field.Draw(t, "field")
			written[c] = record[c]
			if strings.ContainsAny(record[c], ",\"\n\r") || rapid.Bool().Draw(t, "quoted") || (columns == 1 && record[c] == "") {
				written[c] = `"` + strings.ReplaceAll(record[c], `"`, `""`) + `"`
			}
		}
		records = append(records, record)
		b.WriteString(strings.Join(written, ",") + end)
	}
	text = b.String()
	if rapid.Bool().Draw(t, "no last line end") {
		text = strings.TrimSuffix(text, end)
	}
	return header, records, text
}

// soundPart is the text that the engine is given, with the header.
func soundPart(t testing.TB, path string, found scanned) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var sound bytes.Buffer
	whole := part{file: &File{unsound: found.unsound}, from: found.body, to: found.textBytes}
	if _, err := file.Seek(found.head, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(copyText(&sound, file, found.body-found.head), whole.writeSound(&sound, file)); err != nil {
		t.Fatal(err)
	}
	return sound.String()
}
