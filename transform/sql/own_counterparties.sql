-- own_counterparties: one row per counterparty and period in which it is an entity of
-- ours; of records that are valid at once the later one counts while it is valid
-- reads: counterparties
with valid as (
  select counterparty_id, entity, coalesce(valid_from, date '0001-01-01') as first_day, coalesce(valid_until, date '9999-12-31') as last_day
  from counterparties
  where counterparty_id in (select counterparty_id from counterparties where entity is not null)
),
starts as ( -- the days on which another record may begin to count
  select counterparty_id, first_day from valid
  union
  select counterparty_id, cast(last_day + interval '1' day as date) from valid where last_day < date '9999-12-31'
),
periods as (
  select counterparty_id, first_day,
    coalesce(cast(lead(first_day) over (partition by counterparty_id order by first_day) - interval '1' day as date), date '9999-12-31') as last_day
  from starts
),
counting as (
  select p.counterparty_id, p.first_day, p.last_day, v.entity,
    row_number() over (partition by p.counterparty_id, p.first_day order by v.first_day desc, v.entity desc nulls last) as place
  from periods as p
  join valid as v on v.counterparty_id = p.counterparty_id and v.first_day <= p.first_day and v.last_day >= p.last_day
)
select counterparty_id, entity, first_day, last_day
from counting
where place = 1 and entity is not null
