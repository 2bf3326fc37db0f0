package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// Desk is what a packet is written from: a warehouse that shows of each date the release
// whose figures the packet has. Where those are the newest ones it is the warehouse
// itself; else it is a folder of its own with links to releases, which never change, a
// catalog over them and, for a recast, what was computed.
type Desk struct {
	Config      configs.Config
	dates       []string
	comparative *render.Comparative
}

// IsPublished tells whether a release of the date is published.
func IsPublished(config configs.Config, date string) (bool, error) {
	shown, err := Warehouse(config).Shown()
	return slices.ContainsFunc(shown, func(m store.Manifest) bool { return m.AsOfDate == date }), err
}

// OpenDesk chooses the releases of a packet: of the period end the newest one, of the
// date compared with what basis says ("" and render.AsReported: what its last packet
// displays, else the newest), and of the quarter ends that the letter looks back to the
// same as reported. done removes what was made for it.
func OpenDesk(ctx context.Context, config configs.Config, options Options, dates []string, basis string) (d Desk, done func(), err error) {
	d, done = Desk{Config: config, dates: dates}, func() {}
	w := Warehouse(config)
	shown, err := w.Shown()
	if err != nil {
		return d, done, err
	}
	pins, err := w.PinnedReleases()
	if err != nil {
		return d, done, err
	}
	read, standing := deskReleases(config, dates, basis, shown, pins)
	at := func(date string) int {
		return slices.IndexFunc(read, func(m store.Manifest) bool { return m.AsOfDate == date })
	}
	var now, recastOf *store.Manifest
	if len(dates) > 1 && at(dates[0]) >= 0 && at(dates[1]) >= 0 { // else the packet says what is not published
		if err := pinnedAsRecorded(pins, shown, dates[1]); err != nil && basis != render.Restated {
			return d, done, err
		}
		column := read[at(dates[1])]
		if d.comparative, err = compareWith(ctx, config, options, pins, shown, column, basis); err != nil {
			return d, done, err
		}
		now = &read[at(dates[0])]
		if basis == render.Recast {
			recastOf = &column
		} else if err := sameUnits(ctx, config, *now, column); err != nil {
			return d, done, err
		}
	}
	if standing && recastOf == nil {
		return d, done, nil
	}
	if d.Config, done, err = deskOf(ctx, config, read, func(desk store.Warehouse) error {
		if recastOf == nil {
			return nil
		}
		return d.recast(ctx, config, options, desk, *now, *recastOf, shown)
	}); err != nil {
		return d, func() {}, err
	}
	return d, done, nil
}

// deskReleases are the releases that a packet of the dates reads, one for each of them and
// of the earlier period ends. standing tells whether all are the newest of their dates.
func deskReleases(config configs.Config, dates []string, basis string, shown []store.Manifest, pins map[string]store.Pinned) (read []store.Manifest, standing bool) {
	standing = true
	for _, date := range slices.Sorted(maps.Keys(datesOf(shown))) {
		if !slices.Contains(dates, date) && (date > dates[0] || !isPeriodEnd(config, date)) {
			continue
		}
		m, _ := newestOf(shown, date)
		if reported, known := reportedBy(pins, shown, date); known && date != dates[0] && basis != render.Restated {
			standing = standing && reported.Release == m.Release
			m = reported
		}
		read = append(read, m)
	}
	return read, standing
}

// sameUnits refuses releases of which a table is in another currency or unit.
func sameUnits(ctx context.Context, config configs.Config, now, column store.Manifest) error {
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	w := Warehouse(config)
	differ, err := store.Query(ctx, db, fmt.Sprintf("select n.table_id, n.unit, b.unit from %s as n join %s as b on b.table_id = n.table_id where b.unit <> n.unit order by n.table_number limit 1",
		releaseFiles(w, now, "tables"), releaseFiles(w, column, "tables")))
	if err != nil || len(differ.Rows) == 0 {
		return err
	}
	first := differ.Rows[0]
	return fmt.Errorf("%w: %s is in %s in release %s of %s and in %s in release %s of %s; figures of two units cannot stand beside each other: run one of the dates again with unit and reporting_currency of the other, or leave the earlier one out with --compare none",
		ErrUsage, first[0], first[1], now.Release, now.AsOfDate, first[2], column.Release, column.AsOfDate)
}

