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

	steps bool // of one series: from the first figure to the last, which is the sum of those before it
}

// Series are the displayed figures of one colour, one for each label.
type Series struct {
	Name   string
	Values []int64
}

// Figure is a figure of the series as tables show it.
func (s Series) Figure(i int) string { return Figure(s.Values[i]) }

// pictures draws those for which the packet has the figures; the others have no labels.
func (p Packet) pictures() ([]Picture, error) {
	var list []Picture
	for _, picture := range []Picture{p.purposes(), p.ratings(), p.history(), p.rolled("bought", "Protection bought"), p.rolled("sold", "Protection sold"),
		p.counterparties(), p.downgrade()} {
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

// sheetAt finds a block at the as-of date, and its unit; an empty sheet where there is none.
func (p Packet) sheetAt(table, block string) (Sheet, string, bool) {
	for _, t := range p.Tables {
		for _, b := range t.Blocks {
			for _, s := range b.Sheets {
				if t.ID == table && b.ID == block && s.Date == p.AsOf {
					return s, Unit(t.Unit), true
				}
			}
		}
	}
	return Sheet{}, "", false
}

// purposes are the columns of 11(a), total apart.
func (p Packet) purposes() Picture {
	sheet, unit, _ := p.sheetAt("comment-11a", "notional")
	picture := Picture{Item: "11(a)", ID: "purposes", Title: "Notional by purpose at " + p.AsOf, Unit: unit,
		Series: []Series{{Name: "Protection bought"}, {Name: "Protection sold"}}}
	for _, column := range sheet.Columns {
		if column.ID != "total" {
			picture.add(column.Label, sheet.displayed("bought", column.ID), sheet.displayed("sold", column.ID))
		}
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
	sheet, unit, _ := p.sheetAt("rating-maturity", "credit_derivatives")
	picture := Picture{Item: "11(b)", ID: "ratings", Title: "Protection sold by rating and remaining maturity at " + p.AsOf, Unit: unit,
		Series: []Series{{Name: "Investment grade"}, {Name: "Non-investment grade"}}}
	for _, column := range sheet.Columns {
		if strings.Contains(column.ID, "year") || column.ID == "no_maturity" {
			picture.add(column.Label, sheet.displayed("investment", column.ID), sheet.displayed("non_investment", column.ID))
		}
	}
	return picture
}

func (p Packet) counterparties() Picture {
	sheet, unit, _ := p.sheetAt("comment-11g", "notional")
	picture := Picture{Item: "11(g)", ID: "counterparties", Title: "Notional by type of counterparty at " + p.AsOf, Unit: unit,
		Series: []Series{{Name: "Protection bought from"}, {Name: "Protection sold to"}}}
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
		picture.Unit = Unit(b.Unit)
		picture.add(labelled(b.Date, b.Label), b.Bought, b.Sold)
	}
	return picture
}

// rolled are the causes of the roll-forward, from opening to closing. It has no picture
// where a step leads below nil, which notional does not.
func (p Packet) rolled(column, name string) Picture {
	sheet, unit, _ := p.sheetAt("comment-11f", "direction")
	picture := Picture{Item: "11(f)", ID: "rolled-" + column, Title: name + ": from the opening to " + p.AsOf, Unit: unit, Series: []Series{{Name: name}}, steps: true}
	var level, last int64
	for i, row := range sheet.Rows {
		value := sheet.displayed(row.ID, column)
		isWhole := slices.ContainsFunc(sheet.Rows, func(other Row) bool { return other.Parent == row.ID })
		switch {
		case row.Memo || isWhole && row.ID != "closing" || value == 0 && i > 0 && row.ID != "closing":
			continue
		case row.ID != "closing":
			level += value
		}
		last = value
		picture.add(row.Label, value)
		if level < 0 {
			return Picture{}
		}
	}
	if level != last || len(picture.Labels) < 3 {
		return Picture{} // nothing moved
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
var svgColours = strings.NewReplacer("rgb(1,1,1)", "currentColor", "rgb(2,2,2)", "var(--line)", "rgb(3,3,3)", "var(--bought)", "rgb(4,4,4)", "var(--sold)", "fill:rgb(5,5,5)", "fill:none", "rgb(6,6,6)", "transparent", "rgb(7,7,7)", "var(--third)")

// bars are the lengths of the bars, and their colours; the table beneath has the figures.
// Steps stand on a bar that is not seen.
func (p *Picture) bars() (values [][]float64, colours []charts.Color) {
	if !p.steps {
		values = make([][]float64, len(p.Series))
		for i, s := range p.Series {
			for _, v := range s.Values {
				values[i] = append(values[i], float64(v))
			}
		}
		return values, []charts.Color{charts.ColorRGB(3, 3, 3), charts.ColorRGB(4, 4, 4)}
	}
	values = make([][]float64, 4) // beneath, balance, rise, fall
	var level int64
	steps := p.Series[0].Values
	for i, v := range steps {
		bar := [4]int64{}
		switch {
		case i == 0 || i == len(steps)-1:
			level, bar[1] = v, v
		case v > 0:
			bar[0], bar[2] = level, v
			level += v
		default:
			level += v
			bar[0], bar[3] = level, -v
		}
		for k := range values {
			values[k] = append(values[k], float64(bar[k]))
		}
	}
	return values, []charts.Color{charts.ColorRGB(6, 6, 6), charts.ColorRGB(7, 7, 7), charts.ColorRGB(3, 3, 3), charts.ColorRGB(4, 4, 4)}
}

// draw makes the SVG: bars, a group for each label.
func (p *Picture) draw() error {
	values, colours := p.bars()
	var names []string
	for _, s := range p.Series {
		names = append(names, s.Name)
	}
	ink, line, paper := charts.ColorRGB(1, 1, 1), charts.ColorRGB(2, 2, 2), charts.ColorRGB(5, 5, 5)
	theme := charts.GetTheme(charts.ThemeLight).WithTextColor(ink).WithXAxisColor(line).WithYAxisColor(line).WithAxisSplitLineColor(line).
		WithBackgroundColor(paper).WithSeriesColors(colours)
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
	if p.steps {
		option.StackSeries, option.Legend.Show = charts.Ptr(true), charts.Ptr(false)
	} else {
		option.Legend.SeriesNames = names
	}
	option.ValueFormatter = func(v float64) string { return Figure(int64(v)) }
	option.Horizontal = horizontal
	var least float64
	for _, v := range values {
		least = min(least, slices.Min(v))
	}
	for i := range option.ValueAxis {
		option.ValueAxis[i].Min = charts.Ptr(least) // from nil, for the lengths of bars to be the figures
		option.ValueAxis[i].LabelCount = 5          // more run into each other
		if horizontal {                             // each begins at its line, and the last, which would not fit there, ends at the edge
			option.ValueAxis[i].LabelCount, option.ValueAxis[i].LabelFontStyle.FontSize = 4, 9
		}
	}
	height := 320
	if option.Horizontal {
		height = 90 + 52*len(p.Labels)
	}
	if p.steps {
		height = 60 + 28*len(p.Labels)
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
	if p.steps {
		return fmt.Sprintf("Waterfall: %s, %s; the figures are in the table beneath.", p.Title, p.Unit)
	}
	return fmt.Sprintf("Bar chart: %s, %s, %s; the figures are in the table beneath.", p.Title, p.Unit, strings.Join(names, " and "))
}
