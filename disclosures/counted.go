package disclosures

import "fmt"

// Counted is a number of things: 1 fact, 2 facts.
func Counted[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
