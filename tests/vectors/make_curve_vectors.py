#!/usr/bin/python3
"""Writes hybrid-curve.txt: sizes and balances of the Curve v2 curve, from its formula as the paper
has it, in decimal arithmetic of 250 digits and by halving alone. It shares nothing with the C++ code,
which compares products of whole numbers and takes Newton's steps.

Usage: make_curve_vectors.py [--check]. A line is: A in ten-thousandths, gamma in 10^-18, x, y, the
largest whole D that (x, y) reaches, x after a payment in, and the smallest whole y that reaches D
then.
"""

import random
import sys
from decimal import Decimal, getcontext

from vector_file import write_or_check

getcontext().prec = 250
CASES = 60


def curve(a, g, x, y, d):
    """K D (S - D) + P - D^2 / 4 of the paper, for two currencies."""
    s, p = x + y, x * y
    k0 = 4 * p / (d * d)
    k = a * k0 * g * g / (g + 1 - k0) ** 2
    return k * d * (s - d) + p - d * d / 4


def border(low, high, holds):
    """The last whole number in [low, high) that holds; low does, high does not."""
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def reaches(a, g, x, y, d):
    if x + y < d:
        return False
    if 4 * x * y >= d * d:
        return True
    return curve(a, g, Decimal(x), Decimal(y), Decimal(d)) >= 0


def line(draw):
    a_e4 = draw.choice([1, 10_000, 540_000, 20_000_000, 400_000_000, 10_000_000_000])
    g_e18 = draw.choice([10 ** 10, 2 * 10 ** 13, 145 * 10 ** 12, 10 ** 16, 10 ** 18])
    a, g = Decimal(a_e4) / 10 ** 4, Decimal(g_e18) / 10 ** 18
    bits = draw.choice([20, 40, 63, 90, 126])
    x = draw.randrange(1 << (bits - 2), 1 << bits)
    y = max(1, x * draw.choice([1, 20, 99, 100, 101, 130, 900]) // 100)
    y = min(y, (1 << 126) - 1)
    d = border(0, x + y + 1, lambda size: size == 0 or reaches(a, g, x, y, size))
    after = x + max(1, x * draw.randrange(1, 400) // 1000)
    other = 1 + border(-1, y, lambda less: less < 0 or not reaches(a, g, after, less, d))
    return f"{a_e4} {g_e18} {x} {y} {d} {after} {other}"


def main():
    draw = random.Random(20)
    text = "".join(line(draw) + "\n" for _ in range(CASES))
    return write_or_check("hybrid-curve.txt", text)


if __name__ == "__main__":
    sys.exit(main())
