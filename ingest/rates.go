package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
)

// referenceRates is the format of the European Central Bank's history of rates.
const referenceRates = "ecb_reference_rates"

// readRates reads the history of reference rates of the European Central Bank
// as it is published: a day per record, a currency per column, N/A for no rate,
// and a delimiter at the end of each line. Each rate of the period kept becomes
// a record of fx_rates; N/A and days outside of the period are counted as
// excluded. Their numbers are of no line, so that a reject names day and currency.
func readRates(ctx context.Context, db *store.DB, in Input, file *File, from, output string) error {
	var currencies []string
	header := file.header
	for _, name := range header {
		switch {
		case strings.HasPrefix(name, "empty column "):
		case slices.Contains(position.Currencies, name):
			currencies = append(currencies, name)
		case name != "Date":
			return &FileError{File: file.Name, Reason: "unknown_column", Message: fmt.Sprintf(
				"column %q is neither Date nor a currency of ISO 4217; expected the header of the ECB's history of reference rates", name)}
		}
	}
	if len(header) == 0 || header[0] != "Date" || len(currencies) == 0 {
		return &FileError{File: file.Name, Reason: "missing_column", Message: "expected the header of the ECB's history of reference rates: Date,USD,JPY,..."}
	}
	unpivoted := fmt.Sprintf(`
select "Date" as day, unnest(%s) as currency, unnest([%s]) as rate_text from %s`,
		store.List(currencies), strings.Join(identifiers(currencies), ", "), from)
	kept := fmt.Sprintf(`coalesce(rate_text, 'N/A') <> 'N/A' and (not regexp_full_match(day, '\d{4}-\d{2}-\d{2}') or day between '%s' and '%s')`,
		in.RatesFrom.Format(time.DateOnly), in.AsOf.Format(time.DateOnly))
	if err := db.WriteParquet(ctx, fmt.Sprintf(`
with typed as (
  select case when regexp_full_match(day, '%[1]s') then try_cast(day as date) end as rate_date, currency,
    case when regexp_full_match(rate_text, '%[2]s') then try_cast(rate_text as decimal(18, 8)) end as rate, day, rate_text
  from (%[3]s) where %[4]s)
select rate_date, 'EUR' as base_currency, currency, rate,
  case when rate_date is null or rate is null or rate <= 0 then 'rejected' else 'taken' end as record_status,
  cast(null as varchar) as exclusion,
  case when rate_date is null then concat_ws(chr(31), 'not_a_date', 'rate_date', day, 'reject')
       when rate is null or rate <= 0 then concat_ws(chr(31), 'not_a_rate', 'rate', concat_ws(' ', day, currency, rate_text), 'reject') end as faults,
  case when rate_date is null or rate is null or rate <= 0 then cast(to_json([day, currency, rate_text]) as varchar) end as raw,
  %[5]s
from typed`, position.Date.Spelling(), position.Rate.Spelling(), unpivoted, kept, keyColumns(in, *file, 0)), output, nil); err != nil {
		return fmt.Errorf("%s: reading the rates: %w", file.Name, err)
	}
	written, err := store.Scalar[int64](ctx, db, "select count(*) from "+store.ReadParquet([]string{output}))
	if err != nil {
		return err
	}
	file.Records = (file.Records-int64(len(file.structural)))*int64(len(currencies)) + int64(len(file.structural))
	file.filtered = file.Records - int64(len(file.structural)) - written
	return nil
}

func identifiers(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = store.Identifier(name)
	}
	return list
}
