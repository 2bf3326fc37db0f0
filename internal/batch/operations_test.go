package batch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// book is a copy of testdata/book that a test may change.
type book struct {
	folder   string
	config   configs.Config
	warnings []string
	now      time.Time
}

// wholePacket are the files of a packet as far as its record goes.
var wholePacket = []store.FileHash{{Name: "manifest.json"}}

func newBook(t *testing.T) *book {
	t.Helper()
	b := &book{folder: t.TempDir(), now: time.Now()}
	testkit.CopyBook(t, b.folder, "../../testdata/book")
	b.reload(t)
	t.Cleanup(func() { _ = store.RealDisk.Remove(b.config.Warehouse) })
	return b
}

func (b *book) reload(t *testing.T) {
	t.Helper()
	var err error
	if b.config, err = configs.Load(filepath.Join(b.folder, "comment11.yaml"), nil); err != nil {
		t.Fatal(err)
	}
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (b *book) options() batch.Options {
	return batch.Options{Now: func() time.Time { return b.now }, Warn: func(text string) { b.warnings = append(b.warnings, text) }}
}

func (b *book) run(t *testing.T, asOf string) batch.Outcome {
	t.Helper()
	b.now = b.now.Add(time.Second)
	options := b.options()
	options.AsOf = date(t, asOf)
	outcome, err := batch.Run(context.Background(), b.config, options)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// change replaces text in a file of the book.
func (b *book) change(t *testing.T, file, from, to string) {
	t.Helper()
	path := filepath.Join(b.folder, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *book) query(t *testing.T, text string) string {
	t.Helper()
	ctx := context.Background()
	session, err := batch.Warehouse(b.config).OpenSession(ctx, store.Settings{Threads: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	table, err := session.Query(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(table.Rows)
}

// TestVerifyFinds holds that verify names what was done to a release.
func TestVerifyFinds(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	b := newBook(t)
	b.run(t, "2006-12-31")
	b.run(t, "2007-09-30")
	saved := filepath.Join(t.TempDir(), "saved")
	copyTree(t, b.config.Warehouse, saved)
	first := filepath.Join(b.config.Warehouse, "releases/as_of_date=2006-12-31/release=20061231-001")
	last := filepath.Join(b.config.Warehouse, "releases/as_of_date=2007-09-30/release=20070930-001")
	write := func(path, text string) error {
		return errors.Join(os.Chmod(filepath.Dir(path), 0o755), os.RemoveAll(path), os.WriteFile(path, []byte(text), 0o600))
	}
	flip := func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text[len(text)/2] ^= 1
		return write(path, string(text))
	}
	edit := func(path, from, to string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return write(path, strings.Replace(string(text), from, to, 1))
	}
	for name, test := range map[string]struct {
		do   func() error
		want string
	}{
		"nothing":        {func() error { return nil }, ""},
		"a flipped byte": {func() error { return flip(filepath.Join(last, "cells.parquet")) }, `release 20070930-001: cells\.parquet was changed`},
		"a shorter file": {func() error { return write(filepath.Join(last, "facts-001.parquet"), "PAR1") }, `release 20070930-001: facts-001\.parquet has 4 bytes, published were \d+`},
		"a missing file": {func() error {
			return errors.Join(os.Chmod(first, 0o755), os.Remove(filepath.Join(first, "facts-001.parquet")))
		}, `release 20061231-001: facts-001\.parquet is missing`},
		"an extra file": {func() error { return write(filepath.Join(first, "facts-003.parquet"), "x") }, `release 20061231-001: facts-003\.parquet is there, and its manifest does not name it`},
		"a link": {func() error {
			path := filepath.Join(last, "cells.parquet")
			return errors.Join(os.Chmod(last, 0o755), os.Rename(path, filepath.Join(b.folder, "away")), os.Symlink(filepath.Join(b.folder, "away"), path))
		}, `cells\.parquet is no plain file`},
		"a changed manifest": {func() error { return edit(filepath.Join(first, "manifest.json"), `"first"`, `"rerun"`) }, `release 20070930-001: the release before it in the chain, 20061231-001, is not the one`},
		"the last manifest":  {func() error { return edit(filepath.Join(last, "manifest.json"), `"first"`, `"rerun"`) }, `the manifest of release 20070930-001 is not the one that chain\.json names`},
		"a damaged manifest": {func() error { return write(filepath.Join(last, "manifest.json"), "{") }, `manifest\.json is damaged`},
		"no manifest": {func() error {
			return errors.Join(os.Chmod(first, 0o755), os.Remove(filepath.Join(first, "manifest.json")))
		}, `manifest\.json is missing`},
		"a removed release": {func() error { return store.RealDisk.Remove(first) }, `release 20070930-001: the release before it in the chain, 20061231-001, is missing`},
		"the last removed":  {func() error { return store.RealDisk.Remove(last) }, `release 20070930-001, the last of the chain \(chain\.json\), is not there`},
		"both removed":      {func() error { return errors.Join(store.RealDisk.Remove(last), store.RealDisk.Remove(first)) }, `release 20070930-001, the last of the chain`},
		"no head":           {func() error { return os.Remove(filepath.Join(b.config.Warehouse, "chain.json")) }, `chain\.json names release "" as the last`},
		"a release elsewhere": {func() error {
			return os.Rename(filepath.Dir(first), filepath.Join(b.config.Warehouse, "releases/as_of_date=2006-12-29"))
		}, `its manifest is that of release 20061231-001 of 2006-12-31`},
		"another catalog": {func() error {
			return os.Rename(filepath.Join(last, "cells.parquet"), filepath.Join(b.config.Warehouse, "comment11.duckdb"))
		}, `the catalog cannot be opened`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(store.RealDisk.Remove(b.config.Warehouse), os.Rename(saved, saved+"-"), os.Rename(saved+"-", saved)); err != nil {
				t.Fatal(err)
			}
			copyTree(t, saved, b.config.Warehouse)
			if err := test.do(); err != nil {
				t.Fatal(err)
			}
			v, err := batch.Verify(context.Background(), b.config, batch.Choice{}, nil)
			said := strings.Join(v.Faults, "\n")
			switch {
			case test.want == "" && (err != nil || said != ""):
				t.Errorf("%v %s", err, said)
			case test.want != "" && !regexp.MustCompile(test.want).MatchString(said+fmt.Sprint(err)):
				t.Errorf("verify says %v\n%s\nexpected %s", err, said, test.want)
			}
		})
	}
	// A release that was taken away stops the next run, which would hide it.
	if err := store.RealDisk.Remove(b.config.Warehouse); err != nil {
		t.Fatal(err)
	}
	copyTree(t, saved, b.config.Warehouse)
	if err := store.RealDisk.Remove(last); err != nil {
		t.Fatal(err)
	}
	options := b.options()
	options.AsOf = date(t, "2007-09-30")
	if _, err := batch.Run(context.Background(), b.config, options); err == nil || !strings.Contains(err.Error(), "restore it before anything else is published") {
		t.Errorf("the run on a chain that lost its last release: %v", err)
	}
	// So does a gap in the middle: the run would do without the opening, and another
	// release would take the name of what is missing.
	if err := store.RealDisk.Remove(b.config.Warehouse); err != nil {
		t.Fatal(err)
	}
	copyTree(t, saved, b.config.Warehouse)
	if err := store.RealDisk.Remove(filepath.Dir(first)); err != nil {
		t.Fatal(err)
	}
	for _, asOf := range []string{"2006-12-31", "2007-09-30"} {
		options.AsOf = date(t, asOf)
		_, err := batch.Run(context.Background(), b.config, options)
		if err == nil || !regexp.MustCompile(`20061231-001, is missing; restore it before anything else is published`).MatchString(err.Error()) {
			t.Errorf("the run of %s on a chain with a gap: %v", asOf, err)
		}
	}
}

// TestStrangersLog commits the crime that the catalog is guarded against: a client
// opens it for writing, changes a figure and is killed. The next catalog must not
// have it, and the operator must be told who it was.
func TestStrangersLog(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can open the read-only catalog for writing")
	}
	b := newBook(t)
	b.run(t, "2006-12-31")
	const figures = "select sum(exact), count(*) from cells where as_of_date = date '2006-12-31'"
	before := b.query(t, figures)
	crime := func() {
		t.Helper()
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "CRIME_CATALOG="+batch.Warehouse(b.config).Catalog())
		if out, err := command.CombinedOutput(); err == nil || command.ProcessState.ExitCode() != -1 {
			t.Fatalf("the stranger was not killed: %v %s", err, out)
		}
		if _, err := os.Stat(batch.Warehouse(b.config).Catalog() + ".wal"); err != nil {
			t.Fatalf("the stranger left no log: %v", err)
		}
		if seen := b.query(t, figures); seen == before {
			t.Fatal("the stranger changed nothing; this test would prove nothing")
		}
	}
	for _, next := range []string{"2007-09-30", "2007-09-30"} { // a run that publishes, and one with nothing to do
		crime()
		v, err := batch.Verify(context.Background(), b.config, batch.Choice{}, nil)
		if err != nil || len(v.Faults) == 0 || !strings.Contains(v.Faults[0], "a write-ahead log that user root left") {
			t.Errorf("verify says %v %v", v.Faults, err)
		}
		b.warnings = nil
		b.run(t, next)
		if len(b.warnings) != 1 || !strings.Contains(b.warnings[0], "that user root left at") {
			t.Errorf("the run says %q", b.warnings)
		}
		if _, err := os.Stat(batch.Warehouse(b.config).Catalog() + ".wal"); err == nil {
			t.Error("the log is still there")
		}
		if seen := b.query(t, figures); seen != before {
			t.Errorf("a reader sees %s, published was %s", seen, before)
		}
		if v, err := batch.Verify(context.Background(), b.config, batch.Choice{}, nil); err != nil || len(v.Faults) > 0 {
			t.Errorf("verify after the run: %v %v", v.Faults, err)
		}
	}
}

// stranger opens a catalog for writing, changes a figure and dies; the error is
// why it could not.
func stranger(path string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if err := db.Run(ctx, "attach "+store.Literal(path)+" as c", "update c.cells_all_releases set exact = exact + 1000000"); err != nil {
		return err
	}
	die()
	return nil
}

// TestPermissions holds that nothing in a warehouse can be read by others, nor a
// release or the catalog be written by anybody.
func TestPermissions(t *testing.T) {
	b := newBook(t)
	b.run(t, "2006-12-31")
	seen := 0
	err := filepath.WalkDir(b.config.Warehouse, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen++
		mode := info.Mode().Perm()
		if mode&0o027 != 0 {
			t.Errorf("%s has the permissions %04o", path, mode)
		}
		released := strings.Contains(path, "release=") || strings.HasSuffix(path, "comment11.duckdb")
		if released && mode&0o222 != 0 {
			t.Errorf("%s can be written to: %04o", path, mode)
		}
		return nil
	})
	if err != nil || seen < 20 {
		t.Fatalf("%d files and folders, %v", seen, err)
	}
	if err := os.Chmod(b.config.Warehouse, 0o770); err != nil {
		t.Fatal(err)
	}
	options := b.options()
	options.AsOf = date(t, "2006-12-31")
	if _, err := batch.Run(context.Background(), b.config, options); !errors.Is(err, batch.ErrUsage) || !strings.Contains(err.Error(), "only its owner may write to a warehouse") {
		t.Errorf("a warehouse that the group can write to: %v", err)
	}
}

// TestApprovals lets a held release out, and holds what must not let it out.
func TestApprovals(t *testing.T) {
	b := newBook(t)
	b.change(t, "control_totals.csv", "26968784.94", "26968785.94")
	held := b.run(t, "2007-09-30")
	if held.Status != store.Held || len(held.Open) != 1 {
		t.Fatalf("%s, %v", held.Status, held.Open)
	}
	again := b.run(t, "2007-09-30")
	if again.Status != store.Held || !again.Repeated || again.Manifest.Release != held.Manifest.Release || len(again.Open) != 1 {
		t.Fatalf("the same again: %s %s, repeated %t, %v", again.Status, again.Manifest.Release, again.Repeated, again.Open)
	}
	sign := func(change ...string) {
		t.Helper()
		text := "approvals:\n" + strings.NewReplacer("reason: \n", "reason: agreed with the sender\n", "preparer: \n", "preparer: m.t.\n", "approver: \n", "approver: controller\n",
			"approved_at: \n", "approved_at: "+b.now.Add(-time.Hour).UTC().Format(time.RFC3339)+"\n", "expires_at: \n", "expires_at: "+b.now.Add(time.Hour).UTC().Format(time.RFC3339)+"\n").
			Replace(batch.ApprovalEntry(held.Manifest, held.Open[0]))
		changed := strings.NewReplacer(change...).Replace(text)
		if len(change) > 0 && changed == text {
			t.Fatalf("%q is not in\n%s", change[0], text)
		}
		if err := os.WriteFile(filepath.Join(b.folder, "approvals.yaml"), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string][]string{
		"another amount":  {`amount: "1"`, `amount: "2"`},
		"another subject": {`USD fair value`, `EUR fair value`},
		"another release": {held.Manifest.ReleaseHash, strings.Repeat("0", 64)},
	} {
		sign(change...)
		if o := b.run(t, "2007-09-30"); o.Status != store.Held || !o.Repeated {
			t.Errorf("%s: %s, repeated %t", name, o.Status, o.Repeated)
		}
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"the same":      {"preparer: m.t.", `preparer: "Controller "`, `approver: "controller": expected another person than the preparer`},
		"the preparer":  {"preparer: m.t.", "preparer: controller", `approver: "controller": expected another person than the preparer`},
		"a stranger":    {"approver: controller", "approver: m.u.", `approver: "m.u.": expected one of the config's approvers: controller`},
		"no reason":     {"reason: agreed with the sender", "reason: ' '", `reason: " ": expected a reason in words`},
		"no expiry":     {"expires_at", "expired_at", `unknown key "expired_at"; did you mean "expires_at"?`},
		"a kind":        {"    reason", "    kind: restatement\n    reason", `kind: "restatement": expected none: only change_after_packet has one`},
		"expired first": {"expires_at: 2", "expires_at: 1", "expected a time after approved_at"},
	} {
		sign(test.from, test.to)
		options := b.options()
		options.AsOf = date(t, "2007-09-30")
		if _, err := batch.Run(context.Background(), b.config, options); !errors.Is(err, batch.ErrUsage) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v\nexpected %s", name, err, test.want)
		}
	}
	// What is wrong with an entry for another release is in nobody's way, and is told.
	sign(held.Manifest.ReleaseHash, strings.Repeat("0", 64), "reason: agreed with the sender", "reason: ")
	b.warnings = nil
	if o := b.run(t, "2007-09-30"); o.Status != store.Held || !strings.Contains(strings.Join(b.warnings, "\n"), `approvals.yaml:6: reason: "": expected a reason in words`) {
		t.Errorf("a half-filled entry for another release: %s, %v", o.Status, b.warnings)
	}
	if err := batch.Validate(context.Background(), b.config, date(t, "2007-09-30"), nil); !errors.Is(err, batch.ErrUsage) || !strings.Contains(err.Error(), "expected a reason in words") {
		t.Errorf("validate of a half-filled entry: %v", err)
	}
	sign()
	b.now = b.now.Add(2 * time.Hour)
	if o := b.run(t, "2007-09-30"); o.Status != store.Held || !o.Repeated {
		t.Errorf("after it expired: %s, repeated %t", o.Status, o.Repeated)
	}
	sign()
	let := b.run(t, "2007-09-30")
	if let.Status != store.Published || let.Manifest.ReleaseHash != held.Manifest.ReleaseHash || len(let.Manifest.Approvals) != 1 || let.Manifest.Kind != "first" {
		t.Fatalf("%s %+v", let.Status, let.Manifest.Approvals)
	}
	if got := b.query(t, "select approved_by, kind from runs"); got != "[[controller first]]" {
		t.Error(got)
	}
	// Who let it out is no approver any more: nothing is in the way, and validate says so.
	approvers := b.config.Approvers
	b.config.Approvers = []string{"newboss"}
	b.warnings = nil
	if o := b.run(t, "2007-09-30"); o.Status != "unchanged" && o.Status != store.Published || len(b.warnings) > 0 {
		t.Errorf("after the approver left: %s, %v", o.Status, b.warnings)
	}
	warned := ""
	if err := batch.Validate(context.Background(), b.config, date(t, "2007-09-30"), func(text string) { warned += text }); err != nil || !strings.Contains(warned, `approver: "controller": expected one of the config's approvers: newboss`) {
		t.Errorf("validate after the approver left: %v, %s", err, warned)
	}
	b.config.Approvers = approvers
	packet, err := batch.Packet(context.Background(), b.config, "2007-09-30")
	if err != nil || len(packet.Releases) != 1 || len(packet.Releases[0].AcceptedBreaks) != 1 || packet.Releases[0].AcceptedBreaks[0].Approver != "controller" {
		t.Errorf("the packet says %+v %v", packet.Releases, err)
	}
	// Another delivery is another release: what was signed does not count for it.
	b.change(t, "positions_2007-09-30.csv", "-9040.13", "-9040.14")
	if o := b.run(t, "2007-09-30"); o.Status != store.Held {
		t.Errorf("a changed delivery with the old approval: %s", o.Status)
	}
}

// TestRestatement follows a date whose figures change before and after a packet.
func TestRestatement(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	b := newBook(t)
	b.run(t, "2006-12-31")
	b.run(t, "2007-09-30")
	first := b.now
	original := b.query(t, "from cells where as_of_date = date '2007-09-30' order by all")
	b.change(t, "positions_2007-09-30.csv", "-9040.13", "-9140.13")
	b.change(t, "control_totals.csv", "26968784.94", "26968684.94")
	if o := b.run(t, "2007-09-30"); o.Status != store.Published || o.Manifest.Kind != "correction" || o.Manifest.Follows != "20070930-001" || o.Manifest.Opening.Release != "20061231-001" {
		t.Fatalf("%s %s %+v", o.Status, o.Manifest.Kind, o.Manifest.Opening)
	}
	packet, err := batch.Packet(context.Background(), b.config, "2007-09-30", "2006-12-31")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batch.RecordPacket(b.config, packet, b.folder, wholePacket, b.now); err != nil {
		t.Fatal(err)
	}
	b.change(t, "fx_rates.csv", "2007-09-28,EUR,USD,1.4183", "2007-09-28,EUR,USD,1.4283")
	b.change(t, "counterparties.csv", "Bank of Lower Saxon Cities AG,bank", "Bank of Lower Saxon Cities AG,broker_dealer")
	b.change(t, "adjustments.csv", "-212500.00", "-212500.01")
	b.change(t, "positions_2007-09-30.csv", "-9140.13", "-9040.13")
	b.change(t, "control_totals.csv", "26968684.94", "26968784.94")
	held := b.run(t, "2007-09-30")
	if held.Status != store.Held || len(held.Open) != 1 || held.Open[0].ID != "change_after_packet" {
		t.Fatalf("%s, %v", held.Status, held.Open)
	}
	entry := "approvals:\n" + strings.NewReplacer("reason: \n", "reason: the rate was that of another day\n", "preparer: \n", "preparer: m.t.\n", "approver: \n", "approver: controller\n",
		"approved_at: \n", "approved_at: 2007-10-20T08:00:00Z\n", "expires_at: \n", "expires_at: 2999-01-01T00:00:00Z\n").Replace(batch.ApprovalEntry(held.Manifest, held.Open[0]))
	if err := os.WriteFile(filepath.Join(b.folder, "approvals.yaml"), []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	restated := b.run(t, "2007-09-30")
	if restated.Status != store.Published || restated.Manifest.Kind != "restatement" {
		t.Fatalf("%s %s", restated.Status, restated.Manifest.Kind)
	}
	// As first reported, by its name and by the time.
	for _, query := range []string{
		"from cells_first_reported where as_of_date = date '2007-09-30' order by all",
		"from cells_as_of('2007-09-30', known_on := timestamp '" + first.UTC().Add(time.Millisecond).Format("2006-01-02 15:04:05.000") + "') order by all",
	} {
		if got := b.query(t, query); got != original {
			t.Errorf("%s does not give what was first reported", query)
		}
	}
	if got := b.query(t, "select count(*) from cells_as_of('2007-09-30', known_on := timestamp '2000-01-01')"); got != "[[0]]" {
		t.Errorf("before anything was published: %s", got)
	}
	if got := b.query(t, "select string_agg(kind, ' ' order by sequence), count(*) filter (where first), count(*) filter (where newest) from runs where as_of_date = date '2007-09-30'"); got != "[[first correction restatement 1 1]]" {
		t.Error(got)
	}
	b.bridge(t)
	v, err := batch.Verify(context.Background(), b.config, batch.Choice{}, nil)
	if err != nil || len(v.Faults) > 0 {
		t.Errorf("verify: %v %v", v.Faults, err)
	}
}

// bridge holds that diff leads from first reported to what stands, to the cent.
func (b *book) bridge(t *testing.T) {
	t.Helper()
	before, after, err := batch.Compared(b.config, "2007-09-30", nil)
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := batch.Diff(context.Background(), b.config, b.options(), before, after, batch.DiffOptions{Trades: -1})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.query(t, "select count(*) from cells_restated where difference <> 0"); got != fmt.Sprintf("[[%d]]", len(bridge.Cells)+len(bridge.Derived)) || len(bridge.Cells) == 0 {
		t.Errorf("%d cells in the bridge and %d derived ones, the catalog says %s", len(bridge.Cells), len(bridge.Derived), got)
	}
	causes := map[string]int{}
	for _, c := range bridge.Cells {
		sum, trades := c.Before, c.Before
		for cause, amount := range c.Causes {
			sum = sum.Add(amount)
			causes[cause]++
		}
		for _, trade := range c.Trades {
			trades = trades.Add(trade.Difference)
		}
		if !sum.Equal(c.After) || !trades.Equal(c.After) || len(c.Trades) == 0 {
			t.Errorf("%s/%s/%s/%s: %s by causes and %s by trades, expected %s", c.Table, c.Block, c.Row, c.Column, sum, trades, c.After)
		}
	}
	for _, cause := range []string{"reference_data", "fx", "adjustments"} {
		if causes[cause] == 0 {
			t.Errorf("no cell was moved by %s: %v", cause, causes)
		}
	}
	if causes["unexplained"] > 0 || causes["input"] > 0 || causes["rules"] > 0 {
		t.Errorf("causes that did not change: %v", causes)
	}
}

// TestStatus holds what status says of dates that are published, held, missing,
// late, changed or built on a release that was replaced.
func TestStatus(t *testing.T) {
	b := newBook(t)
	b.run(t, "2006-12-31")
	b.run(t, "2007-09-30")
	b.now = date(t, "2007-10-01").Add(6 * time.Hour)
	status := func(asOf string, now time.Time) batch.DateStatus {
		t.Helper()
		list, err := batch.Status(context.Background(), b.config, date(t, asOf), date(t, asOf), now)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0]
	}
	if s := status("2007-09-28", b.now); s.Status != "missing" || s.Late || s.NeedsAttention() {
		t.Errorf("before it is due: %+v", s)
	}
	if s := status("2007-09-28", b.now.Add(2*time.Hour)); s.Status != "missing" || !s.Late || !s.NeedsAttention() {
		t.Errorf("after it was due: %+v", s)
	}
	if s := status("2007-09-30", b.now); s.Status != store.Published || s.Release != "20070930-001" || len(s.Changed) > 0 || s.SupersededOpening || s.PublishedAt == nil {
		t.Errorf("published: %+v", s)
	}
	b.change(t, "positions_2006-12-31.csv", "USD,12000000.00", "USD,13000000.00")
	b.change(t, "control_totals.csv", "1113500000.00", "1114500000.00")
	if s := status("2006-12-31", b.now); strings.Join(s.Changed, ", ") != "control_totals.csv changed, positions_2006-12-31.csv changed" || !s.NeedsAttention() {
		t.Errorf("changed inputs: %+v", s)
	}
	if o := b.run(t, "2006-12-31"); o.Manifest.Kind != "correction" {
		t.Fatalf("%s %s %v", o.Status, o.Manifest.Kind, o.Open)
	}
	if s := status("2007-09-30", b.now); !s.SupersededOpening {
		t.Errorf("its opening was replaced: %+v", s)
	}
	// Its trend shows the corrected quarter.
	if o := b.run(t, "2007-09-30"); o.Status != store.Published || o.Manifest.Kind != "correction" || o.Manifest.Opening.Release != "20061231-002" {
		t.Errorf("run again: %s %s %+v", o.Status, o.Manifest.Kind, o.Manifest.Opening)
	}
	if s := status("2007-09-30", b.now); s.SupersededOpening {
		t.Errorf("run again: %+v", s)
	}
	b.change(t, "control_totals.csv", "26968784.94", "26968785.94")
	b.run(t, "2007-09-30")
	if s := status("2007-09-30", b.now); s.Status != store.Published || s.HeldRelease != "20070930-003" || !s.NeedsAttention() {
		t.Errorf("a held release after a published one: %+v", s)
	}
}

// TestRetention takes an old release out of the catalog, then its files, and
// leaves what packets and later releases need.
func TestRetention(t *testing.T) {
	b := newBook(t)
	b.run(t, "2006-12-31")
	b.run(t, "2007-09-30")
	collect := func(dryRun bool) string {
		t.Helper()
		list, err := batch.Collect(context.Background(), b.config, dryRun, b.options())
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, c := range list {
			actions = append(actions, c.Release+" "+c.Action)
		}
		return strings.Join(actions, ", ")
	}
	b.now = date(t, "2014-01-02")
	if got := collect(false); got != "20061231-001 stays" { // 2007-09-30 builds on it
		t.Error(got)
	}
	b.now = date(t, "2014-10-02")
	if got := collect(true); got != "20061231-001 leaves_catalog, 20070930-001 leaves_catalog" || b.query(t, "select count(*) from runs") != "[[2]]" {
		t.Error(got)
	}
	from := batch.PrepareFrom
	batch.PrepareFrom = 0
	_, err := batch.Prepare(context.Background(), b.config, b.options(), []string{"2007-09-30"})
	batch.PrepareFrom = from
	if err != nil {
		t.Fatal(err)
	}
	packet, err := batch.Packet(context.Background(), b.config, "2007-09-30")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batch.RecordPacket(b.config, packet, b.folder, wholePacket, b.now); err != nil {
		t.Fatal(err)
	}
	if got := collect(false); got != "20061231-001 stays, 20070930-001 stays" { // the packet's opening stays too
		t.Error(got)
	}
	if err := store.RealDisk.Remove(filepath.Join(b.config.Warehouse, "packets")); err != nil {
		t.Fatal(err)
	}
	facts := filepath.Join(b.config.Warehouse, "releases/as_of_date=2006-12-31/release=20061231-001/facts-001.parquet")
	if got := collect(false); got != "20061231-001 leaves_catalog, 20070930-001 leaves_catalog" {
		t.Error(got)
	}
	for _, still := range []string{facts, filepath.Join(b.config.Warehouse, "prepared/20070930-001.traces.json")} {
		if _, err := os.Stat(still); err != nil {
			t.Errorf("a session that opened the old catalog could not read on: %v", err)
		}
	}
	b.now = b.now.Add(71 * time.Hour)
	if got := collect(false); got != "20061231-001 waits, 20070930-001 waits" {
		t.Error(got)
	}
	b.now = b.now.Add(2 * time.Hour)
	if got := collect(false); got != "20061231-001 removes_files, 20070930-001 removes_files" {
		t.Error(got)
	}
	for _, gone := range []string{facts, filepath.Join(b.config.Warehouse, "prepared/20070930-001.traces.json")} {
		if _, err := os.Stat(gone); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, kept := range []string{"manifest.json", "tombstone.json", "rejects.parquet", "controls.parquet"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(facts), kept)); err != nil {
			t.Error(err)
		}
	}
	if got := collect(false); got != "" {
		t.Error(got)
	}
	// comment11 runs lists it, so that no verb may say that there is none.
	const removed = "retention removed release 20070930-001"
	if _, err := batch.FindCell(context.Background(), b.config, batch.TraceQuestion{Release: "20070930-001"}); err == nil || !strings.Contains(err.Error(), removed) {
		t.Errorf("trace: %v", err)
	}
	if _, err := batch.Explain(context.Background(), b.config, batch.Question{Release: "20070930-001"}); err == nil || !strings.Contains(err.Error(), removed) {
		t.Errorf("explain: %v", err)
	}
	if _, _, err := batch.Compared(b.config, "", []string{"20061231-001", "20070930-001"}); err == nil || !strings.Contains(err.Error(), "retention removed release 20061231-001") {
		t.Errorf("diff: %v", err)
	}
	v, err := batch.Verify(context.Background(), b.config, batch.Choice{}, nil)
	if err != nil || len(v.Faults) > 0 || v.Removed != 2 {
		t.Errorf("verify: %+v %v", v, err)
	}
	b.now = time.Now()
	if o := b.run(t, "2007-09-30"); o.Status != store.Published || o.Manifest.Release != "20070930-002" || o.Manifest.Sequence != 3 {
		t.Errorf("after retention: %s %s", o.Status, o.Manifest.Release)
	}
}

