"""A live corridor for tests, and what a bank needs to use it from Python: stubs, mTLS, DSSE.

Nothing here uses Causeway's code: stubs are generated from proto/, keys are used through the
`openssl` program. Needs Debian's python3-grpcio, python3-protobuf and protobuf-compiler-grpc.
"""

import atexit
import functools
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("CAUSEWAY_SOURCE_DIR", os.path.dirname(os.path.dirname(HERE)))
BIN = os.environ.get("CAUSEWAY_BIN_DIR", os.path.join(SOURCE, "build", "release", "bin"))
SCENARIO = os.path.join(HERE, "corridor.txtpb")
START_WAIT_S = 60
STOP_WAIT_S = 60
CALL_S = 30
HOUR_US = 3600 * 10**6

COMMAND_TYPE = "application/vnd.causeway.command.v1+protobuf"
TERMS_TYPE = "application/vnd.causeway.terms.v1+protobuf"
LIST_TYPE = "application/vnd.causeway.settlement-list.v1"
BULK_TYPE = "application/vnd.causeway.bulk-payments.v1"


_kept = set()


def new_folder(name):
    """Gone when the test ends, unless CAUSEWAY_KEEP is set or `keep` was called for it."""
    folder = tempfile.mkdtemp(prefix=f"causeway-{name}-")
    if not os.environ.get("CAUSEWAY_KEEP"):
        atexit.register(_remove, folder)
    return folder


def keep(path):
    """Whatever is under that path stays when the test ends, for a person to look at."""
    _kept.add(os.path.abspath(path))


def _remove(folder):
    if not any(path == folder or path.startswith(folder + os.sep) for path in _kept):
        shutil.rmtree(folder, ignore_errors=True)


def _generate_stubs():
    folder = new_folder("stubs")
    protos = os.path.join(SOURCE, "proto", "causeway", "v1")
    subprocess.run(
        ["protoc", f"-I{os.path.join(SOURCE, 'proto')}", f"--python_out={folder}",
         f"--grpc_out={folder}", f"--plugin=protoc-gen-grpc={shutil.which('grpc_python_plugin')}"]
        + sorted(os.path.join(protos, n) for n in os.listdir(protos) if n.endswith(".proto")),
        check=True)
    sys.path.insert(0, folder)


_generate_stubs()

# pylint: disable=wrong-import-position
import grpc  # noqa: E402
from causeway.v1 import bridge_service_pb2 as bridge_pb  # noqa: E402
from causeway.v1 import bridge_service_pb2_grpc as bridge_grpc  # noqa: E402
from causeway.v1 import command_pb2 as command_pb  # noqa: E402
from causeway.v1 import common_pb2 as common_pb  # noqa: E402
from causeway.v1 import ledger_service_pb2 as ledger_pb  # noqa: E402
from causeway.v1 import ledger_service_pb2_grpc as ledger_grpc  # noqa: E402
from causeway.v1 import observer_service_pb2 as observer_pb  # noqa: E402
from causeway.v1 import observer_service_pb2_grpc as observer_grpc  # noqa: E402
from causeway.v1 import settlement_pb2 as settlement_pb  # noqa: E402


def program(name):
    return os.path.join(BIN, name)


def run(*arguments, check=True, **options):
    """A program of ours to its end; its output is shown when it fails."""
    result = subprocess.run([program(arguments[0]), *arguments[1:]], capture_output=True, text=True,
                            check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)} exited with {result.returncode}\n"
                             f"{result.stdout}{result.stderr}")
    return result


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True,
                          check=True).stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).digest()


class Key:
    """A private key in a PEM file. Ed25519 or P-256."""

    def __init__(self, path):
        self.path = path
        spki = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        self.suite = (common_pb.SUITE_ED25519_SHA256 if len(spki) == 44
                      else common_pb.SUITE_P256_SHA256)
        self.public = (spki[-32:] if self.suite == common_pb.SUITE_ED25519_SHA256 else spki)
        self.key_id = sha256(bytes([self.suite]) + self.public)

    @staticmethod
    def generate(folder, name, algorithm="ed25519"):
        path = os.path.join(folder, name)
        options = ["-algorithm", "ed25519"] if algorithm == "ed25519" else [
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("genpkey", *options, "-out", path)
        return Key(path)

    def sign(self, message):
        with tempfile.NamedTemporaryFile() as file:
            file.write(message)
            file.flush()
            if self.suite == common_pb.SUITE_ED25519_SHA256:
                return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file.name)
            return openssl("dgst", "-sha256", "-sign", self.path, file.name)


