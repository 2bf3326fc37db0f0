package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Holder is who holds the lock of a warehouse.
type Holder struct {
	Process int       `json:"process"`
	Host    string    `json:"host"`
	User    string    `json:"user"`
	Since   time.Time `json:"since"`
}

// BusyError says that another run is writing to the warehouse.
type BusyError struct {
	Warehouse string
	Holder    Holder
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("another run is writing to %s: process %d of %s on %s, since %s; try again when it is done",
		e.Warehouse, e.Holder.Process, e.Holder.User, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

// Lock makes this process the one writer of the warehouse. The lock dies with
// the process, however it dies. It gives a *BusyError where another holds it.
func (w Warehouse) Lock(now time.Time) (unlock func() error, err error) {
	if err := w.Prepare(); err != nil {
		return nil, err
	}
	path := filepath.Join(w.Root, "lock")
	lock := flock.New(path, flock.SetPermissions(w.mode(0o644)))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	if !locked {
		busy := &BusyError{Warehouse: w.Root}
		text, err := os.ReadFile(path)
		if err == nil {
			// A holder that has only just begun has not written its name yet.
			_ = json.Unmarshal(text, &busy.Holder)
		}
		return nil, busy
	}
	text, err := json.Marshal(Me(now))
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	if err := os.WriteFile(path, append(text, '\n'), w.mode(0o644)); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}
