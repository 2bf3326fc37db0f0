package render

import (
	"fmt"
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"github.com/go-analyze/charts"
)

// Picture is a chart, with its figures: a reader who cannot see it loses nothing.
type Picture struct {
	Item, ID, Title string
	Unit            string
	Labels          []string
	Series          []Series
	SVG             template.HTML
}

// Series are the displayed figures of one colour, one for each label.
type Series struct {
	Name   string
	Values []int64
}

// Figure is a figure of the series as tables show it.
func (s Series) Figure(i int) string { return Figure(s.Values[i]) }

// pictures draws those for which the packet has the figures.
func (p Packet) pictures() ([]Picture, error) {
	var list []Picture
	for _, make := range []func() Picture{p.purposes, p.ratings, p.history, p.counterparties, p.downgrade} {
		picture := make()
		if len(picture.Labels) == 0 {
			continue
		}
		if err := picture.draw(); err != nil {
			return nil, fmt.Errorf("picture %s: %w", picture.ID, err)
		}
		list = append(list, picture)
	}
	return list, nil
}

// sheetAt finds a block at the as-of date, and its unit.
func (p Packet) sheetAt(table, block string) (Sheet, string, bool) {
	for _, t := range p.Tables {
		for _, b := range t.Blocks {
			for _, s := range b.Sheets {
				if t.ID == table && b.ID == block && s.Date == p.AsOf {
					return s, t.Unit, true
				}
			}
		}
	}
	return Sheet{}, "", false
}

// purposes are the columns of 11(a), total apart.
func (p Packet) purposes() Picture {
	picture := Picture{Item: "11(a)", ID: "purposes", Title: "Notional by purpose at " + p.AsOf}
	sheet, unit, found := p.sheetAt("comment-11a", "notional")
	if !found {
		return picture
	}
	picture.Unit = unit
	picture.Series = []Series{{Name: "Protection bought"}, {Name: "Protection sold"}}
	for _, column := range sheet.Columns {
		if column.ID == "total" {
			continue
		}
		picture.add(column.Label, sheet.displayed("bought", column.ID), sheet.displayed("sold", column.ID))
	}
	return picture
}

// add puts a label with a figure for each series.
func (p *Picture) add(label string, values ...int64) {
	p.Labels = append(p.Labels, label)
	for i, value := range values {
		p.Series[i].Values = append(p.Series[i].Values, value)
	}
}

func (p Packet) ratings() Picture {
	picture := Picture{Item: "11(b)", ID: "ratings", Title: "Protection sold by rating and remaining maturity at " + p.AsOf}
	sheet, unit, found := p.sheetAt("rating-maturity", "credit_derivatives")
	if !found {
		return picture
	}
	picture.Unit = unit
	picture.Series = []Series{{Name: "Investment grade"}, {Name: "Non-investment grade"}}
	for _, column := range sheet.Columns {
		if strings.Contains(column.ID, "year") || column.ID == "no_maturity" {
			picture.add(column.Label, sheet.displayed("investment", column.ID), sheet.displayed("non_investment", column.ID))
		}
	}
	return picture
}

func (p Packet) counterparties() Picture {
	picture := Picture{Item: "11(g)", ID: "counterparties", Title: "Notional by type of counterparty at " + p.AsOf}
	sheet, unit, found := p.sheetAt("comment-11g", "notional")
	if !found {
		return picture
	}
	picture.Unit = unit
	picture.Series = []Series{{Name: "Protection bought from"}, {Name: "Protection sold to"}}
	for _, row := range sheet.Rows {
		if !row.Memo && row.ID != "total" {
			picture.add(row.Label, sheet.displayed(row.ID, "bought"), sheet.displayed(row.ID, "sold"))
		}
	}
	return picture
}

func (p Packet) history() Picture {
	picture := Picture{Item: "11(f)", ID: "history", Title: "Notional bought and sold over time", Series: []Series{{Name: "Protection bought"}, {Name: "Protection sold"}}}
	for _, b := range p.Letter.History {
		picture.Unit = b.Unit
		picture.add(b.Date, b.Bought, b.Sold)
	}
	return picture
}

