package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"unicode"
)

const manifestName = "manifest.json"

// checkPath refuses a path that engines would take for something else.
func (w Warehouse) checkPath() error {
	root, err := filepath.Abs(w.Root)
	if err != nil {
		return err
	}
	for folder := range strings.SplitSeq(filepath.ToSlash(root), "/") {
		for _, refused := range []struct{ signs, takenFor string }{
			{"=", "a column of every relation"},
			{"*?[", "a pattern of names"},
			{"#%", "an option"}, // in the name of the catalog
		} {
			if i := strings.IndexAny(folder, refused.signs); i >= 0 {
				return fmt.Errorf("%w: %s lies in a folder named %s, which engines read as %s; use a path without %c", ErrWarehouse, w.Root, folder, refused.takenFor, folder[i])
			}
		}
		if strings.ContainsFunc(folder, unicode.IsControl) {
			return fmt.Errorf("%w: %q lies in a folder whose name has a sign that nothing shows; use a path without it", ErrWarehouse, w.Root)
		}
	}
	return nil
}

// Prepare makes the folder of the warehouse, which nobody but its owner may
// write to: whoever can write to it can put figures into what readers open.
func (w Warehouse) Prepare() error {
	if err := w.checkPath(); err != nil {
		return err
	}
	if err := os.MkdirAll(w.Root, w.mode(0o755)); err != nil {
		return err
	}
	for _, folder := range []string{w.Root, w.Releases()} {
		info, err := os.Stat(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // before the first release
		}
		if err != nil {
			return err
		}
		if open := info.Mode().Perm() & 0o022; open != 0 {
			return fmt.Errorf("%w: %s has the permissions %04o; only its owner may write to a warehouse: chmod g-w,o-w %s",
				ErrWarehouse, folder, info.Mode().Perm(), folder)
		}
	}
	return nil
}

// ErrWarehouse marks a warehouse that a run must not write to as it is.
var ErrWarehouse = errors.New("the warehouse")

// Staging makes a new folder for a run to work in, which only its owner can read.
func (w Warehouse) Staging() (string, error) {
	root := filepath.Join(w.Root, "staging")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(root, "run-")
}

// Sweep removes what killed runs left behind, and seals a release whose run was
// killed before it could. The caller holds the lock.
func (w Warehouse) Sweep() error {
	if err := w.Disk.Remove(filepath.Join(w.Root, "staging")); err != nil {
		return err
	}
	for _, folder := range []string{"", "runs", "packets", preparedKind} {
		leftovers, err := listed(filepath.Join(w.Root, folder), ".")
		if err != nil {
			return err
		}
		for _, path := range leftovers {
			if !strings.HasSuffix(path, ".new") {
				continue
			}
			if err := w.Disk.Remove(path); err != nil {
				return err
			}
		}
	}
	if err := w.catchUp(); err != nil {
		return err
	}
	folders, err := w.releaseFolders("as_of_date=", "release=")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		info, err := os.Lstat(folder)
		if err != nil {
			return err
		}
		if info.IsDir() && info.Mode().Perm()&0o222 != 0 {
			if err := w.Disk.Remove(filepath.Join(folder, "."+tombstoneName+".new")); err != nil {
				return err
			}
			if err := w.closeFolder(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// Publish seals the staged folder - hashes, manifest, read-only, synced - and
// renames it to its place, as the next link of the chain. Killed at any instant
// the release is there whole or not at all. It gives the manifest as written.
func (w Warehouse) Publish(staged string, m Manifest) (Manifest, error) {
	last, err := w.lastLink()
	if err != nil {
		return m, err
	}
	m.Sequence, m.Previous = last.Sequence+1, last
	if m.Files, err = hashFiles(staged); err != nil {
		return m, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	text = append(text, '\n')
	m.hash = hashOf(text)
	if err := w.Disk.Write(filepath.Join(staged, manifestName), text, w.mode(0o444)); err != nil {
		return m, err
	}
	if err := w.seal(staged); err != nil {
		return m, err
	}
	target := w.ReleaseFolder(m.AsOfDate, m.Release)
	if err := os.MkdirAll(filepath.Dir(target), w.mode(0o755)); err != nil {
		return m, err
	}
	if err := w.Disk.Rename(staged, target); err != nil {
		return m, err
	}
	// Only now, because a folder that its owner may not write to cannot be moved.
	if err := w.closeFolder(target); err != nil {
		return m, err
	}
	for _, folder := range []string{filepath.Dir(target), w.Releases(), w.Root} {
		if err := w.Disk.Sync(folder); err != nil {
			return m, err
		}
	}
	return m, w.writeHead(Link{Sequence: m.Sequence, Release: m.Release, SHA256: m.hash})
}

// seal makes the files read-only and syncs them and their folder.
func (w Warehouse) seal(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	// All at once: a disk writes what waits together in one go.
	var syncs errgroup.Group
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		syncs.Go(func() error { return errors.Join(os.Chmod(path, w.mode(0o444)), w.Disk.Sync(path)) })
	}
	if err := syncs.Wait(); err != nil {
		return err
	}
	return errors.Join(os.Chmod(folder, w.mode(0o755)), w.Disk.Sync(folder))
}

// closeFolder makes the folder of a release read-only.
func (w Warehouse) closeFolder(folder string) error {
	return errors.Join(os.Chmod(folder, w.mode(0o555)), w.Disk.Sync(folder))
}

// hashFiles hashes the files of a folder. Anything but plain files is refused:
// a link would let what it leads to change behind the release's back.
func hashFiles(folder string) ([]FileHash, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []FileHash
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%s is no plain file", path)
		}
		hash, err := HashFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, hash)
	}
	return files, nil
}

