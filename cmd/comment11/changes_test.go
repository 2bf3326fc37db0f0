package main

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comment11/internal/batch"
)

var (
	packetChanges = flag.Int("packet.changes", 1, "random changes of each kind of file of a packet, in TestLetter and TestPacket; scripts/long.sh does 100")
	packetSeed    = flag.Uint64("packet.seed", 0, "seed of the random changes; 0 takes one by the clock")
)

// findsChanges changes one digit of a figure, at random, in a random place of each
// document, or one byte of the facts, and holds that verify finds it. The manifest is
// made to name the changed file, as a careful forger would.
func findsChanges(t *testing.T, folder string) {
	t.Helper()
	seed := *packetSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%d changes of each kind, seed %d; replay with -packet.seed=%[2]d", *packetChanges, seed)
	random := rand.New(rand.NewPCG(seed, 11))
	whole := tree(t, folder)
	kinds := map[string][]string{} // files by kind
	for name := range whole {
		kind := name
		if strings.HasPrefix(name, "proof") {
			kind = "proof *" + filepath.Ext(name)
		}
		kinds[kind] = append(kinds[kind], name)
	}
	if len(kinds) < 8 {
		t.Fatalf("the packet has files of %d kinds", len(kinds))
	}
	verify := func() (found bool) {
		v, err := batch.VerifyPacket(context.Background(), folder, batch.Prover{Program: program()})
		return err != nil || len(v.Faults) > 0
	}
	if verify() {
		t.Fatal("verify finds something before anything is changed")
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		slices.Sort(kinds[kind])
		for range *packetChanges {
			name := kinds[kind][random.IntN(len(kinds[kind]))]
			changed, what := changedAtRandom(t, random, name, whole[name], kinds["proof *.parquet"] != nil)
			writeFile(t, filepath.Join(folder, name), changed)
			if name != "manifest.json" {
				rehash(t, folder, name)
			}
			if !verify() {
				t.Errorf("%s: verify does not find that %s", name, what)
			}
			writeFile(t, filepath.Join(folder, name), whole[name])
			writeFile(t, filepath.Join(folder, "manifest.json"), whole["manifest.json"])
		}
	}
	if verify() {
		t.Error("the packet was not put back as it was")
	}
}

// changedAtRandom changes one byte of a figure of a file, and says what it changed.
func changedAtRandom(t *testing.T, random *rand.Rand, name, content string, proven bool) (changed, what string) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".parquet":
		at := random.IntN(len(content))
		return content[:at] + string([]byte{content[at] ^ byte(1+random.IntN(255))}) + content[at+1:], "a byte was changed"
	case ".xlsx":
		return changedWorkbook(t, random, content)
	}
	from, to := 0, len(content)
	if name == "manifest.json" { // who wrote the packet, and by which form, is no figure of it
		from = strings.Index(content, map[bool]string{true: `"releases"`, false: `"files"`}[proven]) // which releases, the facts alone can tell
	}
	return changedDigit(t, random, content, from, to)
}

// changedDigit puts another digit in the place of one of content[from:to].
func changedDigit(t *testing.T, random *rand.Rand, content string, from, to int) (changed, what string) {
	t.Helper()
	var digits []int
	for i := from; i < to; i++ {
		if content[i] >= '0' && content[i] <= '9' {
			digits = append(digits, i)
		}
	}
	if len(digits) == 0 {
		t.Fatalf("there is no digit in %q", content[from:min(to, from+100)])
	}
	at := digits[random.IntN(len(digits))]
	other := '0' + (content[at]-'0'+byte(1+random.IntN(9)))%10
	changed = content[:at] + string(other) + content[at+1:]
	return changed, "..." + content[max(0, at-30):min(len(content), at+10)] + "... became ..." + changed[max(0, at-30):min(len(content), at+10)] + "..."
}

// changedWorkbook changes a value, a formula or a text of a sheet.
func changedWorkbook(t *testing.T, random *rand.Rand, content string) (changed, what string) {
	t.Helper()
	in, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var sheets []string
	for _, part := range in.File {
		if strings.HasPrefix(part.Name, "xl/worksheets/sheet") && strings.Contains(unzipped(t, part), "<v>") {
			sheets = append(sheets, part.Name)
		}
	}
	sheet := sheets[random.IntN(len(sheets))]
	var made bytes.Buffer
	out := zip.NewWriter(&made)
	for _, part := range in.File {
		text := unzipped(t, part)
		if part.Name == sheet {
			open, end := []string{"<v>", "<f>"}[random.IntN(2)], []string{"</v>", "</f>"}
			if strings.Count(text, open) == 0 {
				open = "<v>"
			}
			pieces := strings.Split(text, open)
			i := 1 + random.IntN(len(pieces)-1)
			closing := strings.Index(pieces[i], end[map[string]int{"<v>": 0, "<f>": 1}[open]])
			pieces[i], what = changedDigit(t, random, pieces[i], 0, closing)
			text = strings.Join(pieces, open)
		}
		to, err := out.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return made.String(), sheet + ": " + what
}
