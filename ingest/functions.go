package ingest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"comment11/internal/store"
)

// Map is a vocabulary: what a source's word stands for.
type Map map[string]string

// Functions are what mappings may call beside the functions of every
// expression. Each gives text in the spelling of the contract, or the text as it
// was found, so that what cannot be read is rejected with its own words and
// never turned into nothing.
func Functions(maps map[string]Map) map[string]store.Function {
	return map[string]store.Function{
		"printed_amount":  {MinArguments: 1, MaxArguments: 2, Meaning: "an amount as it is printed: 26,580 or (407,261) or $ (407,261) or -5 or a dash for nil, times the unit 1, 1000, 1000000 or 1000000000", Compile: printedAmount},
		"capped_amount":   {MinArguments: 1, MaxArguments: 1, Meaning: "a capped amount such as 250,000,000+, a floor", Compile: cappedAmount},
		"printed_percent": {MinArguments: 1, MaxArguments: 1, Meaning: "1.25 or 1.25% or (1.25) as the fraction 0.0125, negative in parentheses", Compile: printedPercent},
		"date_mdy":        {MinArguments: 1, MaxArguments: 1, Meaning: "a date as month, day, year: 06/20/28 or 6/20/2028; two-digit years below 70 are of this century", Compile: dateOf(3, 1, 2)},
		"date_dmy":        {MinArguments: 1, MaxArguments: 1, Meaning: "a date as day, month, year: 20.06.2028; two-digit years below 70 are of this century", Compile: dateOf(3, 2, 1)},
		"date_yyyymmdd":   {MinArguments: 1, MaxArguments: 1, Meaning: "a date such as 20070930", Compile: compactDate},
		"flag":            {MinArguments: 1, MaxArguments: 1, Meaning: "true of y, yes, t, 1 and false of n, no, f, 0", Compile: flag},
		"round_double":    {MinArguments: 2, MaxArguments: 2, Meaning: "a number in floating point, or any plain number with or without exponent, rounded half away from zero to 0 to 8 decimals: round_double(x, 2)", Compile: roundDouble},
		"lookup":          {MinArguments: 2, MaxArguments: 2, Meaning: "the value of a word in a map, or the word itself where the map does not have it", Compile: lookupIn(maps)},
	}
}

const (
	plainNumber   = `(\d{1,3}(,\d{3})+|\d{1,14})(\.\d{1,4})?`
	printedNumber = `\$? ?` + plainNumber
)

// printedAmount reads amounts as they are printed: 26,580 or (407,261) or a
// dash for nil, each also after a dollar sign, times a power of ten.
func printedAmount(arguments []string, constants []*string) (string, error) {
	scale := "1"
	if len(arguments) == 2 {
		scale = arguments[1]
		if !slices.Contains([]string{"1", "1000", "1000000", "1000000000"}, scale) {
			return "", errors.New("the second argument is the unit: 1, 1000, 1000000 or 1000000000")
		}
	}
	return printed(arguments[0], scale, arguments[0]), nil
}

// printed reads a text as a printed amount times the scale; what it cannot read
// it gives as otherwise says.
func printed(text, scale, otherwise string) string {
	digits := func(sign string) string {
		return fmt.Sprintf(`coalesce('%s' || regexp_replace(cast(try_cast(regexp_replace(%s, '[^0-9.]', '', 'g') as decimal(28, 4)) * cast(%s as decimal(10, 0)) as varchar), '\.?0+$', ''), %s)`,
			sign, text, scale, otherwise)
	}
	return fmt.Sprintf(`case when regexp_full_match(trim(%[1]s), '(\$ ?)?[-–—]') then '0' `+
		`when regexp_full_match(trim(%[1]s), '%[2]s') then %[3]s `+
		`when regexp_full_match(trim(%[1]s), '-%[2]s|\( *%[2]s *\)|\$ ?\( *%[6]s *\)') then %[4]s `+
		`else %[5]s end`, text, printedNumber, digits(""), digits("-"), otherwise, plainNumber)
}

// cappedAmount reads a capped amount such as 250,000,000+, a floor.
func cappedAmount(arguments []string, _ []*string) (string, error) {
	return printed("rtrim("+arguments[0]+", '+')", "1", arguments[0]), nil
}

