package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"comment11/internal/batch"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// TestMain lets a copy of the tests' executable be the command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"comment11": main})
}

// command runs the program and gives its exit code and what it wrote.
func command(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &said)
	return code, out.String(), said.String()
}

// mustRun runs the program and fails the test unless it is done.
func mustRun(t testing.TB, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, args...)
	if code != exitDone {
		t.Fatalf("comment11 %s: exit %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func decodeRecord(t testing.TB, text string) runRecord {
	t.Helper()
	var record runRecord
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		t.Fatal(err)
	}
	return record
}

// TestExitCodes holds the contract with schedulers.
func TestExitCodes(t *testing.T) {
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{context.Background(), nil, 0},
		{context.Background(), fmt.Errorf("x: %w", batch.ErrData), 1},
		{context.Background(), store.ErrNoCatalog, 1},
		{context.Background(), fmt.Errorf("x: %w", errUsage), 2},
		{context.Background(), batch.ErrUsage, 2},
		{context.Background(), store.ErrRefused, 2},
		{context.Background(), strictyaml.Faults{{Message: "x"}}, 2},
		{context.Background(), errors.New("disk full"), 3},
		{context.Background(), fmt.Errorf("x: %w", &store.BusyError{}), 75},
		{interrupted, errors.New("context canceled"), 130},
		{interrupted, nil, 0},
	} {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%v: %d, expected %d", test.err, got, test.want)
		}
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// folders gives the folders below a folder.
func folders(t testing.TB, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		if entry.IsDir() {
			list = append(list, filepath.Join(root, entry.Name()))
		}
	}
	if len(list) == 0 {
		t.Fatalf("no folders in %s", root)
	}
	return list
}
