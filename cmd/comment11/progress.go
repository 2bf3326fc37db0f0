package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows a run's stages: a bar on a terminal, lines where asked for, and
// nothing elsewhere.
type progress struct {
	stderr  io.Writer
	bar     *progressbar.ProgressBar
	verbose bool
	total   int64
	started time.Time
}

// passes is how often each record is handled: scanned, read, classified.
const passes = 3

func newProgress(stderr io.Writer, quiet, verbose bool) *progress {
	p := &progress{stderr: stderr, verbose: verbose && !quiet, started: time.Now()}
	if quiet || verbose || !isTerminal(stderr) {
		return p
	}
	p.bar = newBar(stderr, 100*time.Millisecond)
	return p
}

// newBar is a bar with the stage under way, records per second and the time left.
func newBar(w io.Writer, throttle time.Duration) *progressbar.ProgressBar {
	return progressbar.NewOptions64(1, progressbar.OptionSetWriter(w), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(throttle),
		progressbar.OptionSetDescription("scan"), progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""))
}

// nextStage is what a run does once a stage is done: the bar shows what is under
// way, not what is over.
var nextStage = map[string]string{"scan": "read", "ingest": "transform", "transform": "controls", "controls": "disclosures",
	"disclosures": "publish", "publish": "catalog", "catalog": "catalog"}

// report is told of every step that is done, with the records that it handled,
// if any.
func (p *progress) report(stage string, records int64) {
	if p.verbose {
		fmt.Fprintf(p.stderr, "%6.2f s  %s", time.Since(p.started).Seconds(), stage)
		if records > 0 {
			fmt.Fprintf(p.stderr, ", %d records", records)
		}
		fmt.Fprintln(p.stderr)
	}
	if p.bar == nil {
		return
	}
	if strings.HasPrefix(stage, "scan ") {
		p.total += passes * records
		p.bar.ChangeMax64(p.total + 1)
	}
	if stage == "transform" {
		records = p.total / passes
	}
	if next, isStage := nextStage[stage]; isStage {
		p.bar.Describe(next)
	}
	_ = p.bar.Add64(records) // a bar that cannot be drawn must not stop the run
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
