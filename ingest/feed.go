package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// feed gives the engine the text of a part to read: the file itself where the
// part is all of it and sound, and elsewhere a named pipe into which the header
// and the part's sound lines are written while the engine reads. end must be
// called when the engine is done; its error means that not all was read.
func (p part) feed(scratch string) (path string, end func() error, err error) {
	if p.whole && len(p.file.unsound) == 0 {
		return p.file.path, func() error { return nil }, nil
	}
	path = filepath.Join(scratch, fmt.Sprintf("part-%03d.csv", p.number))
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return "", nil, fmt.Errorf("making a pipe at %s: %w", path, err)
	}
	written := make(chan error, 1)
	go func() { written <- p.write(path) }()
	return path, func() error {
		// Where the engine stopped before the end, or never came, the writer waits for
		// a reader: one that comes and goes sets it free, with an error.
		for {
			select {
			case err := <-written:
				return errors.Join(err, os.Remove(path))
			case <-time.After(time.Millisecond):
				if reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
					_ = reader.Close()
				}
			}
		}
	}, nil
}

// write writes the header and the sound lines of the part into the pipe.
func (p part) write(pipe string) (err error) {
	out, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	widen(out)
	file, err := os.Open(p.file.path)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := decompressed(file, p.file.path)
	if err != nil {
		return err
	}
	defer text.Close()
	if _, err := io.CopyN(io.Discard, text, p.file.head); err != nil {
		return err
	}
	if err := copyText(out, text, p.file.body-p.file.head); err != nil {
		return err
	}
	if p.from > p.file.body { // only of a file as it is
		if _, err := file.Seek(p.from, io.SeekStart); err != nil {
			return err
		}
	}
	return p.writeSound(out, text)
}

// writeSound copies the part's text from its beginning on, without the unsound
// lines, which are in order.
func (p part) writeSound(w io.Writer, text io.Reader) error {
	at := p.from
	for _, s := range p.file.unsound {
		if s.offset < p.from || s.offset >= p.to {
			continue
		}
		if err := copyText(w, text, s.offset-at); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, text, s.length); err != nil {
			return err
		}
		at = s.offset + s.length
	}
	return copyText(w, text, p.to-at)
}

// copyText copies so many bytes of a text; a file goes into a pipe within the
// kernel where that is known.
func copyText(w io.Writer, text io.Reader, length int64) error {
	file, isFile := text.(*os.File)
	pipe, isPipe := w.(*os.File)
	if isFile && isPipe {
		return spliceFile(pipe, file, length)
	}
	_, err := io.CopyN(w, text, length)
	return err
}
