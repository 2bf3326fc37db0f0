package position

import "github.com/shopspring/decimal"

// Control is an identity that was held against the data, with its two sides.
type Control struct {
	ID           string          `json:"id"`
	Subject      string          `json:"subject,omitempty"` // file, currency, scope or table it was held against
	Class        string          `json:"class"`             // integrity, completeness or reconciliation
	Severity     string          `json:"severity"`          // hold, warn or info
	LeftMeaning  string          `json:"left_meaning"`
	Left         decimal.Decimal `json:"left"`
	RightMeaning string          `json:"right_meaning"`
	Right        decimal.Decimal `json:"right"`
	Tolerance    decimal.Decimal `json:"tolerance"`
}

// Difference is the left side less the right one.
func (c Control) Difference() decimal.Decimal { return c.Left.Sub(c.Right) }

// Holds tells whether the sides differ by no more than the tolerance.
func (c Control) Holds() bool { return c.Difference().Abs().LessThanOrEqual(c.Tolerance) }

// Integrity is a control that can never be accepted when it breaks.
func Integrity(id, subject, leftMeaning string, left decimal.Decimal, rightMeaning string, right decimal.Decimal) Control {
	return Control{ID: id, Subject: subject, Class: "integrity", Severity: "hold",
		LeftMeaning: leftMeaning, Left: left, RightMeaning: rightMeaning, Right: right}
}