func (p Packet) downgrade() Picture {
	picture := Picture{Item: "11(h)", ID: "downgrade", Title: "What counterparties' downgrade would let us do, at " + p.AsOf,
		Series: []Series{{Name: "More collateral callable"}, {Name: "Exposure that could be terminated"}}}
	for _, step := range []struct{ block, label string }{{"as_it_is", "As it is"}, {"one_notch", "One notch"}, {"two_notches", "Two notches"}, {"three_notches", "Three notches"}} {
		sheet, unit, found := p.sheetAt("comment-11h", step.block)
		if found {
			picture.Unit = unit
			picture.add(step.label, sheet.displayed("total", "callable"), sheet.displayed("total", "terminable"))
		}
	}
	return picture
}

var (
	svgRoot   = regexp.MustCompile(`^<svg [^>]*viewBox="([^"]*)"[^>]*>`)
	svgFamily = regexp.MustCompile(`font-family:[^"]*`)
)

// The library writes fixed colours; the page's own take their place, so that a picture
// is readable in the dark and on paper.
var svgColours = strings.NewReplacer("rgb(1,1,1)", "currentColor", "rgb(2,2,2)", "var(--line)", "rgb(3,3,3)", "var(--bought)", "rgb(4,4,4)", "var(--sold)", "fill:rgb(5,5,5)", "fill:none")

// draw makes the SVG: bars, a group for each label.
func (p *Picture) draw() error {
	values := make([][]float64, len(p.Series))
	var names []string
	for i, s := range p.Series {
		names = append(names, s.Name)
		for _, v := range s.Values {
			values[i] = append(values[i], float64(v)) // for the length of a bar; the table beneath has the figure
		}
	}
	ink, line, paper := charts.ColorRGB(1, 1, 1), charts.ColorRGB(2, 2, 2), charts.ColorRGB(5, 5, 5)
	theme := charts.GetTheme(charts.ThemeLight).WithTextColor(ink).WithXAxisColor(line).WithYAxisColor(line).WithAxisSplitLineColor(line).
		WithBackgroundColor(paper).WithSeriesColors([]charts.Color{charts.ColorRGB(3, 3, 3), charts.ColorRGB(4, 4, 4)})
	labels := slices.Clone(p.Labels)
	horizontal := p.ID != "history" && p.ID != "downgrade"
	if horizontal { // the library draws them from below
		slices.Reverse(labels)
		for _, v := range values {
			slices.Reverse(v)
		}
	}
	option := charts.NewBarChartOptionWithData(values)
	option.Theme = theme
	option.CategoryAxis.Labels = labels
	option.Legend.SeriesNames = names
	option.ValueFormatter = func(v float64) string { return Figure(int64(v)) }
	option.Horizontal = horizontal
	for i := range option.ValueAxis {
		option.ValueAxis[i].LabelCount = 5 // more run into each other
	}
	height := 320
	if option.Horizontal {
		height = 90 + 52*len(p.Labels)
	}
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 720, Height: height, Theme: theme})
	if err := painter.BarChart(option); err != nil {
		return err
	}
	text, err := painter.Bytes()
	if err != nil {
		return err
	}
	svg := svgFamily.ReplaceAllString(svgColours.Replace(string(text)), "font-family:inherit")
	svg = svgRoot.ReplaceAllStringFunc(svg, func(root string) string {
		return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="%s" aria-label="%s">`, svgRoot.FindStringSubmatch(root)[1], html.EscapeString(p.alternative()))
	})
	p.SVG = template.HTML(svg) //nolint:gosec // the library escapes labels
	return nil
}

// alternative says in words what the picture is.
func (p *Picture) alternative() string {
	var names []string
	for _, s := range p.Series {
		names = append(names, s.Name)
	}
	return fmt.Sprintf("Bar chart: %s, %s, %s; the figures are in the table beneath.", p.Title, p.Unit, strings.Join(names, " and "))
}
