#!/usr/bin/python3
"""Every error of the programs comes from the problems.h of its library, and docs/errors.md lists them all.

Run by ctest and by hand: tests/errors_test.py
"""

import importlib.machinery
import importlib.util
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("errors_doc", str(ROOT / "scripts/errors-doc"))
errors_doc = importlib.util.module_from_spec(importlib.util.spec_from_loader("errors_doc", loader))
loader.exec_module(errors_doc)

FOLDERS = ("base", "net", "tunnel", "kube", "daemon", "in-cluster-proxy", "cli")
# An error made with a bare ErrorCode, or with one from elsewhere whose id is lost.
PAST_THE_TABLE = re.compile(
    r"\bfail\(\s*(?:ferry::)?ErrorCode::"
    r"|\bError(?:\s+\w+)?\s*[{(]\s*(?:ferry::)?ErrorCode::"
    r"|[{(]\s*(?:ferry::)?ErrorCode::k\w+,(?!\s*(?:ferry::)?ErrorCode::)(?!\s*\w+\))"
    r"|\?\s*(?:ferry::)?ErrorCode::k\w+\s*:\s*(?:ferry::)?ErrorCode::k\w+,"
    r"|\bfail\([^,;{}]*\bcode,"
    r"|\bError(?:\s+\w+)?\s*\{[^,;{}]*\bcode,"
)


def sources() -> list[pathlib.Path]:
    return sorted(p for f in FOLDERS for p in (ROOT / f).rglob("*") if p.suffix in (".h", ".cpp"))


def all_problems() -> list:
    return [p for table, _ in errors_doc.TABLES.values() for p in errors_doc.problems(table)]


class ErrorsTest(unittest.TestCase):
    def test_the_document_is_what_the_tables_say(self):
        self.assertEqual((ROOT / "docs/errors.md").read_text(), errors_doc.document(), "run scripts/errors-doc")

    def test_every_table_is_listed_and_read_whole(self):
        tables = {str(p.relative_to(ROOT)) for p in sources() if p.name == "problems.h"}
        self.assertEqual(tables, {table for table, _ in errors_doc.TABLES.values()})
        for table in tables:
            written = (ROOT / table).read_text().count("constexpr Problem ")
            self.assertEqual(len(errors_doc.problems(table)), written, table)
            self.assertGreater(written, 0, table)

    def test_ids_are_unique_and_of_their_library(self):
        for group, (table, _) in errors_doc.TABLES.items():
            for problem in errors_doc.problems(table):
                self.assertRegex(problem.id, rf"^{group}\.[a-z]+(-[a-z]+)*$")
        ids = [problem.id for problem in all_problems()]
        self.assertEqual(len(ids), len(set(ids)), sorted(i for i in ids if ids.count(i) > 1))

    def test_each_says_what_it_means_and_what_to_do(self):
        for problem in all_problems():
            for text in (problem.meaning, problem.fix):
                self.assertGreater(len(text), 8, problem.id)
                self.assertNotRegex(text, r"[|<>\n]|\.$|  ", problem.id)

    def test_each_is_made_somewhere(self):
        text = "\n".join(p.read_text() for p in sources())
        for group, (table, _) in errors_doc.TABLES.items():
            own = "\n".join(p.read_text() for p in (ROOT / table).parent.rglob("*.cpp"))
            for problem in errors_doc.problems(table):
                used = re.search(rf"problem::{problem.name}\b", own)
                self.assertTrue(used or re.search(rf"{group}::problem::{problem.name}\b", text), problem.id)

    def test_no_error_is_made_past_the_tables(self):
        found = []
        for path in sources():
            if path == ROOT / "base/result.h":  # fail() itself
                continue
            text = path.read_text()
            for match in PAST_THE_TABLE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line}: name it in the library's problems.h")
        self.assertEqual(found, [])

    def test_every_warning_has_an_id(self):
        for path in sources():
            for match in re.finditer(r"terminal_?\.warn\(\s*(\S+)", path.read_text()):
                self.assertRegex(match[1], r"^(\w+::)*problem::k", path)

    def test_the_guard_sees_each_kind_of_fault(self):
        for made in (
            'return fail(ErrorCode::kIo, "a", "b");',
            "return Error{ErrorCode::kIo, what, why, {}};",
            "Error error{ferry::ErrorCode::kIo,",
            'return {ErrorCode::kIo, "a", "b", {}};',
            'warn({ErrorCode::kIo, "a", "b"});',
            "fail(missing ? ErrorCode::kNotFound : ErrorCode::kIo, what",
            'return refuse(ErrorCode::kIo, "a");',
            "fail(cause.error().code, what, why)",
            "Error{code, what, why}",
        ):
            self.assertRegex(made, PAST_THE_TABLE)
        for compared in (
            "if (error.code == ErrorCode::kIo) return;",
            "constexpr std::array kPassing = {ErrorCode::kReset, ErrorCode::kTimedOut};",
            "case ErrorCode::kIo: return 500;",
            "problem.code = ErrorCode::kUsage;",
            "return fail(problem::kIo, what, why);",
            "return Error{cause, what, why};",
        ):
            self.assertNotRegex(compared, PAST_THE_TABLE)


if __name__ == "__main__":
    sys.exit(unittest.main())
