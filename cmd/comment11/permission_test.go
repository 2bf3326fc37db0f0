package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// TestWhoMay holds that a permission that is wanting is told with who asked.
func TestWhoMay(t *testing.T) {
	denied := fmt.Errorf("releases: %w", &fs.PathError{Op: "open", Path: "warehouse/releases", Err: fs.ErrPermission})
	if got := whoMay(denied); !strings.Contains(got, "; this runs as ") || exitCode(t.Context(), denied) != exitInternal {
		t.Errorf("%q, exit code %d", got, exitCode(t.Context(), denied))
	}
	if got := whoMay(errors.New("another")); got != "" {
		t.Error(got)
	}
}