// printedPercent reads 1.25 or (1.25) or 1.25% as the fraction 0.0125; parentheses
// mean a negative one only where they are closed.
func printedPercent(arguments []string, _ []*string) (string, error) {
	const number = `\d{1,5}(\.\d{1,6})?`
	return fmt.Sprintf(`case when regexp_full_match(trim(%[1]s), '-?%[2]s ?%%?|\( *%[2]s ?%%? *\) ?%%?') `+
		`then case when regexp_matches(%[1]s, '[-(]') then '-' else '' end || `+
		`cast(cast(cast(regexp_replace(%[1]s, '[^0-9.]', '', 'g') as decimal(18, 8)) * 0.01 as decimal(18, 8)) as varchar) else %[1]s end`,
		arguments[0], number), nil
}

// roundDouble rounds the shortest decimal number that means the same double.
// Below 10,000,000,000 it is taken with 28 decimals and else with 20, which are
// more than the shortest has where the eighth is rounded: it is rounded once.
func roundDouble(arguments []string, _ []*string) (string, error) {
	decimals := arguments[1]
	if len(decimals) != 1 || decimals < "0" || decimals > "8" {
		return "", errors.New("the second argument is how many decimals to round to, from 0 to 8")
	}
	number := fmt.Sprintf(`regexp_replace(%s, '%s$', '')`, arguments[0], regexp.QuoteMeta(floatingPoint))
	// The engine rounds a number of negative exponent on its way: it is written out.
	written := fmt.Sprintf(`case when regexp_full_match(%[1]s, '-?\d(\.\d+)?[eE]-0*[1-9]\d?') then case when left(%[1]s, 1) = '-' then '-' else '' end || '0.' || `+
		`repeat('0', cast(regexp_extract(%[1]s, '\d+$') as integer) - 1) || regexp_replace(regexp_replace(%[1]s, '[eE].*$', ''), '[^0-9]', '', 'g') else %[1]s end`, number)
	return fmt.Sprintf(`case when regexp_full_match(%[2]s, '-?\d+(\.\d+)?([eE][+-]?\d+)?') `+
		`then coalesce(cast(round(try_cast(%[4]s as decimal(38, 28)), %[3]s) as varchar), cast(round(try_cast(%[4]s as decimal(38, 20)), %[3]s) as varchar), %[1]s) else %[1]s end`,
		arguments[0], number, decimals, written), nil
}

// dateOf reads dates of three numbers in the given order of year, month, day.
// Two-digit years below 70 are of this century.
func dateOf(year, month, day int) func([]string, []*string) (string, error) {
	return func(arguments []string, _ []*string) (string, error) {
		const pattern = `(\d{1,4})[/.-](\d{1,2})[/.-](\d{4}|\d{2})`
		part := func(group int) string {
			return fmt.Sprintf(`regexp_extract(trim(%s), '%s', %d)`, arguments[0], pattern, group)
		}
		return fmt.Sprintf(`case when regexp_full_match(trim(%s), '\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})') then `+
			`case when length(%[2]s) = 4 then '' when %[2]s < '70' then '20' else '19' end || %[2]s || '-' || lpad(%[3]s, 2, '0') || '-' || lpad(%[4]s, 2, '0') else %[1]s end`,
			arguments[0], part(year), part(month), part(day)), nil
	}
}

// compactDate reads 20070930.
func compactDate(arguments []string, _ []*string) (string, error) {
	return fmt.Sprintf(`case when regexp_full_match(%[1]s, '\d{8}') then left(%[1]s, 4) || '-' || substr(%[1]s, 5, 2) || '-' || right(%[1]s, 2) else %[1]s end`,
		arguments[0]), nil
}

// flag reads the usual words for yes and no.
func flag(arguments []string, _ []*string) (string, error) {
	return fmt.Sprintf(`case when lower(%[1]s) in ('y', 'yes', 'true', 't', '1') then 'true' when lower(%[1]s) in ('n', 'no', 'false', 'f', '0') then 'false' else %[1]s end`,
		arguments[0]), nil
}

// lookupIn reads a word through a map; a word that the map does not know stays.
func lookupIn(vocabularies map[string]Map) func([]string, []*string) (string, error) {
	return func(arguments []string, constants []*string) (string, error) {
		if constants[0] == nil {
			return "", errors.New("the first argument is the name of a map, as a text in quotes")
		}
		words, ok := vocabularies[*constants[0]]
		if !ok {
			return "", fmt.Errorf("no map %q; the maps are %s", *constants[0], strings.Join(slices.Sorted(maps.Keys(vocabularies)), ", "))
		}
		var b strings.Builder
		b.WriteString("case " + arguments[1])
		for _, word := range slices.Sorted(maps.Keys(words)) {
			b.WriteString(" when " + store.Literal(word) + " then " + store.Literal(words[word]))
		}
		b.WriteString(" else " + arguments[1] + " end")
		return b.String(), nil
	}
}
