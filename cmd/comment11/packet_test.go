package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"comment11/disclosures/render"
	"comment11/internal/batch"
	"comment11/internal/store"
)

// offsetting are two trades that differ in their notional alone, which a test can
// change so that no figure moves.
func offsetting(one, two string) string {
	line := func(id, notional string) string {
		return id + ",1,MARKETS-INC,K14,FLOW-NEW-YORK,CDS,seller,,corporate,N04,,,senior,,,,,,,,,,2003,MR,bankruptcy failure_to_pay restructuring,physical,USD," + notional +
			",,2004-01-06,2004-01-07,2008-03-20,,0.0035,-1000.00,2,2007-09-28,NS-K14,trading,CLIENT,\n"
	}
	return line("X-ONE", one) + line("X-TWO", two)
}

// packetBook is a book of two dates in which trades can be changed, published.
type packetBook struct{ folder, config, positions string }

func newPacketBook(t *testing.T) packetBook {
	t.Helper()
	b := packetBook{folder: t.TempDir()}
	b.config = filepath.Join(b.folder, "comment11.yaml")
	files, err := filepath.Glob("../../testdata/book/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		copyFile(t, file, filepath.Join(b.folder, filepath.Base(file)))
	}
	config := readFile(t, b.config)
	config = regexp.MustCompile(`(?m)^.*control_totals.*\n`).ReplaceAllString(config, "") // they would forbid what is changed below
	// With these every clause is answered, so that the packet is no draft.
	config += "  - {name: realized, data_set: realized, files: realized.csv}\n  - {name: collateral, data_set: collateral, files: collateral.csv}\n"
	writeFile(t, filepath.Join(b.folder, "realized.csv"), "event_id,event_version,position_id,kind,event_date,booking_date,realized_gain_loss,currency,instrument,direction,purpose\n"+
		"E1,1,X-ONE,premium,2006-12-20,2006-12-20,2000000.00,USD,cds_single_name,sold,client\nE2,1,X-ONE,premium,2007-09-20,2007-09-20,-3000000.00,USD,cds_single_name,sold,client\n")
	writeFile(t, filepath.Join(b.folder, "collateral.csv"), "netting_set_id,agreement,currency,held,posted,recoverable_on_trigger,agency,grade,threshold,minimum_transfer,termination_trigger\n"+
		"NS-K14,CSA,USD,0.00,1000.00,false,lower,A-,5000000.00,500000.00,BBB-\n")
	writeFile(t, b.config, config)
	b.positions = readFile(t, filepath.Join(b.folder, "positions_2007-09-30.csv"))
	b.deliver(t, "10000000.00", "20000000.00")
	mustRun(t, "run", "--config", b.config, "--as-of", "2006-12-31")
	mustRun(t, "run", "--config", b.config, "--as-of", "2007-09-30")
	mustRun(t, "init", "--commentary", "--config", b.config, "--as-of", "2007-09-30", "--compare", "2006-12-31")
	return b
}

func (b packetBook) deliver(t *testing.T, one, two string) {
	writeFile(t, filepath.Join(b.folder, "positions_2007-09-30.csv"), b.positions+offsetting(one, two))
}

