package batch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk runs on a small file system that fills up: from no space at all to
// enough.
func TestFullDisk(t *testing.T) {
	points := times(t, "CRASH_FILLS", 2)
	if os.Getuid() != 0 {
		t.Skip("a file system of its own can be mounted by root alone")
	}
	root := t.TempDir()
	const size = 64 << 20
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(root, syscall.MNT_DETACH) })
	b := newCrashBook(t, root)
	filler := filepath.Join(root, "filler")
	fill := func(free int64) {
		t.Helper()
		if err := os.RemoveAll(filler); err != nil {
			t.Fatal(err)
		}
		b.restore(t)
		var stat syscall.Statfs_t
		if err := syscall.Statfs(root, &stat); err != nil {
			t.Fatal(err)
		}
		take := int64(stat.Bavail)*stat.Bsize - free
		file, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(syscall.Fallocate(int(file.Fd()), 0, 0, take), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	// What a run needs is found by halving, to spread the points over it.
	enough, tooLittle := int64(size/2), int64(0)
	for enough-tooLittle > size/int64(max(points, 8)) {
		middle := (enough + tooLittle) / 2
		fill(middle)
		if code, _ := b.child(t, "", 0); code == 0 {
			enough = middle
		} else {
			tooLittle = middle
		}
	}
	t.Logf("a run needs about %d KiB", enough>>10)
	for point := range points {
		fill(enough * int64(point) / int64(points))
		code, said := b.child(t, "", 0)
		what := "full disk"
		if code == 0 {
			what = "disk just large enough"
		} else if code != 3 {
			t.Fatalf("point %d: exit %d, %s", point, code, said)
		}
		if err := os.RemoveAll(filler); err != nil {
			t.Fatal(err)
		}
		b.survived(t, what)
	}
	b.report(t)
}
