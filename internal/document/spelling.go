package document

import (
	"strings"
	"time"
)

// Amount spells an amount of XML as the contract does: two decimals at most where
// the others are noughts, no plus sign, no leading noughts. What is no decimal
// number, or has more decimals, stays as it is and is judged by the contract.
func Amount(text string) string { return decimal(text, 2) }

// Rate does for a rate what Amount does for an amount, with eight decimals.
func Rate(text string) string { return decimal(text, 8) }

// Percent spells a percentage as a fraction: 1.25 is 0.0125.
func Percent(text string) string {
	sign, whole, fraction, ok := parts(text)
	if !ok {
		return text
	}
	whole = "00" + whole
	return decimal(sign+whole[:len(whole)-2]+"."+whole[len(whole)-2:]+fraction, 8)
}

func decimal(text string, decimals int) string {
	sign, whole, fraction, ok := parts(text)
	if !ok {
		return text
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if strings.Trim(whole+fraction, "0") == "" {
		sign = ""
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction
}

// parts takes a decimal number of XML Schema apart.
func parts(text string) (sign, whole, fraction string, ok bool) {
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	whole, fraction, _ = strings.Cut(text, ".")
	digits := whole + fraction
	return sign, whole, fraction, digits != "" && strings.Trim(digits, "0123456789") == ""
}

// Negated is the amount with its sign turned; what is no number stays as it is.
func Negated(text string) string {
	if _, _, _, ok := parts(text); !ok {
		return text
	}
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		return rest
	}
	return decimal("-"+strings.TrimPrefix(text, "+"), 2)
}

// Date is a day without its time zone: a zone beside a day says where it was
// written, not that it is another day.
func Date(text string) string {
	const length = len("2007-09-30")
	if len(text) <= length {
		return text
	}
	zone := text[length:]
	if zone == "Z" || len(zone) == len("+05:00") && strings.Trim(zone[:1], "+-") == "" && zone[3] == ':' &&
		strings.Trim(zone[1:3]+zone[4:], "0123456789") == "" {
		return text[:length]
	}
	return text
}

// Instant spells a time so that instants compare as texts do. One without a zone
// is taken as UTC; what is no time is "".
func Instant(text string) string {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format("2006-01-02T15:04:05.000000000Z")
		}
	}
	return ""
}