// extract writes a packet and gives its folder.
func (b packetBook) extract(t *testing.T, name string, more ...string) string {
	t.Helper()
	folder := filepath.Join(b.folder, name)
	mustRun(t, append([]string{"extract", "--config", b.config, "--as-of", "2007-09-30", "--compare", "2006-12-31", "--out", folder}, more...)...)
	return folder
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said holds that a verb ends with the code and says the text.
func said(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	got, stdout, stderr := command(t, args...)
	if got != code || !strings.Contains(stdout+stderr, want) {
		t.Errorf("comment11 %s: exit %d, expected %d and %q in\n%s%s", strings.Join(args, " "), got, code, want, stdout, stderr)
	}
}

// TestPacket goes the way of a packet: extracted for each audience, verified, doctored,
// compared, signed, and voided by trades that change and cancel out.
func TestPacket(t *testing.T) {
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("takes minutes; scripts/long.sh runs it")
	}
	b := newPacketBook(t)
	packet := b.extract(t, "packet")
	t.Run("is the same each time and verifies without a warehouse", func(t *testing.T) {
		again := b.extract(t, "again")
		for name, content := range tree(t, packet) {
			if readFile(t, filepath.Join(again, name)) != content {
				t.Errorf("%s differs the second time", name)
			}
		}
		said(t, 0, "self-consistent only", "verify", packet)
		said(t, 0, "self-consistent only", "verify", packet, "--config", b.config)
		if code, stdout, _ := command(t, "verify", packet, "-o", "json"); code == 0 {
			var v batch.PacketVerification
			if err := json.Unmarshal([]byte(stdout), &v); err != nil || v.Figures == 0 || v.Computed != v.Figures {
				t.Errorf("%d figures, %d computed %v", v.Figures, v.Computed, err)
			}
		}
	})
	t.Run("every formula of the workbook comes to its value", func(t *testing.T) {
		faults, formulas, err := render.FormulaFaults([]byte(readFile(t, filepath.Join(packet, "tables.xlsx"))))
		if err != nil || len(faults) > 0 || formulas < 1000 {
			t.Errorf("%d formulas: %v %v", formulas, faults, err)
		}
	})
	t.Run("no number differs from the cells", func(t *testing.T) { holdNumbers(t, b.config, packet) })
	t.Run("LibreOffice comes to the values of the workbook", func(t *testing.T) { calculatedElsewhere(t, filepath.Join(packet, "tables.xlsx")) })
	t.Run("the page", func(t *testing.T) {
		looksAt(t, filepath.Join(packet, "letter.html"), "1,944", []string{"comment-11a/notional/bought/total at 2007-09-30", "external to group; not funded; direction is bought"}, true)
	})
	t.Run("doctored", func(t *testing.T) { doctored(t, packet) })
	t.Run("doctored beside the tables", func(t *testing.T) { doctoredBeside(t, b, packet) })
	t.Run("changed at random", func(t *testing.T) { findsChanges(t, packet) })
	t.Run("for filing", func(t *testing.T) { filing(t, b) })
	t.Run("for an auditor", func(t *testing.T) { auditor(t, b) })
	t.Run("takes the place of packets alone", func(t *testing.T) {
		writeFile(t, filepath.Join(b.extract(t, "used"), "notes.txt"), "mine")
		said(t, exitUsage, "used has notes.txt, which no extract wrote", "extract", "--config", b.config, "--as-of", "2007-09-30", "--compare", "2006-12-31", "--out", filepath.Join(b.folder, "used"))
	})
	t.Run("questions", func(t *testing.T) {
		for _, want := range []string{"## Moves above materiality without a cause\n\n### Credit derivatives by direction, instrument and purpose, ", "## Concentration in one trade\n\n- 2007-09-30 `", "## Gross figures that look netted\n\n",
			"`: trade T2007-016 is -81,382,871.90 of 116,096,413.36, 70 percent\n"} {
			if !strings.Contains(readFile(t, filepath.Join(packet, "questions.md")), want) {
				t.Errorf("questions.md has no %q", want)
			}
		}
	})
	t.Run("signed and voided", func(t *testing.T) { signed(t, b, packet) })
}

// tree reads all files of a packet.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			within, _ := filepath.Rel(root, path)
			files[within] = readFile(t, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s: %v", len(files), root, err)
	}
	return files
}

// rehash makes the manifest name a file as it is now, as a careful forger would.
func rehash(t *testing.T, folder, name string) {
	t.Helper()
	m, _, err := batch.ReadPacketManifest(folder)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := store.HashFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Files {
		if m.Files[i].Name == filepath.ToSlash(name) {
			m.Files[i].Bytes, m.Files[i].SHA256 = hash.Bytes, hash.SHA256
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "manifest.json"), string(text)+"\n")
}

