package ingest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"comment11/ingest/fpml"
	"comment11/internal/document"
	"comment11/internal/store"
)

// fpmlFormat reads FpML: several messages may speak of one trade, which is settled
// over all files of the source.
var fpmlFormat = documents("fpml", func(in Input, s Source) document.Format {
	return fpml.New(fpml.Options{Parties: s.Parties, AsOf: in.AsOf.Format(time.DateOnly)})
}, settleMessages)

// settleMessages says what several messages about one trade come to, as one row
// for each record that is not what its own message makes of it:
//
//   - of a conversation (correlationId) the last message of each kind counts, and a
//     cancellation takes back all before it;
//   - of what is left, the message with the highest version of the trade counts,
//     then the latest, then that with the highest sequence number; two that are
//     equal in this and say the same are one, and two that say different things are
//     rejected both, so that their order cannot matter;
//   - later messages without terms change its notional or value, or end it, each once
//     however often it is delivered.
//
// A message that we cannot place by our own identifier of the trade is placed by
// any other identifier that some message has beside ours.
func settleMessages(ctx context.Context, db *store.DB, source Source, files []*File) error {
	paths := make([]string, len(files))
	var names strings.Builder
	for i, file := range files {
		paths[i] = file.decoded
		fmt.Fprintf(&names, " when filename = %s then %s", store.Literal(file.decoded), store.Literal(file.Name))
	}
	content := strings.Join([]string{"role", "option_type", "product", "underlying_kind", "reference_entity_id", "reference_entity_name", "index_name", "index_series",
		"index_version", "index_factor", "basket_id", "attachment_point", "detachment_point", "nth_to_default", "recovery_fixed", "currency", "notional", "notional_basis",
		"effective_date", "maturity_date", "option_expiry_date", "counterparty_id", "fair_value", "fair_value_currency", "record_outcome"}, ", ")
	return db.CreateTable(ctx, settledTable(source), fmt.Sprintf(settleQuery, names.String(), store.Files(paths...), content))
}

func settledTable(source Source) string { return "settled_" + source.Name }

// settledRecords is the FROM item for a file's records as they are after all
// messages were settled.
func settledRecords(source Source, file File) string {
	return fmt.Sprintf(`(
select d.* exclude (file_row_number) replace (
  coalesce(s.outcome, d.record_outcome) as record_outcome,
  case when s.outcome is null then d.record_reason else s.reason end as record_reason,
  case when s.outcome is null then d.record_faults else s.faults end as record_faults,
  coalesce(s.position_id, d.position_id) as position_id,
  coalesce(cast(s.notional as varchar), d.notional) as notional,
  coalesce(s.fair_value, d.fair_value) as fair_value,
  case when s.fair_value is null then d.fair_value_currency else s.fair_value_currency end as fair_value_currency,
  case when s.fair_value is null then d.valuation_date else s.valuation_date end as valuation_date)
from %s as d left join %s as s on s.source_file = %s and s.file_row = d.file_row_number
order by d.file_row_number)`, store.ReadParquet([]string{file.decoded}), store.Identifier(settledTable(source)), store.Literal(file.Name))
}

