package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/internal/position"
	"comment11/internal/store"
)

// changeAfterPacket is the control that holds back figures that differ from those
// of a packet that was extracted: such a release needs a reason and an approver.
const changeAfterPacket = "change_after_packet"

// opening names the newest published release of the last earlier date, which this
// release builds on.
func (j *job) opening() (*store.Opening, error) {
	shown, err := j.warehouse.Shown()
	if err != nil {
		return nil, err
	}
	asOf := j.options.AsOf.Format(time.DateOnly)
	earlier := slices.DeleteFunc(shown, func(m store.Manifest) bool { return m.AsOfDate >= asOf })
	if len(earlier) == 0 {
		return nil, nil
	}
	last := slices.MaxFunc(earlier, compareAge)
	return &store.Opening{AsOfDate: last.AsOfDate, Release: last.Release}, nil
}

// supersededOpening tells whether the opening that a release builds on, or one that it
// was rolled forward from, was replaced by a release with other figures, or a quarter that
// it shows is to be shown or marked otherwise now, or a quarter's end was published since.
func supersededOpening(calendar configs.Calendar, m store.Manifest, shown []store.Manifest, pins map[string]store.Pinned) bool {
	var built []store.Opening
	if m.Opening != nil {
		built = append(built, *m.Opening)
	}
	if m.RollForward != nil {
		for _, r := range append([]store.ReadRelease{m.RollForward.Opening}, m.RollForward.Between...) {
			built = append(built, store.Opening{AsOfDate: r.AsOfDate, Release: r.Release})
		}
	}
	for _, opening := range built {
		i := slices.IndexFunc(shown, func(other store.Manifest) bool { return other.Release == opening.Release })
		from := store.Manifest{AsOfDate: opening.AsOfDate} // of one that is not shown any more, all that are
		if i >= 0 {
			from = shown[i]
		}
		if len(since(from, shown)) > 0 {
			return true
		}
	}
	if asOf, err := time.Parse(time.DateOnly, m.AsOfDate); err == nil && calendar.IsPeriodEnd(asOf) {
		for _, end := range quarterEnds(calendar, asOf) {
			date := end.Format(time.DateOnly)
			isRead := slices.ContainsFunc(m.Quarters, func(r store.ReadRelease) bool { return r.AsOfDate == date })
			if !isRead && slices.ContainsFunc(shown, func(other store.Manifest) bool {
				return other.AsOfDate == date && other.Sequence > m.Sequence && other.ReportingCurrency == m.ReportingCurrency
			}) {
				return true
			}
		}
	}
	for _, r := range m.Quarters {
		newest, known := newestOf(slices.DeleteFunc(slices.Clone(shown), func(other store.Manifest) bool {
			return other.ReportingCurrency != m.ReportingCurrency
		}), r.AsOfDate)
		if !known {
			continue
		}
		stands := quarterRelease(pins, shown, newest)
		if readRelease(stands, readByTrend...).ContentHash != r.ContentHash || (len(since(stands, shown)) > 0) != r.RestatedSince {
			return true
		}
	}
	return false
}

// unchanged tells whether the newest release of the date is what this run would
// make again. A held one is made again once its breaks are accepted, and one
// whose opening was replaced, because it is to name the new one.
func (j *job) unchanged(ctx context.Context, last, now store.Manifest) (bool, error) {
	if last.Fingerprint != now.Fingerprint || last.Removed() {
		return false, nil
	}
	if last.Status == store.Held {
		controls, err := readControls(ctx, j.db, j.warehouse, last)
		if err != nil {
			return false, err
		}
		_, open := j.approvals.accept(last.ReleaseHash, controls, j.options.Now())
		if len(open) > 0 {
			err = j.approvals.inTheWay(last.ReleaseHash)
		}
		return len(open) > 0, err
	}
	shown, err := j.warehouse.Shown()
	if err != nil {
		return false, err
	}
	pins, err := j.warehouse.PinnedReleases()
	return !supersededOpening(j.Config.Calendar, last, shown, pins), err
}

// readControls reads the controls of a release.
func readControls(ctx context.Context, db *store.DB, w store.Warehouse, m store.Manifest) ([]position.Control, error) {
	table, err := store.Query(ctx, db, "select control_id, subject, class, severity, left_meaning, right_meaning, left_value, right_value, tolerance from "+
		releaseFiles(w, m, "controls")+" order by control_id, subject")
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range table.Rows {
		c := position.Control{ID: textOf(row[0]), Subject: textOf(row[1]), Class: textOf(row[2]), Severity: textOf(row[3]), LeftMeaning: textOf(row[4]), RightMeaning: textOf(row[5])}
		for i, side := range []*decimal.Decimal{&c.Left, &c.Right, &c.Tolerance} {
			var ok bool
			if *side, ok = row[6+i].(decimal.Decimal); !ok {
				return nil, fmt.Errorf("a side of the control %s of release %s is a %T; expected a decimal", c.ID, m.Release, row[6+i])
			}
		}
		controls = append(controls, c)
	}
	return controls, nil
}

