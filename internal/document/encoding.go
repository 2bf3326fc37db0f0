package document

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// inUTF8 turns a file in UTF-16, which it tells by its mark or by how a declaration
// begins, to UTF-8; every reader of XML has to read both (XML 1.0, 4.3.3 and F).
func inUTF8(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	begins := func(mark, declaration string) bool {
		for _, text := range []string{mark, declaration} {
			if first, _ := b.Peek(len(text)); string(first) == text {
				return true
			}
		}
		return false
	}
	switch {
	case begins("\xFF\xFE", "<\x00?\x00"):
		return &utf16Reader{source: b, order: binary.LittleEndian}
	case begins("\xFE\xFF", "\x00<\x00?"):
		return &utf16Reader{source: b, order: binary.BigEndian}
	}
	return b
}

// utf16Reader gives UTF-8. Half a character becomes the replacement character.
type utf16Reader struct {
	source *bufio.Reader
	order  binary.ByteOrder
	text   []byte // turned, not yet handed on
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) < utf8.UTFMax {
		character, err := u.character()
		if err != nil {
			if len(u.text) > 0 {
				break
			}
			return 0, err
		}
		u.text = utf8.AppendRune(u.text, character)
	}
	n := copy(p, u.text)
	u.text = u.text[:copy(u.text, u.text[n:])]
	return n, nil
}

func (u *utf16Reader) character() (rune, error) {
	first, err := u.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	next, _ := u.source.Peek(2)
	if len(next) < 2 { // the end, or an error that the next reading gives
		return utf8.RuneError, nil
	}
	both := utf16.DecodeRune(first, rune(u.order.Uint16(next)))
	if both != utf8.RuneError {
		_, err = u.source.Discard(2)
	}
	return both, err
}

func (u *utf16Reader) unit() (rune, error) {
	var unit [2]byte
	_, err := io.ReadFull(u.source, unit[:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return utf8.RuneError, nil
	}
	return rune(u.order.Uint16(unit[:])), err
}

// charset reads the encodings that documents declare beside UTF-8. Of UTF-16 only
// the word is left here.
func charset(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "iso-8859-1":
		return latin1{r}, nil
	case "us-ascii", "utf-16", "utf-16le", "utf-16be":
		return r, nil
	default:
		return nil, fmt.Errorf("encoding %s is not read; deliver the document as UTF-8", name)
	}
}

// latin1 turns ISO 8859-1, whose bytes are the first code points, to UTF-8.
type latin1 struct{ io.Reader }

func (l latin1) Read(p []byte) (int, error) {
	half := make([]byte, max(1, len(p)/2)) // a byte becomes two at most
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	n, err := l.Reader.Read(half)
	written := 0
	for _, b := range half[:n] {
		written += utf8.EncodeRune(p[written:], rune(b))
	}
	return written, err
}
