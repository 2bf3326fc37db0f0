package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// ErrPacket marks a packet, or a log of signatures, that is not what it should be.
var ErrPacket = errors.New("the packet")

// PacketManifestVersion is the version of the form of a packet's manifest.
const PacketManifestVersion = 1

const (
	packetManifestName = "manifest.json"
	packetJSON         = "packet.json" // what all other documents are written from
	proofFolder        = "proof"       // the releases' cells and facts, laid out like a warehouse
)

// PacketManifest says what a packet holds and which releases its figures are of. It
// has no times: the same packet of the same releases gives the same manifest, whose
// hash is what people sign.
type PacketManifest struct {
	Version  int             `json:"version"`
	AsOf     string          `json:"as_of_date"`
	Compare  string          `json:"compare_date,omitempty"`
	Audience string          `json:"audience"`
	Draft    bool            `json:"draft,omitempty"`
	Program  store.Program   `json:"program"`
	Releases []PinnedRelease `json:"releases"`
	// Comparative is the basis of the column of the date compared with, BridgeFrom the
	// release that its bridge leads from.
	Comparative string         `json:"comparative,omitempty"`
	BridgeFrom  *PinnedRelease `json:"bridge_from,omitempty"`

	Files []store.FileHash `json:"files"`
}

// PinnedRelease is a release that the figures are of.
type PinnedRelease struct {
	AsOf        string `json:"as_of_date"`
	Release     string `json:"release"`
	Kind        string `json:"kind"`
	ReleaseHash string `json:"release_hash"`
	SHA256      string `json:"manifest_sha256"`
	// RecastOf is the release that a recast was computed from: the recast itself is in no
	// warehouse.
	RecastOf       string `json:"recast_of,omitempty"`
	RecastOfSHA256 string `json:"recast_of_manifest_sha256,omitempty"`
}

// stored is the release of the warehouse that the figures rest on, with its hash.
func (p PinnedRelease) stored() (release, sha256 string) {
	if p.RecastOf != "" {
		return p.RecastOf, p.RecastOfSHA256
	}
	return p.Release, p.SHA256
}

// WritePacket writes the whole packet to a folder: documents, proof and manifest. It
// is made aside, recorded, and takes the place of an earlier packet in one go, so that a
// failed extract leaves what was there, and no packet stands that is not recorded. whole is
// the packet with the releases that its figures are of, which the edition need not show,
// and the warehouse of the config has them: see Desk. record is given the documents and
// the manifest.
func WritePacket(ctx context.Context, config configs.Config, packet, whole render.Packet, folder string, program store.Program, record func([]store.FileHash) error) (err error) {
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(parent, "."+filepath.Base(folder)+"-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.RealDisk.Remove(aside)) }()
	made := filepath.Join(aside, "packet")
	if err := os.Mkdir(made, 0o755); err != nil {
		return err
	}
	rendered, err := renderAll(packet)
	if err != nil {
		return err
	}
	for _, document := range rendered {
		if err := os.WriteFile(filepath.Join(made, document.name), document.content, 0o644); err != nil {
			return err
		}
	}
	manifest := PacketManifest{Version: PacketManifestVersion, AsOf: packet.AsOf, Compare: packet.Compare, Audience: packet.Audience, Draft: packet.Draft,
		Program: store.Program{Version: program.Version, Revision: program.Revision}}
	if err := pin(ctx, config, whole, &manifest, filepath.Join(made, proofFolder)); err != nil {
		return err
	}
	if manifest.Files, err = packetFiles(made); err != nil {
		return err
	}
	text, err := manifestText(manifest)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(made, packetManifestName), text, 0o644); err != nil {
		return err
	}
	documents := slices.DeleteFunc(slices.Clone(manifest.Files), func(f store.FileHash) bool { return strings.HasPrefix(f.Name, proofFolder+"/") })
	if err := record(append(documents, hashText(packetManifestName, text))); err != nil {
		return err
	}
	if _, err := os.Lstat(folder); err == nil {
		if err := os.Rename(folder, filepath.Join(aside, "before")); err != nil {
			return err
		}
	}
	return os.Rename(made, folder)
}

func manifestText(manifest PacketManifest) ([]byte, error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	return append(text, '\n'), err
}

// document is a file of a packet that is written from its cells.
type document struct {
	name    string
	content []byte
}