// doctor replaces the one text that must be there.
func doctor(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q to doctor", old)
	}
	return strings.Replace(text, old, replacement, 1)
}

// doctored changes one figure in each document, and a file in each way.
func doctored(t *testing.T, packet string) {
	read, err := batch.ReadPacket(packet)
	if err != nil {
		t.Fatal(err)
	}
	cell := read.Tables[0].Blocks[0].Sheets[0].Rows[0].Cells[0]
	figure, other := fmt.Sprint(cell.Displayed), fmt.Sprint(cell.Displayed+1)
	shown, otherShown := render.Figure(cell.Displayed), render.Figure(cell.Displayed+1)
	whole := tree(t, packet)
	fresh := func(t *testing.T) string {
		folder := filepath.Join(t.TempDir(), "packet")
		for name, content := range whole {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(folder, name), content)
		}
		return folder
	}
	for _, test := range []struct{ file, old, replacement, want string }{
		{"cells.csv", "," + cell.Exact + "," + figure + ",", "," + cell.Exact + "," + other + ",", "cells.csv:2: has"},
		{"packet.md", " " + shown + " |", " " + otherShown + " |", "packet.md:"},
		{"packet.txt", " " + shown, " " + otherShown, "packet.txt:"},
		{"tables.html", "<td>" + shown + "</td>", "<td>" + otherShown + "</td>", "tables.html:"},
		{"packet.json", `"displayed": ` + figure + ",", `"displayed": ` + other + ",", "packet.json: cell 2007-09-30 comment-11a/notional/"},
		{"packet.json", `"title": "Credit derivatives by`, `"title": "Derivatives by`, "packet.json: text comment-11a title"},
		{"packet.json", `"prose": "`, `"prose": "We sold 12. `, "packet.json: text letter 11(a) response line 1: it has We sold 12. "},
		{"packet.json", `"source": "`, `"source": "We sold 12. `, "packet.json: text letter fault 1: it has nothing, its source gives commentary/2007-09-30/a.md:1: \"12\" is typed by hand"},
		{"packet.json", `"control": "`, `"control": "x`, `packet.json: control 1: it has {"as_of_date":"2007-09-30","control":"x`},
		{"packet.json", `"comparative": {
    "as_of_date": "2006`, `"comparative": {
    "as_of_date": "2005`, `packet.json has figures of 2005-12-31, release "20061231-001", to compare with`},
		{"letter.md", " " + shown + " |", " " + otherShown + " |", "letter.md:"},
		{"letter.html", `">` + shown + "</button>", `">` + otherShown + "</button>", "letter.html:"},
		{"letter.html", `"` + cell.Exact + `"`, `"1` + cell.Exact + `"`, "letter.html:"},
		{"tables.xlsx", "<v>" + figure + "</v>", "<v>" + other + "</v>", "tables.xlsx: comment-11a!"},
		{"tables.xlsx", "<f>SUM(", "<f>2*SUM(", "tables.xlsx: comment-11a!"},
		{"tables.xlsx", `<row r="6"`, `<row r="6" hidden="1"`, "tables.xlsx: it has other bytes than its figures give, though each of them is the same: other parts xl/worksheets/sheet2.xml"},
	} {
		t.Run(test.file, func(t *testing.T) {
			folder := fresh(t)
			path := filepath.Join(folder, test.file)
			if strings.HasSuffix(test.file, ".xlsx") {
				inWorkbook(t, path, test.old, test.replacement)
			} else {
				writeFile(t, path, doctor(t, whole[test.file], test.old, test.replacement))
			}
			rehash(t, folder, test.file)
			said(t, 1, test.want, "verify", folder)
		})
	}
	var facts, otherFacts string
	for name := range whole {
		switch {
		case strings.Contains(name, "2007-09-30") && strings.Contains(name, "facts-001"):
			facts = name
		case strings.Contains(name, "2006-12-31") && strings.Contains(name, "facts-001"):
			otherFacts = name
		}
	}
	t.Run("facts", func(t *testing.T) {
		folder := fresh(t)
		writeFile(t, filepath.Join(folder, facts), whole[otherFacts])
		rehash(t, folder, facts)
		said(t, 1, "release 20070930-001: facts-001.parquet ", "verify", folder)
	})
	t.Run("a missing and an extra file", func(t *testing.T) {
		folder := fresh(t)
		if err := os.Remove(filepath.Join(folder, "packet.md")); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, "extra.md"), "x")
		writeFile(t, filepath.Join(folder, "cells.csv"), "x")
		_, _, stderr := command(t, "verify", folder)
		for _, want := range []string{"packet.md is missing", "cells.csv was changed: its SHA-256 is"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("no %q in %s", want, stderr)
			}
		}
		said(t, 1, "extra.md is there, and the manifest does not name it", "verify", folder)
	})
	t.Run("a manifest of other releases", func(t *testing.T) {
		folder := fresh(t)
		manifest := filepath.Join(folder, "manifest.json")
		writeFile(t, manifest, doctor(t, whole["manifest.json"], `"manifest_sha256": "`, `"manifest_sha256": "0`))
		said(t, 1, "is not the one that is pinned", "verify", folder)
		writeFile(t, manifest, doctor(t, whole["manifest.json"], `"kind": "first"`, `"kind": "correction"`))
		said(t, 1, `manifest.json calls release 20070930-001 "correction", its own manifest "first"`, "verify", folder)
		writeFile(t, manifest, doctor(t, whole["manifest.json"], `"version": 1,`, `"version": 1, "approved": true,`))
		said(t, 1, "manifest.json has more than this program writes there", "verify", folder)
		writeFile(t, manifest, doctor(t, whole["manifest.json"], `"version": 1`, `"version": 2`))
		said(t, exitUsage, "has version 2, this program reads 1", "verify", folder)
	})
	t.Run("blackline", func(t *testing.T) {
		folder := fresh(t)
		text := doctor(t, whole["packet.json"], `"displayed": `+figure+",", `"displayed": `+other+",")
		writeFile(t, filepath.Join(folder, "packet.json"), doctor(t, text, `"title": "Credit derivatives by`, `"title": "Derivatives by`))
		want := "0 added, 0 removed, 2 changed\n~ text comment-11a title: Credit derivatives by direction, instrument and purpose to Derivatives by direction, instrument and purpose\n" +
			"~ cell 2007-09-30 comment-11a/notional/"
		said(t, 0, want, "diff", packet, folder)
		said(t, 0, ": 0 added, 0 removed, 0 changed\n", "diff", packet, packet)
		said(t, 0, "kind,change,table,where,before,after\ntext,changed,comment-11a,comment-11a title,", "diff", packet, folder, "-o", "csv")
	})
}

