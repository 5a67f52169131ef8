"""Writes a file of vectors beside the scripts, or tells whether it is as computed (--check)."""

import os
import sys


def write_or_check(name, text):
    """The exit status."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    if "--check" in sys.argv[1:]:
        with open(path, encoding="ascii") as file:
            same = file.read() == text
        print(f"{name}: " + ("as computed" if same else "differs"))
        return 0 if same else 1
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return 0
