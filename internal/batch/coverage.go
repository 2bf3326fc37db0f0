package batch

import (
	"comment11/internal/store"
	"comment11/transform"
)

// Coverage adds up what the rules decided, by attribute.
func (o Outcome) Coverage() []store.RuleCoverage {
	list := []store.RuleCoverage{}
	for _, attribute := range transform.Attributes {
		c := store.RuleCoverage{Attribute: attribute}
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