def envelope_of(payload_type, payload, keys):
    """DSSE: every key signs the pre-authentication encoding of type and payload."""
    kind = payload_type.encode()
    encoding = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    return common_pb.Envelope(
        payload_type=payload_type, payload=payload,
        signatures=[common_pb.Signature(key_id=k.key_id, signature=k.sign(encoding))
                    for k in keys])


def merkle_root(leaves):
    """RFC 6962."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    left = _left_leaves(len(leaves))
    return sha256(b"\x01" + merkle_root(leaves[:left]) + merkle_root(leaves[left:]))


def merkle_path(leaves, index):
    """Of the leaf at that index, from the leaf up."""
    if len(leaves) == 1:
        return []
    left = _left_leaves(len(leaves))
    if index < left:
        return merkle_path(leaves[:left], index) + [merkle_root(leaves[left:])]
    return merkle_path(leaves[left:], index - left) + [merkle_root(leaves[:left])]


def _left_leaves(count):
    left = 1
    while left * 2 < count:
        left *= 2
    return left


def bulk_payload(origin, genesis_hash, party, bulk_id, valid_until_us, payments):
    """docs/formats/bulk.md. A payment is (numbers and checks of payer and payee, purpose, amount,
    instruction id, UETR), of 12, 4, an integer, 16 and 16 bytes."""
    origin, party = origin.encode(), party.encode()
    return (b"CWBULK01" + struct.pack(">I", len(origin)) + origin + bytes.fromhex(genesis_hash)
            + struct.pack(">I", len(party)) + party + bulk_id
            + struct.pack(">qI", valid_until_us, len(payments))
            + b"".join(accounts + purpose + struct.pack(">q", amount) + payment_id + uetr
                       for accounts, purpose, amount, payment_id, uetr in payments))


def account_pair(payer, payee):
    """Numbers and checks of two accounts as GetAccount shows them."""
    return (struct.pack(">II", payer.number, payee.number)
            + b"".join(sha256(account.address.encode())[:2] for account in (payer, payee)))


def rejection_of(error):
    """The Rejection in a failed call's trailing metadata."""
    found = common_pb.Rejection()
    found.ParseFromString(dict(error.trailing_metadata() or ()).get("causeway-rejection-bin", b""))
    return found


def outcome_name(number):
    return common_pb.Outcome.Name(number).removeprefix("OUTCOME_")


def status_name(number):
    return common_pb.InstructionStatus.Name(number).removeprefix("INSTRUCTION_STATUS_")


