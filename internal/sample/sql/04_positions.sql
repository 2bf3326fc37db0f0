-- Parts of a position that its key needs as well.
create macro index_family(k) as pick(k, 'family', ['CDX.NA.IG', 'CDX.NA.HY', 'iTraxx Europe', 'iTraxx Europe Crossover', 'CDX.NA.IG', 'LCDX', 'CMBX']);
create macro index_series(k) as 3 + draw(k, 'series', 6);

create macro losses(k, first_notional) as case when draw(k, 'losses', 4) = 0 then cast(first_notional / 100 as decimal(18, 2)) else 0 end;

-- notional_at: as the file states it, before and after the trade's one change
create macro notional_at(first_notional, change, change_percent, change_booking_date, d) as
  case when change is not null and change_booking_date <= d then cast(first_notional * change_percent / 100 as decimal(18, 2)) else first_notional end;

-- current_notional: what is left of it at a date
create macro current_notional(stated, is_original, k, instrument, first_notional, d) as
  case
    when not is_original then stated
    when instrument = 'cds_index' then cast(round(cast(stated as decimal(28, 2)) * current_factor(index_family(k), index_series(k), d), 2) as decimal(18, 2))
    else greatest(stated - losses(k, first_notional), 0)
  end;

-- positions_at: the book in the file of a date: booked on or before it and not
-- booked out. Money in the trade's currency.
create macro positions_at(d) as table
select
  t.position_id,
  1 + (t.change is not null and t.change_booking_date <= d)::integer as trade_version,
  case when t.credit_event_date <= d then 'triggered_unsettled' else 'open' end as status,
  t.legal_entity,
  case when t.is_internal then 'OWN-' || t.counterparty_entity else counterparty_id(t.counterparty_number) end as counterparty_id,
  t.counterparty_entity, t.mirror_id,
  case when t.is_internal then 'FLOW-NY' when t.first_purpose = 'CPM' then case when t.i % 3 = 0 then 'COMMITMENT-HEDGE' else 'LOAN-HEDGE' end
    when t.first_purpose = 'CLIENT' then 'CLIENT-NY' when t.first_purpose = 'CLIENT_OFFSET' then 'CLIENT-LDN' when t.first_purpose = 'CVA' then 'CVA-DESK'
    when t.is_tranche then 'CORRELATION' when t.i % 2 = 0 then 'FLOW-LDN' else 'FLOW-NY' end as book,
  case t.instrument when 'cds_single_name' then 'CDS' when 'cds_index' then case when t.k % 2 = 0 then 'CDX' else 'CDS_INDEX' end when 'cds_index_tranche' then 'CDX_TRANCHE'
    when 'cds_bespoke_tranche' then 'BESPOKE' when 'cds_nth_to_default' then 'FTD' when 'cds_loan' then 'LCDS' when 'cds_asset_backed' then 'ABCDS' when 'credit_option' then 'CDSOPT'
    when 'total_return_swap' then 'TRS' when 'credit_linked_note' then 'CLN' when 'credit_spread_option' then 'CSO' when 'recovery_lock' then 'RECLOCK' when 'contingent_cds' then 'CCDS' else 'OTHER' end as product,
  t.role,
  case when t.is_option then case when t.first_purpose = 'CPM' or draw(t.k, 'option type', 2) = 0 then 'payer' else 'receiver' end end as option_type,
  case t.instrument when 'cds_loan' then 'loan' when 'cds_asset_backed' then 'asset_backed' when 'cds_index' then 'index' when 'cds_index_tranche' then 'index'
    when 'cds_bespoke_tranche' then 'basket' when 'cds_nth_to_default' then 'basket' end as underlying_kind,
  reference_entity_id(t.name_number) as reference_entity_id,
  case when t.instrument in ('cds_index_tranche', 'cds_bespoke_tranche', 'cds_nth_to_default') then pick(t.k, 'own rating', ['AAA', 'AA', 'BBB', 'BB', null]) end as reference_rating,
  case when t.instrument = 'cds_asset_backed' then printf('XS%010d', t.k) end as reference_obligation_id,
  case when t.name_number is not null then pick(t.k, 'seniority', ['senior', 'senior', 'senior', 'subordinated', 'senior_secured']) end as seniority,
  case when t.has_index then index_family(t.k) end as index_name,
  case when t.has_index then index_series(t.k) end as index_series,
  case when t.has_index then 1 end as index_version,
  case when t.instrument in ('cds_bespoke_tranche', 'cds_nth_to_default') then 'B' || draw(t.k, 'basket', 500) end as basket_id,
  case when t.is_tranche then pick(t.k, 'attachment', [0.00, 0.03, 0.07, 0.10, 0.15]) end as attachment_point,
  case when t.is_tranche then pick(t.k, 'attachment', [0.03, 0.07, 0.10, 0.15, 0.30]) end as detachment_point,
  case when t.is_original and t.is_tranche then losses(t.k, t.first_notional) end as losses_to_date,
  case when t.instrument = 'cds_nth_to_default' then 1 + draw(t.k, 'nth', 3) end as nth_to_default,
  case when t.instrument = 'cds_single_name' and draw(t.k, 'digital', 100) = 0 then 0.40 end as recovery_fixed,
  case when t.trade_date < date '2003-06-20' then '1999' else '2003' end as definitions,
  case when t.name_number is not null then pick(t.k, 'restructuring', ['MR', 'MR', 'MM', 'CR', 'XR']) end as restructuring,
  case when t.role in ('buyer', 'seller') then case when draw(t.k, 'events', 4) = 0 then 'bankruptcy failure_to_pay' else 'bankruptcy failure_to_pay restructuring' end end as credit_events,
  case when t.credit_event_date <= d then t.credit_event_date end as credit_event_date,
  pick(t.k, 'settlement', ['physical', 'physical', 'physical', 'cash']) as settlement_method,
  t.currency,
  notional_at(t.first_notional, t.change, t.change_percent, t.change_booking_date, d)
    + case when t.is_broken then 500000 else 0 end as notional,
  case when t.has_index or t.is_tranche then case when t.is_original then 'original' else 'current' end end as notional_basis,
  t.trade_date, t.maturity_date, t.option_expiry_date,
  cast(0.0005 * (1 + draw(t.k, 'spread', 100)) as decimal(9, 6)) as fixed_rate,
  -- the mark: an internal trade's legs are each other's mirror, an offset's nearly
  cast((case when t.is_second then -1 else 1 end * (draw(t.k, 'mark', 4001) - 2000)
        + case when t.is_internal then 0 else draw(t.i, 'drift', 41) - 20 + (d - t.trade_date) % 97 * case when t.direction = 'bought' then 1 else -1 end end)
      * cast(notional_at(t.first_notional, t.change, t.change_percent, t.change_booking_date, d) as bigint) // 1000
    + case when t.is_broken then 1234567 else 0 end as decimal(18, 0)) * cast(0.01 as decimal(2, 2)) as fair_value,
  case when t.instrument in ('cds_bespoke_tranche', 'cds_asset_backed', 'other', 'contingent_cds') then 3 when t.instrument = 'cds_index' then 1 else 2 end as fair_value_level,
  business_day(d) as valuation_date,
  case when t.is_internal then 'NS-' || t.counterparty_entity else printf('NS-%05d', t.counterparty_number) end as netting_set_id,
  case when t.first_purpose = 'CPM' then case when draw(t.k, 'asc815', 10) = 0 then 'asc815_hedge' else 'management_hedge' end when t.first_purpose = 'CVA' then 'management_hedge' else 'trading' end as designation,
  case when t.change = 'reclassification' and t.change_booking_date <= d and t.first_purpose = 'TRADING' then purpose 'CLIENT' else t.first_purpose end as purpose_code,
  t.offsets_position_id,
  -- what the reader does not see: for the key
  t.i, t.k, t.name_number, t.counterparty_number, t.instrument, t.direction, t.is_broken, t.is_singled_out,
  cast(current_notional(notional_at(t.first_notional, t.change, t.change_percent, t.change_booking_date, d), t.is_original, t.k, t.instrument, t.first_notional, d)
    + case when t.is_broken then 500000 else 0 end as decimal(18, 2)) as current_notional
from trades as t
where t.booking_date <= d and (t.is_open or t.closing_booking_date > d);
