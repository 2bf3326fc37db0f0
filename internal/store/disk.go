package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is the part of the file system that publishing leans on; tests make it fail.
type Disk struct {
	Write  func(path string, content []byte, mode fs.FileMode) error // a new file, or in place of one
	Sync   func(path string) error                                   // of a file or a folder
	Rename func(from, to string) error
	Remove func(path string) error // of a file or a folder with all that is in it
}

// RealDisk is the file system.
var RealDisk = Disk{
	Write: writeFile,
	Sync: func(path string) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	},
	Rename: os.Rename,
	Remove: removeAll,
}

// writeFile writes a file with exactly the mode, whatever the process masks.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Chmod(mode), f.Close())
}

// removeAll removes a folder even where its folders are read-only. A link is
// removed, and what it leads to is left alone.
func removeAll(path string) error {
	err := filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(p, 0o755)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.RemoveAll(path))
}

// replace writes a file aside, syncs it and renames it to its place, so that it
// is there whole or as it was before.
func (w Warehouse) replace(path string, content []byte, mode fs.FileMode) error {
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := w.Disk.Write(aside, content, w.mode(mode)); err != nil {
		return err
	}
	if err := w.Disk.Sync(aside); err != nil {
		return err
	}
	if err := w.Disk.Rename(aside, path); err != nil {
		return err
	}
	return w.Disk.Sync(filepath.Dir(path))
}
