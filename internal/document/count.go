package document

import (
	"bytes"
)

// count tells the records of one document by its text alone: start tags of record
// elements that stand in no other record, or one for a document that has none. A
// document beyond a limit is one. It knows nothing of whether the document is
// sound, and is what a document that is not has for its records.
func (f Format) count(text []byte) int {
	total, depth, within := 0, 0, 0
	for {
		at := bytes.IndexByte(text, '<')
		if at < 0 {
			break
		}
		text = text[at+1:]
		if end, skipped := markup(text); skipped {
			text = text[end:]
			continue
		}
		if bytes.HasPrefix(text, []byte("/")) {
			if depth == within {
				within = 0
			}
			depth = max(0, depth-1)
			continue
		}
		name, end, empty := startTag(text)
		text = text[end:]
		depth++
		if records := f.Records[string(name)]; records > 0 && within == 0 && depth > 1 {
			total += records
			within = depth
		}
		if empty {
			if depth == within {
				within = 0
			}
			depth--
		}
	}
	if total == 0 || total > f.Limits.Records {
		return 1
	}
	return total
}

// markup tells the length of a comment, CDATA section, instruction or declaration
// after its opening bracket.
func markup(text []byte) (length int, is bool) {
	for _, kind := range []struct{ opening, closing string }{{"!--", "-->"}, {"![CDATA[", "]]>"}, {"?", "?>"}, {"!", ">"}} {
		if !bytes.HasPrefix(text, []byte(kind.opening)) {
			continue
		}
		end := bytes.Index(text[len(kind.opening):], []byte(kind.closing))
		if end < 0 {
			return len(text), true
		}
		return len(kind.opening) + end + len(kind.closing), true
	}
	return 0, false
}

// startTag reads a start tag after its opening bracket: the local name, the
// length, and whether the element ends with it.
func startTag(text []byte) (name []byte, length int, empty bool) {
	end := bytes.IndexAny(text, " \t\r\n/>")
	if end < 0 {
		return text, len(text), false
	}
	name = text[:end]
	if colon := bytes.IndexByte(name, ':'); colon > 0 && colon < len(name)-1 {
		name = name[colon+1:]
	}
	for i := end; i < len(text); i++ {
		switch text[i] {
		case '>':
			return name, i + 1, i > 0 && text[i-1] == '/'
		case '"', '\'':
			closing := bytes.IndexByte(text[i+1:], text[i])
			if closing < 0 {
				return name, len(text), false
			}
			i += closing + 1
		}
	}
	return name, len(text), false
}
