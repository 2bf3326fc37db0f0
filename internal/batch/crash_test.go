package batch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// A test of crashes runs the nightly job in a process of its own, kills it or lets
// its disk fail, and then looks at what a reader, verify and the next run find. By
// default it does a few; scripts/crash/run.sh does them all, and docs/RUNBOOK.md has
// the counts.

// TestMain is the nightly job itself where a crash test asks for it.
func TestMain(m *testing.M) {
	if config := os.Getenv("CRASH_CONFIG"); config != "" {
		os.Exit(crashJob(config))
	}
	if catalog := os.Getenv("CRIME_CATALOG"); catalog != "" {
		fmt.Fprintln(os.Stderr, stranger(catalog))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// crashJob runs the job and kills itself before or after the call of the disk
// that CRASH_AT names.
func crashJob(path string) int {
	disk, calls := countedDisk(func(call int, name string, do func() error) error {
		at, after := os.Getenv("CRASH_AT"), strings.HasSuffix(os.Getenv("CRASH_AT"), "+")
		here := strings.TrimSuffix(at, "+") == strconv.Itoa(call)
		if here && !after {
			die()
		}
		err := do()
		if here {
			die()
		}
		return err
	})
	_, err := crashRun(path, disk)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	fmt.Fprintln(os.Stdout, calls())
	return 0
}

func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// countedDisk gives every call of the real disk its number and its name.
func countedDisk(each func(call int, name string, do func() error) error) (*store.Disk, func() string) {
	count := 0
	var names []string
	var lock sync.Mutex // files are synced side by side
	next := func(name string, do func() error) error {
		lock.Lock()
		count++
		number := count
		names = append(names, name)
		lock.Unlock()
		return each(number, name, do)
	}
	real := store.RealDisk
	return &store.Disk{
		Write: func(path string, content []byte, mode fs.FileMode) error {
			return next("write", func() error { return real.Write(path, content, mode) })
		},
		Sync:   func(path string) error { return next("sync", func() error { return real.Sync(path) }) },
		Rename: func(from, to string) error { return next("rename", func() error { return real.Rename(from, to) }) },
		Remove: func(path string) error { return next("remove", func() error { return real.Remove(path) }) },
	}, func() string { return strings.Join(names, " ") }
}

var crashDate = time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)

func crashRun(path string, disk *store.Disk) (batch.Outcome, error) {
	config, err := configs.Load(path, nil)
	if err != nil {
		return batch.Outcome{}, err
	}
	return batch.Run(context.Background(), config, batch.Options{AsOf: crashDate, Now: time.Now, Disk: disk})
}

// crashBook is a book whose warehouse has two dates, and a corrected delivery that
// the crashing run is to publish.
type crashBook struct {
	config    string
	warehouse string
	saved     string // the warehouse as it was before
	old, new  string // what a reader sees
	duration  time.Duration
	calls     []string // of the disk in a whole run
	counts    map[string]int
}

func newCrashBook(t *testing.T, root string) *crashBook {
	t.Helper()
	book := t.TempDir()
	testkit.CopyBook(t, book, "../../testdata/book")
	b := &crashBook{config: filepath.Join(book, "comment11.yaml"), warehouse: filepath.Join(root, "warehouse"), saved: filepath.Join(t.TempDir(), "saved"), counts: map[string]int{}}
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.config, []byte(strings.Replace(string(text), "warehouse: warehouse", "warehouse: "+b.warehouse, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	config := b.load(t)
	for _, date := range []string{"2006-12-31", "2007-09-30"} {
		asOf, _ := time.Parse(time.DateOnly, date)
		if _, err := batch.Run(context.Background(), config, batch.Options{AsOf: asOf, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
	}
	b.old = b.seen(t)
	copyTree(t, b.warehouse, b.saved)
	// The corrected delivery: another mark of one trade, and totals that agree.
	for file, change := range map[string][2]string{
		"positions_2007-09-30.csv": {"-9040.13", "-9140.13"}, "control_totals.csv": {"26968784.94", "26968684.94"},
	} {
		path := filepath.Join(book, file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	started := time.Now()
	code, said := b.child(t, "", 0)
	b.duration = time.Since(started)
	if code != 0 {
		t.Fatalf("the run without a crash: exit %d, %s", code, said)
	}
	b.calls = strings.Fields(said)
	if b.new = b.seen(t); b.new == b.old {
		t.Fatal("the corrected delivery changes nothing")
	}
	b.verify(t)
	return b
}

func (b *crashBook) load(t *testing.T) configs.Config {
	t.Helper()
	config, err := configs.Load(b.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// restore makes the warehouse what it was before the run.
func (b *crashBook) restore(t *testing.T) {
	t.Helper()
	if err := store.RealDisk.Remove(b.warehouse); err != nil {
		t.Fatal(err)
	}
	copyTree(t, b.saved, b.warehouse)
}

// child runs the job in a process of its own, which kills itself at a call of the
// disk or is killed after a time.
func (b *crashBook) child(t *testing.T, at string, after time.Duration) (code int, said string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "CRASH_CONFIG="+b.config, "CRASH_AT="+at)
	var out strings.Builder
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = command.Process.Kill() })
		defer timer.Stop()
	}
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), out.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String()
}

// seen is what a reader finds in the catalog: the releases, and for each of them
// its cells beside its facts, which must agree.
func (b *crashBook) seen(t *testing.T) string {
	t.Helper()
	session, err := batch.Warehouse(b.load(t)).OpenSession(context.Background(), store.Settings{Threads: 1}, 0)
	if err != nil {
		t.Fatalf("a reader cannot open the catalog: %v", err)
	}
	defer session.Close()
	table, err := session.Query(context.Background(), `
select r.release, r.newest, c.total, f.total, c.cells, f.facts
from runs as r
left join (select release, count(*) as cells, max(exact) filter (where table_id = 'comment-11a' and block_id = 'notional' and row_id = 'total' and column_id = 'total') as total from cells_all_releases group by release) as c on c.release = r.release
left join (select release, count(*) as facts, sum(notional) filter (where scope_group = 'external' and not funded) as total from facts_all_releases group by release) as f on f.release = r.release
order by r.sequence`)
	if err != nil {
		t.Fatalf("a reader cannot read the catalog: %v", err)
	}
	var lines []string
	for _, row := range table.Rows {
		if fmt.Sprint(row[2]) != fmt.Sprint(row[3]) || row[2] == nil {
			t.Fatalf("cells and facts of release %v do not agree: %v", row[0], row)
		}
		lines = append(lines, fmt.Sprint(row...))
	}
	newest, err := session.Query(context.Background(), "select (select sum(exact) from cells), (select sum(fair_value) from facts), (select count(*) from positions)")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(lines, fmt.Sprint(newest.Rows)), "\n")
}

func (b *crashBook) verify(t *testing.T) {
	t.Helper()
	v, err := batch.Verify(context.Background(), b.load(t), batch.Choice{}, nil)
	if err != nil || len(v.Faults) > 0 {
		t.Fatalf("verify: %v %v", err, v.Faults)
	}
}

// survived holds what must hold after a crash: a reader sees all of the old or all
// of the new, with plain DuckDB too where one is named, verify finds nothing, and
// the next run succeeds and leaves nothing behind.
func (b *crashBook) survived(t *testing.T, what string) {
	t.Helper()
	switch seen := b.seen(t); seen {
	case b.old:
		b.counts[what+", old state"]++
	case b.new:
		b.counts[what+", new state"]++
	default:
		t.Fatalf("%s: a reader sees neither the old nor the new:\n%s\nold:\n%s\nnew:\n%s", what, seen, b.old, b.new)
	}
	b.plainReader(t)
	b.verify(t)
	started := time.Now()
	outcome, err := crashRun(b.config, nil)
	if outcome.Status == store.Published {
		b.duration = time.Since(started) // the next random instant is of a run as long as runs are now
	}
	if err != nil || (outcome.Status != store.Published && outcome.Status != "unchanged") {
		t.Fatalf("%s: the next run: %s %v", what, outcome.Status, err)
	}
	if seen := b.seen(t); seen != b.new {
		t.Fatalf("%s: after the next run a reader sees\n%s\nexpected\n%s", what, seen, b.new)
	}
	if left, err := filepath.Glob(filepath.Join(b.warehouse, "staging", "*")); err != nil || len(left) > 0 {
		t.Fatalf("%s: the next run leaves %v %v", what, left, err)
	}
}

// plainReader reads the catalog with the Python client that CRASH_PYTHON names.
func (b *crashBook) plainReader(t *testing.T) {
	t.Helper()
	python := os.Getenv("CRASH_PYTHON")
	if python == "" {
		return
	}
	out, err := exec.Command(python, "-c", `
import duckdb, sys
c = duckdb.connect(sys.argv[1], read_only=True)
n = c.execute("select count(*) from runs").fetchone()[0]
bad = c.execute("select count(*) from (select release, max(exact) filter (where table_id = 'comment-11a' and block_id = 'notional' and row_id = 'total' and column_id = 'total') as total from cells_all_releases group by release) as c join (select release, sum(notional) filter (where scope_group = 'external' and not funded) as total from facts_all_releases group by release) as f using (release) where c.total is distinct from f.total").fetchone()[0]
sys.exit(0 if n >= 2 and bad == 0 else f"{n} releases, {bad} do not agree")
`, filepath.Join(b.warehouse, "comment11.duckdb")).CombinedOutput()
	if err != nil {
		t.Fatalf("plain DuckDB: %v: %s", err, out)
	}
}

// times is how often a part of the harness is done: a few, or what the long form asks.
func times(t *testing.T, variable string, few int) int {
	t.Helper()
	if text := os.Getenv(variable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s=%s: expected a number", variable, text)
		}
		return n
	}
	if testing.Short() {
		t.Skip("crashes take their time")
	}
	return few
}

// report tells how often what was survived, and begins to count anew.
func (b *crashBook) report(t *testing.T) {
	t.Helper()
	for _, what := range slices.Sorted(maps.Keys(b.counts)) {
		t.Logf("%d times: %s", b.counts[what], what)
	}
	clear(b.counts)
}

// TestCrashes kills the run, and lets its disk fail.
func TestCrashes(t *testing.T) {
	if testing.Short() {
		t.Skip("crashes take their time")
	}
	b := newCrashBook(t, t.TempDir())
	t.Run("at random instants", b.atRandomInstants)
	t.Run("at every step", b.atEveryStep)
	t.Run("failing disk", b.failingDisk)
}

// atRandomInstants kills the run with SIGKILL at random instants.
func (b *crashBook) atRandomInstants(t *testing.T) {
	kills := times(t, "CRASH_KILLS", 2)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 11))
	for killed := 0; killed < kills; {
		b.restore(t)
		after := time.Duration(random.Int64N(int64(b.duration * 5 / 4))) // a process takes longer than the run in it
		code, said := b.child(t, "", after)
		what := "killed at a random instant"
		switch code {
		case -1:
			killed++
			b.progress(t, killed, kills)
		case 0:
			what = "ended before it was killed"
		default:
			t.Fatalf("after %d kills, one after %s: exit %d, %s", killed, after, code, said)
		}
		b.survived(t, what)
	}
	b.report(t)
}

