#!/usr/bin/python3
"""Writes moving-peg.txt: trades with a pool of Curve v2 whose price scale moves, in decimal arithmetic
of 90 digits, from the curve's formula as the paper has it and the rules of the published pool
(tweak_price of CurveCryptoSwap2.vy). It shares nothing with the C++ code, which has whole numbers only.

Usage: make_peg_vectors.py [--check]. A line that begins with "pool" has A in ten-thousandths, gamma in
10^-18, the price scale, the two fees in millionths, fee_gamma in 10^-18, the half-life in
microseconds, the step and the extra profit in 10^-18, and the reserves in minor units of two decimals.
Every other line is a trade: microseconds, 1 when base is paid in, paid in, paid out; and, after it,
the scale and the average in 10^-12, worth and profit in 10^-18.
"""

import random
import sys
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, getcontext

from make_curve_vectors import curve
from vector_file import write_or_check

getcontext().prec = 90
E12, E18 = Decimal(10) ** 12, Decimal(10) ** 18
DEALT_MINOR_UNITS = 100_000


def floor(value):
    return value.to_integral_value(rounding=ROUND_FLOOR)


def ceiling(value):
    return value.to_integral_value(rounding=ROUND_CEILING)


def root(low, high, holds):
    """Where `holds` ends between low, where it does, and high, where it does not."""
    for _ in range(290):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


class Pool:
    def __init__(self, a_e4, g_e18, scale, mid, out, fee_gamma, half_life, step, extra, base, quote):
        self.a, self.g = Decimal(a_e4) / 10 ** 4, Decimal(g_e18) / E18
        self.mid, self.out, self.fee_gamma = Decimal(mid), Decimal(out), Decimal(fee_gamma) / E18
        self.half_life, self.step, self.extra = Decimal(half_life), Decimal(step) / E18, Decimal(extra) / E18
        self.base, self.quote = Decimal(base), Decimal(quote)
        self.scale = self.average = self.last = Decimal(scale)
        self.at, self.behind = None, False
        self.first = self.value(self.scale)
        self.worth = self.profit = Decimal(1)

    def size(self, x, y):
        s, p = x + y, x * y
        return root(2 * p.sqrt(), s, lambda d: curve(self.a, self.g, x, y, d) >= 0)

    def other(self, x, d, known):
        return root(known, max(d - x, Decimal(0)),
                    lambda y: x + y >= d and (4 * x * y >= d * d
                                              or curve(self.a, self.g, x, y, d) >= 0))

    def value(self, scale):
        """The geometric mean of D/2 and D/(2p)."""
        return self.size(self.base * scale, self.quote) / (2 * scale.sqrt())

    def pays(self, sells_base, amount):
        x, y = self.base * self.scale, self.quote
        d = self.size(x, y)
        if sells_base:
            after = (self.base + amount) * self.scale
            left = ceiling(self.other(after, d, y))
            gross, balances = y - left, (after, left)
        else:
            after = self.quote + amount
            left = ceiling(self.other(after, d, x) / self.scale)
            gross, balances = self.base - left, (left * self.scale, after)
        off = 1 - 4 * balances[0] * balances[1] / (balances[0] + balances[1]) ** 2
        fee = ceiling((self.mid * self.fee_gamma + self.out * off) / (self.fee_gamma + off))
        return gross - ceiling(gross * fee / 10 ** 6)

    def margin(self):
        x, y = self.base * self.scale, self.quote
        more = y / 10 ** 6
        return self.scale * more / (x - self.other(y + more, self.size(x, y), x))

    def trade(self, now, sells_base, paid_in, paid_out):
        self.base += paid_in if sells_base else -paid_out
        self.quote += -paid_out if sells_base else paid_in
        if self.at is not None and self.at < now:
            weight = Decimal(2) ** (-(now - self.at) / self.half_life)
            self.average = floor((self.last * (1 - weight) + self.average * weight) * E12) / E12
        self.at = now
        if min(paid_in, paid_out) > DEALT_MINOR_UNITS:
            dealt = paid_out / paid_in if sells_base else paid_in / paid_out
        else:
            dealt = self.margin()
        self.last = floor(dealt * E12) / E12
        worth = self.value(self.scale) / self.first
        self.profit *= worth / self.worth
        self.worth = worth
        self.behind = self.behind or 2 * worth - 1 > self.profit + 2 * self.extra
        away = abs(self.average / self.scale - 1)
        if not self.behind or away <= self.step:
            return
        moved = (self.scale * (away - self.step) + self.step * self.average) / away
        moved = floor(moved * E12) / E12
        worth = self.value(moved) / self.first
        if worth > 1 and 2 * worth - 1 > self.profit:
            self.scale, self.worth = moved, worth
        else:
            self.behind = False


# A, gamma, scale, fees, fee_gamma, half-life, step and extra profit. The first pool moves after nearly
# every trade; the second concentrates more, so that most moves would cost too much and are refused.
POOLS = [
    (540_000, 145 * 10 ** 12, "1.0950", 2_600, 4_500, 230 * 10 ** 12, 600_000_000, 146 * 10 ** 12,
     2 * 10 ** 12, 1_000_000_000, 1_095_000_000),
    (4_000_000, 10 ** 15, "0.93", 1_000, 4_000, 5 * 10 ** 15, 600_000_000, 5 * 10 ** 14, 10 ** 10,
     500_000_000, 465_000_000),
]


def main():
    draw = random.Random(2021)
    lines = []
    for terms in POOLS:
        lines.append("pool " + " ".join(str(term) for term in terms))
        pool = Pool(*terms)
        market, now = pool.scale, Decimal(0)
        for _ in range(120):
            now += draw.choice([0, 1, 20, 300, 900]) * 1_000_000 + 1
            market *= 1 + Decimal(draw.randrange(-20, 50)) / 10_000
            sells_base = market < pool.margin() if draw.random() < 0.6 else draw.random() < 0.5
            whole = pool.base if sells_base else pool.quote
            paid_in = floor(whole * draw.choice([1, 30, 300, 900]) / 100_000)
            if draw.random() < 0.1:
                paid_in = Decimal(draw.randrange(100, 90_000))
            paid_out = pool.pays(sells_base, paid_in)
            pool.trade(now, sells_base, paid_in, paid_out)
            lines.append(f"{now} {int(sells_base)} {paid_in} {paid_out} {floor(pool.scale * E12)} "
                         f"{floor(pool.average * E12)} {floor(pool.worth * E18)} "
                         f"{floor(pool.profit * E18)}")
    text = "\n".join(lines) + "\n"
    return write_or_check("moving-peg.txt", text)


if __name__ == "__main__":
    sys.exit(main())
