-- applied_adjustments: one row per adjustment that applies at the as-of date and is
-- approved by another person who may approve
-- reads: adjustments
select
  adjustment_id, position_id, legal_entity, instrument, direction, purpose, counterparty_type, rating_grade,
  maturity_bucket, designation, currency, notional, fair_value, reason_code, reason, preparer, approver
from adjustments
where
  as_of <= {{.AsOf}} and coalesce(until, as_of) >= {{.AsOf}}
  and approver is not null and approved_at is not null and lower(replace(approver, ' ', '')) <> lower(replace(preparer, ' ', '')) and approver in ({{.Approvers}})