// progress tells whoever waits for the long form how far it is.
func (b *crashBook) progress(t *testing.T, done, all int) {
	t.Helper()
	if every := max(1, all/10); done%every == 0 {
		fmt.Fprintf(os.Stderr, "%s: %d of %d\n", t.Name(), done, all)
	}
}

// atEveryStep kills the run right before and right after each call of the disk.
// The short form takes what comes right after some renames, where states change.
func (b *crashBook) atEveryStep(t *testing.T) {
	every := times(t, "CRASH_STEPS", 0) > 0
	for i, call := range b.calls {
		for _, side := range []string{"", "+"} {
			if !every && (call != "rename" || side == "" || i%2 == 0) {
				continue
			}
			b.restore(t)
			code, said := b.child(t, strconv.Itoa(i+1)+side, 0)
			if code != -1 {
				t.Fatalf("call %d%s, %s: exit %d, %s", i+1, side, call, code, said)
			}
			b.survived(t, map[string]string{"": "killed before a ", "+": "killed after a "}[side]+call)
		}
	}
	b.report(t)
}

// failingDisk lets each call of the disk fail, once and from then on. The short form
// takes the renames.
func (b *crashBook) failingDisk(t *testing.T) {
	every := times(t, "CRASH_FAILURES", 0) > 0
	failure := errors.New("the disk fails on purpose")
	for i, call := range b.calls {
		for _, on := range []bool{false, true} {
			if !every && (call != "rename" || (i%2 == 0) != on) {
				continue
			}
			b.restore(t)
			disk, _ := countedDisk(func(number int, _ string, do func() error) error {
				if number == i+1 || (on && number > i) {
					return failure
				}
				return do()
			})
			what := "failing " + call
			if on {
				what += " and all after it"
			}
			if _, err := crashRun(b.config, disk); err == nil {
				what += ", which the run could warn of"
			} else if !errors.Is(err, failure) {
				t.Fatalf("call %d, %s: the run says %v", i+1, call, err)
			}
			b.survived(t, what)
		}
	}
	b.report(t)
}

// copyTree copies a warehouse with its permissions.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, inside)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(target, content, 0o600), os.Chmod(target, info.Mode()))
	})
	if err != nil {
		t.Fatal(err)
	}
	// Folders are closed last, or nothing could be put into them.
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(to, inside), info.Mode())
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.RealDisk.Remove(to) })
}
