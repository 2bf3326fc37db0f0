package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"comment11/configs"
	"comment11/internal/position"
	"comment11/internal/store"
)

// quartersShown are how many fiscal quarters tables of a trend show, this one included.
const quartersShown = 8

// quarterEnds are the ends of fiscal quarters before a date, the newest first.
func quarterEnds(calendar configs.Calendar, asOf time.Time) []time.Time {
	var ends []time.Time
	for end := asOf; len(ends) < quartersShown-1; {
		end = calendar.FiscalQuarterStart(end).AddDate(0, 0, -1)
		ends = append(ends, end)
	}
	return ends
}

// readByTrend is what a trend reads of a release.
var readByTrend = []string{"facts", "realized_facts"}

// quarterRelease is the release of a quarter's end that a trend shows: what the last packet
// of that period end displays, else the newest; as a comparative does.
func quarterRelease(pins map[string]store.Pinned, shown []store.Manifest, newest store.Manifest) store.Manifest {
	if reported, known := reportedBy(pins, shown, newest.AsOfDate); known && reported.ReportingCurrency == newest.ReportingCurrency {
		return reported
	}
	return newest
}

// earlierQuarters are the published releases of the fiscal quarters before a period end.
func (j *job) earlierQuarters() ([]store.ReadRelease, error) {
	if !j.Config.Calendar.IsPeriodEnd(j.options.AsOf) {
		return nil, nil
	}
	shown, err := j.warehouse.Shown()
	if err != nil {
		return nil, err
	}
	pins, err := j.warehouse.PinnedReleases()
	if err != nil {
		return nil, err
	}
	ends := quarterEnds(j.Config.Calendar, j.options.AsOf)
	newest := newestOfDates(shown, j.Config.ReportingCurrency, ends[len(ends)-1].Format(time.DateOnly), j.options.AsOf.Format(time.DateOnly))
	var list []store.ReadRelease
	for _, end := range ends {
		if m, known := newest[end.Format(time.DateOnly)]; known {
			m = quarterRelease(pins, shown, m)
			read := readRelease(m, readByTrend...)
			read.RestatedSince = len(since(m, shown)) > 0
			list = append(list, read)
		}
	}
	return list, nil
}

// trend makes the relation quarter_ends: of this quarter and those before it what
// facts and realized facts come to. A quarter without a release has one row that says so.
func (j *job) trend(ctx context.Context) error {
	if len(j.outcome.Manifest.Quarters) == 0 {
		return nil
	}
	manifests, err := j.warehouse.Manifests()
	if err != nil {
		return err
	}
	const withoutRealized = ", without realized events"
	note := ""
	if !slices.Contains(j.loaded(), "realized") {
		note = withoutRealized
	}
	parts := j.quarterOf(1, j.options.AsOf, note, "", store.Manifest{Scopes: j.scopeNames()}, true)
	for i, end := range quarterEnds(j.Config.Calendar, j.options.AsOf) {
		date, place := end.Format(time.DateOnly), i+2
		at := slices.IndexFunc(j.outcome.Manifest.Quarters, func(r store.ReadRelease) bool { return r.AsOfDate == date })
		if at < 0 {
			parts = append(parts, fmt.Sprintf("select '%d', '%s, not published', 'sold', false%s, 0, 0, 0, 0, 0", place, date, strings.Repeat(", 'external'", len(j.Scopes))))
			continue
		}
		m := manifests[slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == j.outcome.Manifest.Quarters[at].Release })]
		prefix, note := fmt.Sprintf("quarter_%d_", place), ""
		if restated(m, manifests) {
			note = ", restated"
		}
		if j.outcome.Manifest.Quarters[at].RestatedSince {
			note += ", as reported, restated since"
		}
		same, err := j.sameQuarter(ctx, m, end)
		if err != nil {
			return err
		}
		if !same {
			note += ", of another fiscal quarter"
		}
		if _, delivered := m.Relation("realized_records"); !delivered || !same {
			note += withoutRealized
		}
		if err := releaseViews(ctx, j.db, j.warehouse, m, prefix, "facts", "realized_facts"); err != nil {
			return err
		}
		realized, hasRealized := m.Relation("realized_facts")
		sums := j.quarterOf(place, end, note, prefix, m, !hasRealized || slices.Contains(realized.ColumnNames(), "fiscal_year"))
		if !same {
			sums = sums[:1] // what it calls its quarter is none of today's
		}
		parts = append(parts, sums...)
	}
	var scopes []string
	for _, name := range j.scopeNames() {
		scopes = append(scopes, position.ScopeColumn(name))
	}
	return j.db.CreateTable(ctx, "quarter_ends", fmt.Sprintf("select * from (%s) as q(place, period, direction, funded, %s, notional, receivable, payable, gains, losses)",
		strings.Join(parts, " union all "), strings.Join(scopes, ", ")))
}

// restated tells whether a release, or one of its date before it, changed what a packet
// displayed; a rerun after it has the same figures.
func restated(m store.Manifest, manifests []store.Manifest) bool {
	return slices.ContainsFunc(manifests, func(other store.Manifest) bool {
		return other.AsOfDate == m.AsOfDate && other.Sequence <= m.Sequence && other.Status == store.Published && (other.Kind == "revision" || other.Kind == "restatement")
	})
}

// sameQuarter tells whether the fiscal quarter that ended with a release is the one that
// ends on its date by the calendar of today. One that keeps no settings tells of no other.
func (j *job) sameQuarter(ctx context.Context, m store.Manifest, end time.Time) (bool, error) {
	texts, err := storedTexts(ctx, j.db, j.warehouse, m)
	if errors.Is(err, errNoDefinitions) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	settings, err := settingsOf(texts)
	return err == nil && settings.Calendar.FiscalQuarterStart(end).Equal(j.Config.Calendar.FiscalQuarterStart(end)), err
}

// quarterOf are the SELECTs of one quarter's sums, first of its end, then of its events. A
// scope that the release does not have had nothing in it; one before the year before was
// shown has this year's events alone.
func (j *job) quarterOf(place int, end time.Time, note, prefix string, m store.Manifest, tellsYears bool) []string {
	var scopes, groups []string
	for _, name := range j.scopeNames() {
		if slices.Contains(m.Scopes, name) {
			scopes, groups = append(scopes, position.ScopeColumn(name)), append(groups, position.ScopeColumn(name))
		} else {
			scopes = append(scopes, "'out_of_scope'")
		}
	}
	thisYear := ""
	if tellsYears {
		thisYear = " and fiscal_year = 'this_year'"
	}
	key := fmt.Sprintf("'%d', '%s%s', cast(direction as varchar), funded, %s", place, end.Format(time.DateOnly), note, strings.Join(scopes, ", "))
	by := strings.Join(append([]string{"direction", "funded"}, groups...), ", ")
	return []string{
		fmt.Sprintf("select %s, sum(notional), sum(fair_value_receivable), sum(fair_value_payable), 0, 0 from %sfacts group by %s", key, prefix, by),
		fmt.Sprintf("select %s, 0, 0, 0, sum(case when result = 'gain' then realized_gain_loss else 0 end), sum(case when result = 'loss' then realized_gain_loss else 0 end) from %srealized_facts where in_quarter%s group by %s", key, prefix, thisYear, by),
	}
}
