package main

import (
	"archive/zip"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"html"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/batch"
)

// grid is a block of a table as a document shows it: the text of every figure, row by row.
type grid struct {
	table, title string // title is the block's with its date, or says that it is a change
	figures      [][]string
}

// holdNumbers reads the letter, the workbook, the CSV and the JSON of a packet, each by a
// reader of its own, and holds every number of them against the cells of the catalog.
func holdNumbers(t *testing.T, config, folder string) {
	t.Helper()
	packet, err := batch.ReadPacket(folder)
	if err != nil {
		t.Fatal(err)
	}
	cells := publishedCells(t, config, packet)
	want := holdJSON(t, packet, cells)
	holdCSV(t, readFile(t, filepath.Join(folder, "cells.csv")), packet.Audience, cells)
	titles := map[string]string{} // what a document calls a table
	for _, table := range packet.Tables {
		titles[table.ID], titles[table.Title] = table.ID, table.ID
	}
	for _, document := range []struct {
		name     string
		grids    []grid
		pictured []string
	}{
		{"letter.md", markdownGrids(t, readFile(t, filepath.Join(folder, "letter.md")), titles), picturedMarkdown(readFile(t, filepath.Join(folder, "letter.md")))},
		{"letter.html", pageGrids(readFile(t, filepath.Join(folder, "letter.html"))), picturedPage(readFile(t, filepath.Join(folder, "letter.html")))},
		{"tables.xlsx", workbookGrids(t, filepath.Join(folder, "tables.xlsx"), titles), nil},
	} {
		holdGrids(t, document.name, document.grids, want, strings.HasSuffix(document.name, ".xlsx"))
		if !strings.HasSuffix(document.name, ".xlsx") {
			holdPictured(t, document.name, document.pictured, cells)
		}
	}
}

type publishedCell struct {
	displayed int64
	exact     string
	ofYear    bool // of what happened in the fiscal year to date
	isShare   bool
}

// publishedCells are the cells of the packet's dates by date/table/block/row/column.
func publishedCells(t *testing.T, config string, packet render.Packet) map[string]publishedCell {
	t.Helper()
	text := mustRun(t, "query", "--config", config, "-o", "csv", "select c.as_of_date, table_id, block_id, row_id, column_id, displayed, exact, relation, predicate like '%in_quarter%', c.unit = 'percent' from cells as c join tables as t using (table_id, as_of_date) where c.as_of_date in (date '"+
		packet.AsOf+"'"+map[bool]string{true: ", date '" + packet.Compare + "'"}[packet.Compare != ""]+")")
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) < 500 {
		t.Fatalf("%d cells are published: %v", len(records)-1, err)
	}
	cells := map[string]publishedCell{}
	for _, r := range records[1:] {
		displayed, err := strconv.ParseInt(r[5], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		cells[strings.Join(r[:5], "/")] = publishedCell{displayed, r[6], disclosures.IsFlow(r[7]) && r[8] == "false", r[9] == "true"}
	}
	return cells
}

// sameExact compares an exact value with that of the catalog, which writes counts with decimals.
func sameExact(text, published string) bool {
	return text == published || text+".00" == published
}

// holdJSON holds packet.json against the cells, and gives the grids of it that all other
// documents must have.
func holdJSON(t *testing.T, packet render.Packet, cells map[string]publishedCell) (grids []grid) {
	t.Helper()
	found := 0
	packet.Each(func(at render.Place, c render.Cell) {
		where := strings.Join([]string{at.Date, at.Table, at.Block, at.Row, at.Column}, "/")
		published, there := cells[where]
		exactly := sameExact(c.Exact, published.exact) || c.Exact == "" && packet.Audience == render.Filing
		if found++; !there || published.displayed != c.Displayed || !exactly {
			t.Errorf("packet.json: %s is %d (%s), the cell %v", where, c.Displayed, c.Exact, published)
		}
	})
	if found != len(cells) {
		t.Errorf("packet.json has %d cells of %d", found, len(cells))
	}
	for _, table := range packet.Tables {
		for _, block := range table.Blocks {
			for _, sheet := range block.Sheets {
				g := grid{table: table.ID, title: block.Title + " at " + sheet.Date}
				for _, row := range sheet.Rows {
					var texts []string
					for _, c := range row.Cells {
						texts = append(texts, render.Figure(c.Displayed))
					}
					g.figures = append(g.figures, texts)
				}
				grids = append(grids, g)
			}
			if block.Change == nil {
				continue
			}
			g := grid{table: table.ID, title: block.Title + ", change"}
			for _, row := range block.Change.Rows {
				var texts []string
				for i, column := range block.Change.Columns {
					at := func(date string) publishedCell {
						return cells[strings.Join([]string{date, table.ID, block.ID, row.ID, column.ID}, "/")]
					}
					from, to := at(packet.Compare).displayed, at(packet.AsOf).displayed
					percent := percentOf(from, to)
					if from != to && (at(packet.Compare).ofYear || at(packet.AsOf).ofYear) && packet.AsOf[4:] != packet.Compare[4:] {
						percent = "n/m" // nine months less twelve
					}
					if from != to && (at(packet.Compare).isShare || at(packet.AsOf).isShare) {
						percent = "points" // a share's
					}
					if row.Amount[i] != to-from || row.Percent[i] != percent {
						t.Errorf("packet.json: %s/%s/%s/%s changed by %d (%s), its cells are %d and %d", table.ID, block.ID, row.ID, column.ID, row.Amount[i], row.Percent[i], from, to)
					}
					text := render.Figure(to - from)
					if to != from {
						text += "  " + percent
					}
					texts = append(texts, text)
				}
				g.figures = append(g.figures, texts)
			}
			grids = append(grids, g)
		}
	}
	return grids
}

