package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"comment11/configs"
	"comment11/internal/store"
)

// Day is what became of one due date of a backfill.
type Day struct {
	AsOfDate string  `json:"as_of_date"`
	Status   string  `json:"status"` // published, held, unchanged or failed
	Release  string  `json:"release,omitempty"`
	Kind     string  `json:"kind,omitempty"`
	Error    string  `json:"error,omitempty"`
	Seconds  float64 `json:"seconds"`
}

// Failed tells whether the day is not published.
func (d Day) Failed() bool { return d.Status == store.Held || d.Status == "failed" }

// catalogEvery is how long a backfill lets readers wait for the days it has published.
const catalogEvery = time.Minute

// Backfill does the job for every due date from start to end, both included, and
// goes on after a failed one. What is published and unchanged is left alone, so
// it can be started again. It stops early where nothing more can be done: when it
// is interrupted, or another run is writing.
func Backfill(ctx context.Context, config configs.Config, start, end time.Time, options Options, told func(Day, int, int)) (days []Day, err error) {
	dates := config.Calendar.DueDates(start, end)
	if len(dates) == 0 {
		return nil, fmt.Errorf("%w: there is no due date from %s to %s in the calendar", ErrUsage, start.Format(time.DateOnly), end.Format(time.DateOnly))
	}
	options.Verb, options.LeaveCatalog = "backfill", true
	built := options.Now()
	stale := false
	defer func() {
		if catalogErr := showReleases(config, options); catalogErr != nil && err == nil {
			err = catalogErr
		}
	}()
	for i, date := range dates {
		options.AsOf = date
		started := options.Now()
		outcome, runErr := Run(ctx, config, options)
		var busy *store.BusyError
		if ctx.Err() != nil || errors.As(runErr, &busy) {
			return days, runErr
		}
		day := Day{AsOfDate: date.Format(time.DateOnly), Status: outcome.Status, Seconds: options.Now().Sub(started).Seconds()}
		if runErr != nil {
			day.Status, day.Error = "failed", runErr.Error()
		} else {
			day.Release, day.Kind = outcome.Manifest.Release, outcome.Manifest.Kind
			for _, c := range outcome.Open {
				day.Error += c.ID + ", " + c.Subject + "; "
			}
		}
		stale = stale || day.Status == store.Published
		days = append(days, day)
		if told != nil {
			told(day, i+1, len(dates))
		}
		if stale && options.Now().Sub(built) > catalogEvery {
			if err := showReleases(config, options); err != nil {
				return days, err
			}
			built, stale = options.Now(), false
		}
	}
	return days, nil
}

// showReleases rebuilds the catalog unless it shows everything already; also
// when the backfill was interrupted, because what it published stands.
func showReleases(config configs.Config, options Options) (err error) {
	ctx := context.Background()
	w := options.warehouse(config)
	unlock, err := lock(w, options.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	current, err := w.CatalogIsCurrent(ctx, engine(config))
	if err != nil || current {
		return err
	}
	return w.RebuildCatalog(ctx, engine(config), CatalogViews())
}

// engine is what a database may take outside of a run.
func engine(config configs.Config) store.Settings {
	return store.Settings{Threads: config.Engine.Threads, MemoryLimit: config.Engine.MemoryLimit}
}

// reading opens a database that reads releases, with a folder of its own where it
// may spill; done closes it and removes the folder.
func reading(ctx context.Context, config configs.Config) (db *store.DB, done func(), err error) {
	folder, err := os.MkdirTemp("", "comment11-")
	if err != nil {
		return nil, nil, err
	}
	settings := engine(config)
	settings.TemporaryFolder, settings.TemporaryLimit = folder, config.Engine.TemporaryLimit
	if db, err = store.Open(ctx, settings); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return db, func() {
		_ = db.Close() // nothing was written
		_ = os.RemoveAll(folder)
	}, nil
}

// RebuildCatalog builds the catalog anew from the releases, whatever it shows.
func RebuildCatalog(ctx context.Context, config configs.Config, options Options) (shown int, err error) {
	w := options.warehouse(config)
	unlock, err := lock(w, options.Now())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := w.Sweep(); err != nil {
		return 0, err
	}
	list, err := w.Shown()
	if err != nil {
		return 0, err
	}
	return len(list), w.RebuildCatalog(ctx, engine(config), CatalogViews())
}
