-- own_counterparties: one row per counterparty and period in which it is an entity of
-- ours; of records that are valid at once the later one counts, from its first day on
-- reads: counterparties
select counterparty_id, entity, coalesce(valid_from, date '0001-01-01') as first_day,
  least(coalesce(valid_until, date '9999-12-31'), coalesce(cast(next_from - interval '1' day as date), date '9999-12-31')) as last_day
from (
  select counterparty_id, entity, valid_from, valid_until,
    lead(valid_from) over (partition by counterparty_id order by valid_from nulls first, entity) as next_from
  from counterparties
) as records
where entity is not null
