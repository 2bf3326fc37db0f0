package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestProgress holds that the bar shows the stage under way, records per second
// and the time that is left, and that it is gone at the end.
func TestProgress(t *testing.T) {
	var screen bytes.Buffer
	shown := func() string {
		text := screen.String()
		screen.Reset()
		return text
	}
	p := &progress{stderr: &screen, bar: newBar(&screen, 0)}
	if text := shown(); !strings.Contains(text, "scan") {
		t.Errorf("at first: %q", text)
	}
	for _, step := range []struct {
		done    string
		records int64
		want    string // the stage that is shown then
	}{
		{"scan positions.csv", 1000, "scan"}, {"scan", 0, "read"}, {"read positions.csv", 1000, "read"}, {"ingest", 0, "transform"},
		{"transform", 0, "controls"}, {"controls", 0, "disclosures"}, {"disclosures", 0, "publish"}, {"publish", 0, "catalog"}, {"catalog", 0, "catalog"},
	} {
		p.report(step.done, step.records)
		text := shown()
		if last := text[strings.LastIndex(text, "\r")+1:]; !strings.HasPrefix(strings.TrimSpace(last), step.want+" ") || !strings.Contains(last, "records/") || !strings.Contains(last, "[0s:") {
			t.Errorf("after %s: %q", step.done, last)
		}
	}
	p.close()
	if text := shown(); strings.TrimSpace(text[strings.LastIndex(text, "\r")+1:]) != "" {
		t.Errorf("at the end: %q", text)
	}
}

// TestQuietProgress holds that nothing but a terminal gets a bar.
func TestQuietProgress(t *testing.T) {
	var screen bytes.Buffer
	p := newProgress(&screen, false, false)
	p.report("scan positions.csv", 1000)
	p.close()
	if screen.Len() > 0 {
		t.Errorf("%q", screen.String())
	}
}
