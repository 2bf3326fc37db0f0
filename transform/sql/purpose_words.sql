-- purpose_words: one row per word of a purpose, with what it stands for
-- reads: map_purposes, map_purpose_details
select coalesce(p.word, d.word) as word, p.value as purpose, d.value as detail
from map_purposes as p full join map_purpose_details as d on d.word = p.word
