package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// PacketVerification is what verify found of a packet.
type PacketVerification struct {
	AsOf      string      `json:"as_of_date"`
	Compare   string      `json:"compare_date,omitempty"`
	Audience  string      `json:"audience"`
	SHA256    string      `json:"manifest_sha256"`
	Files     int         `json:"files"`
	Figures   int         `json:"figures"`   // of packet.json
	Computed  int         `json:"computed"`  // of the releases' cells, from the packet's own facts
	Warehouse bool        `json:"warehouse"` // the releases were at hand
	Signed    []Signature `json:"signed"`    // that still hold
	Status    string      `json:"status"`
	Faults    []string    `json:"faults"`
	Notes     []string    `json:"notes"`

	otherProgram string   // that wrote the packet, "" where it is the one that verifies
	otherwise    []string // what this program writes otherwise than that one did
}

// Prover says what a packet is verified with.
type Prover struct {
	Program    store.Program
	Config     *configs.Config // where the warehouse is at hand, else nil
	Signatures string          // a copy of the log of signatures; "": that of the warehouse
}

// VerifyPacket holds a packet against itself, on any machine: its files against its
// manifest, every figure of packet.json against the cells that it brings along, those
// against their facts, and every other document against packet.json. Where the
// warehouse or a log of signatures is at hand, it is held against those too.
func VerifyPacket(ctx context.Context, folder string, with Prover) (PacketVerification, error) {
	manifest, hash, err := ReadPacketManifest(folder)
	if err != nil {
		return PacketVerification{}, err
	}
	v := PacketVerification{AsOf: manifest.AsOf, Compare: manifest.Compare, Audience: manifest.Audience, SHA256: hash, Faults: []string{}, Notes: []string{}, Signed: []Signature{}}
	if own := (store.Program{Version: with.Program.Version, Revision: with.Program.Revision}); manifest.Program != own {
		v.otherProgram = strings.TrimSpace(manifest.Program.Version + " " + manifest.Program.Revision)
	}
	if own, err := manifestText(manifest); err != nil {
		return v, err
	} else if hashText("", own).SHA256 != hash && v.otherProgram == "" {
		v.fault("%s has more than this program writes there, or has it otherwise", packetManifestName)
	}
	if err := v.files(folder, manifest); err != nil {
		return v, err
	}
	packet, err := ReadPacket(folder)
	switch {
	case errors.Is(err, ErrPacket):
		v.fault("%v", err)
	case err != nil:
		return v, err
	default:
		packet.Each(func(render.Place, render.Cell) { v.Figures++ })
		v.holdsManifest(packet, manifest)
		if err := v.documents(folder, packet); err != nil {
			return v, err
		}
		v.letter(packet, manifest)
		if manifest.Audience != render.Filing {
			if err := v.proof(ctx, folder, packet, manifest); err != nil && len(v.Faults) == 0 {
				return v, err
			} else if err != nil { // of files that are not as they were written
				v.fault("its cells cannot be computed again: %v", err)
			}
		}
	}
	if err := v.signatures(ctx, manifest, packet, with); err != nil {
		return v, err
	}
	return v, nil
}

func (v *PacketVerification) fault(format string, arguments ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, arguments...))
}

// files holds every file of the folder against the manifest.
func (v *PacketVerification) files(folder string, manifest PacketManifest) error {
	there, err := packetFiles(folder)
	if err != nil {
		return err
	}
	v.Files = len(there)
	for _, want := range manifest.Files {
		i := slices.IndexFunc(there, func(f store.FileHash) bool { return f.Name == want.Name })
		switch {
		case i < 0:
			v.fault("%s is missing", want.Name)
		case there[i].SHA256 == "":
			v.fault("%s is no plain file", want.Name)
		case there[i] != want:
			v.fault("%s was changed: its SHA-256 is %s, in the manifest stands %s", want.Name, there[i].SHA256, want.SHA256)
		}
	}
	for _, file := range there {
		if !slices.ContainsFunc(manifest.Files, func(f store.FileHash) bool { return f.Name == file.Name }) {
			v.fault("%s is there, and the manifest does not name it", file.Name)
		}
	}
	if !slices.ContainsFunc(manifest.Files, func(f store.FileHash) bool { return f.Name == packetJSON }) {
		v.fault("the manifest does not name %s", packetJSON)
	}
	return nil
}

