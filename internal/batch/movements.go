package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// rollForward decides whether movements are made, and from which releases: at the ends of
// fiscal periods from the last fiscal year-end that is published, or from the date that was
// asked for, now or when the newest of the earlier releases of the date was made, which the
// next night must not undo. Other nights have none, because a roll-forward reads two books
// for figures that nobody files. Where there is none j.noOpening says why, for the tables
// that need an opening.
func (j *job) rollForward(files []ingest.File, earlier []store.Manifest) (*store.RollForward, error) {
	hasEvents := slices.ContainsFunc(files, func(f ingest.File) bool { return f.DataSet == "lifecycle" })
	since, asked, told, err := j.askedRollForward(earlier)
	if err != nil {
		return nil, err
	}
	if asked == nil {
		if j.noOpening = j.noRollForward(hasEvents); j.noOpening != "" {
			return nil, nil
		}
		since = j.Config.Calendar.PreviousYearEnd(j.options.AsOf)
	}
	shown, err := j.warehouse.Shown()
	if err != nil {
		return nil, err
	}
	date := since.Format(time.DateOnly)
	newest := newestOfDates(shown, j.Config.ReportingCurrency, date, j.options.AsOf.Format(time.DateOnly))
	opening, known := newest[date]
	switch {
	case known:
	case asked == nil: // as at the first period ends of a warehouse
		j.noOpening = "no release of " + date + " in " + j.Config.ReportingCurrency + " was published"
		return nil, nil
	default:
		return nil, fmt.Errorf("%w: no release of %s in %s is published to roll forward from; run it first: comment11 run --as-of %s%s",
			ErrUsage, date, j.Config.ReportingCurrency, date, told)
	}
	delete(newest, date)
	roll := &store.RollForward{Asked: asked, Opening: readRelease(opening, readByMovements...)}
	if roll.Reported, err = j.reported(opening, shown); err != nil {
		return nil, err
	}
	if roll.Path, err = j.rollPath(asked, hasEvents, newest, since); err != nil {
		return nil, fmt.Errorf("%w%s", err, told)
	}
	for _, night := range slices.Sorted(maps.Keys(newest)) {
		_, hasRecords := newest[night].Relation("lifecycle_records")
		if roll.Path == "daily" || (roll.Path == "events" && hasRecords) {
			roll.Between = append(roll.Between, readRelease(newest[night], readByMovements...))
		}
	}
	return roll, nil
}

// askedRollForward is the roll-forward that was asked for, nil where none was, and since
// when. Where it was asked for when an earlier release of the date was made, told says so.
func (j *job) askedRollForward(earlier []store.Manifest) (since time.Time, asked *store.Asked, told string, err error) {
	if since = j.options.Compare; !since.IsZero() {
		return since, &store.Asked{Path: j.options.Path}, "", nil
	}
	if len(earlier) == 0 || j.options.AsConfigured {
		return since, nil, "", nil
	}
	last := earlier[len(earlier)-1]
	if last.RollForward == nil || last.RollForward.Asked == nil {
		return since, nil, "", nil
	}
	since, err = time.Parse(time.DateOnly, last.RollForward.Opening.AsOfDate)
	return since, last.RollForward.Asked, "; release " + last.Release + " was asked to: --compare config does as the config says", err
}

// noRollForward is why the config wants no roll-forward of the date, "" where it does.
func (j *job) noRollForward(hasEvents bool) string {
	switch {
	case j.Config.RollForward == "never":
		return "roll_forward is never"
	case !j.Config.Calendar.IsPeriodEnd(j.options.AsOf):
		return j.options.AsOf.Format(time.DateOnly) + " ends no fiscal period, and no other date was asked for"
	case j.Config.RollForward == "with_events" && !hasEvents:
		return "roll_forward is with_events, and the data set lifecycle was not delivered"
	}
	return ""
}

