#!/usr/bin/env python3
"""Writes the golden bytes of the formats in docs/formats, by those pages alone.

It shares no code with the programs: canonical encodings, protobuf, Merkle trees, notes and
envelopes are written out here a second time, and `openssl` makes the signatures.

    make_format_vectors.py           writes the files beside this script
    make_format_vectors.py --check   says whether they are as they should be (exit status 1 if not)
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Canonical encoding: big-endian integers, variable parts with a 32-bit length.


def u8(value):
    return struct.pack(">B", value)


def u16(value):
    return struct.pack(">H", value)


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def i32(value):
    return struct.pack(">i", value)


def i64(value):
    return struct.pack(">q", value)


def sized(data):
    data = data.encode() if isinstance(data, str) else data
    return u32(len(data)) + data


def hashes(items):
    return u32(len(items)) + b"".join(items)


# --- Protobuf: fields in the order of their numbers, default values left out.


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def pb(*fields):
    out = b""
    for number, value in fields:
        if value in (0, "", b"", None):
            continue
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


# --- Keys, notes, trees.


class Key:
    def __init__(self, fill):
        self.seed = bytes([fill]) * 32
        self.public = self._openssl("pkey", "-pubout", "-outform", "DER")[-32:]
        self.id = sha256(b"\x01" + self.public)

    def _openssl(self, *arguments):
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes.fromhex("302e020100300506032b657004220420") + self.seed)
            file.flush()
            where = "-in" if arguments[0] == "pkey" else "-inkey"
            form = "-inform" if arguments[0] == "pkey" else "-keyform"
            command = ["openssl", *arguments, where, file.name, form, "DER"]
            return subprocess.run(command, check=True, capture_output=True).stdout

    def sign(self, message):
        with tempfile.NamedTemporaryFile() as file:
            file.write(message)
            file.flush()
            return self._openssl("pkeyutl", "-sign", "-rawin", "-in", file.name)

    def proto(self):
        return pb((1, 1), (2, self.public))


def leaf_hash(data):
    return sha256(b"\x00" + data)


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def proof_of(leaves, index):
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return proof_of(leaves[:split], index) + [root_of(leaves[split:])]
    return proof_of(leaves[split:], index - split) + [root_of(leaves[:split])]


def checkpoint(origin, leaves, key):
    root = base64.b64encode(root_of([leaf_hash(leaf) for leaf in leaves])).decode()
    text = f"{origin}\n{len(leaves)}\n{root}\n"
    key_id = sha256(origin.encode() + b"\n\x01" + key.public)[:4]
    line = base64.b64encode(key_id + key.sign(text.encode())).decode()
    return f"{text}\n\u2014 {origin} {line}\n"


def cosigned(note, name, key, seconds):
    text = note[:note.index("\n\n") + 1]
    message = f"cosignature/v1\ntime {seconds}\n{text}"
    key_id = sha256(name.encode() + b"\n\x04" + key.public)[:4]
    line = base64.b64encode(key_id + u64(seconds) + key.sign(message.encode())).decode()
    return message, f"{note}\u2014 {name} {line}\n"


def dsse(payload_type, payload):
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


COMMAND_TYPE = "application/vnd.causeway.command.v1+protobuf"


def envelope(payload_type, payload, *keys):
    out = u8(1) + sized(payload_type) + sized(payload) + u8(len(keys))
    for key in keys:
        out += key.id + sized(key.sign(dsse(payload_type, payload)))
    return out


# --- The cast.


def address(currency, body):
    digits = "".join(str(int(c, 36)) for c in body + currency + "00")
    return f"{currency}{98 - int(digits) % 97:02d}{body}"


HKD, THB = "hkma.example/hkd", "bot.example/thb"
LEDGER, OTHER, LOG, BANK, CB1, CB2 = (Key(n) for n in range(1, 7))
UETR = bytes.fromhex("8a562c67ca1648bab07465581be6f001")
ALPHA, BETA = address("HKD", "ALPHA0001"), address("HKD", "BETA0001")
TIME = 1660525200000000  # 2022-08-15T01:00:00Z
DATE = 19219  # 2022-08-15


def genesis_bytes():
    central_bank = pb((1, "HKMA"), (2, 1), (3, "HK"), (6, CB1.proto()), (6, CB2.proto()))
    return pb((1, HKD), (2, "HKD"), (3, LEDGER.proto()), (4, central_bank),
              (5, address("HKD", "ISSUER")), (6, varint(1)), (7, "2022-08-15"), (8, 2), (9, TIME))


GENESIS = genesis_bytes()
GENESIS_HASH = sha256(GENESIS)


def money(currency, minor):
    return pb((1, currency), (2, minor))


def pay_command():
    payment = pb((2, UETR), (3, ALPHA), (4, BETA), (5, money("HKD", 250000)), (6, "TRAD"),
                 (7, sha256(b"private")))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "ALPHA"), (4, "INV-2022-0001"),
              (5, TIME + 3600 * 10**6), (10, payment))


def batch_command():
    def payment(name, minor):
        return pb((1, name), (2, UETR), (3, ALPHA), (4, BETA), (5, money("HKD", minor)))
    batch = pb((1, payment("P-1", 100)), (1, payment("P-2", -1)))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "ALPHA"), (5, TIME), (11, batch))


def override_command():
    transfer = pb((1, ALPHA), (2, BETA), (3, money("HKD", 250000)), (4, "Judgment 12/2022"))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "HKMA"), (4, "OVR-1"), (5, TIME), (26, transfer))


def abort_command():
    order = pb((1, sha256(b"settlement")), (2, "Judgment 13/2022"))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "HKMA"), (4, "ABT-1"), (5, TIME), (27, order))


def lock_command():
    lock = pb((1, ALPHA), (2, BETA), (3, money("HKD", 250000)), (4, sha256(sha256(b"secret"))),
              (5, TIME + 3600 * 10**6), (6, UETR))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "ALPHA"), (4, "LCK-1"), (5, TIME), (28, lock))


def claim_command():
    claim = pb((1, "ALPHA"), (2, "LCK-1"), (3, sha256(b"secret")))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "BETA"), (4, "CLM-1"), (5, TIME), (29, claim))


def refund_command():
    refund = pb((1, "LCK-1"))
    return pb((1, HKD), (2, GENESIS_HASH), (3, "ALPHA"), (4, "RFD-1"), (5, TIME), (30, refund))


def terms_command(party, name, field, action):
    return pb((1, HKD), (2, GENESIS_HASH), (3, party), (4, name), (5, TIME), (field, action))


def terms_commands():
    # A limit of zero stands in the bytes, because one that is left out lifts it.
    zero_limit = varint(3 << 3) + varint(0)
    return [("set_reservations",
             terms_command("ALPHA", "RSV-1", 34, pb((1, ALPHA), (2, 50000), (3, 150)))),
            ("set_release_threshold",
             terms_command("ALPHA", "THR-1", 35, pb((1, ALPHA), (2, 200)))),
            ("set_sender_limit",
             terms_command("ALPHA", "SND-1", 36, pb((1, ALPHA), (2, BETA)) + zero_limit)),
            ("lift_multilateral_limit", terms_command("ALPHA", "SND-2", 36, pb((1, ALPHA)))),
            ("set_credit",
             terms_command("HKMA", "CRD-1", 37, pb((1, ALPHA), (2, 100000), (3, 750), (4, 500)))),
            ("set_credit_price", terms_command("HKMA", "PRC-1", 38, pb((1, 25), (2, BETA))))]


PAY = pay_command()


def batch_header(number, first, entries):
    return (u8(2) + u8(1) + u64(number) + u64(first) + i64(TIME) + i32(DATE) + u8(1) + u64(0)
            + u32(entries) + sized(b""))


def posting(account, bucket, code, amount, after, sequence, previous=0):
    return (sized(account) + u8(bucket) + u8(code) + i64(amount) + i64(after) + u64(sequence)
            + u64(previous))


def entry(index, instruction_id, status, outcome, actual, required, rule, postings, cause=1):
    salt = bytes(range(16))
    return (u8(3) + u8(1) + u64(index) + salt + sized("ALPHA") + u8(1) + sized(instruction_id)
            + u8(status) + u8(cause) + u16(outcome) + i64(actual) + i64(required) + sized(rule)
            + UETR + sha256(dsse(COMMAND_TYPE, PAY)) + u32(0) + bytes(32)
            + u32(len(postings)) + b"".join(postings))


def abort_order_entry(index):
    salt = bytes(range(16))
    return (u8(3) + u8(1) + u64(index) + salt + sized("HKMA") + u8(21) + sized("ABT-1") + u8(5)
            + u8(1) + u16(1) + i64(0) + i64(0) + sized("") + bytes(16)
            + sha256(dsse(COMMAND_TYPE, abort_command())) + u32(0) + sha256(b"settlement") + u32(0))


SETTLED = entry(2, "INV-2022-0001", 5, 1, 0, 0, "", [
    posting(ALPHA, 1, 1, -250000, 750000, 3), posting(BETA, 1, 1, 250000, 250000, 1)])
REJECTED = entry(3, "INV-2022-0002", 6, 210, 750000, 900000, "", [])
# 4,000.00 of the 9,000.00 have settled with it; the payment stays queued.
PART = entry(5, "INV-2022-0003", 3, 1, 400000, 900000, "", [
    posting(ALPHA, 1, 1, -150000, 600000, 4, 2), posting(BETA, 1, 1, 150000, 400000, 2, 2)], cause=4)
HEADER = batch_header(1, 1, 2)
GENESIS_LEAF = u8(1) + u8(1) + sized(GENESIS)
LEAVES = [GENESIS_LEAF, HEADER, SETTLED, REJECTED]
CHECKPOINT = checkpoint(HKD, LEAVES, LEDGER)
ENVELOPE = envelope(COMMAND_TYPE, PAY, BANK)


def entry_vectors():
    def row(name, data):
        return {"name": name, "encoded": data.hex(), "leaf_hash": leaf_hash(data).hex()}
    return {"about": "Leaves of a ledger's log; docs/formats/entry.md.",
            "genesis": GENESIS.hex(), "genesis_hash": GENESIS_HASH.hex(),
            "leaves": [row("genesis", GENESIS_LEAF), row("batch header", HEADER),
                       row("settled payment", SETTLED), row("rejected payment", REJECTED),
                       row("order to abort", abort_order_entry(4)),
                       row("part of a payment", PART)]}


def batch_vectors():
    first = u8(2) + sized(u8(2) + u8(1) + u64(0) + u64(0) + i64(0) + i32(0) + u8(0) + u64(0)
                          + u32(0) + sized(b""))
    first += u32(0) + u32(0) + u32(0) + bytes(16) + sized(checkpoint(HKD, LEAVES[:1], LEDGER)) + sized(GENESIS)
    item = sized(ENVELOPE) + u32(1) + sized(b"private")
    second = (u8(2) + sized(HEADER) + u32(1) + sized(item) + u32(2) + sized(SETTLED)
              + sized(REJECTED) + u32(0) + bytes(16) + sized(CHECKPOINT) + sized(b""))
    return {"about": "The first two batches of a ledger; docs/formats/batch.md.",
            "item": item.hex(), "batches": [first.hex(), second.hex()]}


def receipt_vectors():
    tree = [leaf_hash(leaf) for leaf in LEAVES]
    return {"about": "What proves offline that a payment settled; docs/formats/receipt.md.",
            "entry": SETTLED.hex(), "entry_index": 2,
            "entry_proof": [h.hex() for h in proof_of(tree, 2)],
            "batch_header": HEADER.hex(), "batch_header_index": 1,
            "batch_header_proof": [h.hex() for h in proof_of(tree, 1)],
            "checkpoint": CHECKPOINT, "genesis": GENESIS.hex(), "envelope": ENVELOPE.hex()}


def receipt_file():
    """The same in the form in which receipts are kept: proto3 JSON of causeway.v1.Receipt."""
    def b64(data):
        return base64.b64encode(data).decode()
    tree = [leaf_hash(leaf) for leaf in LEAVES]
    return {"entry": b64(SETTLED), "entry_index": "2",
            "entry_proof": [b64(h) for h in proof_of(tree, 2)],
            "batch_header": b64(HEADER), "batch_header_index": "1",
            "batch_header_proof": [b64(h) for h in proof_of(tree, 1)],
            "checkpoint": CHECKPOINT,
            "envelope": {"payload_type": COMMAND_TYPE, "payload": b64(PAY),
                         "signatures": [{"key_id": b64(BANK.id),
                                         "signature": b64(BANK.sign(dsse(COMMAND_TYPE, PAY)))}]},
            "genesis": b64(GENESIS)}


def command_vectors():
    def row(name, data):
        return {"name": name, "payload": data.hex(),
                "payload_hash": sha256(dsse(COMMAND_TYPE, data)).hex()}
    return {"about": "Payloads that participants sign; docs/formats/command.md.",
            "commands": [row("pay", PAY), row("pay_batch", batch_command()),
                         row("operator_override", override_command()),
                         row("order_abort", abort_command()),
                         row("lock_funds", lock_command()), row("claim_lock", claim_command()),
                         row("refund_lock", refund_command()),
                         *(row(name, data) for name, data in terms_commands())]}


# --- A settlement.

POLICY = pb((1, 1), (2, "bridge.example/decisions"), (3, LOG.proto()),
            (4, pb((1, THB), (2, sha256(b"thb genesis")), (3, OTHER.proto()))),
            (4, pb((1, HKD), (2, GENESIS_HASH), (3, LEDGER.proto()))))


def leg(fill, ledger, party, name, debtor, creditor, amount):
    return pb((1, bytes([fill]) * 16), (2, ledger), (3, party), (4, name), (5, UETR), (6, debtor),
              (7, creditor), (8, amount))


LEGS = [
    leg(0x51, HKD, "ALPHA", "SWAP-7", ALPHA, BETA, money("HKD", 785000)),
    leg(0x52, THB, "BETA", "SWAP-7", address("THB", "BETA0001"), address("THB", "ALPHA0001"),
        money("THB", 3550000)),
    leg(0x53, THB, "ALPHA", "FEE-7", address("THB", "ALPHA0001"), address("THB", "BETA0001"),
        money("THB", 100)),
]
LEG_TREE = [leaf_hash(data) for data in LEGS]
DEADLINE = TIME + 60 * 10**6
TERMS = pb((1, sha256(POLICY)), (2, DEADLINE), (3, pb((1, THB), (2, 2))), (3, pb((1, HKD), (2, 1))),
           (4, root_of(LEG_TREE)), (5, b"\x42" * 16), (6, "Q-1"))
SETTLEMENT_ID = sha256(b"causeway/settlement/v1\n" + TERMS)


def terms_vectors():
    return {"about": "The terms of a swap with a fee, and their legs; docs/formats/terms.md.",
            "policy": POLICY.hex(), "policy_hash": sha256(POLICY).hex(), "terms": TERMS.hex(),
            "settlement_id": SETTLEMENT_ID.hex(), "legs_root": root_of(LEG_TREE).hex(),
            "legs": [{"leg": data.hex(), "proof": [h.hex() for h in proof_of(LEG_TREE, i)]}
                     for i, data in enumerate(LEGS)]}


def votes(origin, genesis, key, holds):
    tree = [leaf_hash(b"causeway/vote/v1\n" + sid + u64(hold)) for sid, hold in holds]
    signed = sized(origin) + genesis + u64(len(tree)) + root_of(tree)
    text = b"causeway/votes/v1\n" + signed
    rows = []
    for i, (sid, hold) in enumerate(holds):
        data = u8(1) + sid + u64(hold) + u64(i) + hashes(proof_of(tree, i))
        data += signed + sized(key.sign(text))
        digest = sha256(b"causeway/vote-hash/v1\n" + sized(origin) + genesis + sid + u64(hold))
        rows.append((data, digest))
    return text, rows


HKD_TEXT, HKD_VOTES = votes(HKD, GENESIS_HASH, LEDGER,
                            [(sha256(b"another"), 7), (SETTLEMENT_ID, 9), (sha256(b"third"), 12)])
THB_TEXT, THB_VOTES = votes(THB, sha256(b"thb genesis"), OTHER, [(SETTLEMENT_ID, 31)])


def vote_vectors():
    return {"about": "Votes of two ledgers; the first signed three at once; docs/formats/vote.md.",
            "statement": HKD_TEXT.hex(),
            "votes": [{"encoded": data.hex(), "vote_hash": digest.hex()}
                      for data, digest in HKD_VOTES + THB_VOTES]}


def record(sid, verdict, vote_hashes):
    return (u8(4) + u8(1) + sid + u8(verdict) + sha256(POLICY) + i64(TIME + 10**6)
            + hashes(vote_hashes))


def decision_vectors():
    commit = record(SETTLEMENT_ID, 1, [THB_VOTES[0][1], HKD_VOTES[1][1]])
    abort = record(sha256(b"another"), 2, [])
    records = [abort, commit]
    tree = [leaf_hash(data) for data in records]
    note = checkpoint("bridge.example/decisions", records, LOG)
    shown = [THB_VOTES[0][0], HKD_VOTES[1][0]]
    batch = u8(1) + u64(0) + u64(0) + i64(TIME + 10**6) + u32(2)
    batch += sized(abort) + sized(b"") + u32(0)
    batch += sized(commit) + sized(TERMS) + u32(2) + b"".join(sized(v) for v in shown)
    batch += sized(note)
    certificate = pb((1, commit), (2, 1), *((3, h) for h in proof_of(tree, 1)), (4, note),
                     *((5, v) for v in shown))
    return {"about": "A decision log of one abort and one commit; docs/formats/decision-log.md.",
            "records": [abort.hex(), commit.hex()], "batch": batch.hex(),
            "completion": pb((1, SETTLEMENT_ID), (2, certificate)).hex()}


# --- Snapshots: files of frames.


def frame_list(frames):
    return b"".join(sized(frame) for frame in frames)


def snapshot_file(frames):
    return b"CWSNAP01" + frame_list(frames)


def log_snapshot_vectors():
    records, keys_from = 2 * 256 + 3, 2 * 256 + 1
    subtrees = [sha256(b"subtree 0"), sha256(b"subtree 1")]
    leaves = [sha256(b"leaf %d" % i) for i in range(3)]
    keys = [0x0123456789ABCDEF, 0xFEDCBA9876543210]
    frames = [b"causeway/decision-log-snapshot/v1\n" + sized("bridge.example/decisions") + u8(8)
              + u64(7) + u64(records) + u64(keys_from),
              b"".join(subtrees), b"".join(leaves), b"".join(u64(key) for key in keys)]
    secret = bytes(range(16))
    key = hmac.digest(secret, b"causeway/decision-log-snapshot-authentication/v1", "sha256")
    frames.append(hmac.digest(key, sha256(frame_list(frames)), "sha256"))
    return {"about": "A snapshot of a decision log of 7 batches; docs/formats/decision-log.md.",
            "secret": secret.hex(), "batches": 7, "records": records, "keys_from": keys_from,
            "subtrees": [data.hex() for data in subtrees],
            "leaves": [data.hex() for data in leaves], "keys": [f"{key:016x}" for key in keys],
            "file": snapshot_file(frames).hex()}


def queue_snapshot_vectors():
    # The fields of the state are the program's own affair: any bytes.
    state, last_block = b"the state of a queue", sha256(b"the body of the last block")
    frames = [b"causeway/queue-snapshot/v1\n" + sized("bridge.example/decisions") + u64(5) + u64(9)
              + last_block + u64(len(state)), state]
    frames.append(sha256(frame_list(frames)))
    return {"about": "A snapshot of a settlement queue after 5 blocks; docs/formats/queue-log.md.",
            "blocks": 5, "events": 9, "last_block": last_block.hex(), "state": state.hex(),
            "file": snapshot_file(frames).hex()}


def cosignature_vectors():
    witness, name, seconds = Key(0x77), "hkma.example/witness", 1_679_315_147
    note = checkpoint("bridge.example/decisions", [b"first", b"second", b"third"], LOG)
    message, after = cosigned(note, name, witness, seconds)
    return {"about": "A checkpoint before and after a witness cosigned it; docs/formats/cosignature.md.",
            "name": name, "seconds": seconds, "seed": witness.seed.hex(),
            "public_key": witness.public.hex(), "checkpoint": note, "message": message,
            "cosigned": after}


BULK_TYPE = "application/vnd.causeway.bulk-payments.v1"


def check_of(account):
    return sha256(account.encode())[:2]


def aes_128(key, block):
    command = ["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()]
    return subprocess.run(command, input=block, check=True, capture_output=True).stdout


def u40(value):
    return struct.pack(">Q", value)[3:]


# A payment that settles and one that does not: debtor and creditor are accounts 1 and 2.
BULK_PAYMENTS = [(bytes(range(16)), UETR, 1, 2, b"TRAD", 250000),
                 (bytes(range(16, 32)), UETR, 2, 1, bytes(4), 9000000)]
BULK_ADDRESSES = {1: ALPHA, 2: BETA}
THB_ADDRESSES = {1: address("THB", "BETA0001"), 2: address("THB", "ALPHA0001")}
# outcome, debtor after or actual, creditor after or required, sequences, previous leaves.
BULK_RESULTS = [(1, 750000, 250000, 2, 1, 6, 0), (210, 250000, 9000000, 0, 0, 0, 0)]


def packed_payment(addresses, name, debtor, creditor, purpose, amount):
    return (u32(debtor) + u32(creditor) + check_of(addresses[debtor])
            + check_of(addresses[creditor]) + purpose + i64(amount) + name + UETR)


def bulk_payload():
    out = b"CWBULK01" + sized(HKD) + GENESIS_HASH + sized("ALPHA") + b"\xab" * 16
    out += i64(TIME + 3600 * 10**6) + u32(len(BULK_PAYMENTS))
    for name, _, debtor, creditor, purpose, amount in BULK_PAYMENTS:
        out += packed_payment(BULK_ADDRESSES, name, debtor, creditor, purpose, amount)
    return out


def bulk_result(result):
    outcome, debtor, creditor, *rest = result
    return u16(outcome) + i64(debtor) + i64(creditor) + b"".join(u40(value) for value in rest)


def payment_leaf(index, salt, position):
    name, uetr, debtor, creditor, purpose, amount = BULK_PAYMENTS[position]
    outcome, debtor_after, creditor_after, debtor_seq, creditor_seq, _, _ = BULK_RESULTS[position]
    return (u8(5) + u8(1) + u64(index) + salt + name + uetr + u32(debtor) + u32(creditor)
            + check_of(BULK_ADDRESSES[debtor]) + check_of(BULK_ADDRESSES[creditor]) + purpose
            + i64(amount) + u16(outcome) + i64(debtor_after) + i64(creditor_after)
            + u40(debtor_seq) + u40(creditor_seq) + u32(position))


def bulk_vectors():
    ledger_key, batch, first = b"k" * 32, 3, 9
    key = hmac.new(ledger_key, b"causeway/payment-salts/v1\n" + u64(batch), "sha256").digest()[:16]
    salts = [aes_128(key, bytes(8) + u64(first + i)) for i in range(len(BULK_PAYMENTS))]
    return {
        "payload_type": BULK_TYPE,
        "payload": bulk_payload().hex(),
        "payload_hash": sha256(dsse(BULK_TYPE, bulk_payload())).hex(),
        "ledger_salt_key": ledger_key.hex(),
        "batch": batch,
        "payment_salts": key.hex(),
        "first_index": first,
        "results": "".join(bulk_result(result).hex() for result in BULK_RESULTS),
        "leaves": [payment_leaf(first + i, salt, i).hex() for i, salt in enumerate(salts)],
        "leaf_hashes": [leaf_hash(payment_leaf(first + i, salt, i)).hex()
                        for i, salt in enumerate(salts)],
    }


# Two settlements between the same payers: the second is not covered on the second ledger.
LIST_PARTS = {
    THB: b"\x71" * 16 + b"".join([
        packed_payment(THB_ADDRESSES, bytes(range(32, 48)), 1, 2, b"FX\0\0", 3550000),
        packed_payment(THB_ADDRESSES, bytes(range(48, 64)), 1, 2, b"FX\0\0", 7100000)]),
    HKD: b"\x72" * 16 + b"".join([
        packed_payment(BULK_ADDRESSES, bytes(range(64, 80)), 1, 2, b"FX\0\0", 785000),
        packed_payment(BULK_ADDRESSES, bytes(range(80, 96)), 1, 2, b"FX\0\0", 1570000)]),
}


def part_hash(part):
    return sha256(b"causeway/list-part/v1\n" + part)


LIST = (b"CWLIST01" + sha256(POLICY) + i64(DEADLINE) + b"\x43" * 16 + u32(2) + u32(2)
        + sized(THB) + sized("BETA") + part_hash(LIST_PARTS[THB])
        + sized(HKD) + sized("ALPHA") + part_hash(LIST_PARTS[HKD]))
LIST_ID = sha256(b"causeway/settlement/v1\n" + LIST)


def list_vote(origin, genesis, key, hold, held):
    bits = u32(2) + bytes([held])
    leaf = b"causeway/list-vote/v1\n" + LIST_ID + u64(hold) + bits
    signed = sized(origin) + genesis + u64(1) + leaf_hash(leaf)
    data = u8(2) + LIST_ID + u64(hold) + u32(2) + sized(bytes([held])) + u64(0) + hashes([])
    data += signed + sized(key.sign(b"causeway/votes/v1\n" + signed))
    digest = sha256(b"causeway/list-vote-hash/v1\n" + sized(origin) + genesis + LIST_ID + u64(hold)
                    + bits)
    return data, digest


def list_vectors():
    salt = bytes(range(96, 112))
    thb_vote, thb_hash = list_vote(THB, sha256(b"thb genesis"), OTHER, 31, 0b01)
    hkd_vote, hkd_hash = list_vote(HKD, GENESIS_HASH, LEDGER, 9, 0b11)
    # On the first ledger: the leaf of the first hold, and what became of the second one.
    hold = (u8(6) + u8(1) + u64(10) + salt + LIST_PARTS[HKD][16:72][24:] + LIST_PARTS[HKD][16:40]
            + u16(1) + i64(215000) + i64(785000) + u40(3) + u40(4) + u32(0))
    moved = u32(1) + u32(2) + i64(1570000) + u16(304)
    resolved = (u8(7) + u8(1) + u64(16) + salt + LIST_ID + u32(1) + u40(11) + moved + i64(785000)
                + i64(1785000) + u40(7) + u40(8))
    record_of = (u32(1) + u40(11) + moved + i64(785000) + i64(1785000) + u40(7) + u40(8)
                 + u40(11) + u40(11))
    commit = record(LIST_ID, 1, [thb_hash, hkd_hash])
    return {"about": "A list of two settlements; docs/formats/settlement-list.md.",
            "list": LIST.hex(), "list_id": LIST_ID.hex(),
            "parts": [LIST_PARTS[THB].hex(), LIST_PARTS[HKD].hex()],
            "settlement_ids": [sha256(b"causeway/listed-settlement/v1\n" + LIST_ID + u32(i)).hex()
                               for i in range(2)],
            "votes": [{"encoded": thb_vote.hex(), "vote_hash": thb_hash.hex(), "held": [0]},
                      {"encoded": hkd_vote.hex(), "vote_hash": hkd_hash.hex(), "held": [0, 1]}],
            "record": commit.hex(), "hold_leaf": hold.hex(), "resolved_leaf": resolved.hex(),
            "resolved_record": record_of.hex()}


FILES = {"entry.json": entry_vectors, "batch.json": batch_vectors, "receipt.json": receipt_vectors,
         "receipt-file.json": receipt_file,
         "command.json": command_vectors, "terms.json": terms_vectors, "vote.json": vote_vectors,
         "decision-log.json": decision_vectors, "cosignature.json": cosignature_vectors,
         "decision-log-snapshot.json": log_snapshot_vectors,
         "queue-snapshot.json": queue_snapshot_vectors,
         "bulk.json": bulk_vectors, "settlement-list.json": list_vectors}


def main():
    check = "--check" in sys.argv[1:]
    wrong = []
    for name, make in FILES.items():
        text = json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        path = FOLDER / name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong.append(name)
    if wrong:
        sys.exit("not what docs/formats says: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
