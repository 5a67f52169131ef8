#!/usr/bin/python3
"""Verifies a receipt offline: docs/formats/receipt.md, with Python's standard library and `openssl`.

Usage: verify_receipt.py RECEIPT.json --genesis-hash HEX

Shares no code with the programs: a stranger's reading of the format pages. Prints what the receipt
proves and exits with 0, or prints why it proves nothing and exits with 1.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

ED25519, P256 = 1, 2
ED25519_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
EPOCH = datetime.datetime(1970, 1, 1)

ACTIONS = {
    1: "pay", 2: "request issue", 3: "issue", 4: "redeem", 5: "approve", 6: "refuse", 7: "cancel",
    8: "register participant", 9: "update keys", 10: "open account", 11: "close account",
    12: "set freeze", 13: "set limits", 14: "set day phase", 15: "set settlement policy",
    16: "operator override", 17: "leg of a settlement", 18: "prepare of a settlement",
    19: "completion of a settlement", 20: "bulk of payments",
    21: "order to abort a settlement"}
PAY, PAY_BULK = 1, 20
ACCEPTED, SETTLED, REJECTED = 1, 5, 6
PAYMENT_LEAF_BYTES = 114
PAYMENT_RECORD_BYTES = 56
STATUSES = {
    1: "awaiting approval", 2: "warehoused", 3: "queued", 4: "prepared", 5: "settled",
    6: "rejected", 7: "cancelled", 8: "expired", 9: "aborted"}
BUCKETS = {1: "available", 2: "held"}


class Invalid(Exception):
    """The receipt proves nothing, and why."""


def require(condition, why):
    if not condition:
        raise Invalid(why)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


# --- canonical encoding (docs/formats/entry.md)

class Reader:
    """Big-endian integers of fixed width; `sized` is a u32 length and the bytes."""

    def __init__(self, data, what):
        self.data, self.place, self.what = data, 0, what

    def raw(self, size):
        part = self.data[self.place:self.place + size]
        require(len(part) == size, f"{self.what} is cut short")
        self.place += size
        return part

    def number(self, code):
        return struct.unpack(">" + code, self.raw(struct.calcsize(">" + code)))[0]

    def u8(self):
        return self.number("B")

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def i32(self):
        return self.number("i")

    def i64(self):
        return self.number("q")

    def sized(self):
        return self.raw(self.u32())

    def text(self):
        return self.sized().decode("utf-8", "strict")

    def done(self):
        require(self.place == len(self.data), f"{self.what} has bytes after its last field")


def read_entry(data):
    reader = Reader(data, "the entry")
    require((reader.u8(), reader.u8()) == (3, 1), "the entry is no entry leaf of version 1")
    entry = {"index": reader.u64()}
    reader.raw(16)  # the salt
    entry["party"] = reader.text()
    entry["action"] = reader.u8()
    entry["id"] = reader.text()
    entry["status"] = reader.u8()
    entry["cause"] = reader.u8()
    entry["outcome"] = reader.u16()
    entry["actual"] = reader.i64()
    entry["required"] = reader.i64()
    entry["rule"] = reader.text()
    entry["uetr"] = reader.raw(16)
    entry["payload_hash"] = reader.raw(32)
    entry["item"] = reader.u32()
    entry["settlement_id"] = reader.raw(32)
    entry["postings"] = [
        {"address": reader.text(), "bucket": reader.u8(), "code": reader.u8(),
         "amount": reader.i64(), "balance_after": reader.i64(), "sequence": reader.u64(), "previous": reader.u64()}
        for _ in range(reader.u32())]
    reader.done()
    require(sum(posting["amount"] for posting in entry["postings"]) == 0,
            "the postings do not sum to zero")
    return entry


def read_payment_leaf(data):
    """The leaf of a payment in a bulk (docs/formats/bulk.md). Five bytes make a sequence number."""
    require(len(data) == PAYMENT_LEAF_BYTES, "the entry has not the size of a payment in a bulk")
    reader = Reader(data, "the payment")
    require((reader.u8(), reader.u8()) == (5, 1), "the entry is no payment leaf of version 1")
    leaf = {"index": reader.u64()}
    reader.raw(16)  # the salt
    leaf["id"], leaf["uetr"] = reader.raw(16), reader.raw(16)
    leaf["debtor"], leaf["creditor"] = reader.u32(), reader.u32()
    leaf["debtor_check"], leaf["creditor_check"] = reader.u16(), reader.u16()
    leaf["purpose"] = reader.raw(4)
    leaf["amount"] = reader.i64()
    leaf["outcome"] = reader.u16()
    leaf["debtor_after"], leaf["creditor_after"] = reader.i64(), reader.i64()
    reader.raw(10)  # the accounts' sequence numbers
    leaf["position"] = reader.u32()
    reader.done()
    return leaf


def read_bulk(data):
    """What was signed: whom it is addressed to, and the records of its payments."""
    reader = Reader(data, "the bulk")
    require(reader.raw(8) == b"CWBULK01", "the bulk does not begin with its magic")
    bulk = {"ledger": reader.text(), "genesis_hash": reader.raw(32), "party": reader.text(),
            "id": reader.raw(16)}
    reader.i64()  # valid until
    bulk["payments"] = [reader.raw(PAYMENT_RECORD_BYTES) for _ in range(reader.u32())]
    reader.done()
    return bulk


def payment_record(leaf):
    """The signed record that a payment leaf speaks of."""
    return (struct.pack(">IIHH", leaf["debtor"], leaf["creditor"], leaf["debtor_check"],
                        leaf["creditor_check"])
            + leaf["purpose"] + struct.pack(">q", leaf["amount"]) + leaf["id"] + leaf["uetr"])


def read_header(data):
    reader = Reader(data, "the batch header")
    require((reader.u8(), reader.u8()) == (2, 1), "the batch header is no header leaf of version 1")
    header = {"number": reader.u64(), "first_index": reader.u64(), "time_us": reader.i64(),
              "date": reader.i32(), "phase": reader.u8(), "policy_version": reader.u64(),
              "entry_count": reader.u32()}
    reader.sized()  # commitments
    reader.done()
    return header


# --- protobuf's wire format, as far as a genesis and a command need it

def read_fields(data, what):
    """Field number -> list of values: integers for varints, bytes for the rest."""
    fields, place = {}, 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            require(place < len(data) and shift < 70, f"{what} is cut short")
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while place < len(data):
        tag = varint()
        kind = tag & 7
        require(kind in (0, 2), f"{what} has a field of wire type {kind}")
        value = varint()
        if kind == 2:
            require(place + value <= len(data), f"{what} is cut short")
            value, place = data[place:place + value], place + value
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def read_genesis(data):
    fields = read_fields(data, "the genesis")
    require(1 in fields and 3 in fields, "the genesis names no ledger or no key")
    key = read_fields(fields[3][-1], "the ledger's key")
    require(1 in key and 2 in key, "the ledger's key is incomplete")
    return {"ledger": fields[1][-1].decode(), "currency": fields.get(2, [b""])[-1].decode(),
            "suite": key[1][-1], "key": key[2][-1]}


# --- Merkle tree (docs/formats/merkle.md)

def check_inclusion(what, leaf, index, size, proof, root):
    require(index < size, f"{what}: index {index} lies beyond the checkpoint's {size} leaves")
    fn, sn, digest = index, size - 1, sha256(b"\x00", leaf)
    for sibling in proof:
        require(len(sibling) == 32, f"{what}: a proof hash has {len(sibling)} bytes")
        require(sn != 0, f"{what}: the proof is too long")
        if fn % 2 == 1 or fn == sn:
            digest = sha256(b"\x01", sibling, digest)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = sha256(b"\x01", digest, sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, f"{what}: the proof is too short")
    require(digest == root, f"{what}: the proof does not lead to the checkpoint's root")


# --- checkpoint (docs/formats/checkpoint.md)

def decode_base64(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"{what} is not base64") from error


def read_checkpoint(note):
    text, separator, signatures = note.rpartition("\n\n")
    require(separator and signatures.endswith("\n"), "the checkpoint is no signed note")
    text += "\n"
    lines = text.split("\n")
    require(len(lines) >= 4, "the checkpoint has fewer than three lines")
    require(re.fullmatch("0|[1-9][0-9]*", lines[1]), "the checkpoint's size is no number")
    root = decode_base64(lines[2], "the checkpoint's root")
    require(len(root) == 32, "the checkpoint's root has not 32 bytes")
    found = []
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014", "a signature line is malformed")
        blob = decode_base64(parts[2], "a signature")
        require(len(blob) > 4, "a signature is too short")
        found.append((parts[1], blob[:4], blob[4:]))
    return {"origin": lines[0], "size": int(lines[1]), "root": root, "text": text.encode(),
            "signatures": found}


def spki_of(suite, key):
    if suite == ED25519:
        require(len(key) == 32, "the ledger's key has not 32 bytes")
        return ED25519_SPKI_PREFIX + key
    require(suite == P256, f"suite {suite} is unknown here")
    return key


def note_key_id(suite, key, name):
    if suite == ED25519:
        return sha256(name.encode(), b"\n\x01", key)[:4]
    return sha256(spki_of(suite, key))[:4]


def openssl_verifies(suite, key, message, signature):
    pem = ("-----BEGIN PUBLIC KEY-----\n"
           + base64.encodebytes(spki_of(suite, key)).decode() + "-----END PUBLIC KEY-----\n")
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, content in (("key", pem.encode()), ("message", message), ("sig", signature)):
            paths[name] = os.path.join(folder, name)
            with open(paths[name], "wb") as file:
                file.write(content)
        if suite == ED25519:
            command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", paths["key"], "-rawin",
                       "-in", paths["message"], "-sigfile", paths["sig"]]
        else:
            command = ["openssl", "dgst", "-sha256", "-verify", paths["key"], "-signature",
                       paths["sig"], paths["message"]]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def check_note(checkpoint, suite, key, name):
    """A line of that name and of that key's id must verify, and none of them may fail."""
    key_id = note_key_id(suite, key, name)
    lines = [s for n, i, s in checkpoint["signatures"] if n == name and i == key_id]
    require(lines, "the checkpoint is not signed with the ledger's key")
    for signature in lines:
        require(openssl_verifies(suite, key, checkpoint["text"], signature),
                "the ledger's signature does not verify over the checkpoint")


