"""Four readers query a catalog without pause, first while runs do everything but
publish, then while releases of two different deliveries are published in turn.
It tells the errors, the torn reads and the waits of both."""
import multiprocessing
import subprocess
import sys
import time

import duckdb

program, book, releases = sys.argv[1], sys.argv[2], int(sys.argv[3])
CATALOG = book + "/warehouse/comment11.duckdb"
AGREE = """
with c as (select release, as_of_date, exact as total from cells where table_id = 'comment-11a' and block_id = 'notional' and row_id = 'total' and column_id = 'total'),
f as (select release, as_of_date, sum(notional) as total from facts where scope_group = 'external' and not funded group by all),
r as (select release, as_of_date from runs where newest)
select count(*), count(*) filter (where c.total is distinct from f.total or c.release is distinct from r.release or f.release is distinct from r.release)
from r full join c using (as_of_date) full join f using (as_of_date)"""


def read(stop, results, fresh):
    """Reads with a new connection for each question, or with one for a second."""
    waits, errors, torn = [], [], 0
    connection, opened = None, 0.0
    while not stop.is_set():
        began = time.perf_counter()
        try:
            if connection is None:
                connection, opened = duckdb.connect(CATALOG, read_only=True, config={"threads": 1}), began
            dates, bad = connection.execute(AGREE).fetchone()
            torn += 1 if bad or dates != 2 else 0
        except Exception as error:  # whatever it is, a reader saw it
            errors.append(str(error))
        waits.append(time.perf_counter() - began)
        if connection is not None and (fresh or began - opened > 1):
            connection.close()
            connection = None
    results.put((waits, errors, torn))


def phase(name, runs):
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    readers = [multiprocessing.Process(target=read, args=(stop, results, i % 2 == 0)) for i in range(4)]
    for reader in readers:
        reader.start()
    began = time.time()
    runs()
    stop.set()
    waits, errors, torn = [], [], 0
    for _ in readers:
        some = results.get()
        waits, errors, torn = waits + some[0], errors + some[1], torn + some[2]
    for reader in readers:
        reader.join()
    waits.sort()
    at = lambda share: waits[min(len(waits) - 1, int(share * len(waits)))] * 1000
    print(f"{name}: {time.time() - began:.0f} s, {len(waits)} questions, {len(errors)} errors, {torn} torn reads; "
          f"waits in ms: median {at(0.5):.1f}, 99% {at(0.99):.1f}, 99.9% {at(0.999):.1f}, longest {waits[-1] * 1000:.1f}", flush=True)
    for error in errors[:3]:
        print("  ", error)
    return errors, torn, waits


def deliver(number):
    """Writes the one or the other delivery of the period end."""
    for file, one, other in (("positions_2007-09-30.csv", "T2004-001,1,MARKETS-INC,K14,FLOW-NEW-YORK,CDS,seller,,corporate,N04,,,senior,,,,,,,,,,2003,MR,bankruptcy failure_to_pay restructuring,physical,USD,5000000.00",
                              "T2004-001,1,MARKETS-INC,K14,FLOW-NEW-YORK,CDS,seller,,corporate,N04,,,senior,,,,,,,,,,2003,MR,bankruptcy failure_to_pay restructuring,physical,USD,7000000.00"),
                             ("control_totals.csv", "2083500000.00", "2085500000.00")):
        with open(f"{book}/{file}") as source:
            text = source.read()
        changed = text.replace(one, other) if number % 2 else text.replace(other, one)
        with open(f"{book}/{file}", "w") as target:
            target.write(changed)


def run(*extra):
    subprocess.run([program, "run", "--quiet", "--config", book + "/comment11.yaml", "--as-of", "2007-09-30", *extra], check=True, stdout=subprocess.DEVNULL)


def without_publishing():
    for number in range(releases):
        deliver(number + 1)
        run("--force", "--dry-run")


def publishing():
    for number in range(releases):
        deliver(number + 1)
        run("--force")


print(f"DuckDB {duckdb.__version__}, four readers")
deliver(0)
_, _, calm = phase(f"{releases} runs that publish nothing", without_publishing)
errors, torn, waits = phase(f"{releases} releases in a row", publishing)
longer = [w for w in waits if w > calm[-1] + 0.05]
print(f"waits more than 50 ms longer than the longest without publishing: {len(longer)}")
sys.exit(1 if errors or torn or longer else 0)
