package disclosures

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"
)

// grid is a table to be rounded: rows in a forest times columns. Displayed
// values must foot: every total row is the sum of its parts, in every column,
// and the total column the sum of the others, in every row.
type grid struct {
	parent []int               // row that row i is a part of, or -1; parents stand before their parts
	total  int                 // column that is the sum of all others, or -1 where columns stand alone
	exact  [][]decimal.Decimal // [row][column], to the cent; sums are exact
	pinned [][]*int64          // [row][column] displayed value that the figure has elsewhere, or nil
	lean   [][]int64           // [row][column] cents by which rounding up is preferred, or nil
	unit   int64               // currency units of one displayed unit
	free   bool                // no grand total must stay, beside those that are pinned
	turn   int                 // pin that is kept first where not all can be
	split  [][]whole           // the exact values, once they were found to be sums
}

// cellIndex is a place in a grid.
type cellIndex struct{ row, column int }

// errInfeasible says that no rounding keeps all pins.
var errInfeasible = errors.New("no rounding foots with the values that are shown elsewhere")

// roundDroppingPins gives the displayed values in whole units. Each is the exact
// value rounded up or down, so that none moves by a whole unit; the top row's
// grand total is rounded conventionally and stays, unless they are free; among the roundings that foot
// it takes one that moves the least money in sum. Without pins there always is
// one: rows and columns are two laminar families of sums, whose constraints are
// those of a flow with whole bounds, and such a flow can be taken whole. Pins
// that leave none are dropped, later ones in reading order first, and named.
//
// The error is of the caller: sums that are not sums.
func (g grid) roundDroppingPins() (displayed [][]int64, dropped []cellIndex, err error) {
	if g.split == nil {
		if err := g.prepare(); err != nil {
			return nil, nil, err
		}
	}
	displayed = make([][]int64, len(g.exact))
	for r := range displayed {
		displayed[r] = make([]int64, len(g.exact[r]))
	}
	for top, parent := range g.parent {
		if parent != -1 {
			continue
		}
		for _, p := range g.problems(top) {
			lost, err := p.solveDropping(g.pins(p), displayed)
			if err != nil {
				return nil, nil, err
			}
			dropped = append(dropped, lost...)
		}
	}
	return displayed, dropped, nil
}

// prepare splits the exact values after it held that totals are sums.
func (g *grid) prepare() error {
	if err := g.checkSums(); err != nil {
		return err
	}
	for _, row := range g.exact {
		var split []whole
		for _, value := range row {
			split = append(split, splitValue(value, g.unit))
		}
		g.split = append(g.split, split)
	}
	return nil
}

// checkSums holds that totals are sums of their parts before anything is rounded.
func (g grid) checkSums() error {
	for r, row := range g.exact {
		across := decimal.Zero
		for c, value := range row {
			if c != g.total {
				across = across.Add(value)
			}
			parts, has := decimal.Zero, false
			for child, parent := range g.parent {
				if parent == r {
					parts, has = parts.Add(g.exact[child][c]), true
				}
			}
			if has && !parts.Equal(value) {
				return fmt.Errorf("row %d, column %d: total %s is not the sum of its parts %s", r, c, value, parts)
			}
		}
		if g.total >= 0 && !across.Equal(row[g.total]) {
			return fmt.Errorf("row %d: total %s is not the sum of its columns %s", r, row[g.total], across)
		}
	}
	return nil
}

// problem is one tree of rows with the columns that foot together. A column that
// stands alone is its own total.
type problem struct {
	grid
	rows    []int // of the tree, parents first
	columns []int
	total   int
}

func (g grid) problems(top int) []problem {
	rows := []int{top}
	within := map[int]bool{top: true}
	for r, parent := range g.parent {
		if within[parent] && parent >= 0 {
			rows, within[r] = append(rows, r), true
		}
	}
	if g.total < 0 {
		var list []problem
		for c := range g.exact[top] {
			list = append(list, problem{g, rows, []int{c}, c})
		}
		return list
	}
	var columns []int
	for c := range g.exact[top] {
		if c != g.total {
			columns = append(columns, c)
		}
	}
	return []problem{{g, rows, columns, g.total}}
}

