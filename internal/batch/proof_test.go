package batch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/store"
)

// TestMayWrite holds that an extract replaces no packet that somebody signed, breaks none,
// and replaces others.
func TestMayWrite(t *testing.T) {
	config := configs.Config{Warehouse: t.TempDir(), Umask: "022"}
	folder := t.TempDir()
	write := func(name, text string) (path string) {
		path = filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("open/manifest.json", `{"version": 1, "audience": "internal"}`)
	write("notes/notes.txt", "mine")
	write("other/manifest.json", `{"name": "of another program"}`)
	signed, err := store.HashFile(write("signed/manifest.json", `{"version": 1, "audience": "internal", "as_of_date": "2007-09-30"}`))
	if err != nil {
		t.Fatal(err)
	}
	w := batch.Warehouse(config)
	if err := w.AppendSignature(batch.Signature{ChainedLine: store.ChainedLine{Line: 1}, Role: "preparer", Name: "An", Packet: signed.SHA256, At: time.Date(2007, 10, 20, 8, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		folder string
		whole  bool
		want   string
	}{
		{"new", true, ""},
		{"new", false, ""},
		{"open", true, ""},
		{"open", false, "open is a whole packet"},
		{"open/proof/sub", false, "sub lies in the packet " + filepath.Join(folder, "open")},
		{"open/sub", true, "sub lies in the packet"},
		{"signed", true, "signed was signed by An (preparer) at 2007-10-20T08:00:00Z; what was signed is not replaced"},
		{"signed", false, "signed is a whole packet"},
		{"notes", true, "notes.txt, which no extract wrote"},
		{"notes", false, ""},
		{"other/sub", true, ""},
		{"notes/notes.txt", true, "notes.txt is a file"},
		{"../" + filepath.Base(config.Warehouse), false, "lies in the warehouse"},
		{"../" + filepath.Base(config.Warehouse) + "/packet", true, "lies in the warehouse"},
	} {
		err := batch.MayWrite(config, filepath.Join(folder, test.folder), test.whole)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.folder, err)
		case test.want != "" && (!errors.Is(err, batch.ErrUsage) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, expected %s", test.folder, err, test.want)
		}
	}
	if err := os.WriteFile(w.SignatureLog(), []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := batch.MayWrite(config, filepath.Join(folder, "open"), true); !errors.Is(err, batch.ErrPacket) {
		t.Errorf("with a damaged log of signatures: %v", err)
	}
}