// reportedBy is the release that the last packet of a period end displays.
func reportedBy(pins map[string]store.Pinned, shown []store.Manifest, date string) (store.Manifest, bool) {
	i := slices.IndexFunc(shown, func(m store.Manifest) bool { return m.AsOfDate == date && m.Release == pins[date].Release })
	if i < 0 {
		return store.Manifest{}, false
	}
	return shown[i], true
}

// pinnedAsRecorded holds that the release which the last packet of a date displays is
// still there as it was.
func pinnedAsRecorded(pins map[string]store.Pinned, shown []store.Manifest, date string) error {
	pin, known := pins[date]
	if !known {
		return nil
	}
	if m, there := reportedBy(pins, shown, date); !there || m.Hash() != pin.SHA256 {
		return fmt.Errorf("%w: release %s, whose figures %s displays for %s, is not in the warehouse as it was recorded; restore it, show what stands with --restated, or leave the date out with --compare none",
			ErrData, pin.Release, pin.Packet, date)
	}
	return nil
}

// since are the releases of a release's date that came after it with other figures.
func since(m store.Manifest, shown []store.Manifest) []render.Replacement {
	later := slices.DeleteFunc(slices.Clone(shown), func(other store.Manifest) bool {
		return other.AsOfDate != m.AsOfDate || other.Sequence <= m.Sequence || other.Kind == "rerun"
	})
	slices.SortFunc(later, func(a, b store.Manifest) int { return a.Sequence - b.Sequence })
	var list []render.Replacement
	for _, other := range later {
		r := render.Replacement{Release: other.Release, Kind: other.Kind}
		for _, a := range other.Approvals {
			if a.Control == changeAfterPacket {
				r.Reason, r.Preparer, r.Approver = a.Reason, a.Preparer, a.Approver
			}
		}
		list = append(list, r)
	}
	return list
}

// compareWith says what the column of a release shows. The bridge of a recast is filled
// in once there is what it leads to.
func compareWith(ctx context.Context, config configs.Config, options Options, pins map[string]store.Pinned, shown []store.Manifest, column store.Manifest, basis string) (*render.Comparative, error) {
	pinned, isPinned := reportedBy(pins, shown, column.AsOfDate)
	c := &render.Comparative{Date: column.AsOfDate, Basis: basis, Release: column.Release}
	switch basis {
	case render.Restated:
		from := pinned
		if !isPinned { // what was first published
			from = firstOf(shown, column.AsOfDate)
		}
		causes := since(from, shown)
		if len(causes) == 0 {
			return c, nil
		}
		c.Bridge = &render.Bridge{From: from.Release, Pinned: isPinned, Causes: causes}
		return c, restatedBridge(ctx, config, options, c.Bridge, from, column)
	case render.Recast:
		c.Since = since(column, shown)
		c.Bridge = &render.Bridge{From: column.Release, Pinned: isPinned}
	default:
		c.Basis = render.Published
		if isPinned {
			c.Basis, c.Since = render.AsReported, since(column, shown)
		}
	}
	return c, nil
}

// restatedBridge leads from one release to another of the date: what is displayed
// otherwise, and what each factor makes of it.
func restatedBridge(ctx context.Context, config configs.Config, options Options, b *render.Bridge, from, to store.Manifest) error {
	w := Warehouse(config)
	if err := readBridge(ctx, config, b, releaseFiles(w, from, "cells"), releaseFiles(w, to, "cells")); err != nil {
		return err
	}
	moved, err := Diff(ctx, config, options, from, to, DiffOptions{})
	if err != nil {
		return fmt.Errorf("the bridge from %s to %s: %w", from.Release, to.Release, err)
	}
	causes := map[cellName]map[string]decimal.Decimal{}
	for _, c := range slices.Concat(moved.Cells, moved.Derived) {
		causes[cellName{c.Table, c.Block, c.Row, c.Column}] = c.Causes
	}
	for i, l := range b.Lines {
		for _, factor := range Factors {
			if amount, known := causes[cellName{l.Table, l.Block, l.Row, l.Column}][factor]; known {
				b.Lines[i].Causes = append(b.Lines[i].Causes, render.BridgeCause{Factor: factor, Amount: exactText(amount)})
			}
		}
	}
	b.Notes = append(b.Notes, moved.Notes...)
	return nil
}

