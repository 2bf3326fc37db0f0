-- Reference data: currencies, names, counterparties, indices, books. Sizes follow
-- the book's: a large dealer has thousands of names and counterparties.

-- currencies: nine, with a rate per euro near those of 2007
create table currencies as select * from (values
  (0, 'USD', 1.40, 620), (1, 'EUR', 1.00, 860), (2, 'GBP', 0.69, 920), (3, 'JPY', 161.00, 955), (4, 'CHF', 1.65, 970),
  (5, 'CAD', 1.43, 980), (6, 'AUD', 1.63, 988), (7, 'SEK', 9.25, 995), (8, 'HKD', 10.90, 1000)
) as t(number, currency, per_euro, up_to);

-- fx_rates: business days of two years and more, with a slow wave of half a percent
create table fx_rates as
select cast(day as date) as rate_date, 'EUR' as base_currency, currency,
  cast(per_euro * (1 + 0.005 * sin(epoch(day) / 86400 / 40 + number)) as decimal(18, 8)) as rate
from range(since() - interval 400 days, last_date() + interval 1 day, interval 1 day) as days(day), currencies
where isodow(day) <= 5 and currency <> 'EUR'
order by rate_date, currency;

-- reference_entities: three to a hedge group; every tenth has no agency's rating
create table reference_entities as
with ladder as (
  select ['AAA', 'AA', 'AA-', 'A+', 'A', 'A-', 'BBB+', 'BBB', 'BBB-', 'BB+', 'BB', 'B+', 'B', 'CCC+'] as sp,
    ['Aaa', 'Aa2', 'Aa3', 'A1', 'A2', 'A3', 'Baa1', 'Baa2', 'Baa3', 'Ba1', 'Ba2', 'B1', 'B2', 'Caa1'] as moodys
)
select n as number, 'N' || lpad(cast(n as varchar), 5, '0') as reference_entity_id, 'Reference ' || n as name, 'G' || n // 3 as hedge_group,
  case n % 12 when 3 then 'financial' when 7 then 'financial' when 9 then 'sovereign' when 11 then 'municipal' else 'corporate' end as kind,
  pick(n, 'sector', ['energy', 'industrials', 'consumer', 'technology', 'utilities', 'health']) as sector,
  pick(n, 'country', ['US', 'GB', 'DE', 'FR', 'JP', 'CA', 'CH', 'AU']) as country,
  case when n % 10 <> 5 then sp[1 + draw(n, 'grade', 14)] end as rating_sp,
  case when n % 10 not in (5, 6) then moodys[1 + greatest(draw(n, 'grade', 14) - draw(n, 'split', 2), 0)] end as rating_moodys,
  case when n % 10 not in (5, 6, 7) then sp[1 + least(draw(n, 'grade', 14) + draw(n, 'other split', 2), 13)] end as rating_fitch,
  case when n % 20 = 5 then 'investment' when n % 20 = 15 and n % 40 = 15 then 'non_investment' end as internal_grade
from range(greatest(60, least(20000, positions() // 40))) as t(n), ladder;

-- counterparties: all types; the last ones are our own entities
create table counterparties as
select n as number, 'C' || lpad(cast(n as varchar), 5, '0') as counterparty_id, 'Counterparty ' || n as name,
  lpad(upper(to_hex(hash(n, 'lei', seed()))), 18, '0') || lpad(cast(n % 97 as varchar), 2, '0') as lei,
  ['bank', 'broker_dealer', 'bank', 'hedge_fund', 'broker_dealer', 'insurance', 'bank', 'monoline', 'other_financial', 'special_purpose', 'ccp', 'non_financial', 'sovereign'][1 + n % 13] as type,
  cast(null as varchar) as entity,
  pick(n, 'rating', ['AAA', 'AA', 'AA-', 'A+', 'A', 'A-', 'BBB+', 'BBB', 'BBB-', 'BB+']) as rating_sp,
  pick(n, 'rating', ['Aaa', 'Aa2', 'Aa3', 'A1', 'A2', 'A3', 'Baa1', 'Baa2', 'Baa3', 'Ba1']) as rating_moodys,
  case when n % 4 <> 1 then pick(n, 'rating', ['AAA', 'AA', 'AA-', 'A+', 'A', 'A-', 'BBB+', 'BBB', 'BBB-', 'BB+']) end as rating_fitch
from range(greatest(26, least(5000, positions() // 100))) as t(n)
union all
select -1 - n, 'OWN-' || entity, entity, null, 'bank', entity, 'AA', 'Aa2', 'AA'
from (values (0, 'BANK'), (1, 'BROKER-NY'), (2, 'BROKER-LDN')) as own(n, entity);

-- indices: families and series, the factors in force from a date on
create table indices as
select family as index_name, series as index_series, 1 as index_version, current_factor(family, series, valid_from) as index_factor,
  case when family like '%HY%' or family like '%Crossover%' then 'non_investment' else 'investment' end as grade, valid_from
from (values ('CDX.NA.IG'), ('CDX.NA.HY'), ('iTraxx Europe'), ('iTraxx Europe Crossover'), ('LCDX'), ('CMBX')) as f(family),
  range(3, 9) as s(series),
  (select distinct unnest([date '2000-01-01', last_date() - 200, last_date() - 80, last_date() - 25]) as valid_from) as d
where valid_from = date '2000-01-01' or current_factor(family, series, valid_from) <> current_factor(family, series, valid_from - 1)
order by index_name, index_series, valid_from;

create table books as select * from (values
  ('FLOW-NY', 'flow', 'flow', 'TRADING', null), ('FLOW-LDN', 'flow', 'flow', 'TRADING', null), ('CORRELATION', 'structured', 'correlation', 'TRADING', null),
  ('CLIENT-NY', 'sales', 'client', 'CLIENT', null), ('CLIENT-LDN', 'sales', 'client', 'CLIENT_OFFSET', null),
  ('LOAN-HEDGE', 'portfolio', 'loans', 'CPM', 'loan'), ('COMMITMENT-HEDGE', 'portfolio', 'commitments', 'CPM', 'commitment'),
  ('CVA-DESK', 'cva', 'cva', 'CVA', 'cva')
) as t(book, desk, strategy, purpose, detail);
