package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"comment11/configs"
	"comment11/internal/store"
)

// Collected is what gc does, or would do, with one release.
type Collected struct {
	Release  string    `json:"release"`
	AsOfDate string    `json:"as_of_date"`
	Action   string    `json:"action"` // leaves_catalog, removes_files, waits or stays
	Reason   string    `json:"reason"`
	RemoveAt time.Time `json:"files_removed_from,omitzero"`
	Bytes    int64     `json:"bytes"`
}

// Collect takes releases that are older than retention allows out of the catalog,
// and removes the large files of those that left it long enough ago. Releases that
// a packet shows or that a later release builds on stay, and so do, for ever,
// manifests, approvals, adjustments, rejects and controls. A dry run only says so.
func Collect(ctx context.Context, config configs.Config, dryRun bool, options Options) (list []Collected, err error) {
	w := options.warehouse(config)
	unlock, err := lock(w, options.Now())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if !dryRun {
		if err := w.Sweep(); err != nil {
			return nil, err
		}
	}
	manifests, err := w.Manifests()
	if err != nil {
		return nil, err
	}
	packets, err := w.Packets()
	if err != nil {
		return nil, err
	}
	now := options.Now()
	limit := now.AddDate(-config.Retention.Years, 0, 0).Format(time.DateOnly)
	left := false
	for _, m := range manifests {
		c := Collected{Release: m.Release, AsOfDate: m.AsOfDate, Bytes: m.RemovableBytes()}
		switch {
		case m.Removed() && !w.HasFiles(m):
			continue
		case m.Removed() && now.Before(m.Tombstone().RemoveAt):
			c.Action, c.RemoveAt, c.Reason = "waits", m.Tombstone().RemoveAt, "sessions that opened an earlier catalog may still read it"
		case m.Removed():
			c.Action, c.Reason = "removes_files", m.Tombstone().Reason
			if !dryRun {
				err = w.RemoveFiles(m)
			}
		case m.AsOfDate >= limit:
			continue
		default:
			if c.Reason = neededBy(m, manifests, packets, limit); c.Reason != "" {
				c.Action = "stays"
				break
			}
			c.Action = "leaves_catalog"
			c.Reason = fmt.Sprintf("as of %s, older than %d years", m.AsOfDate, config.Retention.Years)
			c.RemoveAt = now.Add(time.Duration(config.Retention.GraceHours) * time.Hour).UTC()
			if !dryRun {
				left = true
				err = w.Bury(m, c.Reason, now, time.Duration(config.Retention.GraceHours)*time.Hour)
			}
		}
		if err != nil {
			return list, fmt.Errorf("release %s: %w", m.Release, err)
		}
		list = append(list, c)
	}
	if left {
		err = w.RebuildCatalog(ctx, engine(config), CatalogViews())
	}
	return list, err
}

// neededBy says what that stays still needs a release, or "".
func neededBy(m store.Manifest, manifests []store.Manifest, packets []store.PacketRecord, limit string) string {
	shownBy := func(release string) string {
		for _, p := range packets {
			if p.Names(release) {
				return p.ID
			}
		}
		return ""
	}
	if packet := shownBy(m.Release); packet != "" {
		return "packet " + packet + " shows it"
	}
	for _, other := range manifests {
		if ((other.Opening != nil && other.Opening.Release == m.Release) || other.Reads(m.Release)) && !other.Removed() && (other.AsOfDate >= limit || shownBy(other.Release) != "") {
			return "release " + other.Release + " builds on it"
		}
	}
	return ""
}