// readBridge reads the lines of a bridge from the cells of two releases.
func readBridge(ctx context.Context, config configs.Config, b *render.Bridge, from, to string) error {
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	b.Lines, b.Unseen, err = bridgeLines(ctx, db, from, to)
	return err
}

// bridgeLines are the cells that are displayed otherwise in the cells to than in those
// from; a cell that one side does not have is nil there. unseen counts those that differ
// in their exact value alone.
func bridgeLines(ctx context.Context, db *store.DB, from, to string) (lines []render.BridgeLine, unseen int, err error) {
	table, err := store.Query(ctx, db, fmt.Sprintf(`
select coalesce(n.table_id, b.table_id), coalesce(n.block_id, b.block_id), coalesce(n.row_id, b.row_id), coalesce(n.column_id, b.column_id),
  coalesce(b.unit, n.unit), coalesce(n.unit, b.unit), coalesce(b.displayed, 0), coalesce(n.displayed, 0), coalesce(n.exact, 0) - coalesce(b.exact, 0)
from (select * from %s) as b full join (select * from %s) as n
  on n.table_id = b.table_id and n.block_id = b.block_id and n.row_id = b.row_id and n.column_id = b.column_id
where coalesce(n.displayed, 0) <> coalesce(b.displayed, 0) or coalesce(n.exact, 0) <> coalesce(b.exact, 0)
order by coalesce(n.table_number, b.table_number), coalesce(n.block_number, b.block_number), coalesce(n.row_number, b.row_number), coalesce(n.column_number, b.column_number), 1, 2, 3, 4`, from, to))
	if err != nil {
		return nil, 0, err
	}
	lines = []render.BridgeLine{}
	for _, row := range table.Rows {
		text := func(i int) string { return row[i].(string) }
		l := render.BridgeLine{Table: text(0), Block: text(1), Row: text(2), Column: text(3), Unit: text(5), From: row[6].(int64), To: row[7].(int64), Exact: exactText(row[8])}
		if text(4) != text(5) && (!slices.Contains(disclosures.CountUnits, text(4)) || !slices.Contains(disclosures.CountUnits, text(5))) { // contracts were counted as facts once
			return nil, 0, fmt.Errorf("%w: %s/%s/%s/%s was in %s when it was reported and is in %s now; no bridge leads from one unit to another: recast with the unit as it was",
				ErrUsage, l.Table, l.Block, l.Row, l.Column, text(4), text(5))
		}
		if l.From == l.To {
			unseen++
			continue
		}
		l.Difference = l.To - l.From
		lines = append(lines, l)
	}
	return lines, unseen, nil
}

// deskOf makes a warehouse of the releases in a folder for temporary files. more may add
// releases to it before its catalog is built.
func deskOf(ctx context.Context, config configs.Config, read []store.Manifest, more func(store.Warehouse) error) (desk configs.Config, done func(), err error) {
	w := Warehouse(config)
	root, err := os.MkdirTemp("", "comment11-desk-")
	if err != nil {
		return config, nil, err
	}
	remove := func() { _ = store.RealDisk.Remove(root) } // links go, what they lead to stays
	defer func() {
		if err != nil {
			remove()
		}
	}()
	desk = config
	desk.Warehouse, desk.Linked = root, w.Releases()
	at := Warehouse(desk)
	if err := at.Prepare(); err != nil {
		return config, nil, usageError(err)
	}
	for _, m := range read {
		link := at.ReleaseFolder(m.AsOfDate, m.Release)
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			return config, nil, err
		}
		if err := os.Symlink(w.ReleaseFolder(m.AsOfDate, m.Release), link); err != nil {
			return config, nil, err
		}
	}
	if err := os.Symlink(w.PreparedFolder(), at.PreparedFolder()); err != nil {
		return config, nil, err
	}
	if err := more(at); err != nil {
		return config, nil, err
	}
	return desk, remove, at.RebuildCatalog(ctx, engine(config), CatalogViews())
}

// kindRecast is the kind of a release that is in a packet alone.
const kindRecast = "recast"

