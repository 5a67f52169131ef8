#!/usr/bin/python3
"""Bad input against live processes: each has its own clear rejection, and nothing changes.

Refusals (codes outside 200 to 299) leave no trace: logs, accounts and decisions stay as they were.
Recorded rejections leave exactly one entry, without a posting, and no account changes.
"""

import time
import unittest
import uuid

import grpc

from corridor import (CALL_S, COMMAND_TYPE, TERMS_TYPE, Corridor, Key, bridge_pb, command_pb,
                      common_pb, envelope_of, ledger_grpc, ledger_pb, new_folder, openssl,
                      outcome_name, read, rejection_of, settlement_pb, sha256, status_name)

INT64_MAX = 2**63 - 1
BATCH_PAYMENTS_MAX = 8192
DAY_US = 24 * 3600 * 10**6


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("keys")
        cls.corridor = corridor = Corridor()
        corridor.by_central_bank("GBP", close_account=command_pb.CloseAccount(
            address=corridor.account("BANK-C", "GBP")))
        corridor.by_central_bank("EUR", set_freeze=command_pb.SetFreeze(
            address=corridor.account("BANK-C", "EUR"), frozen=True, legal_basis="Order 4711"))

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    # What is sent, and what must come of it.

    def refused(self, code, outcome, call):
        """`call` must fail with this gRPC code and this rejection, and leave no trace."""
        before = self.corridor.snapshot()
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        rejection = rejection_of(caught.exception)
        self.assertEqual((caught.exception.code(), outcome_name(rejection.outcome)),
                         (code, outcome), caught.exception.details())
        self.assertGreater(len(rejection.message), 10)
        self.assertEqual(caught.exception.details(), rejection.message)
        self.assertEqual(self.corridor.snapshot(), before)
        return rejection

    def refuse_envelope(self, code, outcome, envelope, currency="EUR", sender="BANK-A"):
        return self.refused(code, outcome,
                            lambda: self.corridor.submit(currency, sender, envelope))

    def recorded(self, outcome, envelope, currency="EUR", sender="BANK-A"):
        """The envelope must be recorded as rejected: one entry, no posting, nothing else."""
        before = self.corridor.snapshot()
        instruction = self.corridor.submit(currency, sender, envelope)[0]
        self.assertEqual((status_name(instruction.status),
                          outcome_name(instruction.rejection.outcome)), ("REJECTED", outcome))
        self.assertGreater(len(instruction.rejection.message), 10)
        after = self.corridor.snapshot()
        before[f"{currency} log"] += 2  # a batch header and the entry
        self.assertEqual(after, before)
        entries = self.corridor.ledger(currency, self.corridor.central_bank(currency)).ListEntries(
            ledger_pb.ListEntriesRequest(from_index=instruction.entry_index, page_size=1),
            timeout=CALL_S).entries
        self.assertEqual((entries[0].index, len(entries[0].postings)),
                         (instruction.entry_index, 0))
        # Permanent: the same bytes get the same answer.
        again = self.corridor.submit(currency, sender, envelope)[0]
        self.assertTrue(again.repeated)
        self.assertEqual(again.rejection, instruction.rejection)
        return instruction.rejection

    # How a good payment of BANK-A is made, so that each test spoils one thing.

    def command(self, minor_units=1_00, payee="BANK-B", fields=None, **payment_fields):
        return self.corridor.command(
            "EUR", "BANK-A",
            pay=self.corridor.payment("EUR", "BANK-A", payee, minor_units, **payment_fields),
            **(fields or {}))

    def payment(self, *args, **fields):
        return self.corridor.sign(self.command(*args, **fields), self.corridor.key("BANK-A"))

    def by_approvers(self, currency, count, **action):
        command = self.corridor.command(currency, self.corridor.central_bank(currency), **action)
        return self.corridor.sign(command, *self.corridor.approvers(currency)[:count])

    # Signatures and senders.

    def test_wrong_signature(self):
        envelope = self.payment()
        spoilt = bytearray(envelope.signatures[0].signature)
        spoilt[5] ^= 1
        envelope.signatures[0].signature = bytes(spoilt)
        self.refuse_envelope(grpc.StatusCode.UNAUTHENTICATED, "BAD_SIGNATURE", envelope)

    def test_payload_changed_after_signing(self):
        envelope = self.payment(1_00)
        envelope.payload = self.command(2_00).SerializeToString()
        self.refuse_envelope(grpc.StatusCode.UNAUTHENTICATED, "BAD_SIGNATURE", envelope)

    def test_no_signature(self):
        envelope = self.payment()
        del envelope.signatures[:]
        self.refuse_envelope(grpc.StatusCode.PERMISSION_DENIED, "NOT_SIGNED_BY_PARTY", envelope)

    def test_unknown_key(self):
        stranger = Key.generate(self.folder, "stranger.pem")
        self.refuse_envelope(grpc.StatusCode.UNAUTHENTICATED, "UNKNOWN_KEY",
                             self.corridor.sign(self.command(), stranger))

    def test_key_of_another_participant(self):
        self.refuse_envelope(grpc.StatusCode.PERMISSION_DENIED, "NOT_SIGNED_BY_PARTY",
                             self.corridor.sign(self.command(), self.corridor.key("BANK-B")))

    def test_certificate_of_another_participant(self):
        self.refuse_envelope(grpc.StatusCode.PERMISSION_DENIED, "SENDER_NOT_ENTITLED",
                             self.payment(), sender="BANK-B")

    def test_certificate_of_another_authority(self):
        key, certificate = f"{self.folder}/other.key", f"{self.folder}/other.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=other",
                "-addext", "subjectAltName=URI:causeway://participant/BANK-A")
        self.check_no_connection(grpc.ssl_channel_credentials(
            read(self.corridor.description["ca"]), read(key), read(certificate)))

    def test_no_client_certificate(self):
        self.check_no_connection(
            grpc.ssl_channel_credentials(read(self.corridor.description["ca"])))

    def test_no_tls(self):
        self.check_no_connection(None)

    def check_no_connection(self, credentials):
        before = self.corridor.snapshot()
        address = self.corridor.ledgers["EUR"]["address"]
        with (grpc.insecure_channel(address) if credentials is None
              else grpc.secure_channel(address, credentials)) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                ledger_grpc.LedgerStub(channel).Submit(
                    ledger_pb.SubmitRequest(envelope=self.payment()), timeout=CALL_S)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(self.corridor.snapshot(), before)

    # Envelopes and their addressing.

    def test_instruction_id_repeated_with_the_same_bytes(self):
        envelope = self.payment()
        first = self.corridor.submit("EUR", "BANK-A", envelope)[0]
        self.assertEqual((status_name(first.status), first.repeated), ("SETTLED", False))
        before = self.corridor.snapshot()
        again = self.corridor.submit("EUR", "BANK-A", envelope)[0]
        self.assertTrue(again.repeated)
        again.repeated = False
        self.assertEqual(again, first)
        self.assertEqual(self.corridor.snapshot(), before)

    def test_instruction_id_repeated_with_other_bytes(self):
        first = self.corridor.pay("EUR", "BANK-A", "BANK-B", 1_00)
        self.refuse_envelope(
            grpc.StatusCode.ALREADY_EXISTS, "INSTRUCTION_ID_REUSED",
            self.payment(2_00, fields={"instruction_id": first.reference.instruction_id}))

    def test_envelope_for_another_ledger(self):
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "WRONG_LEDGER", self.payment(),
                             currency="USD")

    def test_envelope_for_another_genesis_of_the_same_name(self):
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "WRONG_LEDGER",
                             self.payment(fields={"genesis_hash": bytes(range(32))}))

    def test_past_its_valid_until(self):
        now = self.command().valid_until_us
        self.refuse_envelope(grpc.StatusCode.FAILED_PRECONDITION, "PAST_VALID_UNTIL",
                             self.payment(fields={"valid_until_us": now - DAY_US}))

    def test_valid_until_too_far_ahead(self):
        now = self.command().valid_until_us
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "VALID_UNTIL_TOO_FAR",
                             self.payment(fields={"valid_until_us": now + 8 * DAY_US}))

    def test_malformed_protobuf(self):
        self.refuse_envelope(
            grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED",
            envelope_of(COMMAND_TYPE, b"\x0a\xff\xff\xff\xff\xff", [self.corridor.key("BANK-A")]))

    def test_a_field_that_the_ledger_does_not_know(self):
        payload = self.command().SerializeToString() + b"\xf8\x3f\x01"  # field 1023
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED",
                             envelope_of(COMMAND_TYPE, payload, [self.corridor.key("BANK-A")]))

    def test_malformed_request(self):
        raw = self.corridor.channel(self.corridor.ledgers["EUR"]["address"], "BANK-A").unary_unary(
            "/causeway.v1.Ledger/Submit")
        before = self.corridor.snapshot()
        with self.assertRaises(grpc.RpcError) as caught:
            raw(b"\x0a\xff\xff\xff\xff\xff", timeout=CALL_S)
        # gRPC's own answer: no handler sees such a request.
        self.assertIn(caught.exception.code(), (grpc.StatusCode.INTERNAL,
                                                grpc.StatusCode.UNIMPLEMENTED))
        self.assertEqual(self.corridor.snapshot(), before)

    def test_oversized_batch(self):
        payments = [self.corridor.payment("EUR", "BANK-A", "BANK-B", 1, instruction_id=f"B-{i}",
                                          purpose="") for i in range(BATCH_PAYMENTS_MAX + 1)]
        command = self.corridor.command("EUR", "BANK-A", instruction_id="",
                                        pay_batch=command_pb.PaymentBatch(payments=payments))
        self.refuse_envelope(grpc.StatusCode.RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE",
                             self.corridor.sign(command, self.corridor.key("BANK-A")))

    # Money and accounts.

    def test_insufficient_funds(self):
        available = self.corridor.available("BANK-A", "EUR")
        rejection = self.recorded("INSUFFICIENT_FUNDS", self.payment(available + 1))
        self.assertEqual((rejection.detail_actual, rejection.detail_required),
                         (available, available + 1))

    def test_overflow(self):
        self.recorded(
            "AMOUNT_OVERFLOW",
            self.by_approvers("EUR", 2, issue=command_pb.Issue(
                creditor_account=self.corridor.account("BANK-A", "EUR"),
                amount=common_pb.Money(currency="EUR", minor_units=INT64_MAX),
                rtgs_reference="R-1")),
            sender="EU-CENTRAL-BANK")

    def test_zero_amount(self):
        self.recorded("AMOUNT_NOT_POSITIVE", self.payment(0))

    def test_negative_amount(self):
        self.recorded("AMOUNT_NOT_POSITIVE", self.payment(-1_00))

    def test_someone_elses_account(self):
        self.recorded("NOT_ACCOUNT_OWNER", self.payment(
            payee="DEALER", debtor_account=self.corridor.account("BANK-B", "EUR")))

    def test_unknown_account(self):
        # Good check digits, but nobody opened it on this ledger.
        self.recorded("UNKNOWN_ACCOUNT", self.payment(
            creditor_account=self.corridor.account("BANK-A", "USD")))

    def test_mistyped_account(self):
        address = self.corridor.account("BANK-B", "EUR")
        mistyped = address[:-1] + ("A" if address[-1] != "A" else "B")
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED",
                             self.payment(creditor_account=mistyped))

    def test_wrong_currency(self):
        self.recorded("WRONG_CURRENCY", self.payment(
            amount=common_pb.Money(currency="USD", minor_units=1_00)))

    def test_same_account(self):
        self.recorded("SAME_ACCOUNT", self.payment(payee="BANK-A"))

    def test_closed_account(self):
        corridor = self.corridor
        command = corridor.command("GBP", "HASTY-DEALER", pay=corridor.payment(
            "GBP", "HASTY-DEALER", "BANK-C", 1_00))
        self.recorded("ACCOUNT_CLOSED", corridor.sign(command, corridor.key("HASTY-DEALER")),
                      currency="GBP", sender="HASTY-DEALER")

    def test_frozen_account(self):
        corridor = self.corridor
        command = corridor.command("EUR", "BANK-C", pay=corridor.payment(
            "EUR", "BANK-C", "BANK-B", 1_00))
        self.recorded("ACCOUNT_FROZEN", corridor.sign(command, corridor.key("BANK-C")),
                      sender="BANK-C")

    # Mandates.

    def test_one_approver_where_two_are_needed(self):
        rejection = self.recorded(
            "APPROVALS_MISSING",
            self.by_approvers("EUR", 1, issue=command_pb.Issue(
                creditor_account=self.corridor.account("BANK-A", "EUR"),
                amount=common_pb.Money(currency="EUR", minor_units=1_00), rtgs_reference="R-2")),
            sender="EU-CENTRAL-BANK")
        self.assertEqual((rejection.detail_actual, rejection.detail_required), (1, 2))

    def test_the_same_approver_twice(self):
        envelope = self.by_approvers("EUR", 1, issue=command_pb.Issue(
            creditor_account=self.corridor.account("BANK-A", "EUR"),
            amount=common_pb.Money(currency="EUR", minor_units=1_00), rtgs_reference="R-3"))
        envelope.signatures.append(envelope.signatures[0])
        self.refuse_envelope(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED", envelope,
                             sender="EU-CENTRAL-BANK")

    def test_a_bank_that_issues(self):
        command = self.corridor.command("EUR", "BANK-A", issue=command_pb.Issue(
            creditor_account=self.corridor.account("BANK-A", "EUR"),
            amount=common_pb.Money(currency="EUR", minor_units=1_00), rtgs_reference="R-4"))
        self.recorded("NOT_AUTHORISED",
                      self.corridor.sign(command, self.corridor.key("BANK-A")))

    # Quotes and settlements.

    def refuse_terms(self, code, outcome, terms, legs, keys=None, sender="BANK-A"):
        keys = keys or [self.corridor.key("BANK-A")]
        return self.refused(code, outcome,
                            lambda: self.corridor.settle(sender, terms, legs, *keys))

    def test_expired_quote(self):
        quote = self.corridor.quote("BANK-A", "EUR", "GBP", sell_minor_units=100_00)
        time.sleep(1.1)  # HASTY-DEALER's quotes stand for one second
        self.refuse_terms(grpc.StatusCode.FAILED_PRECONDITION, "QUOTE_EXPIRED", quote.terms,
                          quote.legs)

    def test_altered_leg(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        legs = list(quote.legs)
        leg = settlement_pb.Leg.FromString(legs[1])
        leg.amount.minor_units += 1_000_00
        legs[1] = leg.SerializeToString()
        self.refuse_terms(grpc.StatusCode.INVALID_ARGUMENT, "LEG_NOT_IN_TERMS", quote.terms, legs)

    def altered_terms(self, quote):
        """A larger incoming leg, with terms that fit it."""
        legs = list(quote.legs)
        leg = settlement_pb.Leg.FromString(legs[1])
        leg.amount.minor_units += 1_000_00
        legs[1] = leg.SerializeToString()
        terms = settlement_pb.TermsHeader.FromString(quote.terms)
        terms.legs_root = sha256(b"\x01" + b"".join(sha256(b"\x00" + leg) for leg in legs))
        return terms.SerializeToString(), legs

    def test_terms_that_were_not_quoted(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        terms, legs = self.altered_terms(quote)
        self.refuse_terms(grpc.StatusCode.INVALID_ARGUMENT, "TERMS_DIFFER_FROM_QUOTE", terms,
                          legs)

    def test_altered_leg_handed_to_a_ledger_past_the_bridge(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        leg = settlement_pb.Leg.FromString(quote.legs[0])
        leg.amount.minor_units = 1
        request = ledger_pb.PrepareRequest(
            terms=envelope_of(TERMS_TYPE, quote.terms, [self.corridor.key("BANK-A")]),
            legs=[settlement_pb.ProvenLeg(leg=leg.SerializeToString(), index=0,
                                          proof=[sha256(b"\x00" + quote.legs[1])])])
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "LEG_NOT_IN_TERMS",
                     lambda: self.corridor.ledger("EUR", "BANK-A").Prepare(request, timeout=CALL_S))

    def test_leg_whose_payer_did_not_sign(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        request = ledger_pb.PrepareRequest(
            terms=envelope_of(TERMS_TYPE, quote.terms, [self.corridor.key("DEALER")]),
            legs=[settlement_pb.ProvenLeg(leg=quote.legs[0], index=0,
                                          proof=[sha256(b"\x00" + quote.legs[1])])])
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "TERMS_NOT_SIGNED_BY_PAYER",
                     lambda: self.corridor.ledger("EUR", "BANK-A").Prepare(request, timeout=CALL_S))

    def test_terms_with_a_wrong_signature(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        envelope = envelope_of(TERMS_TYPE, quote.terms + b"x", [self.corridor.key("BANK-A")])
        envelope.payload = quote.terms
        request = bridge_pb.SubmitSettlementRequest(terms=envelope, legs=quote.legs, wait=True)
        self.refused(grpc.StatusCode.UNAUTHENTICATED, "BAD_SIGNATURE",
                     lambda: self.corridor.bridge("BANK-A").SubmitSettlement(request,
                                                                             timeout=CALL_S))

    def test_unknown_quote(self):
        quote = self.corridor.quote("BANK-A", "EUR", "USD", sell_minor_units=100_00)
        terms = settlement_pb.TermsHeader.FromString(quote.terms)
        terms.quote_id = "Q-" + uuid.uuid4().hex
        self.refuse_terms(grpc.StatusCode.NOT_FOUND, "UNKNOWN_QUOTE", terms.SerializeToString(),
                          quote.legs)

    def test_pair_that_nobody_quotes(self):
        self.refused(grpc.StatusCode.FAILED_PRECONDITION, "NO_RATE", lambda: self.corridor.quote(
            "BANK-B", "USD", "GBP", sell_minor_units=100_00))

    def test_quote_for_somebody_else(self):
        asked = {"taker": "BANK-B", "sell_currency": "USD", "buy_currency": "EUR",
                 "sell_minor_units": 1_00, "instruction_id": "S-1",
                 "sell_account": self.corridor.account("BANK-B", "USD"),
                 "buy_account": self.corridor.account("BANK-B", "EUR")}
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "SENDER_NOT_ENTITLED",
                     lambda: self.corridor.bridge("BANK-A").RequestQuote(
                         bridge_pb.QuoteRequest(**asked), timeout=CALL_S))

    def test_settlement_beyond_the_funds_of_its_payer_aborts_on_every_ledger(self):
        corridor = self.corridor
        quote = corridor.quote("BANK-A", "EUR", "USD",
                               sell_minor_units=corridor.available("BANK-A", "EUR") + 1)
        before = corridor.snapshot()
        view = corridor.settle("BANK-A", quote.terms, quote.legs, corridor.key("BANK-A"))
        self.assertEqual(view.state, bridge_pb.SETTLEMENT_STATE_ABORTED)
        self.assertEqual(outcome_name(view.rejection.outcome), "INSUFFICIENT_FUNDS")
        after = corridor.snapshot()
        for currency in ("EUR", "USD"):
            for who in ("BANK-A", "DEALER"):
                balances = [ledger_pb.Account.FromString(state[corridor.account(who, currency)])
                            for state in (before, after)]
                self.assertEqual(*[(a.available, a.held, a.incoming_reserved) for a in balances])

    # What is not the caller's to see.

    def test_account_of_another_participant(self):
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "SENDER_NOT_ENTITLED",
                     lambda: self.corridor.ledger("EUR", "BANK-A").GetAccount(
                         ledger_pb.GetAccountRequest(
                             address=self.corridor.account("BANK-B", "EUR")), timeout=CALL_S))

    def test_whole_batches_for_a_bank(self):
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "SENDER_NOT_ENTITLED",
                     lambda: list(self.corridor.ledger("EUR", "BANK-A").Subscribe(
                         ledger_pb.SubscribeRequest(), timeout=CALL_S)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
