package main

import (
	"fmt"
	"math"
	"math/bits"
)

// cell is one corner of the joint distribution: its line in each dimension.
type cell [5]int

// margins are the totals of each dimension's lines, in USD millions. All
// dimensions have the same sum.
type margins [5][]int64

// cells are all corners.
var cells = func() []cell {
	list := []cell{{}}
	for d, lines := range [5]int{3, 5, 2, 2, 3} {
		var longer []cell
		for _, c := range list {
			for line := range lines {
				c[d] = line
				longer = append(longer, c)
			}
		}
		list = longer
	}
	return list
}()

// fit gives every cell an amount in cents such that each line of each dimension
// has exactly its margin: iterative proportional fitting from the weights, then
// a repair of the odd cents. A cell of weight 0 gets nothing.
func fit(weight func(i int) float64, m margins) ([]int64, error) {
	amounts := make([]float64, len(cells))
	for i := range cells {
		amounts[i] = weight(i)
	}
	for range 500 {
		for d := range m {
			scale(amounts, d, m[d])
		}
	}
	fitted := make([]int64, len(cells))
	for i, amount := range amounts {
		fitted[i] = int64(math.Round(amount))
	}
	repair(fitted, m)
	for i, amount := range fitted {
		if amount < 0 || amount > 0 && weight(i) == 0 {
			return nil, fmt.Errorf("cell %v: %d cents after the repair; the margins do not fit the weights", cells[i], amount)
		}
	}
	return fitted, nil
}

// scale makes the lines of one dimension add up to their margins. The products
// are rounded by conversion, so that no processor fuses them with the sums.
func scale(amounts []float64, dimension int, totals []int64) {
	sums := make([]float64, len(totals))
	for i, c := range cells {
		sums[c[dimension]] += amounts[i]
	}
	for i, c := range cells {
		if sum := sums[c[dimension]]; sum > 0 {
			amounts[i] = float64(amounts[i] * (float64(totals[c[dimension]]*million) / sum))
		}
	}
}

// repair puts the cents that rounding lost into the largest cell and the cells
// that differ from it in one dimension: of these, each line but the largest
// cell's own has exactly one, so every line can be mended on its own, and the
// largest cell takes what makes the total right.
func repair(amounts []int64, m margins) {
	hub := 0
	for i, amount := range amounts {
		if amount > amounts[hub] {
			hub = i
		}
	}
	var total int64
	for d, totals := range m {
		missing := make([]int64, len(totals))
		total = 0
		for line, amount := range totals {
			missing[line] = amount * million
			total += amount * million
		}
		for i, c := range cells {
			missing[c[d]] -= amounts[i]
		}
		for i, c := range cells {
			beside := cells[hub]
			beside[d] = c[d]
			if c == beside && i != hub {
				amounts[i] += missing[c[d]]
			}
		}
	}
	for _, amount := range amounts {
		total -= amount
	}
	amounts[hub] += total
}

// cut divides a total in proportion to the weights; the last part takes what
// whole cents leave over.
func cut(total int64, weights []int64) []int64 {
	var sum uint64
	for _, w := range weights {
		sum += uint64(w)
	}
	parts := make([]int64, len(weights))
	rest := total
	for i, w := range weights {
		high, low := bits.Mul64(uint64(total), uint64(w))
		part, _ := bits.Div64(high, low, sum)
		parts[i] = int64(part)
		rest -= parts[i]
	}
	parts[len(parts)-1] += rest
	return parts
}
