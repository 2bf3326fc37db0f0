"""Reads everything that a catalog has with the duckdb that is installed: every
relation, comment and macro, and the Parquet files beside it."""
import glob
import sys

import duckdb

warehouse = sys.argv[1]
connection = duckdb.connect(warehouse + "/comment11.duckdb", read_only=True)


def rows(query):
    return connection.execute(query).fetchall()


relations = [name for name, in rows("select table_name from information_schema.tables where table_schema = 'main' order by 1")]
for name in relations:
    rows(f'select * from "{name}"')
uncommented = rows("select table_name from duckdb_tables() where comment is null union all select view_name from duckdb_views() where comment is null and not internal "
                   "union all select table_name || '.' || column_name from duckdb_columns() where comment is null and not internal")
assert not uncommented, uncommented
macros = [name for name, in rows("select distinct function_name from duckdb_functions() where function_type = 'table_macro' and not internal order by 1")]
for name in macros:
    argument = {"cell_history": "'comment-11a', 'notional', 'total', 'total'", "position_history": "'T2004-001'"}.get(
        name, "timestamp '2999-01-01'" if name.endswith("_as_known") else "'2007-09-30'")
    rows(f"from {name}({argument})")
known = rows("select count(*) from cells_as_of('2007-09-30', known_on := timestamp '2999-01-01')")[0][0]
assert known > 0
cells = rows("select exact from cells where as_of_date = '2007-09-30' and table_id = 'comment-11a' and block_id = 'notional' and row_id = 'total' and column_id = 'total'")
facts = rows("select sum(notional) from facts where as_of_date = '2007-09-30' and scope_group = 'external' and not funded")
assert cells == facts, (cells, facts)
files = glob.glob(warehouse + "/releases/*/*/*.parquet")
for path in files:
    rows(f"select count(*) from read_parquet('{path}')")
print(f"DuckDB {duckdb.__version__}: {len(relations)} relations, {len(macros)} macros, {len(files)} files read")