// doctoredBeside changes what a packet brings no proof of, and all documents with it, so
// that the releases alone can tell.
func doctoredBeside(t *testing.T, b packetBook, packet string) {
	for want, change := range map[string]func(*render.Packet){
		"packet.json: release 1: it has ":                  func(p *render.Packet) { p.Releases[0].Kind = "correction" },
		"packet.json: finding 1: it has ":                  func(p *render.Packet) { p.Appendix.Findings = p.Appendix.Findings[1:] },
		"packet.json: adjustment 1: it has ":               func(p *render.Packet) { p.Appendix.Adjustments[0].Text += "x" },
		"packet.json: adjustment of the letter 1: it has ": func(p *render.Packet) { p.Letter.Adjusted[0].Facts++ },
	} {
		folder := filepath.Join(t.TempDir(), "packet")
		if err := os.CopyFS(folder, os.DirFS(packet)); err != nil {
			t.Fatal(err)
		}
		read, err := batch.ReadPacket(folder)
		if err != nil {
			t.Fatal(err)
		}
		change(&read)
		for _, format := range render.Formats {
			var text bytes.Buffer
			if err := format.Write(&text, read); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(folder, format.File), text.String())
			rehash(t, folder, format.File)
		}
		said(t, 1, want, "verify", folder, "--config", b.config)
	}
}

