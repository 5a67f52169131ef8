#!/usr/bin/python3
"""Checks that what the tree says of itself is there: links and their anchors, paths, commands.

Usage: references.py [ROOT]. In Markdown, every relative link must lead to a file or folder of the
tree, and its anchor to a heading of that page; and every page but the README of the root must be
linked, or its folder. In every text file, a path that begins with a folder of the root and ends
like a file must exist (so that a comment does not outlive what it points at), and so must every
`./dev COMMAND`. Prints one line a dead reference, `file:line: what`, and exits with 1 when there is
any. references_selftest.py shows that each check can fail.
"""

import os
import re
import sys

import layering

LINK = re.compile(r"\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")  # a scheme: not of this tree
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")
PATH_END = r"\.(?:cc|cmake|csv|h|html|json|md|proto|py|sh|svg|toml|txt|txtpb)"
COMMAND = re.compile(r"\./dev ([a-z]+)\b")

# Names that stand for others: a path that contains one is a pattern.
PLACEHOLDER = re.compile(r"NAME|NNNN")
# Trees that these files make up, and bytes that only look like text.
IGNORED = ("tests/lint/layering_selftest.py", "tests/lint/references", "tests/fuzz/corpus/")


def prose_lines(text):
    """(number, line) of a Markdown text outside fenced blocks."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors_of(text):
    """The anchors that a Markdown page offers, as GitHub makes them of its headings."""
    seen = {}
    for _, line in prose_lines(text):
        match = HEADING.match(line)
        if not match:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(2))  # a link shows its text
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        repeats = seen.get(slug, 0)
        seen[slug] = repeats + 1
        yield slug if repeats == 0 else f"{slug}-{repeats}"


class Checker:
    def __init__(self, root):
        self.root = root
        self.files = set(layering.tracked_files(root))
        self.folders = set()
        for path in self.files:
            while path := os.path.dirname(path):
                self.folders.add(path)
        self.dead = []
        self.anchors = {}
        self.linked = set()

    def read(self, path):
        """The text of a file, or None if it is not text."""
        try:
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                return file.read()
        except UnicodeDecodeError:
            return None

    def report(self, path, line, what):
        self.dead.append(f"{path}:{line}: {what}")

    def exists(self, path):
        return path in self.files or path in self.folders

    def run(self):
        folders = sorted({f.split("/")[0] for f in self.folders} - {".ci"})
        named_path = re.compile(
            rf"(?<![\w./<$-])(?:{'|'.join(map(re.escape, folders))})/[\w./-]*\w{PATH_END}\b")
        commands = self.commands()
        for path in sorted(self.files):
            text = None if path.startswith(IGNORED) else self.read(path)
            if text is None:
                continue
            if path.endswith(".md"):
                self.check_links(path, text)
            for number, line in enumerate(text.splitlines(), 1):
                self.check_paths(path, number, named_path.findall(line))
                for command in COMMAND.findall(line):
                    if commands is not None and command not in commands:
                        self.report(path, number, f"./dev has no command {command}")
        self.check_orphans()
        return self.dead

    def commands(self):
        text = self.read("dev") if "dev" in self.files else None
        return None if text is None else set(re.findall(r"^cmd_(\w+)\(\)", text, re.MULTILINE))

    def check_paths(self, path, number, named):
        for name in named:
            beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if not (self.exists(name) or self.exists(beside) or PLACEHOLDER.search(name)):
                self.report(path, number, f"{name} is not there")

    def check_links(self, path, text):
        for number, line in prose_lines(text):
            for target in LINK.findall(line):
                if ELSEWHERE.match(target):
                    continue
                name, _, anchor = target.partition("#")
                page = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if not self.exists(page):
                    self.report(path, number, f"link to {target}: {page} is not there")
                elif anchor and anchor not in self.anchors_of(page):
                    self.report(path, number, f"link to {target}: {page} has no such heading")
                if page != path:
                    self.linked.add(page)

    def check_orphans(self):
        for page in sorted(f for f in self.files if f.endswith(".md") and f != "README.md"):
            if page not in self.linked and os.path.dirname(page) not in self.linked:
                self.report(page, 1, "no page links to it")

    def anchors_of(self, page):
        if page not in self.anchors:
            text = self.read(page) if page.endswith(".md") else None
            self.anchors[page] = set(anchors_of(text)) if text is not None else set()
        return self.anchors[page]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    checker = Checker(os.path.abspath(root))
    dead = checker.run()
    print("\n".join(dead + [f"references: {len(checker.files)} files, {len(dead)} dead"]))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