// holdsManifest holds what packet.json says of itself against the manifest.
func (v *PacketVerification) holdsManifest(packet render.Packet, manifest PacketManifest) {
	if packet.AsOf != manifest.AsOf || packet.Compare != manifest.Compare || packet.Audience != manifest.Audience || packet.Draft != manifest.Draft {
		v.fault("%s is of another packet than the manifest: dates, audience or draft differ", packetJSON)
	}
	basis, from := "", ""
	if c := packet.Comparative; c != nil {
		basis = c.Basis
		if c.Bridge != nil {
			from = c.Bridge.From
		}
	}
	switch pinned := manifest.BridgeFrom; {
	case basis != manifest.Comparative:
		v.fault("%s has figures of the date compared with that are %q, the manifest says %q", packetJSON, basis, manifest.Comparative)
	case (packet.Comparative != nil && packet.Comparative.Bridge != nil) != (pinned != nil), pinned != nil && manifest.Audience != render.Filing && from != pinned.Release:
		v.fault("the bridge of %s leads from release %q, which is not the one that the manifest pins", packetJSON, from)
	}
	if c := packet.Comparative; c != nil && len(manifest.Releases) > 1 {
		if release, _ := manifest.Releases[1].stored(); c.Date != packet.Compare || manifest.Audience != render.Filing && c.Release != release {
			v.fault("%s has figures of %s, release %q, to compare with; the manifest pins %s, release %q", packetJSON, c.Date, c.Release, packet.Compare, release)
		}
	}
	var pinned []string
	for _, r := range manifest.Releases {
		pinned = append(pinned, r.AsOf)
	}
	if want := packetDates(packet); !slices.Equal(pinned, want) {
		v.fault("the manifest pins releases of %s, the packet is of %s", strings.Join(pinned, ", "), strings.Join(want, ", "))
	}
	for i, r := range packet.Releases {
		if i >= len(manifest.Releases) || r.Name != manifest.Releases[i].Release || r.Hash != manifest.Releases[i].ReleaseHash || r.RecastOf != manifest.Releases[i].RecastOf {
			v.fault("%s names release %s of %s, which is not the one that the manifest pins", packetJSON, r.Name, r.AsOf)
		}
	}
}

func packetDates(packet render.Packet) []string {
	dates := []string{packet.AsOf}
	if packet.Compare != "" {
		dates = append(dates, packet.Compare)
	}
	return dates
}

// documents writes every document again from packet.json and compares.
func (v *PacketVerification) documents(folder string, packet render.Packet) error {
	rendered, err := renderAll(packet)
	if err != nil {
		v.fault("from %s no documents can be written: %v", packetJSON, err)
		return nil
	}
	for _, document := range rendered {
		got, err := os.ReadFile(filepath.Join(folder, document.name))
		if err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue // told already, unless another version of the program did not write it
		}
		differences, err := render.Differences(document.name, got, document.content)
		if err != nil {
			return err
		}
		if len(differences) > 0 && v.otherProgram != "" {
			v.otherwise = append(v.otherwise, fmt.Sprintf("%s was written by program %s, and this one writes it otherwise: it is held by its SHA-256 alone", document.name, v.otherProgram))
			continue
		}
		v.Faults = append(v.Faults, differences...)
	}
	return nil
}

// letter writes the prose again from its sources, which have calls in place of numbers,
// and holds what the letter says of earlier dates against the cells that the packet has.
func (v *PacketVerification) letter(packet render.Packet, manifest PacketManifest) {
	if packet.Letter == nil {
		for _, format := range render.FormatsFor(manifest.Audience) {
			if format.IsLetter() {
				v.fault("%s has no letter, of which %s is written", packetJSON, format.File)
			}
		}
		return
	}
	for _, balance := range packet.Letter.History {
		if balance.Date == packet.Compare && balance.Label != packet.Comparative.Label() {
			v.fault("%s: the letter's notional at %s is labelled %q, its column %q", packetJSON, balance.Date, balance.Label, packet.Comparative.Label())
		}
		for _, side := range []struct {
			row   string
			shown int64
		}{{"bought", balance.Bought}, {"sold", balance.Sold}} {
			packet.Each(func(at render.Place, cell render.Cell) {
				if at == (render.Place{Date: balance.Date, Table: "comment-11a", Block: "notional", Row: side.row, Column: "total"}) && cell.Displayed != side.shown {
					v.fault("%s: the letter's notional %s at %s is %d, its cell %d", packetJSON, side.row, balance.Date, side.shown, cell.Displayed)
				}
			})
		}
	}
	if manifest.Audience == render.Filing {
		return // it has neither sources nor exact values
	}
	again := *packet.Letter
	_, err := respond(packet, &again, sourcesOf(again))
	differences := render.LetterDifferences(*packet.Letter, again)
	if v.otherProgram != "" && (err != nil || len(differences) > 0) {
		v.otherwise = append(v.otherwise, fmt.Sprintf("the letter's prose was written by program %s, and this one writes it otherwise", v.otherProgram))
		return
	}
	if err != nil {
		v.fault("%s: %v", packetJSON, err)
		return
	}
	for _, d := range differences {
		v.fault("%s: %s", packetJSON, d.String("it has", "its source gives"))
	}
}

