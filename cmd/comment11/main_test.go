package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program and gives its exit code and what it wrote.
func command(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errors)
	return code, out.String(), errors.String()
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
