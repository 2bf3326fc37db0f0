-- Draws: every attribute of thing k is a hash of k, what is drawn and the seed, so
-- that a book depends on nothing but its parameters: not on threads, not on order.
-- The parameters are macros too: seed(), positions(), first_date(), last_date(),
-- since(), growth(), closing(), notional_scale().

-- draw: a whole number from 0 to n - 1
create macro draw(k, what, n) as cast(hash(xor(cast(k as ubigint), hash(what, seed()))) % cast(n as ubigint) as integer);

-- portion: a number from 0 to 1, both excluded
create macro portion(k, what) as (cast(draw(k, what, 999983) as double) + 0.5e0) / 999983e0;

-- waiting: days until an event that happens at a rate a day
create macro waiting(k, what, rate) as cast(floor(-ln(portion(k, what)) / rate) as integer);

-- business_day: the day itself, or the Friday before a weekend
create macro business_day(d) as d - cast(greatest(isodow(d) - 5, 0) as integer);

-- roll_date: the next 20 March, June, September or December after a day
create macro roll_date(d) as make_date(year(d - 20), 3 * quarter(d - 20), 20)
  + case when make_date(year(d - 20), 3 * quarter(d - 20), 20) <= d then 92 else 0 end;

-- pick: an element of a list, by its share in parts of a thousand
create macro pick(k, what, list) as list[1 + draw(k, what, len(list))];

-- current_factor: what is left of an original notional of a high-yield index;
-- names leave it by credit events at three dates before the last one
create macro current_factor(family, series, d) as
  cast(case when family not like '%HY%' and family not like '%Crossover%' then 1
    else 1 - 0.01 * ((d >= last_date() - 200)::integer + (d >= last_date() - 80)::integer + ((d >= last_date() - 25) and series % 2 = 0)::integer)
  end as decimal(18, 8));