# --- the receipt (docs/formats/receipt.md)

def bytes_of(receipt, field):
    require(isinstance(receipt.get(field), str), f"the receipt has no {field}")
    return decode_base64(receipt[field], field)


def proof_of(receipt, field):
    proof = receipt.get(field, [])
    require(isinstance(proof, list), f"{field} is no list")
    return [decode_base64(item, field) for item in proof]


def index_of(receipt, field):
    value = receipt.get(field, 0)
    require(re.fullmatch("[0-9]+", str(value)), f"{field} is no index")
    return int(value)


def check_envelope(envelope, genesis, genesis_hash, entry, payment):
    kind = envelope.get("payload_type", "").encode()
    payload = bytes_of(envelope, "payload")
    encoding = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    require(sha256(encoding) == entry["payload_hash"], "the envelope is not what the entry is about")
    if kind == b"application/vnd.causeway.command.v1+protobuf":
        command = read_fields(payload, "the command")
        require(command.get(1, [b""])[-1].decode() == genesis["ledger"]
                and command.get(2, [b""])[-1] == genesis_hash,
                "the command is addressed to another ledger")
    if kind == b"application/vnd.causeway.bulk-payments.v1":
        bulk = read_bulk(payload)
        require(bulk["ledger"] == genesis["ledger"] and bulk["genesis_hash"] == genesis_hash,
                "the bulk is addressed to another ledger")
        require(bulk["party"] == entry["party"] and bulk["id"].hex() == entry["id"],
                "the bulk is not that of the entry")
        if payment:
            require(payment["position"] < len(bulk["payments"])
                    and bulk["payments"][payment["position"]] == payment_record(payment),
                    "the payment is not what was signed")


