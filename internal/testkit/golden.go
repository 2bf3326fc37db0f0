// Package testkit holds what the tests of several packages share. Only tests
// import it, and it imports no package of ours, so that every package's tests
// can use it without a cycle.
package testkit

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Update makes Golden write its files instead of comparing with them.
var Update = flag.Bool("update", false, "rewrite golden files")

// CopyBook copies the folder of a book, without the warehouse that somebody who tried it
// may have left there.
func CopyBook(t testing.TB, to, from string) {
	t.Helper()
	if err := errors.Join(os.CopyFS(to, os.DirFS(from)), os.RemoveAll(filepath.Join(to, "warehouse"))); err != nil {
		t.Fatal(err)
	}
}

// Golden fails the test when got is not, byte for byte, the content of the file
// at path, and shows the lines that differ. With -update it writes got to the
// file and makes the folders above it.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if *Update {
		write(t, path, got)
		return
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	update := "go test -run '^" + test + "$' -update"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading the golden file: %v; to write it, run in the folder of this test: %s", err, update)
	}
	if diff := cmp.Diff(lines(want), lines(got)); diff != "" {
		t.Errorf("%s: not what the test got (- file, + test); if the change is meant, run in the folder of this test: %s\n%s",
			path, update, diff)
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatalf("making the golden file's folder: %v", err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatalf("writing the golden file: %v", err)
	}
}

// lines keeps the line ends, so that the last line's missing one is seen too.
func lines(content []byte) []string {
	return strings.SplitAfter(string(content), "\n")
}