// pins are the pinned cells of a problem in reading order.
func (g grid) pins(p problem) []cellIndex {
	var list []cellIndex
	for _, r := range p.rows {
		for c := range g.exact[r] {
			inProblem := c == p.total
			for _, column := range p.columns {
				inProblem = inProblem || c == column
			}
			if inProblem && g.pinned != nil && g.pinned[r] != nil && g.pinned[r][c] != nil {
				list = append(list, cellIndex{r, c})
			}
		}
	}
	return list
}

// solveDropping solves with all pins, or with those that can be kept, taken one
// after the other.
func (p problem) solveDropping(pins []cellIndex, displayed [][]int64) (dropped []cellIndex, err error) {
	if err := p.solve(pins, displayed); !errors.Is(err, errInfeasible) {
		return nil, err
	}
	var kept []cellIndex
	for i := range pins {
		pin := pins[(i+p.turn)%len(pins)]
		attempt := append(kept[:len(kept):len(kept)], pin)
		switch err := p.solve(attempt, displayed); {
		case err == nil:
			kept = attempt
		case errors.Is(err, errInfeasible):
			dropped = append(dropped, pin)
		default:
			return nil, err
		}
	}
	return dropped, p.solve(kept, displayed)
}

// whole is an exact value between two whole units.
type whole struct {
	floor     int64
	rest      int64 // cents above the floor
	unit      int64 // cents of a unit
	negative  bool
	fraction  bool // not a whole unit
	toCeiling bool // conventionally rounded, half away from zero
	lean      int64
}

// whole is the value of a cell between two whole units.
func (g grid) whole(r, c int) whole {
	w := g.split[r][c]
	if g.lean != nil {
		w.lean = g.lean[r][c]
	}
	return w
}

func splitValue(value decimal.Decimal, unit int64) whole {
	cents := value.Shift(2).BigInt()
	floor, rest := new(big.Int).DivMod(cents, big.NewInt(unit*100), new(big.Int))
	w := whole{floor: floor.Int64(), rest: rest.Int64(), unit: unit * 100, negative: value.IsNegative()}
	w.fraction = w.rest > 0
	w.toCeiling = 2*w.rest > w.unit || (2*w.rest == w.unit && !w.negative)
	return w
}

// conventional rounds half away from zero.
func conventional(value decimal.Decimal, unit int64) int64 {
	return splitValue(value, unit).conventional()
}

func (w whole) conventional() int64 {
	if w.toCeiling {
		return w.floor + 1
	}
	return w.floor
}

// solve finds the rounding as a flow of least cost. Each figure is an edge that
// carries its floor, and one unit more where it is rounded up. Per column money
// flows from the source down the tree of rows to the leaves, and from there up
// the tree of the total column to the sink.
func (p problem) solve(pins []cellIndex, displayed [][]int64) error {
	pinned := map[cellIndex]int64{}
	for _, pin := range pins {
		pinned[pin] = *p.pinned[pin.row][pin.column]
	}
	grand := cellIndex{p.rows[0], p.total}
	if _, isPinned := pinned[grand]; !isPinned && !p.free {
		pinned[grand] = p.split[grand.row][grand.column].conventional()
	}
	// Node 0 is source and sink: money goes round.
	down := func(r, c int) int { return 1 + r*len(p.exact[0]) + c }
	up := func(r int) int { return 1 + len(p.exact)*len(p.exact[0]) + r }
	n := newNetwork(up(len(p.exact)))
	leaf := map[int]bool{}
	for _, r := range p.rows {
		leaf[r] = true
	}
	for _, r := range p.rows[1:] {
		leaf[p.parent[r]] = false
	}
	for _, r := range p.rows {
		above, isTop := p.parent[r], r == p.rows[0]
		for _, c := range p.columns {
			from, to := 0, down(r, c)
			if !isTop {
				from = down(above, c)
			}
			if leaf[r] {
				to = up(r)
			}
			if !n.figure(from, to, cellIndex{r, c}, p.whole(r, c), pinned) {
				return errInfeasible
			}
		}
		to := 0
		if !isTop {
			to = up(above)
		}
		if !n.figure(up(r), to, cellIndex{r, p.total}, p.whole(r, p.total), pinned) {
			return errInfeasible
		}
	}
	if !n.balance() {
		return errInfeasible
	}
	for _, e := range n.edges {
		displayed[e.cell.row][e.cell.column] = e.floor + e.up
	}
	return nil
}

