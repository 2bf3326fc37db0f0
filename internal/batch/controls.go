package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
// records of each file, and per currency its notional and fair value, each in its
// own currency, before conversion and whatever became of the records. Where the data set is given,
// every file of positions needs its totals and all totals their file.
func controlTotals(ctx context.Context, db *store.DB, asOf time.Time, files []ingest.File) ([]position.Control, error) {
	given, err := store.Scalar[int64](ctx, db, "select count(*) from control_totals")
	if err != nil || given == 0 {
		return nil, err
	}
	records, amounts := "", ""
	var names []string // of the files that were read
	for _, f := range files {
		if f.DataSet == "positions" {
			names = append(names, f.Name)
			records += fmt.Sprintf(" union all select %s, %d", store.Literal(f.Name), f.Records)
			amounts = ` union all select source_file, 'notional', currency, notional from positions_records
  union all select source_file, 'fair value', coalesce(fair_value_currency, currency), fair_value from positions_records`
		}
	}
	table, err := store.Query(ctx, db, fmt.Sprintf(`
with given as (select file, currency, records, notional, fair_value from control_totals where as_of = date '%[1]s'),
counted as (select '' as file, 0 as records where false %[2]s),
stated as (
  select file, 'notional' as what, currency, notional as amount from given where currency is not null and notional is not null
  union all
  select file, 'fair value', currency, fair_value from given where currency is not null and fair_value is not null),
amounts as (select '' as file, '' as what, '' as currency, cast(null as decimal(18, 2)) as amount where false %[3]s),
read as (select file, what, currency, sum(amount) as amount from amounts where amount is not null and currency is not null group by file, what, currency),
sides as (
  select coalesce(g.file, c.file) as file, '' as currency, 'records' as what, cast(max(g.records) as decimal(38, 2)) as given, cast(max(c.records) as decimal(38, 2)) as read
  from given as g full join counted as c on c.file = g.file group by 1
  union all
  select coalesce(s.file, r.file), ' ' || coalesce(s.currency, r.currency, 'no currency'), coalesce(s.what, r.what),
    cast(s.amount as decimal(38, 2)), cast(r.amount as decimal(38, 2))
  from stated as s full join read as r on r.file = s.file and r.what = s.what and r.currency = s.currency)
select file || currency, what, given, read, file from sides order by 1, 2`, asOf.Format(time.DateOnly), records, amounts))
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
		switch {
		case found:
		case !slices.Contains(names, row[4].(string)):
			c.RightMeaning = "no file of this name read, but " + strings.Join(names, ", ")
		default:
			c.RightMeaning = "no " + what + " read"
		}
		if stated == found || !c.Left.Equal(c.Right) {
			controls = append(controls, c)
		}
	}
	return controls, nil
}
