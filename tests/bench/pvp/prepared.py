"""The same swaps in PostgreSQL 15: two databases, two-phase commit, durable.

A swap is one payment in each database, prepared in both (PREPARE TRANSACTION) and then committed
in both (COMMIT PREPARED). A payment is that of tests/bench/ledger/postgres.py: double entry under
two unique keys, refused when it is not covered. The databases share one server, whose log they
share too: fewer syncs than two servers would need; names of prepared transactions are the server's,
so that each database has its own.
"""

import os
import time

import postgres
import work

CLIENTS = 16
SECOND = "second"

# The connection from the first database to the second, once for each client.
LINK = """
CREATE EXTENSION dblink;
CREATE FUNCTION link() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF dblink_get_connections() IS NULL THEN
    PERFORM dblink_connect('second', '{connection}');
  END IF;
END $$;
"""

SWAP = """\\set debtor random(1, {accounts})
\\set step random(1, {accounts} - 1)
\\set creditor 1 + mod(:debtor - 1 + :step, {accounts})
\\set key random(1, 9000000000000000000)
SELECT link();
BEGIN;
SELECT pay(md5('id :key')::uuid, md5('uetr :key')::uuid, :debtor, :creditor, 1);
PREPARE TRANSACTION 'swap :key';
SELECT dblink_exec('second', $sql$BEGIN; DO $do$ BEGIN PERFORM pay(md5('id :key')::uuid, \
md5('uetr :key')::uuid, :debtor, :creditor, 1); END $do$; PREPARE TRANSACTION 'second :key'$sql$);
COMMIT PREPARED 'swap :key';
SELECT dblink_exec('second', $sql$COMMIT PREPARED 'second :key'$sql$);
"""


def is_installed():
    return postgres.is_installed()


class Databases(postgres.Server):
    """The server of the ledger's benchmark, with a second database like the first."""

    SETTINGS = {**postgres.SETTINGS, "max_prepared_transactions": "64"}

    def __init__(self, here, accounts):
        super().__init__(here, accounts)
        self.sql(f"CREATE DATABASE {SECOND} TEMPLATE template0")
        self.in_second(postgres.SCHEMA)
        self.in_second(f"INSERT INTO accounts SELECT number, {postgres.START_BALANCE} "
                       f"FROM generate_series(1, {accounts}) AS number")
        self.in_second("VACUUM ANALYZE accounts")
        self.sql(LINK.format(
            connection=f"host={self.folder} user={postgres.USER} dbname={SECOND}"))

    def in_second(self, statement):
        return self.here.run(self.psql("-d", SECOND, "-c", statement)).strip()

    def swaps(self):
        """Of both databases, which must agree."""
        first, second = (int(ask("SELECT count(*) FROM transfers"))
                         for ask in (self.sql, self.in_second))
        if first != second:
            raise work.Failure(f"PostgreSQL has {first} legs in one database and {second} in the "
                               "other")
        return first

    def rate(self, seconds):
        script = os.path.join(self.here.folder, "swap.sql")
        with open(script, "w", encoding="utf-8") as file:
            file.write(SWAP.format(accounts=self.accounts))
        before = self.swaps()
        start = time.monotonic()
        self.here.run([os.path.join(postgres.BIN, "pgbench"), "-n", "-M", "simple", "-c",
                       str(CLIENTS), "-j", "2", "-T", str(seconds), "-f", script, "-h",
                       self.folder, "-U", postgres.USER, "postgres"])
        return (self.swaps() - before) / (time.monotonic() - start)


def measure(here, sizes, rounds, figures):
    print(f"PostgreSQL 15, two databases of {sizes.postgres_accounts:,} accounts ...", flush=True)
    databases = Databases(here, sizes.postgres_accounts)
    databases.rate(max(1, sizes.postgres_s // 2))  # warms its caches
    rates = []
    for number in range(rounds):
        rates.append(databases.rate(sizes.postgres_s))
        print(f"  prepared and committed, round {number + 1}: {rates[-1]:.0f} swaps/s", flush=True)
    figures["postgres_swaps_per_s"] = work.median(rates)