// TestTold holds what is told after a run: a record, metrics, a lineage event and,
// where it failed, the command, which cannot hang the run.
func TestTold(t *testing.T) {
	b := newBook(t)
	b.change(t, "comment11.yaml", "warehouse: warehouse", "warehouse: warehouse\nmonitoring:\n  on_failure: [sh, -c, \"cat > failed.json; sleep 1000 & sleep 1000\"]\n  on_failure_seconds: 1")
	b.reload(t)
	b.run(t, "2007-09-30")
	if _, err := os.Stat(filepath.Join(b.folder, "failed.json")); err == nil {
		t.Error("the command on failure ran after a run that published")
	}
	b.change(t, "control_totals.csv", "26968784.94", "26968785.94")
	started := time.Now()
	held := b.run(t, "2007-09-30")
	if took := time.Since(started); took > 30*time.Second {
		t.Errorf("the command on failure kept the run for %s", took)
	}
	if held.Status != store.Held || len(b.warnings) != 1 || !strings.Contains(b.warnings[0], "sh was killed after 1s") {
		t.Errorf("%s %q", held.Status, b.warnings)
	}
	var record store.RunRecord
	text, err := os.ReadFile(filepath.Join(b.folder, "failed.json"))
	if err := errors.Join(err, json.Unmarshal(text, &record)); err != nil || record.Status != store.Held || record.Release != "20070930-002" || record.User == "" {
		t.Errorf("%s %v", text, err)
	}
	metrics, err := os.ReadFile(filepath.Join(b.config.Warehouse, "metrics.prom"))
	if err != nil || !strings.Contains(string(metrics), "\ncomment11_last_run_status{status=\"held\"} 1\n") || !strings.Contains(string(metrics), "\ncomment11_dates_held 1\n") {
		t.Errorf("%s %v", metrics, err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(metrics)), "\n") {
		if !regexp.MustCompile(`^(# (HELP|TYPE) comment11_[a-z_]+ .+|comment11_[a-z_]+(\{[a-z]+="[a-z]+"\})? -?[0-9.]+)$`).MatchString(line) {
			t.Errorf("no line of the Prometheus text format: %s", line)
		}
	}
	lineage, err := os.ReadFile(filepath.Join(b.config.Warehouse, "openlineage.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, line := range strings.Split(strings.TrimSpace(string(lineage)), "\n") {
		var event struct {
			EventType, EventTime, Producer, SchemaURL string
			Run                                       struct{ RunID string }
			Job                                       struct{ Namespace, Name string }
			Inputs, Outputs                           []struct{ Namespace, Name string }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.EventTime == "" || event.Producer == "" || event.SchemaURL == "" || len(event.Run.RunID) != 36 || event.Job.Name != "run" || len(event.Inputs) != 8 {
			t.Errorf("%+v", event)
		}
		types = append(types, fmt.Sprint(event.EventType, " ", len(event.Outputs) > 0))
	}
	if got := strings.Join(types, ", "); got != "COMPLETE true, FAIL false" {
		t.Error(got)
	}
	runs, err := batch.Warehouse(b.config).Runs()
	if err != nil || len(runs) != 2 || runs[0].Status != store.Published || runs[1].Status != store.Held || runs[0].Seconds["ingest"] < 0 {
		t.Errorf("%+v %v", runs, err)
	}
	for _, r := range runs {
		if i := slices.IndexFunc(r.Coverage, func(c store.RuleCoverage) bool { return c.Attribute == "purpose" }); i < 0 || r.Coverage[i].Positions == 0 || r.Coverage[i].Rules == 0 {
			t.Errorf("run %s: coverage %+v", r.ID, r.Coverage)
		}
	}
}
