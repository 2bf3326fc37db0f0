-- reference_grades: one row per reference entity valid at the as-of date, with its
-- grade by the agencies: middle of three, lower of two, one; investment from
-- BBB- / Baa3, the tenth notch (DOMAIN: measures)
-- reads: reference_entities
with notches as (
  select
    r.reference_entity_id, r.hedge_group, r.kind, r.internal_grade,
    {{.Notch "r.rating_sp"}} as sp, {{.Notch "r.rating_moodys"}} as moodys, {{.Notch "r.rating_fitch"}} as fitch
  from reference_entities as r
  where (r.valid_from is null or r.valid_from <= {{.AsOf}}) and (r.valid_until is null or r.valid_until >= {{.AsOf}})
),
decided as (
  select
    reference_entity_id, hedge_group, kind, internal_grade,
    case
      when sp is not null and moodys is not null and fitch is not null
        then greatest(least(sp, moodys), least(greatest(sp, moodys), fitch))
      when sp is not null and moodys is not null then greatest(sp, moodys)
      when sp is not null and fitch is not null then greatest(sp, fitch)
      when moodys is not null and fitch is not null then greatest(moodys, fitch)
      when sp is not null then sp
      when moodys is not null then moodys
      else fitch
    end as notch
  from notches
)
select
  reference_entity_id, hedge_group, {{.Term "underlying_kind" "kind"}} as kind_of_reference, {{.Term "rating_grade" "internal_grade"}} as internal_grade,
  case
    when notch <= 10 then {{.Term "rating_grade" "'investment'"}}
    when notch > 10 then {{.Term "rating_grade" "'non_investment'"}}
  end as agency_grade
from decided