def check_leaf(receipt, name, leaf, header, checkpoint):
    """The leaf in field `name`, as read, is where it says, in the batch and in the log."""
    what = name.replace("_", " ")
    index, header_index = index_of(receipt, f"{name}_index"), header["first_index"]
    require(leaf["index"] == index, f"the {what} is of another index")
    require(header_index < index <= header_index + header["entry_count"],
            f"the {what} does not belong to this batch header")
    check_inclusion(what, bytes_of(receipt, name), index, checkpoint["size"],
                    proof_of(receipt, f"{name}_proof"), checkpoint["root"])


def verify(receipt, trusted_genesis_hash):
    """What the receipt proves, or Invalid. The last is the payment, for one in a bulk."""
    genesis_bytes = bytes_of(receipt, "genesis")
    require(sha256(genesis_bytes) == trusted_genesis_hash,
            "the genesis is not the one that is trusted")
    genesis = read_genesis(genesis_bytes)

    require(isinstance(receipt.get("checkpoint"), str), "the receipt has no checkpoint")
    checkpoint = read_checkpoint(receipt["checkpoint"])
    require(checkpoint["origin"] == genesis["ledger"], "the checkpoint is of another log")
    check_note(checkpoint, genesis["suite"], genesis["key"], genesis["ledger"])

    header_bytes, header_index = bytes_of(receipt, "batch_header"), index_of(
        receipt, "batch_header_index")
    header = read_header(header_bytes)
    require(header["first_index"] == header_index, "the batch header is of another index")
    payment = None
    if receipt.get("bulk_entry"):
        payment = read_payment_leaf(bytes_of(receipt, "entry"))
        check_leaf(receipt, "entry", payment, header, checkpoint)
        entry = read_entry(bytes_of(receipt, "bulk_entry"))
        check_leaf(receipt, "bulk_entry", entry, header, checkpoint)
        require(entry["action"] == PAY_BULK, "the bulk entry is not of a bulk")
        require(payment["index"] == entry["index"] + 1 + payment["position"],
                "the payment is of another bulk")
    else:
        entry = read_entry(bytes_of(receipt, "entry"))
        check_leaf(receipt, "entry", entry, header, checkpoint)
    check_inclusion("batch header", header_bytes, header_index, checkpoint["size"],
                    proof_of(receipt, "batch_header_proof"), checkpoint["root"])
    if receipt.get("envelope"):
        check_envelope(receipt["envelope"], genesis, trusted_genesis_hash, entry, payment)
    return genesis, entry, header, checkpoint, payment