// rollPath is the path that was asked for, or the best that there is. newest are the
// releases between the opening and the as-of date.
func (j *job) rollPath(asked *store.Asked, hasEvents bool, newest map[string]store.Manifest, since time.Time) (string, error) {
	missing := j.missingNight(newest, since)
	path := ""
	if asked != nil {
		path = asked.Path
	}
	switch {
	case path == "events" && !hasEvents:
		return "", fmt.Errorf("%w: --path events needs the data set lifecycle, of which there is no file", ErrUsage)
	case path == "daily" && missing != "":
		return "", fmt.Errorf("%w: --path daily needs a published release of every business day; %s has none", ErrUsage, missing)
	case path != "":
		return path, nil
	case hasEvents:
		return "events", nil
	case missing == "" && len(newest) > 0:
		return "daily", nil
	}
	return "two_point", nil
}

// reported is the opening that the last packet of its date displays, nil where none does
// or where it has the same facts.
func (j *job) reported(opening store.Manifest, shown []store.Manifest) (*store.ReadRelease, error) {
	pins, err := j.warehouse.PinnedReleases()
	if err != nil {
		return nil, err
	}
	m, known := reportedBy(pins, shown, opening.AsOfDate)
	was, _ := m.Relation("facts")
	is, _ := opening.Relation("facts")
	if !known || was.ContentHash == is.ContentHash {
		return nil, nil
	}
	read := readRelease(m, readByMovements...)
	return &read, nil
}

// newestOfDates are the published releases of the dates from one on and before
// another, the newest of each.
func newestOfDates(shown []store.Manifest, currency, from, before string) map[string]store.Manifest {
	newest := map[string]store.Manifest{}
	for _, m := range shown {
		other, known := newest[m.AsOfDate]
		if m.AsOfDate >= from && m.AsOfDate < before && m.ReportingCurrency == currency && (!known || m.Sequence > other.Sequence) {
			newest[m.AsOfDate] = m
		}
	}
	return newest
}

// missingNight is the first business day after the opening and before the as-of date
// without a release, or "".
func (j *job) missingNight(newest map[string]store.Manifest, since time.Time) string {
	for day := since.AddDate(0, 0, 1); day.Before(j.options.AsOf); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		if _, known := newest[date]; !known && j.Config.Calendar.IsBusinessDay(day) {
			return date
		}
	}
	return ""
}

// readByMovements is what a roll-forward reads of a release.
var readByMovements = []string{"conversions", "facts", "identical_underlyings", "lifecycle_records", "positions_records"}

// readRelease names a release with the hash of what is read of it.
func readRelease(m store.Manifest, relations ...string) store.ReadRelease {
	h := sha256.New()
	for _, name := range relations {
		relation, _ := m.Relation(name)
		fmt.Fprintln(h, name, relation.Rows, relation.ContentHash)
	}
	return store.ReadRelease{AsOfDate: m.AsOfDate, Release: m.Release, ContentHash: hex.EncodeToString(h.Sum(nil))}
}

// move makes the movements, where there is an opening release.
func (j *job) move(ctx context.Context, in transform.Input) ([]position.Control, error) {
	roll := j.outcome.Manifest.RollForward
	if roll == nil {
		return nil, nil
	}
	manifests, err := j.warehouse.Manifests()
	if err != nil {
		return nil, err
	}
	for _, r := range roll.Releases() {
		if !slices.ContainsFunc(manifests, func(m store.Manifest) bool { return m.Release == r.Release && !m.Removed() }) {
			return nil, fmt.Errorf("%w: release %s, which the movements lead from, is gone", ErrData, r.Release)
		}
	}
	find := func(release string) store.Manifest {
		return manifests[slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == release })]
	}
	if err := j.openingViews(ctx, find(roll.Opening.Release), "opening_"); err != nil {
		return nil, err
	}
	if roll.Reported != nil {
		if err := j.openingViews(ctx, find(roll.Reported.Release), "reported_"); err != nil {
			return nil, err
		}
	}
	since, err := time.Parse(time.DateOnly, roll.Opening.AsOfDate)
	if err != nil {
		return nil, err
	}
	request := transform.RollForward{Since: since, Path: roll.Path, Unexplained: j.Config.Limits.Unexplained, Restated: roll.Reported != nil}
	var between []store.Manifest
	for _, r := range roll.Between {
		between = append(between, find(r.Release))
	}
	switch roll.Path {
	case "events":
		err = j.lifecycleSince(ctx, between)
	case "daily":
		request.Nights, err = j.nights(ctx, between)
	}
	if err != nil {
		return nil, err
	}
	if slices.Contains(j.loaded(), "pnl_explain") {
		if err := transform.ExplainConversions(ctx, j.db, in, since); err != nil {
			return nil, err
		}
	}
	return transform.Movements(ctx, j.db, in, request)
}