// renderAll writes the documents of a packet.
func renderAll(packet render.Packet) ([]document, error) {
	var list []document
	for _, format := range render.FormatsFor(packet.Audience) {
		var b bytes.Buffer
		if err := format.Write(&b, packet); err != nil {
			return nil, fmt.Errorf("%s: %w", format.File, err)
		}
		list = append(list, document{format.File, b.Bytes()})
	}
	return list, nil
}

// MayWrite holds that an extract to a folder, of a whole packet or of single documents,
// takes nothing away that cannot be made again: a packet that the log of the warehouse has
// signatures of, or the wholeness of one, to whose manifest nothing may be added.
func MayWrite(config configs.Config, folder string, whole bool) error {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s is a file; name a folder with --out", ErrUsage, folder)
	}
	warehouse, err := filepath.Abs(config.Warehouse)
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(warehouse, folder); err == nil && filepath.IsLocal(within) {
		return fmt.Errorf("%w: %s lies in the warehouse, which has what runs write alone; name a folder elsewhere with --out", ErrUsage, folder)
	}
	for within := filepath.Dir(folder); ; within = filepath.Dir(within) {
		if _, is := packetAt(within); is {
			return fmt.Errorf("%w: %s lies in the packet %s, whose manifest names all that is in it; name a folder elsewhere with --out", ErrUsage, folder, within)
		}
		if within == filepath.Dir(within) {
			break
		}
	}
	sha256, is := packetAt(folder)
	switch {
	case is && !whole:
		return fmt.Errorf("%w: %s is a whole packet, which is one no more once single documents are written to it; name another folder with --out", ErrUsage, folder)
	case is:
		list, _, err := readSignatures(Warehouse(config).SignatureLog())
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Packet == sha256 {
				return fmt.Errorf("%w: %s was signed by %s; what was signed is not replaced: name another folder with --out", ErrUsage, folder, s)
			}
		}
	}
	if !whole {
		return nil
	}
	return replaceable(folder)
}

// packetAt gives the hash of the manifest of the packet in a folder, if there is one.
func packetAt(folder string) (sha256 string, is bool) {
	m, sha256, err := ReadPacketManifest(folder)
	return sha256, err == nil && m.Audience != ""
}

// replaceable holds that a folder is not there, is empty, or has nothing but what an
// extract wrote: nothing else is lost when a packet takes its place.
func replaceable(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		ours := entry.Name() == packetManifestName || entry.Name() == proofFolder ||
			slices.ContainsFunc(render.Formats, func(f render.Format) bool { return f.File == entry.Name() })
		if !ours {
			return fmt.Errorf("%w: %s has %s, which no extract wrote; name an empty folder for the packet with --out", ErrUsage, folder, entry.Name())
		}
	}
	return nil
}

// packetFiles hashes all files of a packet but its manifest, by their names within it.
func packetFiles(folder string) ([]store.FileHash, error) {
	var files []store.FileHash
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		within, err := filepath.Rel(folder, name)
		if err != nil || within == packetManifestName {
			return err
		}
		hash := store.FileHash{}
		if entry.Type().IsRegular() { // anything else has no hash, and so is none of the packet's
			if hash, err = store.HashFile(name); err != nil {
				return err
			}
		}
		hash.Name = filepath.ToSlash(within)
		files = append(files, hash)
		return nil
	})
	slices.SortFunc(files, func(a, b store.FileHash) int { return strings.Compare(a.Name, b.Name) })
	return files, err
}

// pin names the releases of the packet in its manifest and, where the audience may
// have them, brings their cells and the relations behind them along.
func pin(ctx context.Context, config configs.Config, packet render.Packet, manifest *PacketManifest, proof string) error {
	w := Warehouse(config)
	bring := func(m store.Manifest, names []string) error {
		var err error
		switch manifest.Audience {
		case render.Internal:
			err = copyProof(ctx, config, w, m, names, proof)
		case render.Auditor:
			err = hashedProof(ctx, config, w, m, names, proof)
		}
		if err != nil {
			return fmt.Errorf("the proof of release %s: %w", m.Release, err)
		}
		return nil
	}
	for _, r := range packet.Releases {
		m, err := manifestOf(w, r.Name)
		if err != nil {
			return err
		}
		pinned := pinnedRelease(m)
		if r.RecastOf != "" {
			base, err := manifestOf(w, r.RecastOf)
			if err != nil {
				return err
			}
			pinned.RecastOf, pinned.RecastOfSHA256 = base.Release, base.Hash()
		}
		manifest.Releases = append(manifest.Releases, pinned)
		if err := bring(m, nil); err != nil {
			return err
		}
	}
	c := packet.Comparative
	if c == nil {
		return nil
	}
	manifest.Comparative = c.Basis
	if c.Bridge == nil {
		return nil
	}
	m, err := manifestOf(w, c.Bridge.From)
	if err != nil {
		return err
	}
	from := pinnedRelease(m)
	manifest.BridgeFrom = &from
	return bring(m, carriedAlways)
}

