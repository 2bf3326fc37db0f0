package batch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// Packet reads the tables of the newest published releases of the dates: the
// period end first, then the date compared with. Titles and notes are those of
// the period end's release.
func Packet(ctx context.Context, config configs.Config, dates ...string) (render.Packet, error) {
	// One session, so that all is of one catalog, whatever is published meanwhile.
	session, err := Warehouse(config).OpenSession(ctx, engine(config), 0)
	if err != nil {
		return render.Packet{}, err
	}
	defer session.Close()
	read := func(query string) (store.Table, error) { return session.Query(ctx, query) }
	releases, err := packetReleases(Warehouse(config), read, dates)
	if err != nil {
		return render.Packet{}, err
	}
	openings := map[string]string{}
	for _, r := range releases {
		m, err := manifestOf(Warehouse(config), r.Name)
		if err != nil {
			return render.Packet{}, err
		}
		openings[m.AsOfDate] = m.OpeningDate()
	}
	packet, err := readTables(read, dates, openings)
	if err != nil {
		return packet, err
	}
	packet.Releases = releases
	packet.Appendix, err = appendix(session, read, dates)
	return packet, err
}

// readTables reads heads, cells and footnotes of the dates from relations of their
// releases: the catalog's, or those that a packet brings along. openings are those of
// their roll-forwards, by date.
func readTables(read func(string) (store.Table, error), dates []string, openings map[string]string) (render.Packet, error) {
	var dated []render.Dated
	for _, date := range dates {
		cells, err := read(`
select table_id, block_id, block_title, row_id, row_label, column_id, column_label, table_number, block_number, row_number, column_number,
  depth, measure, predicate, exact, displayed, unit, moved, memo, code, parent_row_id, total_column
from cells where as_of_date = date '` + date + `' order by table_number, block_number, row_number, column_number`)
		if err != nil {
			return render.Packet{}, err
		}
		if len(cells.Rows) == 0 {
			return render.Packet{}, notPublished(nil, date)
		}
		d := render.Dated{Date: date, Opening: openings[date]}
		for _, row := range cells.Rows {
			d.Cells = append(d.Cells, cellOf(row))
		}
		marks, err := read("select table_id, block_id, row_id, column_id, mark, facts, amount from cell_marks where as_of_date = date '" + date + "' order by table_id, block_id, row_id, column_id, mark")
		if err != nil {
			return render.Packet{}, err
		}
		carry(d.Cells, marks.Rows)
		dated = append(dated, d)
	}
	tables, err := read("select table_id, title, clauses, scope, unit, notes, missing, relation from tables where as_of_date = date '" + dates[0] + "' order by table_number")
	if err != nil {
		return render.Packet{}, err
	}
	var heads []disclosures.Head
	for _, row := range tables.Rows {
		heads = append(heads, disclosures.Head{ID: row[0].(string), Title: row[1].(string), Clauses: split(row[2].(string), ", "),
			Scope: row[3].(string), Unit: row[4].(string), Notes: split(row[5].(string), "\n"), Missing: split(row[6].(string), ", "), Flows: disclosures.IsFlow(row[7].(string)),
			FromOpening: disclosures.LeadsFromOpening(row[7].(string))})
	}
	packet := render.New(heads, dated...)
	differing, err := read("select cast(as_of_date as varchar) || ' ' || subject || ': ' || left_meaning from controls" +
		" where control_id = 'same_figure_same_display' and not holds and as_of_date in (date '" + strings.Join(dates, "', date '") + "') order by 1")
	if err != nil {
		return packet, err
	}
	for _, row := range differing.Rows {
		packet.Differing = append(packet.Differing, row[0].(string))
	}
	return packet, nil
}

// notPublished is the error of a date without a published release; one that is held is
// not to be run again as it is.
func notPublished(manifests []store.Manifest, date string) error {
	for _, m := range slices.Backward(manifests) {
		if m.AsOfDate == date && m.Status == store.Held && !m.Removed() {
			return fmt.Errorf("%w: no release of %s is published; %s is held, and comment11 runs show %[3]s says by what", ErrData, date, m.Release)
		}
	}
	return fmt.Errorf("%w: no release of %s is published; run it first: comment11 run --as-of %s", ErrData, date, date)
}

// packetReleases gives the releases of the dates, with their accepted breaks.
func packetReleases(w store.Warehouse, read func(string) (store.Table, error), dates []string) ([]render.Release, error) {
	var releases []render.Release
	for _, date := range dates {
		found, err := read("select release, kind, release_hash from runs where newest and as_of_date = date '" + date + "'")
		if err != nil {
			return nil, err
		}
		if len(found.Rows) == 0 {
			manifests, err := w.Manifests()
			if err != nil {
				return nil, err
			}
			return nil, notPublished(manifests, date)
		}
		if len(found.Rows) > 1 {
			return nil, fmt.Errorf("%d releases of %s are the newest in the catalog; expected one: make it anew with comment11 catalog rebuild", len(found.Rows), date)
		}
		row := found.Rows[0]
		release := render.Release{AsOf: date, Name: textOf(row[0]), Kind: textOf(row[1]), Hash: textOf(row[2]), AcceptedBreaks: []render.Accepted{}}
		accepted, err := read("select control_id, subject, amount, reason, preparer, approver from approvals where release = " + store.Literal(release.Name) + " order by control_id, subject")
		if err != nil {
			return nil, err
		}
		for _, a := range accepted.Rows {
			amount, _ := a[2].(decimal.Decimal)
			release.AcceptedBreaks = append(release.AcceptedBreaks, render.Accepted{Control: textOf(a[0]), Subject: textOf(a[1]),
				Amount: amount.StringFixed(2), Reason: textOf(a[3]), Preparer: textOf(a[4]), Approver: textOf(a[5])})
		}
		releases = append(releases, release)
	}
	return releases, nil
}

