package commentary

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/strictyaml"
)

// function is what a text may call.
type function struct {
	arguments []string
	meaning   string
	call      func(e *evaluation, at int, arguments []string) (string, error)
}

func (f function) usage(name string) string {
	text := "{{" + name
	for _, a := range f.arguments {
		text += fmt.Sprintf(" %q", a)
	}
	return text + "}}"
}

const cellArgument = "table/block/row/column"

// words say where a figure went, or how one compares with another.
var words = map[string]int{
	"rose": 1, "grew": 1, "increased": 1, "higher": 1, "increase": 1,
	"fell": -1, "declined": -1, "decreased": -1, "lower": -1, "decrease": -1,
	"unchanged": 0,
}

var functions = allFunctions()

func allFunctions() map[string]function {
	list := map[string]function{
		"amount":     {[]string{cellArgument}, "the figure, with its unit", func(e *evaluation, _ int, a []string) (string, error) { return e.amount(e.figures.AsOf, a[0]) }},
		"size":       {[]string{cellArgument}, "the figure without its sign, with its unit", func(e *evaluation, _ int, a []string) (string, error) { return e.size(a[0]) }},
		"before":     {[]string{cellArgument}, "the figure at the date compared with", func(e *evaluation, _ int, a []string) (string, error) { return e.before(a[0]) }},
		"change":     {[]string{cellArgument}, "by how much it changed, without sign", func(e *evaluation, _ int, a []string) (string, error) { return e.change(a[0]) }},
		"percent":    {[]string{cellArgument}, "by how many percent it changed, without sign; not meaningful of a share, or where it was nil, the sign turned, or the periods are not of one length", func(e *evaluation, _ int, a []string) (string, error) { return e.percent(a[0]) }},
		"share":      {[]string{cellArgument, cellArgument}, "the first figure in percent of the second", func(e *evaluation, _ int, a []string) (string, error) { return e.share(a[0], a[1]) }},
		"difference": {[]string{cellArgument, cellArgument}, "the first figure less the second, with its unit", func(e *evaluation, _ int, a []string) (string, error) { return e.difference(a[0], a[1]) }},
		"exceeds":    {[]string{cellArgument, cellArgument}, "the word, where the first figure is the larger one", func(e *evaluation, _ int, a []string) (string, error) { return e.compares("exceeds", 1, a[0], a[1]) }},
		"is_below": {[]string{cellArgument, cellArgument}, "the words, where the first figure is the smaller one", func(e *evaluation, _ int, a []string) (string, error) {
			return e.compares("is below", -1, a[0], a[1])
		}},
		"label":          {[]string{cellArgument}, "the label of the figure's row", func(e *evaluation, _ int, a []string) (string, error) { return e.label(a[0]) }},
		"largest":        {[]string{"table/block", "column"}, "the label of the row with the largest figure", func(e *evaluation, _ int, a []string) (string, error) { return e.largest(a[0], a[1], e.label) }},
		"largest_amount": {[]string{"table/block", "column"}, "the largest figure", func(e *evaluation, _ int, a []string) (string, error) { return e.largest(a[0], a[1], e.now) }},
		"as_of":          {nil, "the period end, in words", func(e *evaluation, _ int, _ []string) (string, error) { return dateInWords(e.figures.AsOf) }},
		"compared_with":  {nil, "the date compared with, in words", func(e *evaluation, _ int, _ []string) (string, error) { return e.comparedWith() }},
		"cite":           {[]string{"ASC 815-10-50-4K"}, "a source, whose numbers are its name", func(_ *evaluation, _ int, a []string) (string, error) { return cite(a[0]) }},
		"figures": {[]string{"digest"}, "nothing: names the figures on which the text was written", func(e *evaluation, at int, a []string) (string, error) {
			e.stated = &statement{a[0], at}
			return "", nil
		}},
		"not_material": {[]string{"what is asked", cellArgument}, "that what is asked is not material, with figure and threshold", func(e *evaluation, _ int, a []string) (string, error) { return e.notMaterial(a[0], a[1]) }},
	}
	for word, sign := range words {
		list[word] = function{[]string{cellArgument}, "the word, where the figure did so since the date compared with",
			func(e *evaluation, _ int, a []string) (string, error) { return e.moved(word, sign, a[0]) }}
	}
	return list
}

func functionNames() []string { return slices.Sorted(maps.Keys(functions)) }

// Functions lists the functions with their meanings, for the documentation.
func Functions() (usages, meanings []string) {
	for _, name := range functionNames() {
		usages, meanings = append(usages, functions[name].usage(name)), append(meanings, functions[name].meaning)
	}
	return usages, meanings
}

