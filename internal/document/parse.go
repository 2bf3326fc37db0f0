package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// parser reads one document. Elements that are records are handed on as soon as
// they end, and their trees used again.
type parser struct {
	format  Format
	number  int
	reader  Reader
	root    Node
	open    []element
	nodes   arena
	records int   // that are met
	within  int   // depth of the record that is open, 0: none
	fault   Fault // the first
}

// element is one that is open.
type element struct {
	node *Node
	name xml.Name // with its prefix
	// met counts the records among its children by their names.
	met []nameCount
}

type nameCount struct {
	name  string
	count int
}

// parse reads a document to its end; the fault has a reason where it is not sound.
func (p *parser) parse(text []byte) Fault {
	if text == nil {
		return p.bad(TooLarge, fmt.Sprintf("more than %d bytes", p.format.Limits.Bytes))
	}
	decoder := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, byteOrderMark)))
	decoder.CharsetReader = charset
	for p.fault.Reason == "" {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p.bad(Malformed, err.Error())
		}
		switch t := token.(type) {
		case xml.StartElement:
			p.start(t)
		case xml.EndElement:
			p.end(t, decoder)
		case xml.CharData:
			p.text(t, decoder)
		case xml.Directive:
			p.bad(DocumentType, string(t[:min(len(t), 100)]))
		}
	}
	switch {
	case p.fault.Reason != "":
	case len(p.open) > 0:
		p.bad(Malformed, "the document breaks off within "+p.open[len(p.open)-1].name.Local)
	case p.root.Name == "":
		p.bad(Malformed, "no element")
	}
	return p.fault
}

// bad notes the first fault of the document.
func (p *parser) bad(reason, value string) Fault {
	if p.fault.Reason == "" {
		p.fault = Fault{Reason: reason, Column: "document", Value: strings.ToValidUTF8(value, "\uFFFD"), Rejects: true}
	}
	return p.fault
}

func (p *parser) start(t xml.StartElement) {
	switch {
	case len(p.open) == 0 && p.root.Name != "":
		p.bad(Malformed, "a second root element, "+t.Name.Local)
		return
	case len(p.open) == p.format.Limits.Depth:
		p.bad(TooDeep, fmt.Sprintf("more than %d elements within each other", p.format.Limits.Depth))
		return
	case repeatedAttribute(t.Attr):
		p.bad(Malformed, "an attribute stands twice on "+t.Name.Local)
		return
	}
	node := &p.root
	if depth := len(p.open) + 1; depth > 1 {
		parent := &p.open[len(p.open)-1]
		records := p.format.Records[t.Name.Local]
		isRecord := records > 0 && p.within == 0
		if isRecord {
			p.nodes.keep()
		}
		node = p.nodes.next()
		if isRecord {
			p.within = depth
			p.records += records
			parent.meet(t.Name.Local)
		} else {
			parent.node.Children = append(parent.node.Children, node)
		}
	}
	node.Name, node.attributes = t.Name.Local, t.Attr
	p.open = append(p.open, element{node: node, name: t.Name})
	switch limits := p.format.Limits; {
	case p.records > limits.Records:
		p.bad(TooManyRecords, fmt.Sprintf("more than %d records", limits.Records))
	case p.nodes.used > limits.Elements:
		p.bad(TooManyElements, fmt.Sprintf("more than %d elements beside those of its records, or in one of them", limits.Elements))
	}
}

func repeatedAttribute(attributes []xml.Attr) bool {
	for i, a := range attributes {
		if slices.ContainsFunc(attributes[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return true
		}
	}
	return false
}

func (e *element) meet(name string) {
	for i := range e.met {
		if e.met[i].name == name {
			e.met[i].count++
			return
		}
	}
	e.met = append(e.met, nameCount{name, 1})
}

func (p *parser) end(t xml.EndElement, decoder *xml.Decoder) {
	depth := len(p.open)
	if depth == 0 || p.open[depth-1].name != t.Name {
		p.bad(Malformed, fmt.Sprintf("byte %d: </%s> closes no open element", decoder.InputOffset(), t.Name.Local))
		return
	}
	closed := p.open[depth-1].node
	closed.Text = strings.TrimSpace(closed.Text)
	p.open = p.open[:depth-1]
	if depth == p.within {
		p.reader.Record(closed, p.path(closed.Name))
		p.within = 0
		p.nodes.release()
	}
}

// path is where a record stands: the number of the document, and the element
// among its namesakes.
func (p *parser) path(name string) string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(p.number) + ":")
	for _, e := range p.open {
		b.WriteString("/" + e.name.Local)
	}
	for _, met := range p.open[len(p.open)-1].met {
		if met.name == name {
			fmt.Fprintf(&b, "/%s[%d]", name, met.count)
		}
	}
	return b.String()
}

// text takes the text of an element; only elements without others have one. A
// comment or CDATA section within it does not part it, so that blanks go only at
// its ends (end).
func (p *parser) text(t xml.CharData, decoder *xml.Decoder) {
	blank := len(bytes.TrimSpace(t)) == 0
	switch {
	case len(p.open) == 0 && !blank:
		p.bad(Malformed, fmt.Sprintf("byte %d: text outside of the root element", decoder.InputOffset()))
	case len(p.open) > 0:
		if node := p.open[len(p.open)-1].node; !blank || node.Text != "" {
			node.Text += string(t)
		}
	}
}

// arena hands out nodes and takes those of a record back.
type arena struct {
	chunks     [][]Node
	used, kept int
}

const chunkNodes = 256

func (a *arena) next() *Node {
	chunk, at := a.used/chunkNodes, a.used%chunkNodes
	if chunk == len(a.chunks) {
		a.chunks = append(a.chunks, make([]Node, chunkNodes))
	}
	a.used++
	node := &a.chunks[chunk][at]
	*node = Node{Children: node.Children[:0]}
	return node
}

// keep makes what was handed out until now stay.
func (a *arena) keep() { a.kept = a.used }

// release takes back what was handed out since keep.
func (a *arena) release() { a.used = a.kept }
