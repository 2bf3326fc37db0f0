package render

import "strings"

// Appendix is what a reviewer reads beside the tables; nobody files it.
type Appendix struct {
	Controls    []Control    `json:"controls"`
	Findings    []Finding    `json:"findings"`
	Adjustments []Adjustment `json:"adjustments"`
}

// Control is an identity that was held, with both sides. Amounts are texts, because
// they are exact.
type Control struct {
	AsOf         string `json:"as_of_date"`
	ID           string `json:"control"`
	Subject      string `json:"subject"`
	Class        string `json:"class"`
	Severity     string `json:"severity"`
	LeftMeaning  string `json:"left_meaning"`
	Left         string `json:"left"`
	RightMeaning string `json:"right_meaning"`
	Right        string `json:"right"`
	Difference   string `json:"difference"`
	Tolerance    string `json:"tolerance"`
	Holds        bool   `json:"holds"`
}

// Finding is what a person should look at.
type Finding struct {
	AsOf      string `json:"as_of_date"`
	Code      string `json:"code"`
	Subject   string `json:"subject"`
	Severity  string `json:"severity"`
	Positions int64  `json:"positions"`
	Notional  string `json:"notional"` // "" where none could be read
	Example   string `json:"example"`
	Message   string `json:"message"`
}

// Adjustment is one that was applied, with what it adds in the reporting currency.
type Adjustment struct {
	AsOf       string `json:"as_of_date"`
	ID         string `json:"adjustment"`
	Position   string `json:"position"` // "" where it adjusts none
	Direction  string `json:"direction"`
	Instrument string `json:"instrument"`
	Purpose    string `json:"purpose"`
	Notional   string `json:"notional"`
	FairValue  string `json:"fair_value"`
	Reason     string `json:"reason"`
	Text       string `json:"text"`
	Preparer   string `json:"preparer"`
	Approver   string `json:"approver"`
}

// Harmless is a text that no spreadsheet takes for a formula: one that begins like a
// formula gets an apostrophe before it. Numbers do not come through here.
func Harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
