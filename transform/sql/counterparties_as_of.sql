-- counterparties_as_of: one row per counterparty valid at the as-of date, with its
-- notches by the agencies (1 is the best, 10 the last of investment grade) and the
-- ratings that no notch is known of
-- reads: counterparties
with notches as (
  select
    c.counterparty_id, c.name, c.entity, c.type as type_word,
    {{.Lookup "counterparty_types" "counterparty_type" "c.type"}} as type_of_counterparty,
    {{.Notch "c.rating_sp"}} as sp, {{.Notch "c.rating_moodys"}} as moodys, {{.Notch "c.rating_fitch"}} as fitch,
    {{.UnknownRatings "counterparties" "c"}} as unknown_ratings
  from counterparties as c
  where (c.valid_from is null or c.valid_from <= {{.AsOf}}) and (c.valid_until is null or c.valid_until >= {{.AsOf}})
)
select
  counterparty_id, name, entity, type_word, type_of_counterparty, sp, moodys, fitch, {{.DecidingNotch}} as notch, unknown_ratings
from notches
