-- reference_grades: one row per reference entity valid at the as-of date, with its
-- grade by the agencies: middle of three, lower of two, one; investment from
-- BBB- / Baa3, the tenth notch (DOMAIN: measures). A rating that is not known counts as
-- none, and is told
-- reads: reference_entities
with notches as (
  select
    r.reference_entity_id, r.name, r.hedge_group, r.kind, r.internal_grade, r.sector,
    {{.Notch "r.rating_sp"}} as sp, {{.Notch "r.rating_moodys"}} as moodys, {{.Notch "r.rating_fitch"}} as fitch,
    {{.UnknownRatings "reference_entities" "r"}} as unknown_ratings
  from reference_entities as r
  where (r.valid_from is null or r.valid_from <= {{.AsOf}}) and (r.valid_until is null or r.valid_until >= {{.AsOf}})
),
decided as (
  select
    reference_entity_id, name, hedge_group, kind, internal_grade, sector, unknown_ratings,
    {{.DecidingNotch}} as notch
  from notches
)
select
  reference_entity_id, name, hedge_group, {{.Term "underlying_kind" "kind"}} as kind_of_reference, {{.Term "rating_grade" "internal_grade"}} as internal_grade,
  case
    when sector is not null
      then coalesce({{.Lookup "sectors" "sector" "sector"}}, {{.Term "sector" "'unclassified'"}})
  end as sector_of_reference,
  case
    when notch <= 10 then {{.Term "rating_grade" "'investment'"}}
    when notch > 10 then {{.Term "rating_grade" "'non_investment'"}}
  end as agency_grade,
  unknown_ratings
from decided
