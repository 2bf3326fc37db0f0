-- numbers: of the trades that are open at the last date, and of those that were
-- closed before. A table, because a range is read by one thread alone.
create table numbers as
select cast(i as integer) as i from range(positions()) as t(i)
union all
select cast(i as integer) from range((positions() + 99) // 100 * 100, (positions() + 99) // 100 * 100 + closed_positions()) as t(i)
order by i;

-- The words of trades, each of one byte, in the order of the alphabet.
create type instrument as enum ('cds_asset_backed', 'cds_bespoke_tranche', 'cds_index', 'cds_index_tranche', 'cds_loan', 'cds_nth_to_default', 'cds_single_name',
  'contingent_cds', 'credit_linked_note', 'credit_option', 'credit_spread_option', 'other', 'recovery_lock', 'total_return_swap');
create type legal_entity as enum ('BANK', 'BROKER-LDN', 'BROKER-NY', 'CONDUIT');
create type currency as enum ('AUD', 'CAD', 'CHF', 'EUR', 'GBP', 'HKD', 'JPY', 'SEK', 'USD');
create type direction as enum ('bought', 'sold', 'two_way');
create type cause as enum ('compression', 'credit_event', 'exercise', 'maturity', 'novation_out', 'termination');
create type change as enum ('amendment', 'amortisation', 'compression', 'correction', 'increase', 'partial_termination', 'reclassification');
create type purpose as enum ('CLIENT', 'CLIENT_OFFSET', 'CPM', 'CVA', 'TRADING');

-- change_date: of the one change that a trade may have
create macro change_date(k, booking_date, closed_date) as booking_date + 1 + draw(k, 'change day', 10000) % cast(greatest(closed_date - booking_date - 1, 1) as integer);

-- is_broken: one internal pair in fifty does not match
create macro is_broken(k, is_internal, is_second) as is_internal and is_second and k % 5000 = 50;

-- has_lost_client: one offset in a thousand points at a trade that is not there
create macro has_lost_client(k) as draw(k, 'lost client', 1000) = 0;

-- drawn_trades: one row per trade that ever was, with what every use of it needs, in
-- some thirty bytes, so that twenty million fit in memory. The first positions() of
-- them are open at the last date; the others were closed before. Trades come at the
-- rate growth() + closing() of the book and go at the rate closing(), so that the
-- book grows by growth() a day all along.
--
-- Two trades in ten are a pair, a client's and its offset, and one pair in ten is
-- an internal one: partners share k, from which all but the side is drawn.
create table drawn_trades as
with life as (
  select i, i - (i % 10 = 1)::integer as k, i % 10 = 1 as is_second, i < positions() as is_open,
    i % 100 in (50, 51) and (k + 1 < positions() or not is_open) as is_internal,
    case when is_open then last_date()
      else last_date() - 1 - cast(floor(-ln(1 - portion(k, 'closed') * (1 - exp(-growth() * (last_date() - since())))) / growth()) as integer)
    end as closed_date,
    business_day(closed_date - 1 - waiting(k, 'age', growth() + closing())) as trade_date,
    least(trade_date + case when draw(k, 'late', 100) < 4 then 1 + draw(k, 'late by', 9) else 0 end, closed_date) as booking_date,
    pick(k, 'cause', cast(['termination', 'maturity', 'novation_out', 'compression', 'credit_event', 'maturity', 'termination', 'exercise'] as cause[])) as drawn_cause
  from numbers
),
kinds as (
  select *,
    case
      when is_internal then instrument 'cds_single_name'
      else pick(k, 'instrument', cast(['cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name',
        'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_single_name', 'cds_index', 'cds_index', 'cds_index', 'cds_index',
        'cds_index_tranche', 'cds_index_tranche', 'cds_bespoke_tranche', 'cds_nth_to_default', 'cds_loan', 'cds_asset_backed', 'credit_option', 'credit_option',
        'total_return_swap', 'total_return_swap', 'credit_linked_note', 'credit_spread_option', 'recovery_lock', 'contingent_cds', 'other'] as instrument[]))
    end as instrument,
    -- i % 10: a client's trade and its offset, a hedge, a desk's own and the rest
    case when i % 10 = 2 then draw(k, 'sold hedge', 40) > 0 else (draw(k, 'side', 100) < 52) <> is_second end as is_buyer,
    instrument in ('credit_option', 'credit_spread_option') as is_option,
    instrument in ('cds_index', 'cds_index_tranche') as has_index,
    instrument in ('cds_bespoke_tranche', 'cds_index_tranche') as is_tranche,
    case
      when is_open then null
      when drawn_cause = 'exercise' and not is_option then cause 'termination'
      when drawn_cause = 'credit_event' and (instrument not in ('cds_single_name', 'cds_loan') or closed_date - 40 <= booking_date) then cause 'termination'
      else drawn_cause
    end as cause
  from life
),
changes as (
  select *,
    draw(k, 'currency', 1000) as currency_draw,
    change_date(k, booking_date, closed_date) as drawn_change_date,
    case when draw(k, 'changes', 100) < 14 and drawn_change_date < closed_date and drawn_change_date > booking_date
      then pick(k, 'change', cast(['increase', 'partial_termination', 'amendment', 'amortisation', 'reclassification', 'compression', 'correction'] as change[])) end as change
  from kinds
)
select
  i, is_internal, is_buyer, instrument,
  case
    when is_internal then case when is_second then legal_entity 'BROKER-NY' else legal_entity 'BANK' end
    else case draw(k, 'entity', 50) when 0 then legal_entity 'CONDUIT' when 1 then legal_entity 'BROKER-LDN' when 2 then legal_entity 'BROKER-LDN'
      else cast(['BANK', 'BROKER-NY', 'BANK', 'BROKER-LDN'] as legal_entity[])[1 + k % 4] end
  end as legal_entity,
  case when currency_draw < 620 then currency 'USD' when currency_draw < 860 then currency 'EUR' when currency_draw < 920 then currency 'GBP'
    when currency_draw < 955 then currency 'JPY' when currency_draw < 970 then currency 'CHF' when currency_draw < 980 then currency 'CAD'
    when currency_draw < 988 then currency 'AUD' when currency_draw < 995 then currency 'SEK' else currency 'HKD' end as currency,
  trade_date, booking_date, closed_date, cause, change,
  case when change is not null
    then least(drawn_change_date + case when draw(k, 'change late', 100) < 5 then 1 + draw(k, 'change late by', 6) else 0 end, closed_date - 1) end as change_booking_date,
  cast(pick(k, 'size', [1, 2, 2, 5, 5, 5, 10, 10, 10, 10, 15, 20, 25, 25, 50, 100]) * case when has_index or is_tranche then 3 else 1 end
    * case when currency_draw between 920 and 954 then 115 else 1 end as usmallint) as size,
  case
    when is_internal then purpose 'TRADING'
    when i % 10 = 0 then purpose 'CLIENT'
    when i % 10 = 1 then purpose 'CLIENT_OFFSET'
    when i % 10 = 2 then purpose 'CPM'
    when i % 10 = 3 and draw(k, 'cva', 3) = 0 then purpose 'CVA'
    when i % 10 = 4 then null
    else purpose 'TRADING'
  end as first_purpose,
  -- whether files or the key look at its positions one by one: hedges, what does not match, what may be adjusted
  i % 10 = 2 or is_broken(k, is_internal, is_second) or (i % 10 = 1 and not is_internal and has_lost_client(k)) or (i % 10 = 5 and i < 1000) as is_singled_out
from changes;

drop table numbers;

create macro position_id(i) as printf('T%09d', i);
create macro counterparty_id(number) as printf('C%05d', number);
create macro reference_entity_id(number) as printf('N%05d', number);

-- is_original: half of the index trades and a third of the tranches state the
-- notional that was agreed, and not what factors and losses have left of it
create macro is_original(k, instrument) as
  case instrument when 'cds_index' then draw(k, 'basis', 2) = 0 when 'cds_index_tranche' then draw(k, 'basis', 3) = 0 when 'cds_bespoke_tranche' then draw(k, 'basis', 3) = 0 else false end;

-- trades: one row per trade, what it is, and its whole life: what is drawn, and what
-- follows from it or from k, which costs less to draw again than to keep.
create view trades as
with parts as (
  select *, i - (i % 10 = 1)::integer as k, i % 10 = 1 as is_second, i < positions() as is_open,
    case when is_internal then case when is_second then -1 else -2 end else draw(i, 'counterparty', greatest(26, least(5000, positions() // 100))) end as counterparty_number,
    instrument in ('credit_option', 'credit_spread_option') as is_option,
    instrument in ('cds_index', 'cds_index_tranche') as has_index,
    instrument in ('cds_bespoke_tranche', 'cds_index_tranche') as is_tranche,
    -- where the life ends for those still open: remaining days of which a sixth are within a year
    roll_date(closed_date + case draw(k, 'tenor', 6) when 0 then draw(k, 'days', 366) when 5 then 1827 + draw(k, 'days', 1826) else 366 + draw(k, 'days', 1461) end) as end_date
  from drawn_trades
)
select
  i, k, is_open, is_internal, is_second, instrument, is_option, is_tranche, has_index, is_original(k, instrument) as is_original,
  -- a name for what is on one; the second of an offsetting pair has the same
  case when not (has_index or is_tranche or instrument = 'cds_nth_to_default') then draw(k, 'name', greatest(60, least(20000, positions() // 40))) end as name_number,
  counterparty_number, legal_entity, currency,
  case
    when instrument = 'total_return_swap' then case when is_buyer then 'total_return_payer' else 'total_return_receiver' end
    when instrument = 'credit_linked_note' then case when is_buyer then 'issuer' else 'holder' end
    when is_option then case when is_buyer then 'option_buyer' else 'option_seller' end
    else case when is_buyer then 'buyer' else 'seller' end
  end as role,
  case when instrument = 'recovery_lock' then direction 'two_way' when is_buyer then direction 'bought' else direction 'sold' end as direction,
  position_id(i) as position_id,
  case when is_internal then case when is_second then legal_entity 'BANK' else legal_entity 'BROKER-NY' end end as counterparty_entity,
  case when is_internal then 'M' || k end as mirror_id,
  trade_date, booking_date, closed_date, cause,
  -- a matured trade leaves the day after; others leave when they are booked
  case when is_open then null when cause in ('maturity', 'exercise') then closed_date + 1 else closed_date end as closing_booking_date,
  case when cause = 'credit_event' then closed_date - 40 when is_open and instrument = 'cds_single_name' and draw(k, 'unsettled', 2000) = 0 then greatest(booking_date, last_date() - 20) end as credit_event_date,
  case when is_option then case when is_open then last_date() + 1 + draw(k, 'expiry', 270) when cause in ('maturity', 'exercise') then closed_date else closed_date + 1 + draw(k, 'expiry', 270) end end as option_expiry_date,
  case when not is_open and cause = 'maturity' and not is_option then closed_date else end_date + case when is_option then 1826 else 0 end end as maturity_date,
  change, case when change is not null then change_date(k, booking_date, closed_date) end as change_date, change_booking_date,
  case change when 'increase' then 150 when 'partial_termination' then 60 when 'amendment' then 110 when 'amortisation' then 80 when 'compression' then 50 when 'correction' then 102 else 100 end as change_percent,
  -- amounts are whole thousands of the trade's currency
  cast(1000 * greatest(1, cast(round(notional_scale() * size) as bigint)) as decimal(18, 2)) as first_notional,
  first_purpose, is_singled_out, is_broken(k, is_internal, is_second) as is_broken,
  -- the partner of an offset
  case when i % 10 = 1 and not is_internal then case when has_lost_client(k) then 'X' || k else position_id(k) end end as offsets_position_id
from parts;
