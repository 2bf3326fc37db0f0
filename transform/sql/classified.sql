-- classified: one row per position, with the number of the rule that decided each
-- attribute (one more than there are: none) and the instrument, which later rules ask for
-- reads: joined
with first_pass as (
  select *, {{.RuleNumber "instrument"}} as instrument_number
  from joined
),
second_pass as (
  select *, {{.Decided "instrument"}} as instrument
  from first_pass
)
select
  *,
  {{.RuleNumber "direction"}} as direction_number,
  {{.RuleNumber "direction_economic"}} as direction_economic_number,
  {{.RuleNumber "obligation"}} as obligation_number,
  {{.RuleNumber "purpose"}} as purpose_number,
  {{.RuleNumber "counterparty_type"}} as counterparty_type_number,
  {{.RuleNumber "rating_grade"}} as rating_grade_number,
  {{.RuleNumber "maturity_bucket"}} as maturity_bucket_number
from second_pass