def print_verdict(genesis, entry, header, checkpoint, payment):
    when = EPOCH + datetime.timedelta(microseconds=header["time_us"])
    date = (EPOCH + datetime.timedelta(days=header["date"])).date()
    action, name, status, leaf = entry["action"], entry["id"], entry["status"], entry
    if payment:
        action, name, leaf = PAY, payment["id"].hex(), payment
        status = SETTLED if payment["outcome"] == ACCEPTED else REJECTED
    print(f"valid: {entry['party']} {ACTIONS.get(action, '?')} {name}")
    print(f"status: {STATUSES.get(status, '?')}, outcome {leaf['outcome']}")
    print(f"ledger: {genesis['ledger']}, leaf {leaf['index']} of {checkpoint['size']}")
    print(f"time: {when.isoformat()}Z, business date {date}")
    for posting in entry["postings"]:
        print(f"posting: {posting['address']} {BUCKETS.get(posting['bucket'], '?')} "
              f"{posting['amount']:+d} -> {posting['balance_after']} {genesis['currency']} (minor)")
    if payment:
        print(f"payment: account {payment['debtor']} to account {payment['creditor']}, "
              f"{payment['amount']} {genesis['currency']} (minor), payment {payment['position']} "
              f"of bulk {entry['id']}")


def main():
    parser = argparse.ArgumentParser(description="Verify a receipt offline.")
    parser.add_argument("receipt")
    parser.add_argument("--genesis-hash", required=True, help="64 hexadecimal digits, from a "
                        "source that you trust")
    arguments = parser.parse_args()
    try:
        with open(arguments.receipt, encoding="utf-8") as file:
            receipt = json.load(file)
        print_verdict(*verify(receipt, bytes.fromhex(arguments.genesis_hash)))
    except (Invalid, ValueError, KeyError, TypeError, OSError) as error:
        print(f"invalid: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
