package store

import (
	"testing"
	"time"
)

// TestPinnedReleases holds which release a period end was reported by: that of its last
// packet which is no draft, whatever packets compare with the date.
func TestPinnedReleases(t *testing.T) {
	w := Warehouse{Root: t.TempDir(), Disk: RealDisk}
	at := time.Date(2007, 10, 20, 8, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		what     string
		draft    bool
		partial  bool
		releases []string // that of the period end, and that of the date compared with
		want     string   // what 2006-12-31 was reported by
	}{
		{"single documents, with nothing else", false, true, []string{"20061231-001"}, ""},
		{"a packet of another date that compares with it", false, false, []string{"20070930-001", "20061231-001"}, ""},
		{"a draft, where there is nothing else", true, false, []string{"20061231-001"}, "20061231-001"},
		{"a later draft", true, false, []string{"20061231-002"}, "20061231-002"},
		{"a packet", false, false, []string{"20061231-002"}, "20061231-002"},
		{"a draft after a packet", true, false, []string{"20061231-003"}, "20061231-002"},
		{"a comparison after a packet", false, false, []string{"20070930-001", "20061231-003"}, "20061231-002"},
		{"single documents after a packet", false, true, []string{"20061231-003"}, "20061231-002"},
		{"another packet", false, false, []string{"20061231-003"}, "20061231-003"},
	} {
		at = at.Add(time.Minute)
		record := PacketRecord{ID: "packet-" + at.Format("150405"), ExtractedAt: at, Draft: step.draft, Partial: step.partial}
		for _, release := range step.releases {
			record.Releases = append(record.Releases, PacketReleases{AsOfDate: release[:4] + "-" + release[4:6] + "-" + release[6:8], Release: release})
		}
		if err := w.WritePacket(record); err != nil {
			t.Fatal(err)
		}
		pins, err := w.PinnedReleases()
		if err != nil {
			t.Fatal(err)
		}
		if got := pins["2006-12-31"]; got.Release != step.want || (step.want != "" && got.Packet == "") {
			t.Errorf("%s: reported by %q of %q, expected %q", step.what, got.Release, got.Packet, step.want)
		}
	}
}