// find reads a figure and notes that the text quotes it.
func (e *evaluation) find(date, address string) (Figure, error) {
	f, found := e.figures.Find(date, address)
	if !found {
		return f, fmt.Errorf("unknown cell %q at %s; %s", address, date, e.hint(date, address))
	}
	e.quoted = append(e.quoted, fmt.Sprintf("%s|%s|%d|%s", date, address, f.Displayed, f.Unit))
	e.text.Quoted = append(e.text.Quoted, address)
	return f, nil
}

// hint names the nearest cell, or where cells are listed.
func (e *evaluation) hint(date, address string) string {
	if nearest, found := strictyaml.Nearest(address, e.figures.Known(date)); found {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	return "cells.csv of the packet lists all"
}

func (e *evaluation) amount(date, address string) (string, error) {
	f, err := e.find(date, address)
	if err != nil {
		return "", err
	}
	return inWords(f.Displayed, f.Unit), nil
}

func (e *evaluation) size(address string) (string, error) {
	f, err := e.find(e.figures.AsOf, address)
	if err != nil {
		return "", err
	}
	return inWords(absolute(f.Displayed), f.Unit), nil
}

func (e *evaluation) now(address string) (string, error) { return e.amount(e.figures.AsOf, address) }

func (e *evaluation) before(address string) (string, error) {
	if err := e.needsComparison(); err != nil {
		return "", err
	}
	return e.amount(e.figures.Compare, address)
}

func (e *evaluation) needsComparison() error {
	if e.figures.Compare == "" {
		return fmt.Errorf("there is no date to compare with; extract with --compare")
	}
	return nil
}

// both are the figure at the date compared with and at the period end.
func (e *evaluation) both(address string) (from, to Figure, err error) {
	if err = e.needsComparison(); err != nil {
		return from, to, err
	}
	if from, err = e.find(e.figures.Compare, address); err != nil {
		return from, to, err
	}
	to, err = e.find(e.figures.AsOf, address)
	return from, to, err
}

func (e *evaluation) change(address string) (string, error) {
	from, to, err := e.both(address)
	if err != nil {
		return "", err
	}
	by := absolute(to.Displayed - from.Displayed)
	if to.Unit == "percent" {
		return grouped(fmt.Sprint(by)) + " percentage points", nil
	}
	return inWords(by, to.Unit), nil
}

func (e *evaluation) percent(address string) (string, error) {
	from, to, err := e.both(address)
	switch {
	case err != nil:
		return "", err
	case to.Unit == "percent" || to.OtherLength || from.Displayed == 0 || (from.Displayed < 0) != (to.Displayed < 0) && to.Displayed != 0:
		return "a percentage that is not meaningful", nil
	}
	return percentOf(absolute(to.Displayed-from.Displayed), absolute(from.Displayed)), nil
}

func (e *evaluation) difference(first, second string) (string, error) {
	a, b, err := e.inOneUnit(first, second)
	return inWords(a.Displayed-b.Displayed, a.Unit), err
}

func (e *evaluation) share(part, whole string) (string, error) {
	p, w, err := e.inOneUnit(part, whole)
	switch {
	case err != nil:
		return "", err
	case w.Displayed <= 0 || p.Displayed < 0:
		return "", fmt.Errorf("%s is %d and %s is %d: there is no share of that", part, p.Displayed, whole, w.Displayed)
	}
	return percentOf(p.Displayed, w.Displayed), nil
}

// inOneUnit are two figures of the period end.
func (e *evaluation) inOneUnit(first, second string) (a, b Figure, err error) {
	if a, err = e.find(e.figures.AsOf, first); err != nil {
		return a, b, err
	}
	if b, err = e.find(e.figures.AsOf, second); err == nil && a.Unit != b.Unit {
		err = fmt.Errorf("%s is in %s and %s in %s; expected figures in one unit", first, a.Unit, second, b.Unit)
	}
	return a, b, err
}

func percentOf(part, whole int64) string {
	return decimal.NewFromInt(part).Mul(decimal.NewFromInt(100)).DivRound(decimal.NewFromInt(whole), 0).String() + "%"
}

// moved is the word where the data agree with it.
func (e *evaluation) moved(word string, sign int, address string) (string, error) {
	from, to, err := e.both(address)
	switch {
	case err != nil:
		return "", err
	case to.OtherLength:
		return "", fmt.Errorf("%q is not to be said: %s is of periods of unequal length at %s and %s; give both figures, with their periods", word, address, e.figures.AsOf, e.figures.Compare)
	}
	if is := decimal.NewFromInt(to.Displayed).Cmp(decimal.NewFromInt(from.Displayed)); is != sign {
		return "", fmt.Errorf("%q is wrong: %s was %s and is %s; write {{%s %q}}", word, address, inWords(from.Displayed, from.Unit), inWords(to.Displayed, to.Unit),
			counterpart(word, is), address)
	}
	return word, nil
}

// counterpart is the word of the same kind for what the data say.
func counterpart(word string, sign int) string {
	kinds := [][]string{{"fell", "rose"}, {"declined", "grew"}, {"decreased", "increased"}, {"lower", "higher"}, {"decrease", "increase"}}
	if sign == 0 {
		return "unchanged"
	}
	for _, kind := range kinds {
		if slices.Contains(kind, word) {
			return kind[(sign+1)/2]
		}
	}
	return kinds[0][(sign+1)/2]
}

func (e *evaluation) compares(word string, sign int, first, second string) (string, error) {
	a, err := e.find(e.figures.AsOf, first)
	if err != nil {
		return "", err
	}
	b, err := e.find(e.figures.AsOf, second)
	if err != nil {
		return "", err
	}
	if a.Exact.Cmp(b.Exact) != sign {
		return "", fmt.Errorf("%q is wrong: %s is %s and %s is %s", word, first, inWords(a.Displayed, a.Unit), second, inWords(b.Displayed, b.Unit))
	}
	return word, nil
}

func (e *evaluation) label(address string) (string, error) {
	f, err := e.find(e.figures.AsOf, address)
	return f.RowLabel, err
}

func (e *evaluation) largest(block, column string, say func(address string) (string, error)) (string, error) {
	address, found := e.figures.Largest(e.figures.AsOf, block, column)
	if !found {
		return "", fmt.Errorf("there is no block %q with a column %q; cells.csv of the packet lists all", block, column)
	}
	return say(address)
}

func (e *evaluation) comparedWith() (string, error) {
	if err := e.needsComparison(); err != nil {
		return "", err
	}
	return dateInWords(e.figures.Compare)
}

var sources = regexp.MustCompile(`^(ASC|FAS|SFAS|FIN|Form|Item|Note|Section|Rule|Regulation|Basel|comment|Comment|page|Call Report|(1999|2003|2014) ISDA|ISDA)\b`)

func cite(source string) (string, error) {
	if !sources.MatchString(source) {
		return "", fmt.Errorf("cite %q: expected a source, such as ASC 815-10-50-4K, Form 10-K or Note 22; figures are quoted from cells", source)
	}
	return source, nil
}

func (e *evaluation) notMaterial(asks, address string) (string, error) {
	f, err := e.find(e.figures.AsOf, address)
	switch {
	case err != nil:
		return "", err
	case e.figures.Material == nil:
		return "", fmt.Errorf("not_material: no materiality is configured, so nothing can be said not to be material")
	case slices.Contains([]string{"facts", "contracts", "percent"}, f.Unit):
		return "", fmt.Errorf("not_material: %s is no amount", address)
	case !f.Exact.Abs().LessThan(*e.figures.Material):
		return "", fmt.Errorf("not_material: %s is %s, which is not below the threshold of %s", address, inWords(f.Displayed, f.Unit), e.figures.Material)
	}
	currency, _, _ := strings.Cut(f.Unit, " ")
	text := fmt.Sprintf("not material: %s, below the threshold of %s %s", inWords(f.Displayed, f.Unit), currency, grouped(e.figures.Material.StringFixed(0)))
	e.text.Immaterial[asks] = text
	return text, nil
}

func absolute(value int64) int64 { return max(value, -value) }

// inWords writes a figure with its unit: USD 917 million, 43, 12%.
func inWords(displayed int64, unit string) string {
	minus := ""
	if displayed < 0 {
		minus = "minus "
	}
	digits := grouped(fmt.Sprint(absolute(displayed)))
	currency, scale, amount := strings.Cut(unit, " ")
	switch {
	case unit == "percent":
		return minus + digits + "%"
	case !amount:
		return minus + digits
	case scale == "dollars":
		return minus + currency + " " + digits
	}
	return minus + currency + " " + digits + " " + strings.TrimSuffix(scale, "s")
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func dateInWords(date string) (string, error) {
	d, err := time.Parse(time.DateOnly, date)
	return d.Format("January 2, 2006"), err
}