// recast computes a release again from the records that it stored, by the definitions
// of today, as a release of the desk. Nothing is written in the warehouse. What the
// config maps from sources is as it was, and so are the releases that its movements and
// its trend lead from.
func (d *Desk) recast(ctx context.Context, config configs.Config, options Options, desk store.Warehouse, now, base store.Manifest, shown []store.Manifest) error {
	explain := func(err error) error {
		return fmt.Errorf("release %s of %s cannot be recast: %w", base.Release, base.AsOfDate, err)
	}
	if missing := missingFiles(Warehouse(config), base); len(missing) > 0 {
		return explain(fmt.Errorf("%w: its files %s are missing", ErrData, strings.Join(missing, ", ")))
	}
	var err error
	if options.AsOf, err = time.Parse(time.DateOnly, base.AsOfDate); err != nil {
		return err
	}
	options.Progress, options.Force, options.DryRun = nil, true, true
	j, done, err := apart(ctx, config, options)
	if err != nil {
		return explain(err)
	}
	defer done()
	stands, err := storedTexts(ctx, j.db, Warehouse(config), now)
	if err != nil && !errors.Is(err, errNoDefinitions) {
		return err
	}
	if other := differentTexts(stands, j.Texts); err == nil && len(other) > 0 { // else two dates by two sets of rules
		return explain(fmt.Errorf("%w: release %s, which it is to stand beside, was made by other definitions than those of today: %s; run %s again first",
			ErrUsage, now.Release, strings.Join(other, ", "), now.AsOfDate))
	}
	m, err := j.recastOf(ctx, base)
	if err != nil {
		return explain(err)
	}
	for _, other := range shown { // it stands after all that is published
		m.Sequence = max(m.Sequence, other.Sequence+1)
	}
	folder := desk.ReleaseFolder(m.AsOfDate, m.Release)
	if err := os.Rename(j.output, folder); err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, packetManifestName), append(text, '\n'), 0o600); err != nil {
		return err
	}
	bridge := d.comparative.Bridge
	bridge.Changed = changes(base, m)
	return readBridge(ctx, config, bridge, releaseFiles(Warehouse(config), base, "cells"), releaseFiles(desk, m, "cells"))
}

// missingFiles are the files of a release that are not there.
func missingFiles(w store.Warehouse, m store.Manifest) (missing []string) {
	for _, f := range m.Files {
		if _, err := os.Stat(filepath.Join(w.ReleaseFolder(m.AsOfDate, m.Release), f.Name)); err != nil {
			missing = append(missing, f.Name)
		}
	}
	return missing
}

// recastOf makes the relations of the recast in the job's output, beside links to the
// records that it was made of, and gives its manifest.
func (j *job) recastOf(ctx context.Context, base store.Manifest) (store.Manifest, error) {
	m := base
	m.Release, m.Kind, m.Status, m.Follows, m.Approvals, m.Previous = base.Release+"-"+kindRecast, kindRecast, store.Published, base.Release, nil, store.Link{}
	m.ReportingCurrency, m.Scopes, m.Configuration, m.Program = j.Config.ReportingCurrency, j.scopeNames(), j.Hashes, j.options.Program
	m.Relations, m.Files = nil, nil
	var err error
	if m.Program.DuckDB, err = j.db.Version(ctx); err != nil {
		return m, err
	}
	if err := j.restore(ctx, base, m); err != nil {
		return m, err
	}
	m.EvidenceOf = j.frozen.Release
	m.Fingerprint = fingerprint(m, j.outcome.Files)
	for _, name := range []string{"exclusions", "structural_rejects"} {
		if _, kept := base.Relation(name); !kept {
			return m, fmt.Errorf("%w: it does not keep the relation %s", ErrData, name)
		}
		if err := j.db.CreateView(ctx, name, "select * exclude (as_of_date, release) from "+releaseFiles(j.warehouse, base, name)); err != nil {
			return m, err
		}
	}
	for _, step := range []func(context.Context) error{j.classify, j.disclose} {
		if err := step(ctx); err != nil {
			return m, err
		}
	}
	for _, c := range j.outcome.Broken() {
		if c.Class == "integrity" {
			return m, fmt.Errorf("%w: control %s, %s: %s is %s, %s is %s", ErrData, c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right)
		}
	}
	err = j.writeRecast(ctx, base, &m)
	return m, err
}

