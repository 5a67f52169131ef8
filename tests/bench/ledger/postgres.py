"""The same payments in PostgreSQL 15: a server of its own, in the same directory, durable.

Double entry: a payment is a row of `transfers` under two unique keys (id and UETR), two rows of
`entries` that sum to zero, and two balances, none of which may fall below zero. Duplicates and
overdrafts are refused, each payment by itself. What is durable is as with the ledger: committed
means synced.
"""

import os
import pwd
import random
import subprocess
import time

import work

BIN = "/usr/lib/postgresql/15/bin"
USER = "postgres"
CLIENTS = 16
START_BALANCE = 1_000_000_000
BATCHES = (1000, 8192)
SESSIONS = (1, 2)
START_WAIT_S = 60

# Durable, and otherwise what a team would set on a small machine of its own: room for the working
# set, a log that no checkpoint interrupts within the run, no replication, no just-in-time compiler
# for statements this short. Vacuum and page checks stay as they are by default.
SETTINGS = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_level": "minimal",
    "max_wal_senders": "0", "shared_buffers": "1GB", "wal_buffers": "64MB", "max_wal_size": "16GB",
    "checkpoint_timeout": "30min", "checkpoint_completion_target": "0.9", "jit": "off",
    "work_mem": "64MB", "max_connections": "40", "listen_addresses": "",
}

SCHEMA = f"""
CREATE TABLE accounts (
  number int PRIMARY KEY,
  balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 70);
CREATE TABLE transfers (
  id uuid PRIMARY KEY,
  uetr uuid NOT NULL UNIQUE,
  debtor int NOT NULL,
  creditor int NOT NULL CHECK (creditor <> debtor),
  amount bigint NOT NULL CHECK (amount > 0),
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE entries (
  transfer uuid NOT NULL,
  account int NOT NULL,
  amount bigint NOT NULL
);

-- One payment. Accounts are locked in the order of their numbers: no deadlocks.
CREATE FUNCTION pay(id_ uuid, uetr_ uuid, debtor_ int, creditor_ int, amount_ bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  available bigint;
BEGIN
  PERFORM 1 FROM accounts WHERE number = least(debtor_, creditor_) FOR NO KEY UPDATE;
  SELECT balance INTO available FROM accounts WHERE number = debtor_ FOR NO KEY UPDATE;
  IF available IS NULL OR available < amount_ THEN RETURN false; END IF;
  INSERT INTO transfers VALUES (id_, uetr_, debtor_, creditor_, amount_) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE accounts SET balance = balance - amount_ WHERE number = debtor_;
  UPDATE accounts SET balance = balance + amount_ WHERE number = creditor_;
  IF NOT FOUND THEN RAISE EXCEPTION 'account % is unknown', creditor_; END IF;
  INSERT INTO entries VALUES (id_, debtor_, -amount_), (id_, creditor_, amount_);
  RETURN true;
END $$;

-- All payments of the staging table as one transaction, each accepted or refused as one after the
-- other would be. Set-based when no debtor could run short, which order cannot change then; else
-- one by one. The number of payments that were accepted.
CREATE FUNCTION pay_staged() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  accepted bigint := 0;
  payment record;
BEGIN
  PERFORM 1 FROM accounts WHERE number IN
    (SELECT debtor FROM staging UNION SELECT creditor FROM staging)
    ORDER BY number FOR NO KEY UPDATE;
  IF EXISTS (
      SELECT 1 FROM (SELECT debtor, sum(amount) AS total FROM staging GROUP BY debtor) AS debits
      JOIN accounts ON number = debtor WHERE balance < total) THEN
    FOR payment IN SELECT * FROM staging LOOP
      IF pay(payment.id, payment.uetr, payment.debtor, payment.creditor, payment.amount) THEN
        accepted := accepted + 1;
      END IF;
    END LOOP;
    RETURN accepted;
  END IF;
  WITH new AS (
    INSERT INTO transfers SELECT id, uetr, debtor, creditor, amount FROM staging
    ON CONFLICT DO NOTHING RETURNING id, debtor, creditor, amount
  ), lines AS (
    INSERT INTO entries
    SELECT id, debtor, -amount FROM new UNION ALL SELECT id, creditor, amount FROM new
    RETURNING account, amount
  ), moved AS (
    UPDATE accounts SET balance = balance + total
    FROM (SELECT account, sum(amount)::bigint AS total FROM lines GROUP BY account) AS sums
    WHERE number = account
  )
  SELECT count(*) INTO accepted FROM new;
  RETURN accepted;
END $$;
"""