// RecordPacket notes in the warehouse who extracted what, to where: figures that
// change afterwards need a reason and an approver. Files without a manifest are single
// documents, which report no period end. It gives the packet's name.
func RecordPacket(config configs.Config, packet render.Packet, folder string, files []store.FileHash, now time.Time) (string, error) {
	w := Warehouse(config)
	manifests, err := w.Manifests()
	if err != nil {
		return "", err
	}
	me := store.Me(now)
	record := store.PacketRecord{ID: fmt.Sprintf("packet-%s-%s-%d", strings.ReplaceAll(packet.AsOf, "-", ""), now.UTC().Format("20060102T150405.000Z"), me.Process),
		ExtractedAt: now.UTC(), User: me.User, Host: me.Host, Folder: folder, Draft: packet.Draft, Files: files,
		Partial: !slices.ContainsFunc(files, func(f store.FileHash) bool { return f.Name == packetManifestName })}
	for _, r := range packet.Releases {
		name := cmp.Or(r.RecastOf, r.Name)
		i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == name })
		if i < 0 {
			return "", fmt.Errorf("release %s, which the packet shows, is not in the warehouse", name)
		}
		record.Releases = append(record.Releases, store.PacketReleases{AsOfDate: r.AsOf, Release: name, SHA256: manifests[i].Hash()})
	}
	if c := packet.Comparative; c != nil {
		pins, err := w.PinnedReleases()
		if err != nil {
			return "", err
		}
		record.Comparative = &store.PacketComparative{AsOfDate: c.Date, Basis: c.Basis, Release: c.Release, Packet: pins[c.Date].Packet}
		if c.Bridge != nil {
			record.Comparative.From = c.Bridge.From
		}
	}
	if err := w.WritePacket(record); err != nil {
		return "", fmt.Errorf("the packet could not be recorded in the warehouse, so it was not written: %w; who extracts needs to write to %s (see the runbook, Warehouse)", err, w.PacketsFolder())
	}
	return record.ID, nil
}

func split(text, separator string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, separator)
}

func cellOf(row []any) disclosures.Cell {
	text := func(i int) string { return row[i].(string) }
	number := func(i int) int { return int(row[i].(int32)) }
	return disclosures.Cell{TableID: text(0), BlockID: text(1), BlockTitle: text(2), RowID: text(3), RowLabel: text(4), ColumnID: text(5), ColumnLabel: text(6),
		TableNumber: number(7), BlockNumber: number(8), RowNumber: number(9), ColumnNumber: number(10), Depth: number(11),
		Measure: text(12), Predicate: text(13), Exact: row[14].(decimal.Decimal), Displayed: row[15].(int64), Unit: text(16),
		Moved: row[17].(int64), Memo: row[18].(bool), Code: row[19].(string), ParentRowID: text(20), TotalColumn: row[21].(bool)}
}

// carry gives the cells their footnotes.
func carry(cells []disclosures.Cell, rows [][]any) {
	type key [4]string
	marks := map[key][]disclosures.Mark{}
	for _, row := range rows {
		k := key{row[0].(string), row[1].(string), row[2].(string), row[3].(string)}
		marks[k] = append(marks[k], disclosures.Mark{ID: row[4].(string), Facts: row[5].(int64), Amount: row[6].(decimal.Decimal)})
	}
	for i, c := range cells {
		cells[i].Marks = marks[key{c.TableID, c.BlockID, c.RowID, c.ColumnID}]
	}
}

// limitNames are the keys of the limits of one figure, by footnote.
var limitNames = map[string]string{"floor": "floors", "no_value": "no_value", "no_carrying_amount": "no_value", "unclassified": "unclassified"}

// Restless are the figures of the packet that rest on more floors, positions
// without a value or unclassified facts than the limits for one figure allow; such a packet is a draft.
func Restless(packet render.Packet, limits configs.CellLimits) []string {
	most := map[string]int{"floor": limits.Floors, "no_value": limits.NoValue, "no_carrying_amount": limits.NoValue, "unclassified": limits.Unclassified}
	var list []string
	packet.Each(func(at render.Place, cell render.Cell) {
		for _, m := range cell.Marks {
			limit, limited := most[m.ID]
			if limited && limit >= 0 && m.Facts > int64(limit) && at.Date == packet.AsOf {
				list = append(list, fmt.Sprintf("%s/%s, %s, %s: %s, %s, limits.cells.%s is %d",
					at.Table, at.Block, at.Row, at.Column, m.ID, disclosures.Counted(m.Facts, "fact"), limitNames[m.ID], limit))
			}
		}
	})
	return list
}
