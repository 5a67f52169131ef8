#!/usr/bin/python3
"""Shows that every check of references.py can fail, and that a good tree passes."""

import unittest

import references
from temporary_tree import tree

GOOD = {
    "README.md": "# Name\n\n[a page](docs/page.md#two-words-more), [here](#name), [all](docs/),\n"
                 "[elsewhere](https://example.org/no.md), run `./dev test`.\n"
                 "```\n# no heading\n[no link](none.md)\n```\n",
    "docs/page.md": "# Page\n\n## Two `words`, more\n\n## Again\n\n## Again\n\n"
                    "[up](../README.md) [second](#again-1)\n",
    "core/ledger.cc": '// See docs/page.md; tests are core/NAME_test.cc. A run makes\n'
                      '// out/core/none.md.\n#include "core/ledger.h"\n',
    "core/ledger.h": "// Bytes: docs/page.md.\n",
    "dev": "#!/bin/bash\ncmd_test() { true; }\n",
}
# Name -> (file, its content, what must be said).
BAD = {
    "a link to nothing": ("docs/b.md", "[x](none.md)\n", "docs/b.md:1: link to none.md"),
    "a link that leaves out a folder": ("docs/b.md", "\n[x](ledger.h)\n", "docs/b.md:2: link"),
    "an anchor without a heading":
        ("docs/b.md", "[x](page.md#three)\n", "docs/page.md has no such heading"),
    "an anchor in a fenced block":
        ("docs/b.md", "[x](../README.md#no-heading)\n", "README.md has no such heading"),
    "an anchor of its own page": ("docs/b.md", "# B\n[x](#c)\n", "docs/b.md has no such heading"),
    "a page that nothing links": ("core/b.md", "[itself](b.md)\n", "core/b.md:1: no page links"),
    "a comment that outlived a page": ("core/b.cc", "// See docs/gone.md.\n", "docs/gone.md"),
    "a comment that outlived a source":
        ("core/b.cc", "\n// core/gone.h\n", "core/b.cc:2: core/gone.h"),
    "a command that is gone": ("docs/b.md", "Run `./dev prove`.\n", "no command prove"),
}


class ReferencesTest(unittest.TestCase):
    def test_a_good_tree_passes(self):
        with tree(GOOD) as root:
            self.assertEqual(references.Checker(root).run(), [])

    def test_each_dead_reference_is_found(self):
        for kind, (path, content, expected) in BAD.items():
            with self.subTest(kind), tree({**GOOD, path: content}) as root:
                dead = references.Checker(root).run()
                self.assertEqual(len(dead), 1, dead)
                self.assertIn(expected, dead[0])


if __name__ == "__main__":
    unittest.main()