STAGING = ("CREATE TEMP TABLE staging (id uuid, uetr uuid, debtor int, creditor int, "
           "amount bigint) ON COMMIT DELETE ROWS;\n")

# Of five payments two are fit: the others exceed the balance, or bear an id or UETR that was used.
REFUSALS = f"""BEGIN; INSERT INTO staging
SELECT id::uuid, uetr::uuid, debtor, creditor, amount FROM (VALUES
  (md5('id 1'), md5('uetr 1'), 1, 2, {START_BALANCE * 3 // 5}),
  (md5('id 2'), md5('uetr 2'), 1, 2, {START_BALANCE * 3 // 5}),
  (md5('id 1'), md5('uetr 3'), 2, 1, 1),
  (md5('id 4'), md5('uetr 1'), 2, 1, 1),
  (md5('id 5'), md5('uetr 5'), 2, 1, {START_BALANCE * 3 // 5})
) AS payments(id, uetr, debtor, creditor, amount);
SELECT pay_staged(); COMMIT"""

CHECK = """
SELECT (SELECT sum(balance) FROM accounts), (SELECT coalesce(sum(amount), 0) FROM entries),
       (SELECT count(*) FROM entries), (SELECT count(*) FROM transfers)
"""


def is_installed():
    return os.access(os.path.join(BIN, "initdb"), os.X_OK)


