package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that keeps its failures as text. Like a real test it goes
// on after Errorf and stops at Fatalf, by a panic that compare catches.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return "TestTable/empty_row" }

func (r *recorder) Errorf(format string, values ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, values...))
}

func (r *recorder) Fatalf(format string, values ...any) {
	r.Errorf(format, values...)
	panic(r)
}

// compare calls Golden with the given -update and returns its failures.
func compare(t *testing.T, path, got string, update bool) string {
	t.Helper()
	before := *Update
	*Update = update
	r := &recorder{TB: t}
	defer func() { *Update = before }()
	func() {
		defer func() {
			if stopped := recover(); stopped != nil && stopped != any(r) {
				panic(stopped)
			}
		}()
		Golden(r, path, []byte(got))
	}()
	return strings.Join(r.failures, "\n")
}

func TestGoldenHoldsEveryByte(t *testing.T) {
	for _, test := range []struct{ file, got string }{
		{"", ""},
		{"", "\n"},
		{"a\nb\n", "a\nb\n"},
		{"a\nb\n", "a\nb"},
		{"a\nb\n", "a\r\nb\n"},
		{"a\nb\n", "a\nb\nc\n"},
		{"\xff", "\xfe"},
	} {
		path := filepath.Join(t.TempDir(), "golden.txt")
		if err := os.WriteFile(path, []byte(test.file), 0o644); err != nil {
			t.Fatal(err)
		}
		failed := compare(t, path, test.got, false) != ""
		if differs := test.file != test.got; failed != differs {
			t.Errorf("file %q, got %q: failed is %t, want %t", test.file, test.got, failed, differs)
		}
	}
}

func TestGoldenShowsTheLineAndTheWayOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "golden.txt")
	if err := os.WriteFile(path, []byte("notional 7\nfair value 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	failure := compare(t, path, "notional 8\nfair value 2\n", false)
	for _, want := range []string{path, `"notional 7\n"`, `"notional 8\n"`, "go test -run '^TestTable$' -update"} {
		if !strings.Contains(failure, want) {
			t.Errorf("the failure does not contain %q:\n%s", want, failure)
		}
	}
}

func TestGoldenMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "golden.txt")
	failure := compare(t, path, "", false)
	if !strings.Contains(failure, path) || !strings.Contains(failure, "-update") {
		t.Errorf("a missing file must be named, with the way to write it; got %q", failure)
	}
}

func TestGoldenUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "golden.txt")
	for _, content := range []string{"first and longer\n", "second\n"} {
		if failure := compare(t, path, content, true); failure != "" {
			t.Fatal(failure)
		}
		if failure := compare(t, path, content, false); failure != "" {
			t.Errorf("after -update the file must be what the test got: %s", failure)
		}
	}
	if failure := compare(t, filepath.Join(path, "below-a-file"), "", true); failure == "" {
		t.Error("-update to a place that cannot be written must fail")
	}
}