// percentOf is a change in percent, half away from zero, as a reader would work it out.
func percentOf(from, to int64) string {
	if from == to {
		return "—"
	}
	if from == 0 || from < 0 && to > 0 || from > 0 && to < 0 {
		return "n/m"
	}
	difference, base := max(to-from, from-to), max(from, -from)
	value := (200*difference + base) / (2 * base)
	switch {
	case value == 0:
		return "—"
	case to < from:
		return fmt.Sprintf("(%d%%)", value)
	}
	return fmt.Sprintf("%d%%", value)
}

func holdCSV(t *testing.T, text, audience string, cells map[string]publishedCell) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records)-1 != len(cells) {
		t.Errorf("cells.csv has %d cells of %d: %v", len(records)-1, len(cells), err)
		return
	}
	for _, r := range records[1:] {
		where := strings.Join(r[:5], "/")
		published, there := cells[where]
		exactly := sameExact(r[5], published.exact) || r[5] == "" && audience == render.Filing
		if !there || r[6] != fmt.Sprint(published.displayed) || !exactly {
			t.Errorf("cells.csv: %s is %s (%s), the cell %v", where, r[6], r[5], published)
		}
	}
}

// holdGrids compares all figures of a document with those that it must have. A workbook
// has numbers where others have texts.
func holdGrids(t *testing.T, name string, got, want []grid, numbers bool) {
	t.Helper()
	shown := map[string][]grid{}
	for _, g := range got {
		shown[g.table+" "+g.title] = append(shown[g.table+" "+g.title], g)
	}
	figures := 0
	for _, w := range want {
		key := w.table + " " + w.title
		if len(shown[key]) == 0 {
			t.Errorf("%s has no grid %s", name, key)
			continue
		}
		g := shown[key][0]
		shown[key] = shown[key][1:] // blocks of one title stand in their order
		if len(g.figures) != len(w.figures) {
			t.Errorf("%s: %s has %d rows, expected %d", name, key, len(g.figures), len(w.figures))
			continue
		}
		for r := range w.figures {
			if len(g.figures[r]) != len(w.figures[r]) {
				t.Errorf("%s: %s, row %d has %d figures, expected %d", name, key, r+1, len(g.figures[r]), len(w.figures[r]))
				continue
			}
			for c, text := range w.figures[r] {
				if numbers {
					text, _, _ = strings.Cut(text, " ") // the percent is a text's alone
				}
				if figures++; g.figures[r][c] != text {
					t.Errorf("%s: %s, row %d, column %d shows %q, the cells %q", name, key, r+1, c+1, g.figures[r][c], text)
				}
			}
		}
	}
	for key, left := range shown {
		if len(left) > 0 {
			t.Errorf("%s has a grid %s that no table has", name, key)
		}
	}
	if figures == 0 {
		t.Errorf("%s has no figure", name)
	}
}

// holdPictured holds that every figure beneath a picture is one that a cell shows.
func holdPictured(t *testing.T, name string, figures []string, cells map[string]publishedCell) {
	t.Helper()
	shown := map[string]bool{}
	for _, c := range cells {
		shown[render.Figure(c.displayed)] = true
	}
	for _, f := range figures {
		if !shown[f] {
			t.Errorf("%s: a picture has the figure %q, and no cell does", name, f)
		}
	}
	if len(figures) == 0 {
		t.Errorf("%s has no figure beneath a picture", name)
	}
}

var footnoted = regexp.MustCompile(` [a-z](,[a-z])*$`)

// markdownGrids reads the tables of a letter in Markdown.
func markdownGrids(t *testing.T, text string, titles map[string]string) (grids []grid) {
	t.Helper()
	table, open := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#### "):
			grids, open = append(grids, grid{table: table, title: strings.TrimPrefix(line, "#### ")}), true
		case strings.HasPrefix(line, "### "):
			table, open = titles[strings.TrimPrefix(line, "### ")], false
			if table == "" {
				t.Errorf("letter.md has the table %q, and the packet does not", line)
			}
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "**"):
			open = false
		case open && strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| |"):
			grids[len(grids)-1].figures = append(grids[len(grids)-1].figures, markdownRow(line))
		}
	}
	return grids
}

