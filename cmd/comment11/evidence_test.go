package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

var (
	evidenceSeed  = flag.Uint64("evidence.seed", 0, "seed of TestEvidenceOfRandomBooks; 0: another one each time")
	evidenceBooks = flag.Int("evidence.books", 10000, "random books of TestEvidenceOfRandomBooks")
)

// randomBooks are small books side by side in one file, no two of which share a
// name, a holding or a client's trade, so that each stands its own test.
type randomBooks struct {
	positions, holdings []string
	limits              map[string]decimal.Decimal // 105% of what the group holds, in USD
}

const positionsHeader = "position_id,legal_entity,counterparty_id,counterparty_entity,mirror_id,product,role,reference_entity_id,seniority,currency,notional,fair_value,valuation_adjustment,recovery_fixed,trade_date,maturity_date,designation,purpose_code,offsets_position_id,offset_pool"

func makeBooks(random *rand.Rand, books int) randomBooks {
	all := randomBooks{limits: map[string]decimal.Decimal{}}
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	amount := func(most int) string { return decimal.New(random.Int64N(int64(most)), -2).StringFixed(2) }
	for book := range books {
		group := fmt.Sprintf("N%d", book)
		var ids []string
		for n := range 1 + random.IntN(10) {
			id := fmt.Sprintf("%d-%d", book, n)
			purpose := pick("HEDGE", "HEDGE", "HEDGE", "CLIENT", "CLIENT", "OFFSET", "OFFSET", "TRADING")
			side, mark := pick("buyer", "buyer", "seller"), decimal.New(random.Int64N(200_000)-100_000, -2)
			line := func(id, entity, other, mirror, side string, mark decimal.Decimal, currency, notional string) {
				names, pool := "", ""
				if purpose == "OFFSET" && mirror == "" {
					names = append(slices.Clone(ids), "", "", "nowhere")[random.IntN(len(ids)+3)]
					pool = pick("", "", "", "", "P")
				}
				all.positions = append(all.positions, strings.Join([]string{id, entity, "C1", other, mirror, "CDS", side, group, pick("senior", "senior", "subordinated"), currency, notional,
					mark.StringFixed(2), amount(1000), pick("", "", "", "0.33333333"), pick("2007-01-02", "2007-02-02", "2006-05-05"), pick("2008-06-20", "2010-06-20", "2012-06-20"),
					pick("", "management_hedge", "management_hedge", "asc815_hedge"), purpose, names, pool}, ","))
			}
			currency, notional := pick("USD", "USD", "EUR", "JPY"), amount(pick2(random, 3, 100, 1_000_000_00))
			if random.IntN(12) == 0 {
				line(id, "BANK", "BROKER", "M"+id, "buyer", mark, currency, notional)
				line(id+"m", "BROKER", "BANK", "M"+id, "seller", mark.Neg(), currency, notional)
			} else {
				line(id, pick("BANK", "BANK", "BROKER", "CONDUIT"), "", "", side, mark, currency, notional)
			}
			ids = append(ids, id)
		}
		held := decimal.Zero
		for n := range random.IntN(4) {
			holding := amount(pick2(random, 100, 1_000_000_00, 3_000_000_00))
			kind := pick("loan", "investment", "commitment")
			all.holdings = append(all.holdings, fmt.Sprintf("H%d-%d,BANK,%s,%s,%s,funded,USD", book, n, group, kind, holding))
			held = held.Add(decimal.RequireFromString(holding))
		}
		all.limits[group] = held.Mul(decimal.RequireFromString("1.05")).Round(2)
	}
	return all
}

func pick2(random *rand.Rand, numbers ...int) int { return 1 + numbers[random.IntN(len(numbers))] }

