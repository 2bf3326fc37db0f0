package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"comment11/configs"
	"comment11/internal/store"
)

// What is prepared of a release for packets, beside its relations: it follows from the
// release alone, and of millions of facts takes longer to find than all else of a packet.
const (
	preparedTraces         = "traces"
	preparedConcentrations = "concentrations"
)

// PrepareFrom is from how many facts on something is prepared; of fewer it is found in
// less than a second.
var PrepareFrom int64 = 200_000

// Prepare finds and keeps what packets of the date of a release will show of it, so that
// they need not: of the newest one of its date, and nothing of one of few facts.
func Prepare(ctx context.Context, config configs.Config, m store.Manifest) error {
	if facts, _ := m.Relation("facts"); facts.Rows < PrepareFrom {
		return nil
	}
	packet, err := Packet(ctx, config, m.AsOfDate)
	if err != nil {
		return err
	}
	release := packet.Releases[0]
	if _, err := tracesOf(ctx, config, &packet, release, true); err != nil {
		return fmt.Errorf("traces of %s: %w", m.AsOfDate, err)
	}
	q, err := newQuestions(config, packet)
	if err != nil {
		return err
	}
	_, err = q.concentrationsOf(ctx, config, release, true)
	return err
}

// prepared gives what is prepared of a release, or finds it, and may keep it. by says what
// it follows from beside the release and the program.
func prepared[T any](config configs.Config, release, what string, by []string, keep bool, find func() (T, error)) (value T, err error) {
	w := Warehouse(config)
	m, err := manifestOf(w, release)
	if err != nil {
		return value, err
	}
	key := strings.Join(append(by, build()), "\n")
	if there, err := w.ReadPrepared(m, what, key, &value); err != nil || there {
		return value, err
	}
	if value, err = find(); err != nil || !keep {
		return value, err
	}
	return value, w.WritePrepared(m, what, key, value)
}

// build says which program this is: another one may find something else.
func build() string {
	info, _ := debug.ReadBuildInfo()
	return info.String()
}