// markdownRow gives the figures of a row without its label and footnotes.
func markdownRow(line string) (texts []string) {
	fields := strings.Split(strings.TrimSuffix(strings.ReplaceAll(line, `\|`, ""), " |"), " | ")
	for _, f := range fields[1:] {
		texts = append(texts, footnoted.ReplaceAllString(f, ""))
	}
	return texts
}

// picturedMarkdown gives the figures beneath the pictures.
func picturedMarkdown(text string) (figures []string) {
	picture, open := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "**") && !strings.HasPrefix(line, "**[DRAFT"):
			picture = true
		case picture && strings.HasPrefix(line, "|---"):
			open = true
		case open && strings.HasPrefix(line, "| "):
			figures = append(figures, markdownRow(line)...)
		case line != "" && !strings.HasPrefix(line, "|"):
			picture, open = false, false
		}
	}
	return figures
}

var (
	pageSection = regexp.MustCompile(`(?s)<section class="table" aria-labelledby="table-([^"]*)">(.*?)</section>`)
	pageTable   = regexp.MustCompile(`(?s)<caption>([^<]*)</caption>(.*?)</table>`)
	pageRow     = regexp.MustCompile(`(?s)<tr[^>]*><th scope="row">(.*?)</tr>`)
	pageFigure  = regexp.MustCompile(`<td>(?:<button[^>]*>)?([^<]*)`)
	changeHead  = regexp.MustCompile(`, change from [0-9-]+ to [0-9-]+$`)
)

// pageGrids reads the tables of the page.
func pageGrids(text string) (grids []grid) {
	for _, section := range pageSection.FindAllStringSubmatch(text, -1) {
		for _, table := range pageTable.FindAllStringSubmatch(section[2], -1) {
			g := grid{table: section[1], title: changeHead.ReplaceAllString(html.UnescapeString(table[1]), ", change")}
			g.figures = pageFigures(table[2])
			grids = append(grids, g)
		}
	}
	return grids
}

func pageFigures(table string) (rows [][]string) {
	for _, row := range pageRow.FindAllStringSubmatch(table, -1) {
		var texts []string
		for _, f := range pageFigure.FindAllStringSubmatch(row[1], -1) {
			texts = append(texts, footnoted.ReplaceAllString(html.UnescapeString(f[1]), ""))
		}
		rows = append(rows, texts)
	}
	return rows
}

func picturedPage(text string) (figures []string) {
	for _, table := range pageTable.FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(table[1], "Figures of the picture: ") {
			for _, row := range pageFigures(table[2]) {
				figures = append(figures, row...)
			}
		}
	}
	return figures
}

// sheetXML is what a reader of spreadsheets finds in a sheet.
type sheetXML struct {
	Rows []struct {
		Number int `xml:"r,attr"`
		Cells  []struct {
			Name   string `xml:"r,attr"`
			Value  string `xml:"v"`
			Inline string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// workbookGrids reads the tables of a workbook from its XML; a figure is turned into the
// text that others show.
func workbookGrids(t *testing.T, file string, titles map[string]string) (grids []grid) {
	t.Helper()
	in, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	parts := map[string]string{}
	for _, part := range in.File {
		parts[part.Name] = unzipped(t, part)
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	for name, into := range map[string]any{"xl/workbook.xml": &book, "xl/_rels/workbook.xml.rels": &relations} {
		if err := xml.Unmarshal([]byte(parts[name]), into); err != nil {
			t.Fatal(name, err)
		}
	}
	targets := map[string]string{}
	for _, r := range relations.List {
		targets[r.ID] = path.Join("xl", strings.TrimPrefix(r.Target, "/xl/"))
	}
	for _, s := range book.Sheets {
		table := titles[s.Name]
		if table == "" {
			continue // contents, or a list for the reviewer
		}
		var sheet sheetXML
		if err := xml.Unmarshal([]byte(parts[targets[s.ID]]), &sheet); err != nil {
			t.Fatal(s.Name, err)
		}
		for _, row := range sheet.Rows {
			var texts []string
			for _, c := range row.Cells[min(1, len(row.Cells)):] {
				if c.Value == "" {
					continue
				}
				value, err := strconv.ParseInt(c.Value, 10, 64)
				if err != nil {
					t.Errorf("tables.xlsx: %s!%s has %q, which is no whole number", s.Name, c.Name, c.Value)
				}
				texts = append(texts, render.Figure(value))
			}
			switch {
			case len(texts) > 0 && len(grids) > 0:
				grids[len(grids)-1].figures = append(grids[len(grids)-1].figures, texts)
			case len(row.Cells) > 1: // the head of a grid
				grids = append(grids, grid{table: table, title: row.Cells[0].Inline})
			}
		}
	}
	return grids
}
