-- books_as_of: one row per book valid at the as-of date
-- reads: books, map_purposes
select
  b.book,
  b.purpose as purpose_word,
  m.value as purpose_of_book,
  b.detail as detail_of_book
from books as b
left join map_purposes as m on m.word = b.purpose
where (b.valid_from is null or b.valid_from <= {{.AsOf}}) and (b.valid_until is null or b.valid_until >= {{.AsOf}})