// proof computes the cells that the packet brings along from its facts, and holds
// packet.json against them.
func (v *PacketVerification) proof(ctx context.Context, folder string, packet render.Packet, manifest PacketManifest) error {
	var config configs.Config
	config.Engine.MemoryLimit = "1500MB" // the config of the warehouse need not be at hand
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	w := store.Warehouse{Root: filepath.Join(folder, proofFolder)}
	from, openings := map[string][]string{}, map[string]string{}
	whole := true
	var last store.Manifest // of the date compared with, where there is one
	for _, pinned := range manifest.Releases {
		m, ok, err := v.provenRelease(ctx, db, w, pinned, manifest, true)
		if err != nil {
			return err
		}
		whole, last = whole && ok, m
		openings[m.AsOfDate] = m.OpeningDate()
		for _, name := range carriedAlways {
			from[name] = append(from[name], w.Files(m, name)...)
		}
	}
	var bridged store.Manifest
	if manifest.BridgeFrom != nil {
		m, ok, err := v.provenRelease(ctx, db, w, *manifest.BridgeFrom, manifest, false)
		if err != nil {
			return err
		}
		whole, bridged = whole && ok, m
	}
	if !whole {
		return nil // what is not as it was published says nothing more
	}
	if c := packet.Comparative; c != nil && c.Bridge != nil && manifest.BridgeFrom != nil {
		if err := holdsBridge(ctx, db, c.Bridge, manifest.Audience, releaseFiles(w, bridged, "cells"), releaseFiles(w, last, "cells")); errors.Is(err, errBridge) {
			v.fault("%s: %v", packetJSON, err)
		} else if err != nil {
			return err
		}
	}
	for name, files := range from {
		if err := db.CreateView(ctx, name, "select * from "+store.PlainParquet(files...)); err != nil {
			return err
		}
	}
	read := func(query string) (store.Table, error) { return store.Query(ctx, db, query) }
	proven, err := readTables(read, packetDates(packet), openings)
	if err != nil {
		return err
	}
	controls, err := controlsOf(read, packetDates(packet))
	if err != nil {
		return err
	}
	holdEach(v, "control", beside(packet).Controls, controls)
	return v.holdTables(packet, proven.Against(packet.Comparative))
}

// holdTables holds packet.json against what the cells give. Another program may say and lay
// out the same figures otherwise.
func (v *PacketVerification) holdTables(packet, proven render.Packet) error {
	packet.Letter, proven.Letter = nil, nil // of which tables know nothing
	var differ int
	for _, d := range render.Compare(proven, packet) {
		if v.otherProgram == "" || d.Kind == "cell" {
			v.fault("%s: %s", packetJSON, d.String("its cells give", "it has"))
		}
		differ++
	}
	text := func(p render.Packet) (string, error) {
		b, err := json.Marshal([]any{p.Tables, p.Differing})
		return string(b), err
	}
	got, err := text(packet)
	want, err2 := text(proven)
	switch {
	case got == want && differ == 0:
	case v.otherProgram != "":
		v.otherwise = append(v.otherwise, fmt.Sprintf("%s was laid out by program %s in another way; its figures are those of the cells", packetJSON, v.otherProgram))
	case differ == 0:
		v.fault("%s: its tables are not those of the cells, though figures and texts are the same: a place, a predicate or a figure's detail was changed", packetJSON)
	}
	return errors.Join(err, err2)
}

// beside is the appendix of a packet, empty where it has none.
func beside(packet render.Packet) render.Appendix {
	if packet.Appendix == nil {
		return render.Appendix{}
	}
	return *packet.Appendix
}

// holdEach holds what packet.json says beside its tables, one by one, against what its
// releases say.
func holdEach[T any](v *PacketVerification, what string, has, want []T) {
	text := func(list []T, i int) string {
		if i >= len(list) {
			return "nothing"
		}
		b, _ := json.Marshal(list[i]) // texts and numbers alone
		return string(b)
	}
	for i := range max(len(has), len(want)) {
		got, expected := text(has, i), text(want, i)
		switch {
		case got == expected:
			continue
		case v.otherProgram != "":
			v.otherwise = append(v.otherwise, fmt.Sprintf("%s tells %ss in the words of program %s", packetJSON, what, v.otherProgram))
		default: // one that is missing moves all after it
			v.fault("%s: %s %d: it has %s, its release gives %s", packetJSON, what, i+1, got, expected)
		}
		return
	}
}

