package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// RunRecord is one run: what happened when, where and by whom, which a manifest
// does not have. There is one for every run, whatever became of it.
type RunRecord struct {
	ID          string             `json:"run"`
	Verb        string             `json:"verb"`
	AsOfDate    string             `json:"as_of_date"`
	Release     string             `json:"release,omitempty"`
	Kind        string             `json:"kind,omitempty"`
	Status      string             `json:"status"` // started, published, held, unchanged, failed, interrupted
	Error       string             `json:"error,omitempty"`
	User        string             `json:"user"`
	Host        string             `json:"host"`
	Process     int                `json:"process"`
	StartedAt   time.Time          `json:"started_at"`
	PublishedAt time.Time          `json:"published_at,omitzero"` // when the release took its place
	FinishedAt  time.Time          `json:"finished_at,omitzero"`
	Seconds     map[string]float64 `json:"seconds"` // by stage
	Records     int64              `json:"records"` // of positions
	Rejected    int64              `json:"rejected"`
	Facts       int64              `json:"facts"`
	Cells       int64              `json:"cells"`
	Broken      int64              `json:"broken_controls"`
	Coverage    []RuleCoverage     `json:"coverage,omitempty"`
}

// RuleCoverage is how much of the positions the rules of an attribute decided.
type RuleCoverage struct {
	Attribute  string          `json:"attribute"`
	Positions  int64           `json:"positions"`
	Gaps       int64           `json:"gaps"` // positions that no rule decided
	GapMoney   decimal.Decimal `json:"gap_money"`
	Rules      int             `json:"rules"` // in force
	NeverFired []string        `json:"never_fired,omitempty"`
	Disagree   int64           `json:"disagree"` // positions on which a further rule would have decided otherwise, by pair of rules
}

// NewRun begins the record of a run.
func NewRun(verb, asOf string, now time.Time) RunRecord {
	who := Me(now)
	return RunRecord{ID: fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(asOf, "-", ""), now.UTC().Format("20060102T150405.000Z"), who.Process),
		Verb: verb, AsOfDate: asOf, Status: "started", User: who.User, Host: who.Host, Process: who.Process, StartedAt: now.UTC()}
}

// Me is this process.
func Me(now time.Time) Holder {
	me := Holder{Process: os.Getpid(), User: "unknown", Host: "unknown", Since: now.UTC().Truncate(time.Second)}
	if name, err := os.Hostname(); err == nil {
		me.Host = name
	}
	if u, err := user.Current(); err == nil {
		me.User = u.Username
	}
	return me
}

// WriteRun writes the record of a run, in place of what it said before.
func (w Warehouse) WriteRun(record RunRecord) error {
	return w.writeRecord("runs", record.ID, record)
}

// Runs reads the records of all runs, oldest first.
func (w Warehouse) Runs() ([]RunRecord, error) {
	list, err := readRecords[RunRecord](w, "runs")
	slices.SortStableFunc(list, func(a, b RunRecord) int { return a.StartedAt.Compare(b.StartedAt) })
	return list, err
}

// Publications gives the record of the run that published each release. A run
// that was killed before its release took its place wrote a record too; the
// later run that took the same name counts.
func (w Warehouse) Publications() (map[string]RunRecord, error) {
	list, err := w.Runs()
	publications := map[string]RunRecord{}
	for _, r := range list {
		if r.Release != "" && !r.PublishedAt.IsZero() {
			publications[r.Release] = r
		}
	}
	return publications, err
}

// PacketRecord is an extracted packet: who took which releases out, and when.
type PacketRecord struct {
	ID          string           `json:"packet"`
	ExtractedAt time.Time        `json:"extracted_at"`
	User        string           `json:"user"`
	Host        string           `json:"host"`
	Folder      string           `json:"folder"`
	Releases    []PacketReleases `json:"releases"` // that of the period end first
	Files       []FileHash       `json:"files"`
	Draft       bool             `json:"draft,omitempty"`
	// Partial tells of single documents, which report no period end.
	Partial bool `json:"partial,omitempty"`
	// Comparative says what the column of the date compared with shows.
	Comparative *PacketComparative `json:"comparative,omitempty"`
}

// PacketComparative is what a packet shows of the date that it is compared with.
type PacketComparative struct {
	AsOfDate string `json:"as_of_date"`
	Basis    string `json:"basis"`            // as_reported, published, restated or recast
	Release  string `json:"release"`          // whose figures are shown, or were recast
	Packet   string `json:"packet,omitempty"` // the last one of that period end, "" where none is recorded
	From     string `json:"bridge_from,omitempty"`
}

// PacketReleases is a release that a packet shows.
type PacketReleases struct {
	AsOfDate string `json:"as_of_date"`
	Release  string `json:"release"`
	SHA256   string `json:"manifest_sha256"`
}

// Names tells whether the packet shows the release.
func (p PacketRecord) Names(release string) bool {
	return slices.ContainsFunc(p.Releases, func(r PacketReleases) bool { return r.Release == release })
}

// Pinned is the release that a period end was reported by, and the packet that shows it.
type Pinned struct {
	PacketReleases
	Packet string
	draft  bool
}

// PinnedReleases gives, by period end, the release that its last packet shows. A draft is
// no report, so that it counts only where there is nothing else; single documents are none
// at all. A date that a packet is compared with is no period end of it.
func (w Warehouse) PinnedReleases() (map[string]Pinned, error) {
	packets, err := w.Packets()
	pins := map[string]Pinned{}
	for _, p := range packets {
		if len(p.Releases) == 0 || p.Partial {
			continue
		}
		r := p.Releases[0]
		if before, known := pins[r.AsOfDate]; !known || before.draft || !p.Draft {
			pins[r.AsOfDate] = Pinned{r, p.ID, p.Draft}
		}
	}
	return pins, err
}

// PacketsFolder is where packets are recorded.
func (w Warehouse) PacketsFolder() string { return filepath.Join(w.Root, "packets") }

// WritePacket records a packet.
func (w Warehouse) WritePacket(record PacketRecord) error {
	return w.writeRecord("packets", record.ID, record)
}

// Packets reads the records of all packets, oldest first.
func (w Warehouse) Packets() ([]PacketRecord, error) {
	list, err := readRecords[PacketRecord](w, "packets")
	slices.SortStableFunc(list, func(a, b PacketRecord) int { return a.ExtractedAt.Compare(b.ExtractedAt) })
	return list, err
}

func (w Warehouse) writeRecord(kind, id string, record any) error {
	folder := filepath.Join(w.Root, kind)
	if err := os.MkdirAll(folder, w.mode(0o755)); err != nil {
		return err
	}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return w.replace(filepath.Join(folder, id+".json"), append(text, '\n'), 0o644)
}

func readRecords[T any](w Warehouse, kind string) ([]T, error) {
	paths, err := listed(filepath.Join(w.Root, kind), "")
	if err != nil {
		return nil, err
	}
	var list []T
	for _, path := range paths {
		if name := filepath.Base(path); strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ".json") {
			continue
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var record T
		if err := json.Unmarshal(text, &record); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, record)
	}
	return list, nil
}
