-- externalised: one row per external trade that lays off an internal hedge of the
-- first scope, with the detail of that hedge (DOMAIN: scope)
-- reads: evidence_positions
with internal_hedges as (
  select position_id, min(detail) as detail
  from evidence_positions
  where {{.DecidingScope}} = 'internal' and purpose = 'credit_portfolio_hedge'
  group by position_id
  having count(*) = 1
)
select e.source_system, e.position_id, h.detail
from evidence_positions as e
join internal_hedges as h on h.position_id = e.offsets_position_id
where e.{{.DecidingScope}} = 'external'