class Corridor:
    """Processes of a scenario's network: `with Corridor() as corridor:`."""

    def __init__(self, scenario=SCENARIO):
        self.folder = os.path.join(new_folder("corridor"), "corridor")
        self._channels = {}
        self._process = subprocess.Popen(
            [program("causeway-sim"), "corridor", scenario, "--dir", self.folder],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        path = self._process.stdout.readline().strip()
        if not path:
            raise AssertionError(f"the corridor does not start: {self._process.stderr.read()}")
        self.description = json.loads(read(path))
        self.ledgers = {ledger["currency"]: ledger for ledger in self.description["ledgers"]}
        self.participants = self.description["participants"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """In order: every process must end by itself and with exit status 0."""
        self.forget_channels()
        self._process.send_signal(signal.SIGTERM)
        _, errors = self._process.communicate(timeout=STOP_WAIT_S)
        if self._process.returncode != 0:
            raise AssertionError(f"the corridor ended with {self._process.returncode}: {errors}")

    # Connections. `who` is a participant id: its certificate is the sender.

    def forget_channels(self):
        """For a process that another one has taken the place of: no call waits to try again."""
        for channel in self._channels.values():
            channel.close()
        self._channels = {}

    def credentials(self, who):
        files = self.participants[who]
        return grpc.ssl_channel_credentials(read(self.description["ca"]), read(files["tls_key"]),
                                            read(files["certificate"]))

    def channel(self, address, who):
        if (address, who) not in self._channels:
            self._channels[address, who] = grpc.secure_channel(
                address, self.credentials(who), [("grpc.enable_http_proxy", 0)])
        return self._channels[address, who]

    def ledger(self, currency, who):
        return ledger_grpc.LedgerStub(self.channel(self.ledgers[currency]["address"], who))

    def bridge(self, who):
        return bridge_grpc.BridgeStub(self.channel(self.description["bridge"]["address"], who))

    def observer(self, who):
        return observer_grpc.ObserverStub(
            self.channel(self.description["observer"]["address"], who))

    # Who has what.

    def central_bank(self, currency):
        return self.ledgers[currency]["central_bank"]

    def account(self, who, currency):
        return self.participants[who]["accounts"][currency]

    @functools.lru_cache(maxsize=None)
    def key(self, who):
        return Key(self.participants[who]["key"])

    @functools.lru_cache(maxsize=None)
    def approvers(self, currency):
        return [Key(path) for path in self.participants[self.central_bank(currency)]["approvers"]]

    def available(self, who, currency):
        return self.ledger(currency, who).GetAccount(
            ledger_pb.GetAccountRequest(address=self.account(who, currency)),
            timeout=CALL_S).available

    # Instructions.

    def command(self, currency, party, instruction_id=None, **fields):
        """A Command for that ledger; `fields` set the action and override the rest."""
        now = self.ledger(currency, party).GetLedger(ledger_pb.GetLedgerRequest(), timeout=CALL_S)
        values = {
            "ledger": self.ledgers[currency]["origin"],
            "genesis_hash": bytes.fromhex(self.ledgers[currency]["genesis_hash"]),
            "instructing_party": party,
            "instruction_id": f"T-{uuid.uuid4().hex[:24]}" if instruction_id is None
                              else instruction_id,
            "valid_until_us": now.ledger_time_us + HOUR_US}
        values.update(fields)
        return command_pb.Command(**values)

    def payment(self, currency, payer, payee, minor_units, **fields):
        """A Payment; `fields` override."""
        values = {
            "uetr": uuid.uuid4().bytes,
            "debtor_account": self.account(payer, currency),
            "creditor_account": self.account(payee, currency),
            "amount": common_pb.Money(currency=currency, minor_units=minor_units),
            "purpose": "TRAD"}
        values.update(fields)
        return command_pb.Payment(**values)

    def sign(self, command, *keys):
        return envelope_of(COMMAND_TYPE, command.SerializeToString(), keys)

    def submit(self, currency, sender, envelope):
        """The instructions that the envelope holds; grpc.RpcError when it was refused."""
        return self.ledger(currency, sender).Submit(
            ledger_pb.SubmitRequest(envelope=envelope), timeout=CALL_S).instructions

    def pay(self, currency, payer, payee, minor_units, instruction_id=None):
        command = self.command(currency, payer, instruction_id,
                               pay=self.payment(currency, payer, payee, minor_units))
        return self.submit(currency, payer, self.sign(command, self.key(payer)))[0]

    def by_central_bank(self, currency, **action):
        """Signed by both approvers, sent by the central bank; must settle."""
        bank = self.central_bank(currency)
        command = self.command(currency, bank, **action)
        instruction = self.submit(currency, bank,
                                  self.sign(command, *self.approvers(currency)))[0]
        if instruction.status != common_pb.INSTRUCTION_STATUS_SETTLED:
            raise AssertionError(f"{action}: {instruction}")
        return instruction

    def quote(self, taker, sell_currency, buy_currency, **fields):
        values = {
            "taker": taker, "sell_currency": sell_currency, "buy_currency": buy_currency,
            "sell_account": self.account(taker, sell_currency),
            "buy_account": self.account(taker, buy_currency),
            "instruction_id": f"S-{uuid.uuid4().hex[:24]}", "uetr": uuid.uuid4().bytes}
        values.update(fields)
        return self.bridge(taker).RequestQuote(bridge_pb.QuoteRequest(**values), timeout=CALL_S)

    def settle(self, sender, terms, legs, *keys):
        """Hands in terms with these signatures, and waits for the outcome."""
        return self.bridge(sender).SubmitSettlement(
            bridge_pb.SubmitSettlementRequest(
                terms=envelope_of(TERMS_TYPE, terms, keys), legs=legs, wait=True), timeout=CALL_S)

    # Everything that a request could change, to compare before and after.

    def snapshot(self):
        state = {}
        for currency in self.ledgers:
            ledger = self.ledger(currency, self.central_bank(currency))
            state[f"{currency} log"] = self.log_size(currency)
            owners = [self.central_bank(currency)] + [
                who for who, files in self.participants.items() if files.get("accounts")]
            for owner in owners:
                accounts = ledger.ListAccounts(ledger_pb.ListAccountsRequest(owner=owner),
                                               timeout=CALL_S).accounts
                for account in accounts:
                    state[account.address] = account.SerializeToString(deterministic=True)
        bridge = self.bridge(self.description["observer"]["participant"])
        state["decisions"] = bridge.GetDecisionCheckpoint(
            bridge_pb.GetDecisionCheckpointRequest(), timeout=CALL_S).checkpoint.split("\n")[1]
        state["open settlements"] = len(bridge.ListOpen(
            bridge_pb.ListOpenRequest(), timeout=CALL_S).settlements)
        return state

    def log_size(self, currency):
        return int(self.ledger(currency, self.central_bank(currency)).GetCheckpoint(
            ledger_pb.GetCheckpointRequest(), timeout=CALL_S).checkpoint.split("\n")[1])