// isRead tells relations of what was read of files from those that are computed of it.
func isRead(name string) bool {
	return strings.HasSuffix(name, "_records") || slices.Contains([]string{"rejects", "exclusions", "conflicts", "structural_rejects", "unreadable_values"}, name)
}

// writeRecast writes what was computed and links the records.
func (j *job) writeRecast(ctx context.Context, base store.Manifest, m *store.Manifest) error {
	files, err := j.writeRelations(ctx)
	if err != nil {
		return err
	}
	for name := range files { // what was read stands as it was
		if !isRead(name) {
			continue
		}
		if !strings.HasSuffix(name, "_records") {
			if err := os.Remove(files[name][0]); err != nil {
				return err
			}
		}
		delete(files, name)
	}
	if err := j.describing.Wait(); err != nil {
		return err
	}
	for name, paths := range files {
		m.Relations = append(m.Relations, *j.described[name])
		for _, path := range paths {
			hash, err := store.HashFile(path)
			if err != nil {
				return err
			}
			m.Files = append(m.Files, hash)
		}
	}
	for _, r := range base.Relations {
		if !isRead(r.Name) {
			continue
		}
		m.Relations = append(m.Relations, r)
		for _, file := range r.Files {
			i := slices.IndexFunc(base.Files, func(f store.FileHash) bool { return f.Name == file })
			if i < 0 {
				return fmt.Errorf("%w: the manifest does not name its file %s", ErrData, file)
			}
			m.Files = append(m.Files, base.Files[i])
			if err := os.Symlink(filepath.Join(j.warehouse.ReleaseFolder(base.AsOfDate, base.Release), file), filepath.Join(j.output, file)); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(m.Relations, func(a, b store.Relation) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(m.Files, func(a, b store.FileHash) int { return strings.Compare(a.Name, b.Name) })
	m.ReleaseHash = releaseHash(*m)
	return nil
}

// Packet reads the packet of the desk.
func (d Desk) Packet(ctx context.Context) (render.Packet, error) {
	packet, err := Packet(ctx, d.Config, d.dates...)
	if err != nil || d.comparative == nil {
		return packet, err
	}
	for i, r := range packet.Releases {
		if r.Kind == kindRecast {
			packet.Releases[i].RecastOf = d.comparative.Release
		}
	}
	return packet.Against(d.comparative), nil
}

// errBridge marks a bridge that is not that of its releases.
var errBridge = errors.New("the bridge")

// holdsBridge holds a bridge against the cells of its two ends: its lines must be
// theirs, and the causes of each add up to its exact difference.
func holdsBridge(ctx context.Context, db *store.DB, b *render.Bridge, audience, from, to string) error {
	want, unseen, err := bridgeLines(ctx, db, from, to)
	if err != nil {
		return err
	}
	if audience == render.Filing {
		want, unseen = render.FiledLines(want), 0
	}
	if len(want) != len(b.Lines) || unseen != b.Unseen {
		return fmt.Errorf("%w has %d lines and leaves %d out, the cells give %d and %d", errBridge, len(b.Lines), b.Unseen, len(want), unseen)
	}
	for i, has := range b.Lines {
		sum := decimal.Zero
		for _, c := range has.Causes {
			amount, err := decimal.NewFromString(c.Amount)
			if err != nil {
				return fmt.Errorf("%w at %s/%s/%s/%s: %s is %q, which is no amount", errBridge, has.Table, has.Block, has.Row, has.Column, c.Factor, c.Amount)
			}
			sum = sum.Add(amount)
		}
		if len(has.Causes) > 0 && audience != render.Filing && !sum.Equal(decimal.RequireFromString(want[i].Exact)) {
			return fmt.Errorf("%w at %s/%s/%s/%s: its causes come to %s, the cells differ by %s", errBridge, has.Table, has.Block, has.Row, has.Column, sum, want[i].Exact)
		}
		if audience != render.Filing { // which has none
			has.Causes = nil
		}
		if got, should := fmt.Sprintf("%+v", has), fmt.Sprintf("%+v", want[i]); got != should {
			return fmt.Errorf("%w has %s, the cells give %s", errBridge, got, should)
		}
	}
	return nil
}
