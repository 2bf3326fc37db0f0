package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// What is prepared of a release for packets, beside its relations: it follows from the
// release alone, and of millions of facts takes longer to find than all else of a packet.
const (
	preparedTraces         = "traces"
	preparedConcentrations = "concentrations"
)

// PrepareFrom is from how many facts on something is prepared; of fewer it is found in a
// second or two.
var PrepareFrom int64 = 200_000

// Prepare finds and keeps what a packet of the dates will show of its releases, so that it
// need not, and gives the releases. Those of few facts need nothing.
func Prepare(ctx context.Context, config configs.Config, options Options, dates []string) (releases []string, err error) {
	desk, done, err := OpenDesk(ctx, config, options, dates, render.AsReported)
	if err != nil {
		return nil, err
	}
	defer done()
	packet, err := desk.Packet(ctx)
	if err != nil {
		return nil, err
	}
	for _, release := range packet.Releases {
		m, err := manifestOf(Warehouse(config), release.Name)
		if err == nil && isLarge(m) {
			releases = append(releases, m.Release)
			err = prepareRelease(ctx, config, options, m)
		}
		if err != nil {
			return releases, fmt.Errorf("release %s: %w", release.Name, err)
		}
	}
	return releases, nil
}

// prepareRelease prepares a release from a packet that shows nothing else, as a packet of
// two dates may leave tables of one out.
func prepareRelease(ctx context.Context, config configs.Config, options Options, m store.Manifest) error {
	desk, done, err := deskOf(ctx, config, []store.Manifest{m}, func(store.Warehouse) error { return nil })
	if err != nil {
		return err
	}
	defer done()
	packet, err := Packet(ctx, desk, m.AsOfDate)
	if err != nil {
		return err
	}
	keep := func(what, key string, value any) (err error) {
		w := options.warehouse(config)
		unlock, err := lock(w, options.Now())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unlock()) }()
		if _, err := manifestOf(w, m.Release); err != nil { // retention may have taken it meanwhile
			return err
		}
		return w.WritePrepared(m, what, key, value)
	}
	if _, err := tracesOf(ctx, desk, &packet, packet.Releases[0], keep); err != nil {
		return err
	}
	q, err := newQuestions(desk, packet)
	if err != nil {
		return err
	}
	_, err = q.concentrationsOf(ctx, desk, packet.Releases[0], keep)
	return err
}

func isLarge(m store.Manifest) bool {
	facts, _ := m.Relation("facts")
	return facts.Rows >= PrepareFrom
}

// keeper stores what was found for later packets; a nil one stores nothing.
type keeper func(what, key string, value any) error

// prepared gives what was prepared of a release or, where there is nothing, finds it and
// has keep store it. by says what the value follows from beside the release and the
// program: what was prepared with another by does not count.
func prepared[T any](config configs.Config, release, what string, by []string, keep keeper, find func() (T, error)) (value T, err error) {
	w := Warehouse(config)
	m, err := manifestOf(w, release)
	if err != nil {
		return value, err
	}
	program := ""
	if isLarge(m) {
		program = store.ExecutableHash()
	}
	if program == "" {
		return find()
	}
	key := strings.Join(append(by, program), "\n")
	if value, there := store.ReadPrepared[T](w, m, what, key); there {
		return value, nil
	}
	if value, err = find(); err != nil || keep == nil {
		return value, err
	}
	return value, keep(what, key, value)
}
