package batch

import (
	"github.com/shopspring/decimal"

	"comment11/transform"
)

// Coverage is how much of the positions the rules of an attribute decided.
type Coverage struct {
	Attribute  string          `json:"attribute"`
	Positions  int64           `json:"positions"`
	Gaps       int64           `json:"gaps"` // positions that no rule decided
	GapMoney   decimal.Decimal `json:"gap_money"`
	Rules      int             `json:"rules"` // in force
	NeverFired []string        `json:"never_fired,omitempty"`
	Disagree   int64           `json:"disagree"` // positions on which a further rule would have decided otherwise, by pair of rules
}

// Coverage adds up what the rules decided, by attribute.
func (o Outcome) Coverage() []Coverage {
	list := []Coverage{}
	for _, attribute := range transform.Attributes {
		c := Coverage{Attribute: attribute}
		for _, r := range o.Rules {
			switch {
			case r.Attribute != attribute || !r.InForce:
				continue
			case r.IsGap():
				c.Gaps, c.GapMoney = r.Positions, r.Money
			default:
				c.Rules++
				if r.Positions == 0 {
					c.NeverFired = append(c.NeverFired, r.Rule)
				}
			}
			c.Positions += r.Positions
		}
		for _, conflict := range o.Conflicts {
			if conflict.Attribute == attribute {
				c.Disagree += conflict.Positions
			}
		}
		if c.Rules > 0 || c.Positions > 0 {
			list = append(list, c)
		}
	}
	return list
}