// openingViews makes the relations of an earlier release known, with the scopes of today:
// of a scope that the release did not have, everything was out.
func (j *job) openingViews(ctx context.Context, m store.Manifest, prefix string) error {
	if err := releaseViews(ctx, j.db, j.warehouse, m, prefix); err != nil {
		return err
	}
	if set, _ := position.Find("identical_underlyings"); prefix == "opening_" {
		if _, known := m.Relation(set.Name); !known {
			if err := j.db.Run(ctx, set.CreateTable(prefix+set.Name)); err != nil {
				return err
			}
		}
	}
	var missing []string
	for _, scope := range j.scopeNames() {
		if !slices.Contains(m.Scopes, scope) {
			missing = append(missing, ", 'out_of_scope' as "+position.ScopeColumn(scope))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	view := CatalogViews()[0] // facts
	query, err := view.Query(m, store.ReadParquet(j.warehouse.Files(m, view.Relation)))
	if err != nil {
		return err
	}
	return j.db.CreateView(ctx, prefix+"facts", "select *"+strings.Join(missing, "")+" from ("+query+")")
}

// lifecycleSince makes the relation lifecycle_since: the events that were delivered
// after the opening, of each the highest version, and of that the last delivery.
func (j *job) lifecycleSince(ctx context.Context, between []store.Manifest) error {
	set, _ := position.Find("lifecycle")
	if len(between) == 0 {
		return j.db.CreateView(ctx, "lifecycle_since", "select "+strings.Join(set.Names(), ", ")+" from lifecycle")
	}
	deliveries := []string{fmt.Sprintf("select %s, date '%s' as delivered from lifecycle", strings.Join(set.Names(), ", "), j.options.AsOf.Format(time.DateOnly))}
	for i, m := range between {
		prefix := fmt.Sprintf("night_%d_", i)
		if err := releaseViews(ctx, j.db, j.warehouse, m, prefix); err != nil {
			return err
		}
		deliveries = append(deliveries, fmt.Sprintf("select %s, date '%s' from %slifecycle", strings.Join(set.Names(), ", "), m.AsOfDate, prefix))
	}
	return j.db.CreateTable(ctx, "lifecycle_since", fmt.Sprintf(`
select %[1]s from (
  select *, row_number() over (partition by event_id order by coalesce(event_version, 0) desc, delivered desc) as place
  from (%[2]s)) where place = 1`, strings.Join(set.Names(), ", "), strings.Join(deliveries, " union all ")))
}

// nights makes the relations of the releases in between known.
func (j *job) nights(ctx context.Context, between []store.Manifest) ([]transform.Night, error) {
	var nights []transform.Night
	for i, m := range between {
		date, err := time.Parse(time.DateOnly, m.AsOfDate)
		if err != nil {
			return nil, err
		}
		night := transform.Night{Date: date, Prefix: fmt.Sprintf("night_%d_", i)}
		if err := j.openingViews(ctx, m, night.Prefix); err != nil {
			return nil, err
		}
		nights = append(nights, night)
	}
	return nights, nil
}
