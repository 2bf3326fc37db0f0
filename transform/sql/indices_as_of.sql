-- indices_as_of: one row per index version with the factor in force at the as-of date
-- (several where records are valid from one day: that is refused)
-- reads: indices
with dated as (
  select
    index_name, index_series, coalesce(index_version, 0) as index_version, index_factor, grade,
    rank() over (
      partition by index_name, index_series, coalesce(index_version, 0)
      order by coalesce(valid_from, date '0001-01-01') desc
    ) as age
  from indices
  where valid_from is null or valid_from <= {{.AsOf}}
)
select index_name, index_series, index_version, index_factor as factor_of_index, {{.Term "rating_grade" "grade"}} as index_grade
from dated
where age = 1