// releaseFiles is the FROM item of a relation of a release.
func releaseFiles(w store.Warehouse, m store.Manifest, name string) string {
	return store.PlainParquet(w.Files(m, name)...)
}

// compareWithPublished counts the cells whose figures differ from the release of
// the date that is published now, and holds the release where a packet shows that
// date already. -1 means that none is published.
func (j *job) compareWithPublished(ctx context.Context) (changed int, err error) {
	shown, err := j.warehouse.Shown()
	if err != nil {
		return 0, err
	}
	m := &j.outcome.Manifest
	shown = slices.DeleteFunc(shown, func(other store.Manifest) bool { return other.AsOfDate != m.AsOfDate })
	newest, known := newestOf(shown, m.AsOfDate)
	if !known {
		return -1, nil
	}
	m.Follows = newest.Release
	if changed, err = changedCells(ctx, j.db, releaseFiles(j.warehouse, newest, "cells"), j.outcome.Cells); err != nil {
		return 0, err
	}
	packets, err := j.warehouse.Packets()
	if err != nil {
		return 0, err
	}
	for _, other := range shown {
		for _, p := range packets {
			if changed > 0 && p.Names(other.Release) {
				j.outcome.Controls = append(j.outcome.Controls, position.Control{ID: changeAfterPacket, Subject: m.AsOfDate, Class: "reconciliation", Severity: "hold",
					LeftMeaning: fmt.Sprintf("cells that differ from release %s, though packet %s was extracted", newest.Release, p.ID),
					Left:        decimal.NewFromInt(int64(changed)), RightMeaning: "none without a reason and an approver"})
				return changed, nil
			}
		}
	}
	return changed, nil
}

// changedCells counts the cells that have another figure than in another release, or are
// gone from it or new. A table or column that the other one does not have changes none.
func changedCells(ctx context.Context, db *store.DB, from string, cells []disclosures.Cell) (int, error) {
	table, err := store.Query(ctx, db, "select table_id, block_id, row_id, column_id, exact, displayed from "+from)
	if err != nil {
		return 0, err
	}
	type key [4]string
	type figures struct {
		exact     string
		displayed int64
	}
	before, columns := map[key]figures{}, map[[3]string]bool{}
	for _, row := range table.Rows {
		k := key{row[0].(string), row[1].(string), row[2].(string), row[3].(string)}
		before[k], columns[[3]string{k[0], k[1], k[3]}] = figures{row[4].(decimal.Decimal).StringFixed(2), row[5].(int64)}, true
	}
	changed := 0
	for _, c := range cells {
		k := key{c.TableID, c.BlockID, c.RowID, c.ColumnID}
		was, known := before[k]
		switch {
		case known && was != (figures{c.Exact.StringFixed(2), c.Displayed}), !known && columns[[3]string{k[0], k[1], k[3]}]:
			changed++
		}
		delete(before, k)
	}
	return changed + len(before), nil
}

// decide says whether the release is published, and what it is to those before it.
func (j *job) decide(changed int) {
	m := &j.outcome.Manifest
	accepted, open := j.approvals.accept(m.ReleaseHash, j.outcome.Controls, j.options.Now())
	j.outcome.Open = open
	m.Status = store.Published
	if len(open) > 0 {
		m.Status = store.Held
	} else {
		m.Approvals = accepted
	}
	switch {
	case changed < 0:
		m.Kind = "first"
	case changed == 0:
		m.Kind = "rerun"
	default:
		m.Kind = "correction"
	}
	for _, a := range m.Approvals {
		if a.Control == changeAfterPacket {
			m.Kind = a.Kind
		}
	}
}

// releaseHash is what an approval names: the hash of all that decides the figures
// of a release, and of all its contents.
func releaseHash(m store.Manifest) string {
	h := sha256.New()
	fmt.Fprintln(h, m.AsOfDate, m.Fingerprint)
	for _, r := range m.Relations {
		fmt.Fprintln(h, r.Name, r.Rows, r.ContentHash)
	}
	return hex.EncodeToString(h.Sum(nil))
}
