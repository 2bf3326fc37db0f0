package batch

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// Total is what all facts of a direction come to, of whatever scope, in the
// reporting currency.
type Total struct {
	Direction                     string
	Facts                         int64
	Notional, Receivable, Payable decimal.Decimal
}

// totals adds up the facts for those who look at the end of a run.
func totals(ctx context.Context, db *store.DB) ([]Total, error) {
	table, err := store.Query(ctx, db, `
select direction, count(*), coalesce(sum(notional), 0), coalesce(sum(fair_value_receivable), 0), coalesce(sum(fair_value_payable), 0)
from facts group by direction order by direction`)
	if err != nil {
		return nil, err
	}
	var list []Total
	for _, row := range table.Rows {
		t := Total{Direction: fmt.Sprint(row[0]), Facts: row[1].(int64)}
		for i, sum := range []*decimal.Decimal{&t.Notional, &t.Receivable, &t.Payable} {
			var ok bool
			if *sum, ok = row[i+2].(decimal.Decimal); !ok {
				return nil, fmt.Errorf("a sum of the facts is a %T", row[i+2])
			}
		}
		list = append(list, t)
	}
	return list, nil
}
