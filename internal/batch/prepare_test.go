package batch_test

import (
	"bytes"
	"context"
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
	releases := []store.Manifest{b.run(t, "2006-12-31").Manifest, b.run(t, "2007-09-30").Manifest}
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
		packet, err := batch.Packet(ctx, b.config, "2007-09-30", "2006-12-31")
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.AddLetter(ctx, b.config, &packet, true, true); err != nil {
			t.Fatal(err)
		}
		if packet.Questions, err = batch.Questions(ctx, b.config, packet); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		i := slices.IndexFunc(render.Formats, func(f render.Format) bool { return f.Name == "json" })
		if err := render.Formats[i].Write(&text, packet); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	prepare := func() {
		t.Helper()
		for _, m := range releases {
			if err := batch.Prepare(ctx, b.config, m); err != nil {
				t.Fatal(err)
			}
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
	if prepare(); len(kept()) != 4 {
		t.Fatalf("prepared: %v; expected traces and concentrations of two releases", kept())
	}
	if packet() != found {
		t.Error("the packet differs with what was prepared")
	}
	for _, path := range kept() { // so that it is read at all
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte("T2004-001"), []byte("T2004-009")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if packet() != found {
		t.Error("the packet shows what was damaged")
	}
	b.config.Packet.Concentration = "0.01"
	if asked := packet(); asked == found {
		t.Error("another share asks the same questions about concentration")
	} else if prepare(); packet() != asked {
		t.Error("the packet differs with what was prepared for another share")
	}
	before := kept()
	b.change(t, "positions_2007-09-30.csv", "T2004-001", "T2004-901")
	b.run(t, "2007-09-30")
	if changed := packet(); changed == found {
		t.Error("another release shows the same")
	} else if prepare(); packet() != changed || len(kept()) != len(before)+2 {
		t.Errorf("prepared of three releases: %v", kept())
	}
}
