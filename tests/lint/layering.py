#!/usr/bin/python3
"""Checks that the modules depend on one another as the design says, and that pure code is pure.

Usage: layering.py [ROOT]. Prints one line a violation, `file:line: rule: what`, and exits with 1
when there is any. The rules are in rules.py; layering_selftest.py shows that each can fail.
"""

import os
import re
import subprocess
import sys

import rules

SOURCE_SUFFIXES = (".h", ".cc")
CHECKED_SUFFIXES = (".h", ".cc", ".py", ".proto")
# Not parts of the tree: what builds and runs leave behind where there is no git to ask.
IGNORED_ENTRIES = {".git", "build", "out", "__pycache__"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",
    re.DOTALL)


def tracked_files(root):
    """The files of the tree: what git tracks or would, else everything."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\0")
        return sorted(f for f in listed if f and os.path.isfile(os.path.join(root, f)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in IGNORED_ENTRIES]
        found += [os.path.relpath(os.path.join(folder, n), root) for n in names]
    return sorted(found)


def unit_of(path):
    """The unit that a source file belongs to, or None for tests and generated code."""
    folder, name = os.path.split(path)
    if folder == "settlement/store" and name.startswith(("lmdb_", "segment_", "snapshot_")):
        return "settlement/store/lmdb"
    if folder == "settlement/store" and name.startswith("key_runs"):
        return "settlement/store/key_runs"
    if path == "settlement/rpc/server_flags.h":
        return "settlement/rpc/flags"
    return folder if folder in rules.UNITS else None


def origin_of(bracket, header):
    """What an included header belongs to: a unit, an outside library, "std" or "posix"."""
    if header.startswith("causeway/v1/"):
        return "proto-grpc" if header.endswith(".grpc.pb.h") else "proto"
    for prefix, library in rules.EXTERNAL_PREFIXES.items():
        if header.startswith(prefix):
            return library
    if bracket == "<":
        return "posix" if header.endswith(".h") else "std"
    return unit_of(header) or os.path.dirname(header)


def code_only(text):
    """`text` without comments and string contents, and with the same lines."""
    def blank(match):
        token = match.group(0)
        lines = "\n" * token.count("\n")
        return lines if token.startswith("/") else '""' + lines
    return COMMENT_OR_STRING.sub(blank, text)


class Checker:
    def __init__(self, root):
        self.root = root
        self.files = tracked_files(root)
        self.violations = []
        self.exceptions_used = set()

    def report(self, path, line, rule, what):
        if (path, rule) in rules.EXCEPTIONS:
            self.exceptions_used.add((path, rule))
            return
        self.violations.append(f"{path}:{line}: {rule}: {what}")

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def run(self):
        self.check_top_level()
        sources = [f for f in self.files if f.endswith(CHECKED_SUFFIXES)]
        hash_containers = {}
        for path in sources:
            text = self.read(path)
            self.check_text(path, text)
            unit = unit_of(path)
            if not path.endswith(SOURCE_SUFFIXES):
                continue
            self.check_guard(path, text)
            if unit is None:
                self.check_place(path)
                continue
            self.check_includes(path, unit, text)
            if unit in rules.DETERMINISTIC:
                code = code_only(text)
                self.check_purity(path, unit, code)
                hash_containers.setdefault(unit, []).append((path, code))
        for unit_sources in hash_containers.values():
            self.check_hash_iteration(unit_sources)
        self.check_links()
        self.check_exceptions()
        return self.violations

    def check_top_level(self):
        for entry in sorted({f.split("/")[0] for f in self.files}):
            if entry not in rules.TOP_LEVEL:
                self.report(entry, 1, "top-level", "is not part of the layout of the root")

    def check_text(self, path, text):
        lines = text.count("\n")
        if lines > rules.FILE_LINES_MAX:
            self.report(path, lines, "file-length",
                        f"has {lines} lines, more than {rules.FILE_LINES_MAX}")
        # Spelled apart, so that this file passes its own check.
        mark = re.search(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK)\b", text)
        if mark:
            self.report(path, text.count("\n", 0, mark.start()) + 1, "open-mark",
                        f"'{mark.group(0)}': finish it, or file an issue")

    def check_guard(self, path, text):
        if not path.endswith(".h"):
            return
        guard = "CAUSEWAY_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            self.report(path, 1, "header-guard", f"expected {guard}")

    def check_place(self, path):
        if not path.startswith("tests/"):
            self.report(path, 1, "placement", "lies in a folder that is no module")

    def check_includes(self, path, unit, text):
        allowed = rules.UNITS[unit] | rules.COMMON | {unit, "std"}
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            bracket, header = match.groups()
            origin = origin_of(bracket, header)
            if origin not in allowed:
                self.report(path, number, "include", f"{unit} may not include {header} ({origin})")
            elif unit == "settlement/core" and origin == "absl" and not header.startswith(
                    rules.CORE_ABSL):
                self.report(path, number, "include",
                            f"{unit} may not include {header}, only {', '.join(rules.CORE_ABSL)}")

    def check_purity(self, path, unit, code):
        banned = dict(rules.BANNED_IN_DETERMINISTIC)
        if unit in rules.EXACT:
            banned["floating-point"] = rules.FLOATING_POINT
        for rule, pattern in banned.items():
            for match in re.finditer(pattern, code):
                self.report(path, code.count("\n", 0, match.start()) + 1, rule,
                            f"'{match.group(0).strip()}' in {unit}, which must be deterministic")

    def check_hash_iteration(self, unit_sources):
        """Finds loops over hash containers that are declared in the same unit."""
        names = set()
        for _, code in unit_sources:
            declared = re.finditer(r"\b(?:flat_hash|node_hash|unordered)_\w+\s*<", code)
            for match in declared:
                depth, at = 1, match.end()
                while depth and at < len(code):
                    depth += {"<": 1, ">": -1}.get(code[at], 0)
                    at += 1
                name = re.match(r"\s*&?\s*(\w+)\s*[;={(,)]", code[at:])
                if name:
                    names.add(name.group(1))
        if not names:
            return
        any_name = "|".join(sorted(names))
        loop = re.compile(rf"for\s*\([^;()]*:\s*[\w.>-]*\b(?:{any_name})\s*\)"
                          rf"|\b(?:{any_name})\s*(?:\.|->)\s*c?begin\s*\(")
        for path, code in unit_sources:
            for match in loop.finditer(code):
                self.report(path, code.count("\n", 0, match.start()) + 1, "hash-iteration",
                            "the order of a hash container differs between runs")

    def check_links(self):
        links = {}
        for path in self.files:
            if os.path.basename(path) == "CMakeLists.txt" and not path.startswith("tests/"):
                self.collect_links(path, links)
        for target, forbidden in rules.FORBIDDEN_LINKS.items():
            if target not in links:
                continue
            path, _ = links[target]
            for reached, chain in sorted(self.reachable(target, links).items()):
                if any(reached == f or (f.endswith("*") and reached.startswith(f[:-1]))
                       for f in forbidden):
                    self.report(path, 1, "link", f"{' -> '.join(chain)} is not allowed")

    def collect_links(self, path, links):
        text = re.sub(r"#[^\n]*", "", self.read(path))
        for match in re.finditer(r"(\w+)\s*\(([^()]*)\)", text):
            command, words = match.group(1), match.group(2).split()
            if command in ("causeway_library", "causeway_program") and "DEPS" in words:
                deps = words[words.index("DEPS") + 1:]
                if "EXCLUDE" in deps:
                    deps = deps[:deps.index("EXCLUDE")]
            elif command == "target_link_libraries" and words:
                deps = words[1:]
            else:
                continue
            keywords = {"PUBLIC", "PRIVATE", "INTERFACE", "causeway_options"}
            _, known = links.setdefault(words[0], (path, set()))
            known |= {d for d in deps if d not in keywords}

    @staticmethod
    def reachable(target, links):
        """Everything that `target` links, each with the chain of targets that leads there."""
        found, pending = {}, [(target, [target])]
        while pending:
            current, chain = pending.pop()
            for dep in links.get(current, (None, set()))[1]:
                if dep not in found:
                    found[dep] = chain + [dep]
                    pending.append((dep, chain + [dep]))
        return found

    def check_exceptions(self):
        for path, rule in rules.EXCEPTIONS:
            if path in self.files and (path, rule) not in self.exceptions_used:
                self.violations.append(
                    f"tests/lint/rules.py:1: exception: {path} no longer needs '{rule}': remove it")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", ".."))
    checker = Checker(root)
    violations = checker.run()
    for violation in violations:
        print(violation)
    print(f"layering: {len(checker.files)} files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
