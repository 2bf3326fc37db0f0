-- joined: one row per position taken, with what the other data sets and the maps
-- say of it; the columns that rules may use
-- reads: positions, counterparties_as_of, reference_grades, indices_as_of, books_as_of
select
  p.*,
  c.counterparty_id is not null as counterparty_known,
  c.entity as entity_of_counterparty,
  c.type_of_counterparty,
  c.unknown_ratings as unknown_ratings_of_counterparty,
  {{.Lookup "counterparty_types" "counterparty_type" "p.counterparty_type"}} as type_of_trade,
  r.reference_entity_id is not null as reference_entity_known,
  r.hedge_group,
  r.kind_of_reference,
  r.sector_of_reference,
  r.agency_grade,
  r.internal_grade,
  r.unknown_ratings as unknown_ratings_of_reference,
  i.factor_of_index,
  i.index_grade,
  b.book is not null as book_known,
  b.purpose_of_book,
  b.detail_of_book,
  {{.Lookup "products" "instrument" "p.product"}} as product_instrument,
  {{.Lookup "purposes" "purpose" "p.purpose_code"}} as purpose_of_code,
  {{.Lookup "purpose_details" "purpose_detail" "p.purpose_code"}} as detail_of_code,
  {{.Grade "p.reference_rating"}} as grade_of_trade,
  {{.LastDate "p."}} as last_date,
  {{.OneYearOn}} as one_year_on,
  {{.FiveYearsOn}} as five_years_on
from positions as p
left join books_as_of as b on b.book = p.book
left join counterparties_as_of as c on c.counterparty_id = p.counterparty_id
left join reference_grades as r on r.reference_entity_id = p.reference_entity_id
left join indices_as_of as i
  on i.index_name = p.index_name and i.index_series = p.index_series and i.index_version = coalesce(p.index_version, 0)