func pinnedRelease(m store.Manifest) PinnedRelease {
	return PinnedRelease{AsOf: m.AsOfDate, Release: m.Release, Kind: m.Kind, ReleaseHash: m.ReleaseHash, SHA256: m.Hash()}
}

// carriedAlways are the relations without which a release is no proof of anything.
var carriedAlways = []string{"cells", "cell_marks", "controls", "tables"}

func manifestOf(w store.Warehouse, release string) (store.Manifest, error) {
	manifests, err := w.Manifests()
	if err != nil {
		return store.Manifest{}, err
	}
	i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == release })
	if i < 0 || manifests[i].Removed() {
		return store.Manifest{}, fmt.Errorf("release %s, which the packet shows, is not in the warehouse", release)
	}
	return manifests[i], nil
}

// proofRelations are the relations that a packet brings along: those named, or the
// cells, what is said about them, and what they are computed from.
func proofRelations(ctx context.Context, db *store.DB, w store.Warehouse, m store.Manifest, names []string) ([]store.Relation, error) {
	if names != nil {
		var list []store.Relation
		for _, name := range names {
			relation, _ := m.Relation(name)
			list = append(list, relation)
		}
		return list, nil
	}
	read, err := store.Query(ctx, db, "select distinct relation from "+releaseFiles(w, m, "tables")+" order by relation")
	if err != nil {
		return nil, err
	}
	names = slices.Clone(carriedAlways)
	for _, row := range read.Rows {
		names = append(names, row[0].(string))
	}
	slices.Sort(names)
	var list []store.Relation
	for _, name := range slices.Compact(names) {
		if relation, there := m.Relation(name); there { // a table of a data set that was not delivered reads nothing
			list = append(list, relation)
		}
	}
	return list, nil
}

// copyProof copies relations of a release as they were published, with its manifest,
// whose hash the packet's manifest pins.
func copyProof(ctx context.Context, config configs.Config, w store.Warehouse, m store.Manifest, names []string, proof string) error {
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	relations, err := proofRelations(ctx, db, w, m, names)
	if err != nil {
		return err
	}
	from, to := w.ReleaseFolder(m.AsOfDate, m.Release), store.Warehouse{Root: proof}.ReleaseFolder(m.AsOfDate, m.Release)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	files := []string{packetManifestName}
	for _, relation := range relations {
		files = append(files, relation.Files...)
	}
	for _, file := range files {
		if err := copyPlain(filepath.Join(from, file), filepath.Join(to, file)); err != nil {
			return err
		}
	}
	return nil
}

func copyPlain(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// ReadPacketManifest reads the manifest of a packet, with the hash of its file.
func ReadPacketManifest(folder string) (m PacketManifest, hash string, err error) {
	text, err := os.ReadFile(filepath.Join(folder, packetManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, "", fmt.Errorf("%w: %s has no %s, so it is no whole packet; comment11 extract --out, without --format, writes one", ErrUsage, folder, packetManifestName)
	}
	if err != nil {
		return m, "", err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, "", fmt.Errorf("%w: %s is damaged: %w", ErrPacket, filepath.Join(folder, packetManifestName), err)
	}
	if m.Version != PacketManifestVersion {
		return m, "", fmt.Errorf("%w: %s has version %d, this program reads %d", ErrUsage, filepath.Join(folder, packetManifestName), m.Version, PacketManifestVersion)
	}
	return m, hashText("", text).SHA256, nil
}

// ReadPacket reads the packet of a folder from the document that has it whole.
func ReadPacket(folder string) (render.Packet, error) {
	var packet render.Packet
	text, err := os.ReadFile(filepath.Join(folder, packetJSON))
	if err != nil {
		return packet, fmt.Errorf("%w: %w", ErrPacket, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // what is not understood would not be verified
	if err := decoder.Decode(&packet); err != nil {
		return packet, fmt.Errorf("%w: %s is damaged or of another version of the program: %w", ErrPacket, path.Join(filepath.Base(folder), packetJSON), err)
	}
	return packet, nil
}
