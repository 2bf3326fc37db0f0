-- findings: one row per code and subject, with the positions it is about and
-- their money in the reporting currency
-- reads: positions, facts, realized_facts, internal_pairs, adjustments, unreadable_values, conversions, maps, *_as_of
with unknown_words as (
  select 'unknown_product' as code, p.product as subject, p.position_id, p.notional, p.currency
  from positions as p
  where p.product is not null and not exists (select 1 from map_products as m where m.word = p.product)
  union all
  select 'unknown_counterparty', p.counterparty_id, p.position_id, p.notional, p.currency
  from positions as p
  where p.counterparty_id is not null
    and exists (select 1 from counterparties)
    and not exists (select 1 from counterparties_as_of as c where c.counterparty_id = p.counterparty_id)
  union all
  select 'unknown_reference_entity', p.reference_entity_id, p.position_id, p.notional, p.currency
  from positions as p
  where p.reference_entity_id is not null
    and exists (select 1 from reference_entities)
    and not exists (select 1 from reference_grades as r where r.reference_entity_id = p.reference_entity_id)
  union all
  select 'unknown_book', p.book, p.position_id, p.notional, p.currency
  from positions as p
  where p.book is not null
    and exists (select 1 from books)
    and not exists (select 1 from books_as_of as b where b.book = p.book)
  union all
  select 'unknown_purpose', p.purpose_code, p.position_id, p.notional, p.currency
  from positions as p
  where p.purpose_code is not null and not exists (select 1 from map_purposes as m where m.word = p.purpose_code)
  union all
  select 'unknown_rating', p.reference_rating, p.position_id, p.notional, p.currency
  from positions as p
  where p.reference_rating is not null and not exists (select 1 from map_ratings as m where m.word = p.reference_rating)
  union all
  select 'stale_valuation', cast(p.valuation_date as varchar), p.position_id, p.notional, p.currency
  from positions as p
  where p.valuation_date < {{.BusinessDay}}
  union all
  select 'losses_missing', 'losses_to_date', p.position_id, p.notional, p.currency
  from positions as p
  where p.notional_basis = 'original' and p.attachment_point is not null and p.losses_to_date is null
),
unknown_in_money as (
  select u.code, u.subject, count(*) as positions, sum(convert_amount(u.notional, n.numerator, n.denominator)) as notional,
    min(u.position_id) as example
  from unknown_words as u
  left join conversions as n on n.currency = u.currency
  group by u.code, u.subject
),
attributes as (
  select 'unclassified_instrument' as code, 'instrument' as subject, position_id, notional from facts where instrument = 'unclassified'
  union all
  select 'unclassified_direction', instrument, position_id, notional from facts where direction = 'unclassified'
  union all
  select 'unclassified_direction_economic', instrument, position_id, notional from facts where direction_economic = 'unclassified' and direction <> 'unclassified'
  union all
  select 'unclassified_obligation', instrument, position_id, notional from facts where obligation = 'unclassified' and direction <> 'unclassified'
  union all
  select 'unclassified_purpose', 'purpose', position_id, notional from facts where purpose = 'unclassified'
  union all
  select 'unclassified_counterparty_type', 'counterparty_type', position_id, notional from facts where counterparty_type = 'unclassified'
  union all
  select 'product_disagrees', instrument, position_id, notional from facts where product_disagrees
  union all
  select 'no_value', 'fair_value', position_id, notional from facts where fair_value is null
  union all
  select 'notional_floor', 'notional', position_id, notional from facts where notional_is_floor
  union all
  select 'index_factor_missing', 'index_factor', position_id, notional from facts where notional_factor is null and instrument = 'cds_index'
  union all
  select 'no_fixed_maximum', instrument, position_id, notional from facts where obligation = 'no_fixed_maximum'
),
attributes_in_money as (
  select code, subject, count(*) as positions, sum(notional) as notional, min(position_id) as example
  from attributes
  group by code, subject
),
unpaired as (
  select 'internal_break' as code, scope as subject, sum(positions) as positions, sum(abs(notional)) as notional, min(mirror_id) as example
  from internal_pairs
  where notional <> 0 or fair_value <> 0
  group by scope
),
realized_in_money as (
  select 'unclassified_realized' as code, kind as subject, count(*) as positions, sum(abs(realized_gain_loss)) as notional, min(event_id) as example
  from realized_facts
  where classification = 'none'
  group by kind
  union all
  select 'realized_no_value', kind, count(*), cast(null as decimal(38, 2)), min(event_id)
  from realized_facts
  where result = 'no_value'
  group by kind
),
unreadable as (
  select 'unreadable_value' as code, data_set || '.' || column_name as subject, count(*) as positions,
    cast(null as decimal(38, 2)) as notional, min(file || ':' || record || ': ' || column_name || ': ' || value) as example
  from unreadable_values
  group by data_set, column_name
),
adjustments_left_out as (
  select 'adjustment_not_applied' as code, a.adjustment_id as subject, 1 as positions,
    convert_amount(a.notional, n.numerator, n.denominator) as notional,
    case
      when a.approver is null or a.approved_at is null then 'not approved'
      when a.approver = a.preparer then 'approved by its preparer, ' || a.preparer
      else 'approver ' || a.approver || ' is not among the approvers of the config'
    end as example
  from adjustments as a
  left join conversions as n on n.currency = a.currency
  where a.as_of <= {{.AsOf}} and coalesce(a.until, a.as_of) >= {{.AsOf}}
    and not exists (select 1 from applied_adjustments as d where d.adjustment_id = a.adjustment_id)
  union all
  select 'adjustment_without_position', a.adjustment_id, 1, convert_amount(a.notional, n.numerator, n.denominator), a.position_id
  from applied_adjustments as a
  left join conversions as n on n.currency = a.currency
  where a.position_id is not null and a.instrument is null
    and not exists (select 1 from position_facts_written as p where p.position_id = a.position_id)
)
select code, subject, positions, cast(notional as decimal(38, 2)) as notional, example from unknown_in_money
union all
select code, subject, positions, cast(notional as decimal(38, 2)), example from attributes_in_money
union all
select code, subject, cast(positions as bigint), cast(notional as decimal(38, 2)), example from unpaired
union all
select code, subject, positions, cast(notional as decimal(38, 2)), example from realized_in_money
union all
select code, subject, positions, cast(notional as decimal(38, 2)), example from unreadable
union all
select code, subject, positions, cast(notional as decimal(38, 2)), example from adjustments_left_out
order by code, subject
