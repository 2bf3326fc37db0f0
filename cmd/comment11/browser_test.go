package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"comment11/disclosures/render"
)

// reader is a person with a browser, headless, that looks at a page.
type reader struct {
	t       *testing.T
	ctx     context.Context
	asked   []string // what the page loaded
	excuses []string // and what its script complained of
}

// newReader opens the page in Chromium, or gives nil where there is none.
func newReader(t *testing.T, file string) *reader {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Log("the page was not opened in a browser: there is no chromium in the path")
		return nil
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(5*time.Minute))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {})) // it tells of events of newer browsers
	t.Cleanup(closeBrowser)
	r := &reader{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			r.asked = append(r.asked, e.Request.URL)
		case *runtime.EventExceptionThrown:
			r.excuses = append(r.excuses, e.ExceptionDetails.Error())
		}
	})
	r.do(network.Enable(), chromedp.Navigate("file://"+file))
	return r
}

func (r *reader) do(actions ...chromedp.Action) {
	r.t.Helper()
	if err := chromedp.Run(r.ctx, actions...); err != nil {
		r.t.Fatal(err)
	}
}

// sees evaluates an expression of the page.
func sees[V any](r *reader, expression string) (value V) {
	r.t.Helper()
	r.do(chromedp.Evaluate(expression, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// looksAt opens the letter as a person would: by mouse, by keyboard alone, in the dark,
// on a phone and on paper; with long also by the rules of axe-core.
func looksAt(t *testing.T, file, figure string, want []string, long bool) {
	t.Helper()
	r := newReader(t, file)
	if r == nil {
		return
	}
	if tables := sees[[]string](r, `[...document.querySelectorAll("table")].filter((t) => !t.caption || !t.tHead || t.offsetHeight === 0 || t.querySelector("th:not([scope])")).map((t) => t.outerHTML.slice(0, 200))`); len(tables) > 0 {
		t.Errorf("tables without caption, head, height or the scope of a head: %q", tables)
	}
	if tables := sees[int](r, `document.querySelectorAll("table").length`); tables < 40 {
		t.Errorf("the page shows %d tables", tables)
	}
	if broken := sees[[]string](r, `[...document.querySelectorAll("td button")].filter((b) => getComputedStyle(b).whiteSpace !== "nowrap").map((b) => b.textContent)`); len(broken) > 0 {
		t.Errorf("figures may stand on two lines: %q", broken)
	}
	if over := sees[[]string](r, textsOverTexts); len(over) > 0 {
		t.Errorf("in pictures texts lie over each other: %q", over)
	}
	r.pressesFigure(figure, want)
	r.usesKeyboard()
	r.readsInTheDark()
	if long {
		r.asksAxe()
	}
	r.readsOnPhone()
	r.prints(long)
	if others := slices.DeleteFunc(r.asked, func(url string) bool { return url == "file://"+file }); len(others) > 0 || len(r.excuses) > 0 {
		t.Errorf("the page loaded %q, and its script said %q", others, r.excuses)
	}
}

// textsOverTexts are pairs of texts of a picture that cannot be read for each other.
const textsOverTexts = `[...document.querySelectorAll("svg")].flatMap((picture) => {
	const texts = [...picture.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]).filter(([text, box]) => text && box.width > 0);
	return texts.flatMap(([text, a], i) => texts.slice(i + 1).filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map(([other]) => picture.getAttribute("aria-label") + ": " + text + " / " + other));
})`

const dialogIsOpen = `document.getElementById("trace").open`

// pressesFigure clicks a figure and reads where it comes from.
func (r *reader) pressesFigure(figure string, want []string) {
	r.t.Helper()
	r.do(chromedp.Click(fmt.Sprintf(`//td/button[text()=%q]`, figure), chromedp.BySearch))
	if !sees[bool](r, dialogIsOpen) {
		r.t.Errorf("a click on %s opens nothing", figure)
	}
	text := sees[string](r, `document.getElementById("trace").innerText`)
	for _, w := range want {
		if !strings.Contains(text, w) {
			r.t.Errorf("the pressed figure does not say %q:\n%s", w, text)
		}
	}
	r.do(chromedp.Click(`#trace form button`))
	if sees[bool](r, dialogIsOpen) {
		r.t.Error("the button Close does not close")
	}
}

// usesKeyboard comes to a figure by the tabulator alone, opens and closes it by keys.
func (r *reader) usesKeyboard() {
	r.t.Helper()
	r.do(chromedp.Reload())
	const onFigure = `document.activeElement.matches("button[data-cell]")`
	for tabs := 0; !sees[bool](r, onFigure); tabs++ {
		if tabs == 200 {
			r.t.Error("the tabulator does not come to a figure")
			return
		}
		r.do(chromedp.KeyEvent(kb.Tab))
	}
	for _, key := range []string{kb.Enter, " "} {
		r.do(chromedp.KeyEvent(key))
		if !sees[bool](r, dialogIsOpen) {
			r.t.Errorf("the key %q opens nothing", key)
		}
		r.do(chromedp.KeyEvent(kb.Escape))
		if sees[bool](r, dialogIsOpen) || !sees[bool](r, onFigure) {
			r.t.Error("Escape does not lead back to the figure")
		}
	}
}

// brightness is between 0 and 255, of a colour that the page computed.
const brightness = `((css) => { const [r, g, b] = css.match(/[0-9.]+/g).map(Number); return 0.2126 * r + 0.7152 * g + 0.0722 * b })`

func (r *reader) readsInTheDark() {
	r.t.Helper()
	for scheme, dark := range map[string]bool{"dark": true, "light": false} {
		r.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		paper, ink := sees[float64](r, brightness+`(getComputedStyle(document.body).backgroundColor)`), sees[float64](r, brightness+`(getComputedStyle(document.body).color)`)
		if dark != (paper < ink) || max(paper, ink)-min(paper, ink) < 150 {
			r.t.Errorf("in a %s scheme the brightness of the paper is %.0f, of the ink %.0f", scheme, paper, ink)
		}
	}
}

// asksAxe runs axe-core's rules in both schemes, and with a figure open.
func (r *reader) asksAxe() {
	r.t.Helper()
	folder := r.t.TempDir()
	if out, err := exec.CommandContext(r.t.Context(), "npm", "install", "--no-save", "--silent", "--prefix", folder, "axe-core@4").CombinedOutput(); err != nil {
		r.t.Logf("axe-core was not asked: npm does not install it here: %v %s", err, out)
		return
	}
	r.do(chromedp.Evaluate(readFile(r.t, filepath.Join(folder, "node_modules", "axe-core", "axe.min.js")), nil))
	violations := func(of string) {
		for _, v := range sees[[]string](r, `axe.run().then((found) => found.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html).join(" ")))`) {
			r.t.Errorf("axe-core, %s: %s", of, v)
		}
		if passes := sees[int](r, `axe.run().then((found) => found.passes.length)`); passes < 10 { // an open figure hides the rest of the page
			r.t.Errorf("axe-core, %s: %d rules passed; it did not look", of, passes)
		}
	}
	for _, scheme := range []string{"dark", "light"} {
		r.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		violations(scheme)
	}
	r.do(chromedp.Click(`button[data-cell]`, chromedp.ByQuery)) // the first of thousands
	violations("a figure open")
	r.do(chromedp.KeyEvent(kb.Escape))
}

func (r *reader) readsOnPhone() {
	r.t.Helper()
	const width = 390
	r.do(emulation.SetDeviceMetricsOverride(width, 844, 2, true))
	if wide := sees[int](r, `document.documentElement.scrollWidth`); wide > width {
		r.t.Errorf("on a phone of %d pixels the page is %d wide: %q", width, wide,
			sees[[]string](r, fmt.Sprintf(`[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > %d && !e.closest(".wide table")).slice(0, 5).map((e) => e.outerHTML.slice(0, 200))`, width)))
	}
	r.do(emulation.ClearDeviceMetricsOverride())
}

// prints makes a PDF, in which every word must be on its page. With long every figure of
// the page must be among them.
func (r *reader) prints(long bool) {
	r.t.Helper()
	r.do(emulation.SetEmulatedMedia().WithMedia("print"))
	for rule, want := range map[string]string{`thead`: "table-header-group"} {
		if got := sees[string](r, fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).display`, rule)); got != want {
			r.t.Errorf("on paper %s is %s, expected %s", rule, got, want)
		}
	}
	var pdf []byte
	r.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
		return err
	}))
	file := filepath.Join(r.t.TempDir(), "letter.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		r.t.Fatal(err)
	}
	reading, err := exec.LookPath("pdftotext")
	if err != nil {
		r.t.Logf("the words of the PDF of %d bytes were not read: there is no pdftotext in the path", len(pdf))
		return
	}
	text, err := exec.CommandContext(r.t.Context(), reading, "-bbox", file, "-").Output()
	if err != nil {
		r.t.Fatal(err)
	}
	var document struct {
		Pages []struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Words  []struct {
				Left   float64 `xml:"xMin,attr"`
				Right  float64 `xml:"xMax,attr"`
				Top    float64 `xml:"yMin,attr"`
				Bottom float64 `xml:"yMax,attr"`
				Text   string  `xml:",chardata"`
			} `xml:"word"`
		} `xml:"body>doc>page"`
	}
	if err := xml.Unmarshal(text, &document); err != nil {
		r.t.Fatal(err)
	}
	printed := map[string]int{}
	for number, p := range document.Pages {
		for _, w := range p.Words {
			printed[w.Text]++
			if w.Left < 0 || w.Top < 0 || w.Right > p.Width || w.Bottom > p.Height {
				r.t.Errorf("page %d cuts %q at %.0f to %.0f of %.0f points", number+1, w.Text, w.Left, w.Right, p.Width)
			}
		}
	}
	shown := map[string]int{}
	for _, f := range sees[[]string](r, `[...document.querySelectorAll("td button")].map((b) => b.textContent.split(" ")[0])`) {
		shown[f]++
	}
	for f, times := range shown {
		if long && f != render.Figure(0) && printed[f] < times {
			r.t.Errorf("%s is %d times on the page and %d times on paper", f, times, printed[f])
		}
	}
	if len(document.Pages) < 5 || len(shown) < 100 {
		r.t.Errorf("%d pages were printed, and %d figures looked for", len(document.Pages), len(shown))
	}
}
