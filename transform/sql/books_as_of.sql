-- books_as_of: one row per book valid at the as-of date
-- reads: books
select
  b.book,
  b.purpose as purpose_word,
  {{.Lookup "purposes" "purpose" "b.purpose"}} as purpose_of_book,
  {{.Term "purpose_detail" "b.detail"}} as detail_of_book
from books as b
where (b.valid_from is null or b.valid_from <= {{.AsOf}}) and (b.valid_until is null or b.valid_until >= {{.AsOf}})
