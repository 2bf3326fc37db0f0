package position

// Examples are questions to the catalog with the SQL that answers them, in any
// DuckDB. docs/DATA.md shows them, and a test runs each.
var Examples = []struct{ Question, SQL string }{
	{"What is there, and which releases do the figures come from?",
		"select as_of_date, release, kind, published_at, ran_by from runs where newest order by as_of_date"},
	{"Protection bought and sold at a date, by instrument, with trades among our own entities.",
		"from protection('2007-09-30')"},
	{"How did notional by direction change between two dates?",
		`select direction,
  sum(notional) filter (where as_of_date = date '2006-12-31') as before,
  sum(notional) filter (where as_of_date = date '2007-09-30') as after
from facts where scope_group = 'external' and not funded
group by direction order by direction`},
	{"Which trades stand behind a cell? Its predicate is a WHERE on the relation that the table reads.",
		`select position_id, notional, fair_value from facts
where as_of_date = date '2007-09-30' and scope_group = 'external' and not funded and direction = 'sold' and purpose = 'trading'
order by notional desc, position_id limit 20`},
	{"Each cell with its predicate.",
		`select row_id, column_id, exact, displayed, unit, predicate from cells
where as_of_date = date '2007-09-30' and table_id = 'comment-11a' and block_id = 'notional'
order by row_number, column_number`},
	{"One cell over all dates.",
		"from cell_history('comment-11a', 'notional', 'sold', 'total')"},
	{"One position over all dates.",
		"from position_history('T2004-001')"},
	{"A trade as it was delivered beside what became of it: money in positions is in the trade's currency, in facts in the reporting currency.",
		`select p.position_id, p.currency, p.notional as delivered, f.notional as reported, f.instrument, f.instrument_rule, f.purpose, f.purpose_rule
from positions as p join facts as f
  on f.as_of_date = p.as_of_date and f.source_system is not distinct from p.source_system and f.position_id = p.position_id and f.origin = 'position'
where p.as_of_date = date '2007-09-30' and p.currency <> 'USD'
order by p.position_id limit 20`},
	{"The same as it was known at a time, here before a later correction.",
		"select count(*) as cells from cells_as_of('2007-09-30', known_on := timestamp '2999-01-01 00:00:00')"},
	{"All dates as they were known at a time.",
		"select as_of_date, release, count(*) as facts from facts_as_known(timestamp '2999-01-01 00:00:00') group by as_of_date, release order by as_of_date"},
	{"As first reported beside as it stands, for every cell that changed.",
		"select as_of_date, table_id, row_id, column_id, first_exact, exact, difference from cells_restated order by all"},
	{"Who accepted which breaks, and why?",
		"select as_of_date, control_id, subject, amount, reason, preparer, approver, approved_at from approvals order by all"},
	{"What should a person look at?",
		"select severity, code, subject, positions, money, message from findings where as_of_date = date '2007-09-30' order by severity, code, subject"},
	{"Which controls did not hold?",
		"from controls_broken('2007-09-30')"},
	{"Rejected records with their reasons.",
		"select file, record, column_name, value, reason from rejects where as_of_date = date '2007-09-30' order by data_set, file, record, fault"},
	{"What do a relation and its columns mean?",
		"select column_name, data_type, comment from duckdb_columns() where table_name = 'facts' and not internal order by column_index"},
}
