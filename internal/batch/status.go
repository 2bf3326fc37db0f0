package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"comment11/configs"
	"comment11/ingest"
	"comment11/internal/store"
)

// DateStatus is how a due date stands.
type DateStatus struct {
	AsOfDate    string     `json:"as_of_date"`
	Status      string     `json:"status"` // published, held, missing or removed
	Release     string     `json:"release,omitempty"`
	Kind        string     `json:"kind,omitempty"`
	PublishedAt *time.Time `json:"published_at,omitempty"`
	DueAt       time.Time  `json:"due_at"`
	Late        bool       `json:"late"`
	// HeldRelease is the newest release of the date where that one is held.
	HeldRelease string `json:"held_release,omitempty"`
	// SupersededOpening: the release builds on one that was replaced by other figures, or
	// lacks a fiscal quarter's end that was published since.
	SupersededOpening bool `json:"superseded_opening"`
	// Changed are the inputs that are no longer what the release was made of.
	Changed []string `json:"changed_inputs,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// NeedsAttention tells whether somebody has to do something about the date.
func (d DateStatus) NeedsAttention() bool {
	return d.Status == store.Held || d.HeldRelease != "" || (d.Status == "missing" && d.Late) || d.SupersededOpening || len(d.Changed) > 0
}

// Status tells how every due date from start to end stands.
func Status(ctx context.Context, config configs.Config, start, end, now time.Time) ([]DateStatus, error) {
	w := Warehouse(config)
	manifests, err := w.Manifests()
	if err != nil {
		return nil, err
	}
	publications, err := w.Publications()
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(config.Schedule.TimeZone)
	if err != nil {
		return nil, err
	}
	at, err := time.Parse("15:04", config.Schedule.Time)
	if err != nil {
		return nil, err
	}
	published := slices.DeleteFunc(slices.Clone(manifests), func(m store.Manifest) bool { return m.Status != store.Published })
	shown := slices.DeleteFunc(slices.Clone(published), store.Manifest.Removed)
	pins, err := w.PinnedReleases()
	if err != nil {
		return nil, err
	}
	var list []DateStatus
	for _, date := range config.Calendar.DueDates(start, end) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		day := config.Calendar.AddBusinessDays(date, config.Schedule.BusinessDays)
		due := time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, zone).UTC()
		status := DateStatus{AsOfDate: date.Format(time.DateOnly), Status: "missing", DueAt: due}
		last, _ := newestOf(manifests, status.AsOfDate)
		if last.Status == store.Held {
			status.Status, status.Release, status.Kind, status.HeldRelease = store.Held, last.Release, last.Kind, last.Release
		}
		stands, isPublished := newestOf(published, status.AsOfDate)
		if !isPublished {
			status.Late = now.After(due)
			list = append(list, status)
			continue
		}
		status.Status, status.Release, status.Kind = store.Published, stands.Release, stands.Kind
		if record, known := publications[stands.Release]; known {
			status.PublishedAt = &record.PublishedAt
		}
		if record, known := publications[firstOf(published, status.AsOfDate).Release]; known {
			status.Late = record.PublishedAt.After(due)
		}
		status.SupersededOpening = supersededOpening(config.Calendar, stands, shown, pins)
		if stands.Removed() {
			status.Status = "removed"
		} else if status.Changed, err = changedInputs(config, last, date); err != nil {
			status.Error = err.Error()
		}
		list = append(list, status)
	}
	return list, nil
}

// changedInputs names the files of a date that are no longer what the release was
// made of, are new or are gone.
func changedInputs(config configs.Config, m store.Manifest, date time.Time) ([]string, error) {
	before, err := inputFiles(m)
	if err != nil {
		return nil, err
	}
	now, err := ingest.Locate(ingestInput(config, date, nil))
	if err != nil {
		return nil, err
	}
	var changed []string
	for _, f := range before {
		path, there := now[f.DataSet+"/"+f.Name]
		delete(now, f.DataSet+"/"+f.Name)
		if !there {
			changed = append(changed, f.Name+" is gone")
			continue
		}
		hash, err := store.HashFile(path)
		if err != nil {
			return changed, err
		}
		if f.SHA256 != "" && hash.SHA256 != f.SHA256 {
			changed = append(changed, f.Name+" changed")
		}
	}
	for key := range now {
		changed = append(changed, key[strings.Index(key, "/")+1:]+" is new")
	}
	slices.Sort(changed)
	return changed, nil
}

// RunDetail is a run or a release with all that is known of it.
type RunDetail struct {
	Run      *store.RunRecord     `json:"run,omitempty"`
	Manifest *store.Manifest      `json:"manifest,omitempty"`
	Packets  []store.PacketRecord `json:"packets"`
	Broken   []string             `json:"broken_controls"`
	// ToSign is what a second person would sign to let a held release out.
	ToSign string `json:"to_sign,omitempty"`
}

// Show gives a run, by its id, or a release, by its name.
func Show(ctx context.Context, config configs.Config, id string) (RunDetail, error) {
	w := Warehouse(config)
	detail := RunDetail{Packets: []store.PacketRecord{}, Broken: []string{}}
	runs, err := w.Runs()
	if err != nil {
		return detail, err
	}
	release := id
	for _, r := range runs {
		if r.ID == id {
			detail.Run, release = &r, r.Release
		}
	}
	if publications, err := w.Publications(); err != nil {
		return detail, err
	} else if r, known := publications[release]; known && detail.Run == nil {
		detail.Run = &r
	}
	manifests, err := w.Manifests()
	if err != nil {
		return detail, err
	}
	for _, m := range manifests {
		if m.Release == release {
			detail.Manifest = &m
		}
	}
	if detail.Run == nil && detail.Manifest == nil {
		return detail, fmt.Errorf("%w: %q is neither a run nor a release; comment11 runs lists them", ErrUsage, id)
	}
	if detail.Manifest == nil {
		return detail, nil
	}
	packets, err := w.Packets()
	if err != nil {
		return detail, err
	}
	for _, p := range packets {
		if p.Names(release) {
			detail.Packets = append(detail.Packets, p)
		}
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return detail, err
	}
	defer done()
	controls, err := readControls(ctx, db, w, *detail.Manifest)
	if err != nil {
		return detail, err
	}
	entries := ""
	for _, c := range controls {
		if c.Holds() {
			continue
		}
		detail.Broken = append(detail.Broken, fmt.Sprintf("%s %s, %s: %s %s, %s %s, difference %s", c.Severity, c.ID, c.Subject,
			c.LeftMeaning, c.Left, c.RightMeaning, c.Right, c.Difference()))
		switch {
		case c.Severity != "hold" || detail.Manifest.Status != store.Held:
		case c.Class == "integrity":
			return detail, nil
		default:
			entries += ApprovalEntry(*detail.Manifest, c)
		}
	}
	if entries != "" {
		detail.ToSign = "approvals:\n" + entries
	}
	return detail, nil
}