// write writes the books into a folder of their own and runs them.
func (all randomBooks) run(t *testing.T, settings string, set ...string) (config string) {
	t.Helper()
	folder := t.TempDir()
	sources := "  - {name: positions, data_set: positions, files: positions.csv}\n  - {name: fx_rates, data_set: fx_rates, files: fx_rates.csv}\n"
	files := map[string]string{
		"positions.csv": positionsHeader + "\n" + strings.Join(all.positions, "\n") + "\n",
		"fx_rates.csv":  "rate_date,base_currency,currency,rate\n2007-09-28,EUR,USD,1.4179\n2007-09-28,EUR,JPY,163.55\n",
	}
	if all.holdings != nil {
		sources += "  - {name: holdings, data_set: holdings, files: holdings.csv}\n"
		files["holdings.csv"] = "holding_id,legal_entity,obligor_id,kind,amount,basis,currency\n" + strings.Join(all.holdings, "\n") + "\n"
	}
	files["comment11.yaml"] = settings + "\nscopes: [{name: group, legal_entities: [{entity: BANK}, {entity: BROKER}]}]\nsources:\n" + sources
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config = filepath.Join(folder, "comment11.yaml")
	args := []string{"run", "--config", config, "--as-of", "2007-09-28", "-q"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	mustRun(t, args...) // it is published: internal legs net to zero and every control holds
	return config
}

// moneyOfPositions is what each position comes to over its slices.
func moneyOfPositions(t *testing.T, config string) map[string]string {
	t.Helper()
	money := map[string]string{}
	for _, r := range queryRecords(t, config, `select position_id, concat_ws(' ', direction, min(obligation), sum(notional_local), sum(notional), sum(fair_value), sum(fair_value_receivable), sum(fair_value_payable),
  sum(valuation_adjustment), sum(maximum_exposure), min(instrument), min(scope_group)) as money from facts group by position_id, direction`) {
		money[r["position_id"]] = r["money"]
	}
	return money
}

// TestEvidenceOfRandomBooks holds what must hold of every book: slices come to
// their position in every measure, whatever evidence decides; no holding and no
// client's trade supports more than it is; the order of records and the number
// of threads change nothing.
func TestEvidenceOfRandomBooks(t *testing.T) {
	t.Parallel()
	seed, books := *evidenceSeed, *evidenceBooks
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		books = min(books, 1000)
	}
	t.Logf("replay with -evidence.seed=%d -evidence.books=%d", seed, books)
	random := rand.New(rand.NewPCG(seed, 1))
	all := makeBooks(random, books)
	split := all.run(t, "purpose: {offset: split}")
	flagged := all.run(t, "purpose: {over_hedge: flag}")
	labels := randomBooks{positions: all.positions}.run(t, "")

	want := moneyOfPositions(t, labels)
	for name, config := range map[string]string{"split": split, "flagged": flagged} {
		if diff := cmp.Diff(want, moneyOfPositions(t, config)); diff != "" {
			t.Errorf("%s: money of positions (- by labels, + by evidence): %.3000s", name, diff)
		}
	}
	if n := len(queryRecords(t, split, "select position_id from facts where slice > 0 and purpose = 'trading'")); n < books/20 {
		t.Errorf("%d slices of trading in %d books: the books test nothing", n, books)
	}
	t.Run("holdings", func(t *testing.T) {
		for _, r := range queryRecords(t, split, `
select p.reference_entity_id as name, sum(case f.direction when 'bought' then f.notional else -f.notional end) as net,
  sum(case when f.direction = 'bought' and f.designation = 'asc815_hedge' then f.notional else 0 end) as whole
from facts as f join positions as p on p.position_id = f.position_id
where f.purpose = 'credit_portfolio_hedge' and f.scope_group = 'external' group by all`) {
			net, whole := decimal.RequireFromString(r["net"]), decimal.RequireFromString(r["whole"])
			if most := decimal.Max(all.limits[r["name"]], whole); net.GreaterThan(most) {
				t.Errorf("%s: hedges of %s, supported are %s", r["name"], net, most)
			}
		}
	})
	t.Run("client trades", func(t *testing.T) { clientTradesUsedOnce(t, split) })
	t.Run("order", func(t *testing.T) {
		shuffled := randomBooks{positions: slices.Clone(all.positions), holdings: slices.Clone(all.holdings)}
		random.Shuffle(len(shuffled.positions), func(i, j int) {
			shuffled.positions[i], shuffled.positions[j] = shuffled.positions[j], shuffled.positions[i]
		})
		random.Shuffle(len(shuffled.holdings), func(i, j int) {
			shuffled.holdings[i], shuffled.holdings[j] = shuffled.holdings[j], shuffled.holdings[i]
		})
		again := shuffled.run(t, "purpose: {offset: split}", "engine.threads=2")
		if diff := cmp.Diff(contentHashes(t, split), contentHashes(t, again)); diff != "" {
			t.Errorf("- in order, + shuffled: %s", diff)
		}
	})
}

// clientTradesUsedOnce adds up what offsets took of each client's trade. Links
// that are decided at once are not listed by trade: those are of offsets without a
// line of their own.
func clientTradesUsedOnce(t *testing.T, config string) {
	t.Helper()
	for _, r := range queryRecords(t, config, `
with listed as (
  select subject, matched_with, notional from evidence where outcome in ('linked', 'paired') and matched_with <> ''
),
simple as (
  select p.offsets_position_id as client, sum(f.notional) as notional
  from positions as p join facts as f on f.position_id = p.position_id
  where f.purpose = 'client_offset' and f.scope_group = 'external' and p.offsets_position_id is not null
    and p.position_id not in (select subject from listed) and p.position_id not in (select subject from evidence where outcome = 'unmatched_offset')
  group by p.offsets_position_id
),
used as (
  select client, sum(notional) as notional from (select matched_with as client, notional from listed union all select client, notional from simple) as u group by client
)
select u.client, u.notional as used, c.notional, c.purposes from used as u
left join (select position_id, sum(notional) as notional, min(purpose) as purposes from facts group by position_id) as c on c.position_id = u.client`) {
		// A cent may be lost by each pair of two currencies.
		if used := decimal.RequireFromString(r["used"]); r["purposes"] != "client" || used.GreaterThan(decimal.RequireFromString(r["notional"]).Add(decimal.New(5, -2))) {
			t.Errorf("client's trade %s of %s (%s) offsets %s", r["client"], r["notional"], r["purposes"], used)
		}
	}
}

// contentHashes are the content of what evidence decides, in the newest release.
func contentHashes(t *testing.T, config string) map[string]string {
	t.Helper()
	manifests, err := store.Warehouse{Root: filepath.Join(filepath.Dir(config), "warehouse")}.Manifests()
	if err != nil || len(manifests) == 0 {
		t.Fatalf("no manifest: %v", err)
	}
	hashes := map[string]string{}
	for _, name := range []string{"facts", "evidence", "slices", "identical_underlyings", "findings", "cells"} {
		relation, ok := manifests[len(manifests)-1].Relation(name)
		if !ok {
			t.Fatalf("no relation %s", name)
		}
		text, err := json.Marshal(relation.ContentHash)
		if err != nil {
			t.Fatal(err)
		}
		hashes[name] = string(text)
	}
	return hashes
}
