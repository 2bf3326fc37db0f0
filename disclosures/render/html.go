package render

import (
	"html/template"
	"io"
	"strings"
)

// HTML writes the tables as one plain page: no script, no link, nothing from outside.
func HTML(w io.Writer, p Packet) error {
	return tablesPage.Execute(w, p)
}

var tablesPage = template.Must(template.New("page").Funcs(template.FuncMap{
	"title":  Packet.title,
	"lists":  Packet.endLists,
	"indent": func(depth int) string { return strings.Repeat("\u2003", depth) },
}).Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title .}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.4 serif; margin: 2rem; max-width: 72rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: 0.3rem 0; }
th, td { padding: 0.15rem 0.6rem; vertical-align: bottom; }
thead th { border-bottom: 1px solid; max-width: 10rem; }
tbody th { text-align: left; font-weight: normal; }
td, thead th { text-align: right; }
@media print { body { margin: 0; max-width: none; } thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; } }
</style>
</head>
<body>
<main>
<h1>{{title .}}</h1>
{{range $table := .Tables}}<section>
<h2>{{.Title}}</h2>
<p>{{.Subtitle}}</p>
{{range $block := .Blocks}}{{range .Sheets}}<div class="wide" tabindex="0" role="region" aria-label="{{$table.Title}}, {{$block.Title}} at {{.At}}"><table>
<caption>{{$block.Title}} at {{.At}}</caption>
<thead><tr><td></td>{{range .Columns}}<th scope="col">{{.Label}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr><th scope="row">{{indent .Depth}}{{.Label}}</th>{{range .Cells}}<td>{{.Figure}}</td>{{end}}</tr>
{{end}}</tbody>
</table></div>
{{end}}{{with .Change}}<div class="wide" tabindex="0" role="region" aria-label="{{$table.Title}}, {{$block.Title}}, change"><table>
<caption>{{$block.Title}}, change</caption>
<thead><tr><td></td>{{range .Columns}}<th scope="col">{{.Label}}</th>{{end}}</tr></thead>
<tbody>
{{range $row := .Rows}}<tr><th scope="row">{{indent .Depth}}{{.Label}}</th>{{range $i, $amount := .Amount}}<td>{{$row.Figure $i}}</td>{{end}}</tr>
{{end}}</tbody>
</table></div>
{{end}}{{end}}{{with .AllNotes}}<ul>
{{range .}}<li>{{.}}</li>
{{end}}</ul>
{{end}}</section>
{{end}}{{range lists .}}<section>
<h2>{{.Head}}</h2>
<ul>
{{range .Lines}}<li>{{.}}</li>
{{end}}</ul>
</section>
{{end}}</main>
</body>
</html>
`))

// endList is a list at the end of a document.
type endList struct {
	Head  string
	Lines []string
}

// endLists are moved cells, figures shown differently, releases and accepted breaks,
// as the other documents have them.
func (p Packet) endLists() []endList {
	return endListsOf(func(b *strings.Builder) {
		writeMoved(b, p, "#Moved cells\n", "")
		writeDiffering(b, p, "#Figures that tables show differently\n", "")
		writeReleases(b, p, "#Releases\n", "#Accepted breaks\n", "")
		writeComparative(b, p, "#Comparative\n", "#Bridge\n", "")
	})
}

// ComparativeLists are what is said of the comparative, for the letter.
func (p Packet) ComparativeLists() []endList {
	return endListsOf(func(b *strings.Builder) { writeComparative(b, p, "#Comparative\n", "#Bridge\n", "") })
}

// endListsOf takes what a writer of lines writes apart; a line that begins with # is a head.
func endListsOf(write func(b *strings.Builder)) []endList {
	var b strings.Builder
	write(&b)
	var lists []endList
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if head, isHead := strings.CutPrefix(line, "#"); isHead {
			lists = append(lists, endList{Head: head})
			continue
		}
		last := &lists[len(lists)-1]
		last.Lines = append(last.Lines, line)
	}
	return lists
}