// network is a circulation of edges that carry their floor, or one more.
type network struct {
	excess []int64 // what flows in less what flows out
	edges  []edge
	at     [][]int // edges that touch each node
}

type edge struct {
	from, to int
	cell     cellIndex
	floor    int64
	up       int64 // 0 or 1
	free     bool  // may be rounded up or down
	cost     int64 // cents that rounding up moves more than rounding down
}

func newNetwork(nodes int) *network {
	return &network{excess: make([]int64, nodes), at: make([][]int, nodes)}
}

// figure adds an edge, rounded conventionally at first, or as it is pinned. It
// tells whether the pin is the value's floor or ceiling.
func (n *network) figure(from, to int, cell cellIndex, w whole, pinned map[cellIndex]int64) bool {
	e := edge{from: from, to: to, cell: cell, floor: w.floor, free: w.fraction, cost: w.unit - 2*w.rest - w.lean}
	if w.fraction && (e.cost < 0 || (e.cost == 0 && w.toCeiling)) {
		e.up = 1
	}
	if pin, ok := pinned[cell]; ok {
		e.up, e.free = pin-w.floor, false
		if e.up != 0 && (e.up != 1 || !w.fraction) {
			return false
		}
	}
	n.excess[e.from] -= e.floor + e.up
	n.excess[e.to] += e.floor + e.up
	n.at[e.from], n.at[e.to] = append(n.at[e.from], len(n.edges)), append(n.at[e.to], len(n.edges))
	n.edges = append(n.edges, e)
	return true
}

// balance moves units along cheapest paths from nodes with too much to nodes
// with too little, until what flows in flows out everywhere. Conventional
// rounding, where it starts, is the cheapest of all unbalanced states, so each
// step keeps the cost least. It tells whether a balance exists. Nodes and edges
// are taken in the order in which they were made, so that ties always fall alike.
func (n *network) balance() bool {
	for start := range n.excess {
		for n.excess[start] > 0 {
			path, end := n.cheapestPath(start)
			if end < 0 {
				return false
			}
			for _, i := range path {
				n.edges[i].up = 1 - n.edges[i].up
			}
			n.excess[start]--
			n.excess[end]++
		}
	}
	return true
}

// cheapestPath finds the cheapest way from a node to any with too little, by the
// algorithm of Bellman and Ford: rounding an edge up passes a unit on from its
// tail to its head, rounding it down passes one back.
func (n *network) cheapestPath(start int) (path []int, end int) {
	const far = int64(1) << 62
	distance := make([]int64, len(n.excess))
	by := make([]int, len(n.excess))
	for i := range distance {
		distance[i], by[i] = far, -1
	}
	distance[start] = 0
	queue := []int{start}
	queued := make([]bool, len(n.excess))
	for len(queue) > 0 {
		node := queue[0]
		queue, queued[node] = queue[1:], false
		for _, i := range n.at[node] {
			e := n.edges[i]
			next, cost := e.to, e.cost
			if e.up == 1 {
				next, cost = e.from, -e.cost
			}
			leaves := (e.up == 0 && e.from == node) || (e.up == 1 && e.to == node)
			if !e.free || !leaves || distance[node]+cost >= distance[next] {
				continue
			}
			distance[next], by[next] = distance[node]+cost, i
			if !queued[next] {
				queue, queued[next] = append(queue, next), true
			}
		}
	}
	end = -1
	for node, excess := range n.excess {
		if excess < 0 && distance[node] < far && (end < 0 || distance[node] < distance[end]) {
			end = node
		}
	}
	if end < 0 {
		return nil, -1
	}
	for node := end; node != start; {
		i := by[node]
		path = append(path, i)
		if n.edges[i].up == 0 {
			node = n.edges[i].from
		} else {
			node = n.edges[i].to
		}
	}
	return path, end
}