class Server:
    SETTINGS = SETTINGS

    def __init__(self, here, accounts):
        self.here = here
        self.folder = here.new_folder("postgres")
        self.accounts = accounts
        # initdb refuses to run as root: the package's own user then.
        self._as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        if self._as_user:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = os.path.join(self.folder, "data")
        here.run([*self._as_user, os.path.join(BIN, "initdb"), "-D", data, "-U", USER, "-A",
                  "trust", "-E", "UTF8", "--locale=C"], cwd=self.folder)
        settings = [part for name, value in self.SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with open(here.path("postgres.log"), "wb") as log:
            self._process = here.start(
                [*self._as_user, os.path.join(BIN, "postgres"), "-D", data, "-k", self.folder,
                 *settings], stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        self._wait()
        self.sql(SCHEMA)
        self.sql(f"INSERT INTO accounts SELECT number, {START_BALANCE} "
                 f"FROM generate_series(1, {accounts}) AS number")
        self.sql("VACUUM ANALYZE accounts")
        self.sql("CHECKPOINT")

    def _connection(self):
        return ["-h", self.folder, "-U", USER, "-d", "postgres"]

    def _wait(self):
        end = time.monotonic() + START_WAIT_S
        ready = [os.path.join(BIN, "pg_isready"), "-q", *self._connection()[:4]]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                with open(self.here.path("postgres.log"), encoding="utf-8") as log:
                    raise work.Failure("PostgreSQL does not start:\n" + log.read()[-2000:])
            time.sleep(0.05)

    def psql(self, *arguments):
        return [os.path.join(BIN, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                *self._connection(), *arguments]

    def sql(self, statement):
        return self.here.run(self.psql("-c", statement)).strip()

    def single_rate(self, seconds):
        """One transaction a payment, prepared, one round trip, over 16 connections."""
        script = os.path.join(self.here.folder, "pay.sql")
        with open(script, "w", encoding="utf-8") as file:
            file.write(f"\\set debtor random(1, {self.accounts})\n"
                       f"\\set step random(1, {self.accounts - 1})\n"
                       f"\\set creditor 1 + mod(:debtor - 1 + :step, {self.accounts})\n"
                       "SELECT pay(gen_random_uuid(), gen_random_uuid(), :debtor, :creditor, 1);\n")
        before = self.transfers()
        start = time.monotonic()
        self.here.run([os.path.join(BIN, "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS),
                       "-j", "2", "-T", str(seconds), "-f", script, *self._connection()[:4],
                       "postgres"])
        return (self.transfers() - before) / (time.monotonic() - start)

    def transfers(self):
        return int(self.sql("SELECT count(*) FROM transfers"))

    def batch_rate(self, payments, batch, sessions):
        """One transaction a batch: its rows over the socket, then one call."""
        files = [self._write_batches(f"batches-{i}.sql", payments // sessions, batch)
                 for i in range(sessions)]
        before = self.transfers()
        start = time.monotonic()
        running = [self.here.start(self.psql("-f", path), stdout=subprocess.DEVNULL)
                   for path in files]
        for process in running:
            if process.wait() != 0:
                raise work.Failure("PostgreSQL refused a batch")
        elapsed = time.monotonic() - start
        for path in files:
            os.unlink(path)
        return (self.transfers() - before) / elapsed

    def _write_batches(self, name, payments, batch):
        path = self.here.path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(STAGING)
            for _ in range(max(1, payments // batch)):
                file.write("BEGIN;\nCOPY staging FROM STDIN;\n")
                keys = os.urandom(32 * batch).hex()
                for at in range(0, len(keys), 64):
                    debtor = random.randrange(self.accounts)
                    creditor = (debtor + random.randrange(1, self.accounts)) % self.accounts
                    file.write(f"{keys[at:at + 32]}\t{keys[at + 32:at + 64]}\t{debtor + 1}\t"
                               f"{creditor + 1}\t1\n")
                file.write("\\.\nSELECT pay_staged();\nCOMMIT;\n")
        return path

    def check(self):
        """That nothing was lost or made, and that what must be refused is."""
        accepted = self.sql(STAGING + REFUSALS)
        if accepted != "2":
            raise work.Failure(f"PostgreSQL accepted {accepted} of 5 payments of which 2 are fit")
        balances, entries_sum, entries, transfers = (
            int(value) for value in self.sql(CHECK).split("|"))
        if (balances != self.accounts * START_BALANCE or entries_sum != 0
                or entries != 2 * transfers):
            raise work.Failure(f"PostgreSQL's books do not balance: {balances} in accounts, "
                               f"{entries} entries of {transfers} transfers sum to {entries_sum}")


def measure(here, sizes, rounds, figures):
    print(f"PostgreSQL 15, {sizes.accounts:,} accounts ...", flush=True)
    server = Server(here, sizes.accounts)
    server.single_rate(max(1, sizes.postgres_s // 2))  # warms its caches
    rates = []
    for number in range(rounds):
        rates.append(server.single_rate(sizes.postgres_s))
        print(f"  one transaction a payment, round {number + 1}: {rates[-1]:.0f}/s", flush=True)
    figures["postgres_single_per_s"] = work.median(rates)
    best = {}
    for batch in BATCHES:
        for sessions in SESSIONS:
            rates = [server.batch_rate(sizes.postgres_batch_payments, min(
                batch, sizes.postgres_batch_payments), sessions) for _ in range(rounds)]
            best[work.median(rates)] = (batch, sessions)
            print(f"  {batch:,} a transaction, {sessions} at once: {work.median(rates):.0f}/s",
                  flush=True)
    figures["postgres_batch_per_s"] = max(best)
    figures["postgres_batch_size"], figures["postgres_batch_sessions"] = best[max(best)]
    server.check()