// settleQuery: one row per record that another message bears on.
// A record's place among those of its trade is (version, time, sequence); rank
// gives equal ones the same number, ordinal tells even those apart.
const settleQuery = `
with told as (
  select case %[1]s end as source_file, file_row_number as file_row, split_part(source_path, ':', 1) as document, trade_key, position_id, own_identifier, other_keys,
    event, try_cast(event_amount as decimal(18, 2)) as amount, record_outcome, record_reason, record_faults, correlation_id as conversation, message_id, mirror_id, contains(source_path, '/novation[') as of_novation,
    try_cast(trade_version as integer) as version, coalesce(sent_at, '') as sent_at, coalesce(try_cast(sequence_number as bigint), 0) as sequence,
    try_cast(notional as decimal(18, 2)) as notional, fair_value, fair_value_currency, valuation_date, hash(%[3]s) as content
  from read_parquet(%[2]s, file_row_number = true, filename = true, hive_partitioning = false)
  where (trade_key is not null or (event in ('end', 'withdraw') and correlation_id is not null)) and coalesce(record_reason, '') not in ('not_credit', 'no_trade')
),
aliases as (
  select alias, min(trade_key) as trade_key, min(position_id) as position_id
  from (select unnest(string_split(other_keys, chr(31))) as alias, trade_key, position_id from told where own_identifier = 'true' and other_keys is not null)
  group by alias
  having count(distinct trade_key) = 1
),
legs as ( -- of trades between parties of ours, whose keys end in the role
  select distinct trade_key as leg, regexp_replace(trade_key, '/[a-z_]+$', '') as whole from told where event = 'terms' and mirror_id is not null
),
keyed as ( -- an event that names such a trade is of both legs
  select t.* replace (coalesce(l.leg, a.trade_key, t.trade_key) as trade_key, coalesce(a.position_id, t.position_id) as position_id)
  from told as t left join aliases as a on a.alias = t.trade_key and t.own_identifier is null
  left join legs as l on l.whole = t.trade_key and t.event in ('increase', 'decrease', 'notional', 'end', 'withdraw')
),
versioned as (
  select * replace (coalesce(version, max(version) over (partition by trade_key order by sent_at, sequence), 0) as version)
  from keyed
),
withdrawals as (
  select conversation, trade_key, max(sent_at) as sent_at, max(sequence) as sequence
  from versioned
  where event in ('end', 'withdraw') and record_reason = 'cancelled' and conversation is not null
  group by conversation, trade_key
),
conversed as (
  select v.*,
    not (v.event in ('end', 'withdraw') and coalesce(v.record_reason, '') = 'cancelled') and exists (
      select 1 from withdrawals as w
      where w.conversation = v.conversation and (w.trade_key = v.trade_key or w.trade_key is null)
        and (w.sent_at > v.sent_at or w.sent_at = v.sent_at and w.sequence >= v.sequence)) as withdrawn,
    v.conversation is not null and (v.version, v.sent_at, v.sequence) <
      max(row(v.version, v.sent_at, v.sequence)) over (partition by v.trade_key, v.conversation, v.event) as corrected,
    v.event in ('increase', 'decrease') and v.message_id is not null and row(v.source_file, v.document) >
      min(row(v.source_file, v.document)) over (partition by v.trade_key, v.event, v.amount, v.message_id, v.conversation, v.version, v.sent_at, v.sequence) as repeated
  from versioned as v
),
spent as ( -- cancellations that took messages back: they do not also end the trade
  select distinct conversation, trade_key from conversed where withdrawn
),
alive as (
  select c.*, rank() over (partition by c.trade_key order by version, sent_at, sequence) as place,
    row_number() over (partition by c.trade_key order by version, sent_at, sequence, source_file, file_row) as ordinal
  from conversed as c
  left join spent as s on s.conversation = c.conversation and s.trade_key = c.trade_key
  where not withdrawn and not corrected and not repeated and c.trade_key is not null and not (event = 'end' and record_reason = 'cancelled' and s.trade_key is not null)
),
last_terms as (
  select trade_key, place, max(ordinal) as ordinal, count(*) as messages, count(distinct content) as contents, count(distinct source_file || '/' || document) as documents
  from (select *, max(place) over (partition by trade_key) as last_place from alive where event = 'terms')
  where place = last_place
  group by trade_key, place
),
winners as (
  select a.*, t.messages, t.contents > 1 and t.documents > 1 as disputed
  from last_terms as t join alive as a on a.trade_key = t.trade_key and a.ordinal = t.ordinal
),
later as ( -- what happened to the trade after the terms that count
  select a.*
  from alive as a join winners as w on w.trade_key = a.trade_key
  where a.event <> 'terms' and (a.place > w.place or a.place = w.place and
    (a.ordinal > w.ordinal or a.source_file <> w.source_file or a.document <> w.document))
),
restated as (
  select trade_key, arg_max(amount, ordinal) as amount, max(ordinal) as ordinal from later where event = 'notional' and amount is not null group by trade_key
),
changes as (
  select l.trade_key, sum(case when l.event = 'increase' then l.amount else -l.amount end) as amount, arg_max(l.of_novation, l.ordinal) as of_novation
  from later as l left join restated as r on r.trade_key = l.trade_key
  where l.event in ('increase', 'decrease') and l.ordinal > coalesce(r.ordinal, 0)
  group by l.trade_key
),
ends as (
  select trade_key, arg_max(record_reason, ordinal) as reason from later where event = 'end' group by trade_key
),
valued as (
  select a.trade_key, arg_max(a.fair_value, a.ordinal) as fair_value, arg_max(a.fair_value_currency, a.ordinal) as fair_value_currency,
    arg_max(a.valuation_date, a.ordinal) as valuation_date, max(a.place) as place
  from alive as a where a.event = 'value' and a.fair_value is not null group by a.trade_key
),
settled as (
  select w.source_file, w.file_row, w.record_outcome, w.record_faults, w.disputed, e.reason as ended, c.of_novation, w.trade_key, w.position_id,
    case when r.trade_key is not null or c.trade_key is not null then coalesce(r.amount, w.notional) + coalesce(c.amount, 0) end as notional,
    case when w.fair_value is null or v.place >= w.place then v.fair_value end as fair_value, v.fair_value_currency, v.valuation_date
  from winners as w
  left join ends as e on e.trade_key = w.trade_key
  left join restated as r on r.trade_key = w.trade_key
  left join changes as c on c.trade_key = w.trade_key
  left join valued as v on v.trade_key = w.trade_key
)
select distinct on (source_file, file_row) * from (
select source_file, file_row,
  case when disputed then 'rejected' when ended is not null or notional = 0 then 'excluded' else record_outcome end as outcome,
  case when disputed then null when ended is not null then ended when notional = 0 and of_novation then 'novated' when notional = 0 then 'terminated' end as reason,
  case when disputed then concat_ws(chr(30), record_faults, concat_ws(chr(31), 'disputed_trade', 'position_id', replace(trade_key, chr(31), ' '), 'reject'))
    when ended is null and (notional is null or notional <> 0) then record_faults end as faults,
  position_id, nullif(notional, 0) as notional, fair_value, fair_value_currency, valuation_date
from settled
union all
select a.source_file, a.file_row,
  case when w.disputed and a.place = w.place then 'rejected' else 'excluded' end,
  case when w.disputed and a.place = w.place then null when a.place = w.place then 'repeated' else 'superseded' end,
  case when w.disputed and a.place = w.place then concat_ws(chr(30), a.record_faults, concat_ws(chr(31), 'disputed_trade', 'position_id', replace(a.trade_key, chr(31), ' '), 'reject')) end,
  null, null, null, null, null
from alive as a join winners as w on w.trade_key = a.trade_key
where a.event = 'terms' and a.ordinal <> w.ordinal
union all
select source_file, file_row, 'excluded', case when withdrawn then 'cancelled' when corrected then 'superseded' else 'repeated' end, null, null, null, null, null, null
from conversed
where withdrawn or corrected or repeated
union all
select a.source_file, a.file_row, 'rejected', null,
  concat_ws(chr(30), a.record_faults, concat_ws(chr(31), 'event_without_trade', 'trade_key', replace(a.trade_key, chr(31), ' '), 'reject')), null, null, null, null, null
from alive as a left join winners as w on w.trade_key = a.trade_key
where a.event in ('increase', 'decrease', 'notional', 'value') and w.trade_key is null and a.record_outcome = 'excluded'
union all
select source_file, file_row, 'rejected', null,
  concat_ws(chr(30), record_faults, concat_ws(chr(31), 'event_without_trade', 'correlation_id', replace(conversation, chr(31), ' '), 'reject')), null, null, null, null, null
from conversed
where (event = 'withdraw' or (event = 'end' and trade_key is null)) and record_outcome = 'excluded' and not corrected
  and conversation not in (select conversation from conversed where withdrawn))
order by all`
