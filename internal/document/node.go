package document

import "encoding/xml"

// Node is an element by its local name. The methods take a nil node as one that
// has nothing, so that what is not there reads as not stated.
type Node struct {
	Name       string
	Text       string // without the blanks around it; of elements without others
	Children   []*Node
	attributes []xml.Attr
}

// Attribute is the value of an attribute by its local name, or "".
func (n *Node) Attribute(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// At follows a path of names, at each step the first child of that name.
func (n *Node) At(path ...string) *Node {
	for _, name := range path {
		n = n.child(name)
	}
	return n
}

func (n *Node) child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// First is the first child of the first name that the node has a child of.
func (n *Node) First(names ...string) *Node {
	for _, name := range names {
		if c := n.child(name); c != nil {
			return c
		}
	}
	return nil
}

// TextAt is the text at a path, or "".
func (n *Node) TextAt(path ...string) string {
	if found := n.At(path...); found != nil {
		return found.Text
	}
	return ""
}

// All are the children of a name.
func (n *Node) All(name string) []*Node {
	if n == nil {
		return nil
	}
	var list []*Node
	for _, c := range n.Children {
		if c.Name == name {
			list = append(list, c)
		}
	}
	return list
}

// Find is the first element of one of the names within the node, at any depth
// and in the document's order.
func (n *Node) Find(names ...string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		for _, name := range names {
			if c.Name == name {
				return c
			}
		}
		if found := c.Find(names...); found != nil {
			return found
		}
	}
	return nil
}

// Each calls visit for every element of the name within the node, at any depth.
func (n *Node) Each(name string, visit func(*Node)) {
	if n == nil {
		return
	}
	for _, c := range n.Children {
		if c.Name == name {
			visit(c)
		}
		c.Each(name, visit)
	}
}