// inWorkbook doctors the sheet of the first table.
func inWorkbook(t *testing.T, path, old, replacement string) {
	t.Helper()
	content := readFile(t, path)
	in, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	out := zip.NewWriter(&made)
	for _, part := range in.File {
		text := unzipped(t, part)
		if part.Name == "xl/worksheets/sheet2.xml" {
			text = doctor(t, text, old, replacement)
		}
		to, err := out.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, made.String())
}

func unzipped(t *testing.T, part *zip.File) string {
	t.Helper()
	from, err := part.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// column asks for one column of the catalog.
func (b packetBook) column(t *testing.T, query string) []string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(mustRun(t, "query", "--config", b.config, "-o", "csv", query))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, record := range records[1:] {
		if record[0] != "" {
			values = append(values, record[0])
		}
	}
	return values
}

// filing searches the edition for every id, name, path and rule of the book.
func filing(t *testing.T, b packetBook) {
	folder := b.extract(t, "filing", "--audience", "filing")
	said(t, 0, "self-consistent only", "verify", folder)
	said(t, 0, "self-consistent only", "verify", folder, "--config", b.config)
	secrets := []string{b.folder, "warehouse", ".parquet", ".csv\"", "<script", "javascript"}
	for _, query := range []string{
		"select distinct position_id from positions", "select distinct counterparty_id from positions", "select distinct reference_entity_id from positions",
		"select distinct basket_id from positions", "select distinct netting_set_id from positions", "select distinct book from positions",
		"select distinct counterparty_id from counterparties", "select distinct name from counterparties", "select distinct name from reference_entities",
		"select distinct reference_entity_id from reference_entities", "select distinct adjustment_id from facts",
	} {
		found := b.column(t, query)
		if len(found) == 0 && !strings.Contains(query, "basket_id") && !strings.Contains(query, "netting") {
			t.Errorf("%s gives nothing to search for", query)
		}
		secrets = append(secrets, found...)
	}
	rules := b.column(t, "select distinct instrument_rule from facts union select distinct purpose_rule from facts union select distinct direction_rule from facts union select distinct counterparty_type_rule from facts")
	for _, rule := range rules {
		if strings.Contains(rule, "-") { // others are words of everyday
			secrets = append(secrets, rule)
		}
	}
	slices.Sort(secrets)
	secrets = slices.Compact(secrets)
	texts := tree(t, folder)
	workbook := texts["tables.xlsx"]
	in, err := zip.NewReader(strings.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range in.File {
		texts["tables.xlsx "+part.Name] = unzipped(t, part)
	}
	delete(texts, "tables.xlsx")
	for name, text := range texts {
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 && (name != "manifest.json" || secret != ".csv\"") { // it names the documents
				t.Errorf("%s has %q: ...%s...", name, secret, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
	holdNumbers(t, b.config, folder)
	findsChanges(t, folder)
	few := readFile(t, folder+".few-counterparties.csv")
	if !strings.HasPrefix(few, "as_of_date,table,block,row,column,displayed,unit,counterparties\n") || !regexp.MustCompile(`(?m)^2007-09-30,comment-11a,.*,[12]$`).MatchString(few) ||
		regexp.MustCompile(`(?m)^2007-09-30,comment-11a,notional,total,total,`).MatchString(few) {
		t.Errorf("the list for the controller is\n%s", few)
	}
	// Without facts the documents are held against each other.
	doctoredFiling := strings.Replace(texts["packet.json"], `"label": "Total"`, `"label": "Totals"`, 1)
	writeFile(t, filepath.Join(folder, "packet.json"), doctoredFiling)
	said(t, 1, "packet.md:", "verify", folder)
}

// auditor holds that ids and names are hashed with the key, and figures can be computed.
func auditor(t *testing.T, b packetBook) {
	said(t, exitUsage, "packet.auditor_key: is empty", "extract", "--config", b.config, "--as-of", "2007-09-30", "--audience", "auditor", "--out", filepath.Join(b.folder, "x"))
	key := filepath.Join(b.folder, "key")
	writeFile(t, key, "short")
	set := "packet.auditor_key=" + key
	said(t, exitUsage, "key has 5 bytes; expected 32 or more", "extract", "--config", b.config, "--as-of", "2007-09-30", "--audience", "auditor", "--set", set, "--out", filepath.Join(b.folder, "x"))
	secret := strings.Repeat("0123456789", 4)
	writeFile(t, key, secret)
	folder := b.extract(t, "auditor", "--audience", "auditor", "--set", set)
	said(t, 0, "self-consistent only", "verify", folder)
	for name, text := range tree(t, folder) {
		if strings.Contains(text, "T2004-001") || strings.Contains(text, "Aldgate") {
			t.Errorf("%s names a trade or a counterparty", name)
		}
	}
	db, err := store.Open(context.Background(), store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := filepath.Glob(filepath.Join(folder, "proof", "releases", "as_of_date=2007-09-30", "*", "facts.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	hashed, err := store.Query(context.Background(), db, "select position_id from read_parquet("+store.List(files)+", hive_partitioning = false) where position_id <> ''")
	if err != nil {
		t.Fatal(err)
	}
	hash, known := store.NewKeyedHash([]byte(secret)), map[string]bool{}
	for _, id := range b.column(t, "select distinct position_id from facts where as_of_date = date '2007-09-30'") {
		known[hash.Of(id)] = true
	}
	for _, row := range hashed.Rows {
		if !known[row[0].(string)] {
			t.Errorf("%s is the hash of no position", row[0])
		}
	}
	for _, column := range []string{"book", "reference_obligation_id", "basket_id"} {
		plain := b.column(t, "select distinct "+column+" from facts where as_of_date = date '2007-09-30' and "+column+" is not null")
		told, err := store.Scalar[int64](context.Background(), db, "select count(*) from read_parquet("+store.List(files)+", hive_partitioning = false) where "+column+" in ("+strings.Trim(store.List(plain), "[]")+")")
		if len(plain) > 0 && (err != nil || told > 0) {
			t.Errorf("%d facts have their %s in plain words: %v", told, column, err)
		}
		if column == "book" && len(plain) == 0 {
			t.Error("no fact has a book, so that nothing is shown")
		}
	}
}

// signed follows signatures until trades that cancel out void them.
func signed(t *testing.T, b packetBook, packet string) {
	pair := func(name string) (private, public string) {
		pub, priv, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(priv)
		if err != nil {
			t.Fatal(err)
		}
		private = filepath.Join(b.folder, name+".pem")
		writeFile(t, private, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
		if der, err = x509.MarshalPKIXPublicKey(pub); err != nil {
			t.Fatal(err)
		}
		return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	annKey, annPublic := pair("ann")
	bobKey, bobPublic := pair("bob")
	trusted := filepath.Join(b.folder, "trusted.pem")
	writeFile(t, trusted, annPublic+bobPublic)
	sign := func(role, name string, more ...string) []string {
		return append([]string{"sign", packet, "--config", b.config, "--as", role, "--name", name}, more...)
	}
	said(t, exitUsage, "expected one of preparer, reviewer, controller", sign("auditor", "Ann")...)
	said(t, 0, "signed by Ann (preparer) at ", sign("preparer", "Ann", "--set", "packet.signing_key="+annKey)...)
	said(t, 1, "Ann signed it as preparer already", sign("preparer", "Cy")...)
	said(t, 1, "Ann is preparer and reviewer", sign("reviewer", "ann")...)
	said(t, 1, "Ann is preparer and reviewer", sign("reviewer", "a\u00a0nn ")...)
	said(t, exitUsage, `the name "\u200bAnn": expected that of a person`, sign("reviewer", "\u200bAnn")...)
	said(t, 1, "sign with one key", sign("reviewer", "Bob", "--set", "packet.signing_key="+annKey)...)
	said(t, 0, "signed by Bob (reviewer) at ", sign("reviewer", "Bob", "--set", "packet.signing_key="+bobKey)...)
	said(t, 0, "unchanged since signed by Ann (preparer) at ", "verify", packet, "--config", b.config)
	said(t, 0, "unchanged since signed by Ann (preparer) at ", "verify", packet, "--config", b.config, "--set", "packet.trusted_keys="+trusted)
	said(t, 0, "self-consistent only", "verify", packet)
	said(t, exitUsage, "was signed by Ann (preparer) at ", "extract", "--config", b.config, "--as-of", "2007-09-30", "--draft", "--out", packet)
	log := filepath.Join(b.folder, "warehouse", "signatures.jsonl")
	copied := filepath.Join(b.folder, "copied.jsonl")
	copyFile(t, log, copied)
	said(t, 0, "unchanged since signed by Ann (preparer) at ", "verify", packet, "--signatures", copied)
	writeFile(t, trusted, bobPublic)
	said(t, 1, "is not among those that the config trusts", "verify", packet, "--config", b.config, "--set", "packet.trusted_keys="+trusted)
	lines := readFile(t, log)
	writeFile(t, copied, doctor(t, lines, `"name":"Ann"`, `"name":"Eve"`))
	said(t, 1, "copied.jsonl:2: the line does not follow the one before it", "verify", packet, "--signatures", copied)
	writeFile(t, copied, doctor(t, lines, `"name":"Bob"`, `"name":"Eve"`))
	said(t, 1, "its key did not sign this", "verify", packet, "--signatures", copied)

	// Who may approve what is to come changes nothing of what was signed.
	writeFile(t, b.config, doctor(t, readFile(t, b.config), "approvers: [controller]", "approvers: [controller, boss]"))
	mustRun(t, "run", "--config", b.config, "--as-of", "2007-09-30")
	said(t, 0, "unchanged since signed by Ann (preparer) at ", "verify", packet, "--config", b.config)

	// Two changes that cancel out: every figure stays, and the signatures are void.
	b.deliver(t, "11000000.00", "19000000.00")
	mustRun(t, "run", "--config", b.config, "--as-of", "2007-09-30")
	if kinds := b.column(t, "select kind from runs where newest and as_of_date = date '2007-09-30'"); !slices.Equal(kinds, []string{"rerun"}) {
		t.Errorf("the changed trades made a %q, expected a rerun: no figure was to move", kinds)
	}
	want := "release 20070930-003 took the place of 20070930-001, with another relation facts"
	said(t, 1, "void is what Ann (preparer) at ", "verify", packet, "--config", b.config)
	said(t, 1, want, "verify", packet, "--config", b.config)
	said(t, 0, "self-consistent only", "verify", packet)
	said(t, 1, "void is what", sign("controller", "Cy")...)
	unsigned := b.extract(t, "unsigned")
	b.deliver(t, "12000000.00", "18000000.00")
	mustRun(t, "run", "--config", b.config, "--as-of", "2007-09-30")
	said(t, 1, "not signed: what its figures rest on changed since it was extracted: release 20070930-004 took the place of 20070930-003",
		"sign", unsigned, "--config", b.config, "--as", "controller", "--name", "Cy")
	draft := b.extract(t, "draft", "--draft")
	said(t, 1, "not signed: the packet is a draft", "sign", draft, "--config", b.config, "--as", "controller", "--name", "Cy")
}
