package batch_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"comment11/disclosures/render"
	"comment11/internal/batch"
	"comment11/internal/store"
)

// TestPrepared holds that a packet is the same whether what it shows was prepared or is
// found for it; that what is damaged, or was prepared for another release or threshold, is
// not shown; and that nothing is kept of a small release, or by a packet.
func TestPrepared(t *testing.T) {
	ctx := context.Background()
	b := newBook(t)
	b.run(t, "2006-12-31")
	b.run(t, "2007-09-30")
	dates := []string{"2007-09-30", "2006-12-31"}
	kept := func() []string {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(b.config.Warehouse, "prepared", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return paths
	}
	packet := func() string {
		t.Helper()
		desk, done, err := batch.OpenDesk(ctx, b.config, b.options(), dates, render.AsReported)
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		packet, err := desk.Packet(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.AddLetter(ctx, desk.Config, &packet, true, true); err != nil {
			t.Fatal(err)
		}
		if err = batch.Questions(ctx, desk.Config, &packet); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		i := slices.IndexFunc(render.Formats, func(f render.Format) bool { return f.Name == "json" })
		if err := render.Formats[i].Write(&text, packet); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	prepare := func(want ...string) {
		t.Helper()
		if got, err := batch.Prepare(ctx, b.config, b.options(), dates); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("prepared %v: %v; expected %v", got, err, want)
		}
	}
	found := packet()
	if prepare(); len(kept()) > 0 {
		t.Errorf("of a small release is kept: %v", kept())
	}
	from := batch.PrepareFrom
	batch.PrepareFrom = 0
	defer func() { batch.PrepareFrom = from }()
	if packet() != found || len(kept()) > 0 {
		t.Errorf("a packet keeps %v", kept())
	}
	if prepare("20070930-001", "20061231-001"); len(kept()) != 4 {
		t.Fatalf("prepared: %v; expected traces and concentrations of two releases", kept())
	}
	if packet() != found {
		t.Error("the packet differs with what was prepared")
	}
	concentrations := filepath.Join(b.config.Warehouse, "prepared", "20070930-001.concentrations.json")
	for _, path := range kept() { // another trade, so that it would be seen
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte("T2004-001"), []byte("T2004-009")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(concentrations); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(concentrations, 0o700); err != nil { // that nothing can read
		t.Fatal(err)
	}
	if packet() != found {
		t.Error("the packet shows what was damaged")
	}
	if err := os.Remove(concentrations); err != nil {
		t.Fatal(err)
	}
	b.config.Packet.Concentration = "0.01"
	asked := packet()
	if prepare("20070930-001", "20061231-001"); packet() != asked || asked == found {
		t.Error("the packet differs with what was prepared for another share, or asks the same")
	}

	// The year-end is restated, and a packet of it shows what was reported: that is
	// prepared, though it is not the newest of its date, and so is another of the period end.
	year, err := batch.Packet(ctx, b.config, "2006-12-31")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := batch.RecordPacket(b.config, year, b.folder, wholePacket, b.now); err != nil {
		t.Fatal(err)
	}
	b.change(t, "positions_2006-12-31.csv", "T2004-001", "T2004-901")
	b.change(t, "positions_2007-09-30.csv", "T2004-001", "T2004-901")
	for _, asOf := range dates {
		if o := b.run(t, asOf); o.Status != store.Published {
			t.Fatalf("%s is %s: %v", asOf, o.Status, o.Open)
		}
	}
	if err := store.RealDisk.Remove(filepath.Join(b.config.Warehouse, "prepared")); err != nil {
		t.Fatal(err)
	}
	found = packet()
	if prepare("20070930-002", "20061231-001"); len(kept()) != 4 || packet() != found {
		t.Errorf("the packet of a desk differs with what was prepared: %v", kept())
	}
}
