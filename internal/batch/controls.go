package batch

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
)

// recordControls holds, for every file, that each record that the scanner
// counted is exactly one of taken, excluded and rejected.
func recordControls(files []ingest.File) []position.Control {
	var controls []position.Control
	for _, f := range files {
		controls = append(controls, position.Integrity("records_accounted", f.DataSet+"/"+f.Name,
			"records counted in the file", decimal.NewFromInt(f.Records),
			fmt.Sprintf("%d taken, %d excluded, %d rejected", f.Taken, f.Excluded, f.Rejected),
			decimal.NewFromInt(f.Taken+f.Excluded+f.Rejected)))
	}
	return controls
}

// controlTotals compares what the sender says it sent with what was read: the
// records of each file, and per currency its notional and fair value, before
// conversion and whatever became of the records. Where the data set is given,
// every file of positions needs its totals and all totals their file.
func controlTotals(ctx context.Context, db *store.DB, asOf time.Time, files []ingest.File) ([]position.Control, error) {
	given, err := store.Scalar[int64](ctx, db, "select count(*) from control_totals")
	if err != nil || given == 0 {
		return nil, err
	}
	read := ""
	records := ""
	for _, f := range files {
		if f.DataSet == "positions" {
			records += fmt.Sprintf(" union all select %s, %d", store.Literal(f.Name), f.Records)
			read = " union all select source_file, currency, notional, fair_value from positions_records"
		}
	}
	table, err := store.Query(ctx, db, fmt.Sprintf(`
with given as (select file, currency, records, notional, fair_value from control_totals where as_of = date '%[1]s'),
counted as (select '' as file, 0 as records where false %[2]s),
amounts as (select cast(null as varchar) as file, cast(null as varchar) as currency, cast(null as decimal(18, 2)) as notional, cast(null as decimal(18, 2)) as fair_value where false %[3]s),
read as (select file, currency, coalesce(sum(notional), 0) as notional, coalesce(sum(fair_value), 0) as fair_value from amounts group by file, currency),
sides as (
  select coalesce(g.file, c.file) as subject, 'records' as what, cast(max(g.records) as decimal(38, 2)) as given, cast(max(c.records) as decimal(38, 2)) as read
  from given as g full join counted as c on c.file = g.file group by 1
  union all
  select coalesce(g.file, r.file) || ' ' || coalesce(g.currency, r.currency, 'no currency'), 'notional', cast(g.notional as decimal(38, 2)), cast(r.notional as decimal(38, 2))
  from (select * from given where currency is not null and notional is not null) as g full join read as r on r.file = g.file and r.currency = g.currency
  union all
  select coalesce(g.file, r.file) || ' ' || coalesce(g.currency, r.currency, 'no currency'), 'fair value', cast(g.fair_value as decimal(38, 2)), cast(r.fair_value as decimal(38, 2))
  from (select * from given where currency is not null and fair_value is not null) as g full join read as r on r.file = g.file and r.currency = g.currency)
select subject, what, given, read from sides order by subject, what`, asOf.Format(time.DateOnly), records, read))
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range table.Rows {
		what := row[1].(string)
		c := position.Control{ID: "control_totals", Subject: row[0].(string) + " " + what, Class: "completeness", Severity: "hold",
			LeftMeaning: what + " as the sender states", RightMeaning: what + " as read"}
		var stated, found bool
		c.Left, stated = row[2].(decimal.Decimal)
		c.Right, found = row[3].(decimal.Decimal)
		if !stated {
			c.LeftMeaning = "no " + what + " stated by the sender"
		}
		if !found {
			c.RightMeaning = "no " + what + " read"
		}
		if stated == found || !c.Left.Equal(c.Right) {
			controls = append(controls, c)
		}
	}
	return controls, nil
}