// HashFile gives a file's size and SHA-256.
func HashFile(path string) (FileHash, error) {
	f, err := os.Open(path)
	if err != nil {
		return FileHash{}, err
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	return FileHash{Name: filepath.Base(path), Bytes: size, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// ExecutableHash is the SHA-256 of this program's file, "" where it cannot be read.
var ExecutableHash = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := HashFile(path)
	if err != nil {
		return ""
	}
	return file.SHA256
})

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Link is a release in the chain of all releases: each names the one before it
// with the hash of its manifest, so that none can be removed or replaced unseen.
type Link struct {
	Sequence int    `json:"sequence"` // 0: before the first
	Release  string `json:"release,omitempty"`
	SHA256   string `json:"manifest_sha256,omitempty"`
}

// headPath is the file that names the last release of the chain, because no
// later one does.
func (w Warehouse) headPath() string { return filepath.Join(w.Root, "chain.json") }

func (w Warehouse) writeHead(link Link) error {
	text, err := json.Marshal(link)
	if err != nil {
		return err
	}
	return w.replace(w.headPath(), append(text, '\n'), 0o644)
}

func (w Warehouse) readHead() (Link, error) {
	var head Link
	text, err := os.ReadFile(w.headPath())
	if errors.Is(err, fs.ErrNotExist) {
		return head, nil
	}
	if err != nil {
		return head, err
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return head, fmt.Errorf("%s: %w", w.headPath(), err)
	}
	return head, nil
}

// lastLink is the last release of the chain. Nothing may follow a chain with a gap:
// what is missing would be left out of openings and comparatives, and its name
// given to another release.
func (w Warehouse) lastLink() (Link, error) {
	manifests, err := w.Manifests()
	if err != nil {
		return Link{}, err
	}
	head, err := w.readHead()
	if err != nil {
		return Link{}, err
	}
	last, faults := followChain(head, manifests)
	if len(faults) > 0 {
		return last, fmt.Errorf("the chain of releases is broken: %s; restore it before anything else is published, and comment11 verify tells when it is whole", strings.Join(faults, "; "))
	}
	return last, nil
}

// ChainFaults says what is wrong with the chain, nothing where a run may publish.
func (w Warehouse) ChainFaults() ([]string, error) {
	head, err := w.readHead() // first: see VerifyChain
	if err != nil {
		return nil, err
	}
	manifests, err := w.Manifests()
	_, faults := followChain(head, manifests)
	return faults, err
}

// followChain follows the chain from its first release: each names the one before it with
// the hash of its manifest, and the head names the last.
func followChain(head Link, manifests []Manifest) (last Link, faults []string) {
	manifests = slices.SortedStableFunc(slices.Values(manifests), func(a, b Manifest) int { return a.Sequence - b.Sequence })
	for _, m := range manifests {
		switch {
		case m.Sequence == last.Sequence+1 && m.Previous != last:
			faults = append(faults, fmt.Sprintf("release %s: the release before it in the chain, %s, is not the one that it was published after: its manifest was changed or replaced", m.Release, last.Release))
		case m.Sequence > last.Sequence+1:
			faults = append(faults, fmt.Sprintf("release %s: the release before it in the chain, %s, is missing", m.Release, m.Previous.Release))
		case m.Sequence <= last.Sequence:
			faults = append(faults, fmt.Sprintf("release %s: release %s has its place %d in the chain", m.Release, last.Release, m.Sequence))
		}
		last = Link{Sequence: m.Sequence, Release: m.Release, SHA256: m.hash}
	}
	if fault := checkHead(head, last, manifests); fault != "" {
		faults = append(faults, fault)
	}
	return last, faults
}

// catchUp writes the head of the chain where a run was killed before it could.
func (w Warehouse) catchUp() error {
	last, err := w.lastLink()
	if err != nil {
		return err
	}
	head, err := w.readHead()
	if err != nil || head == last {
		return err
	}
	return w.writeHead(last)
}

// checkHead holds the file that names the last release against the releases. It
// may be one behind: a run was killed before it wrote it.
func checkHead(head, last Link, manifests []Manifest) string {
	switch {
	case head.Sequence > last.Sequence:
		return fmt.Sprintf("release %s, the last of the chain (chain.json), is not there", head.Release)
	case head.Sequence < last.Sequence-1:
		return fmt.Sprintf("chain.json names release %q as the last of the chain, but release %s is", head.Release, last.Release)
	}
	for _, m := range manifests {
		if m.Sequence == head.Sequence && m.hash != head.SHA256 {
			return fmt.Sprintf("the manifest of release %s is not the one that chain.json names", m.Release)
		}
	}
	return ""
}