// provenRelease holds what a packet brings along of a release against its manifest and,
// where the facts are there, its cells against them. It gives the manifest of what is there.
func (v *PacketVerification) provenRelease(ctx context.Context, db *store.DB, w store.Warehouse, pinned PinnedRelease, manifest PacketManifest, facts bool) (only store.Manifest, whole bool, err error) {
	m, err := carried(w, pinned, manifest)
	if err != nil {
		v.fault("%v", err)
		return only, false, nil
	}
	if m.Kind != pinned.Kind {
		v.fault("%s calls release %s %q, its own manifest %q", packetManifestName, pinned.Release, pinned.Kind, m.Kind)
	}
	if m.Hash() != pinned.SHA256 && manifest.Audience == render.Internal {
		v.fault("the manifest of release %s is not the one that is pinned: its SHA-256 is %s", pinned.Release, m.Hash())
	}
	if manifest.Audience == render.Internal && (releaseHash(m.Manifest) != m.ReleaseHash || m.ReleaseHash != pinned.ReleaseHash) {
		v.fault("the release hash of %s is not that of its relations", pinned.Release)
	}
	if whole, err = v.proofOf(ctx, db, w, m.only, facts); err != nil {
		return only, false, fmt.Errorf("the proof of release %s: %w", pinned.Release, err)
	}
	return m.only, whole, nil
}

// carriedManifest is a release's manifest, and what of it a packet brings along.
type carriedManifest struct {
	store.Manifest
	only store.Manifest
}

// carried reads the manifest of a release in a packet, and leaves of its relations and
// files those that the packet names.
func carried(w store.Warehouse, pinned PinnedRelease, manifest PacketManifest) (carriedManifest, error) {
	all, err := w.Manifests()
	if err != nil {
		return carriedManifest{}, err
	}
	i := slices.IndexFunc(all, func(m store.Manifest) bool { return m.Release == pinned.Release && m.AsOfDate == pinned.AsOf })
	if i < 0 {
		return carriedManifest{}, fmt.Errorf("the packet does not bring release %s of %s along", pinned.Release, pinned.AsOf)
	}
	m := all[i]
	within := func(file string) bool {
		name := filepath.ToSlash(filepath.Join(proofFolder, "releases", "as_of_date="+m.AsOfDate, "release="+m.Release, file))
		return slices.ContainsFunc(manifest.Files, func(f store.FileHash) bool { return f.Name == name })
	}
	only := m
	only.Relations = slices.DeleteFunc(slices.Clone(m.Relations), func(r store.Relation) bool { return !slices.ContainsFunc(r.Files, within) })
	only.Files = slices.DeleteFunc(slices.Clone(m.Files), func(f store.FileHash) bool { return !within(f.Name) })
	for _, needed := range carriedAlways {
		if _, there := only.Relation(needed); !there {
			return carriedManifest{}, fmt.Errorf("the packet does not bring the relation %s of release %s along", needed, pinned.Release)
		}
	}
	return carriedManifest{m, only}, nil
}

// proofOf verifies the relations of one release that a packet brings along, and, of one
// whose facts it brings, computes its cells again.
func (v *PacketVerification) proofOf(ctx context.Context, db *store.DB, w store.Warehouse, m store.Manifest, facts bool) (whole bool, err error) {
	faults, whole := w.VerifyFiles(m)
	v.Faults = append(v.Faults, faults...)
	if !whole {
		return false, nil
	}
	faults, err = w.VerifyRelations(ctx, db, m)
	v.Faults = append(v.Faults, faults...)
	if err != nil || !facts {
		return err == nil, err
	}
	if err := releaseViews(ctx, db, w, m, ""); err != nil {
		return false, err
	}
	checks := []func(context.Context, *store.DB, store.Manifest) ([]string, error){footing}
	if v.Audience == render.Auditor { // in which names as large as each other may stand in another order
		v.Notes = append(v.Notes, fmt.Sprintf("release %s: the ranks were not made again, because names are hashed", m.Release))
	} else {
		checks = append(checks, ranks)
	}
	list, cells, err := figureFaults(ctx, db, m, checks...)
	v.Computed += cells
	for _, text := range list {
		v.fault("release %s: %s", m.Release, text)
	}
	return err == nil, err
}
