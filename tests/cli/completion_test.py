#!/usr/bin/python3
"""The completion scripts in real shells, and the man pages under man's own eyes.

Run by ctest with the path of ferry; shells that are not installed are skipped, and said so.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

FERRY = sys.argv.pop(1)

# Completes a line, the cursor at its end, as bash would after Tab: it cuts words at : = and @.
BASH = r"""
compopt() { :; }
source <("$1" completion bash)
COMP_LINE=$2 COMP_POINT=${#2}
COMP_WORDS=("${@:3}")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
COMPREPLY=()
_ferry
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(line: str) -> set[str]:
    words = re.findall(r"[:=@]+|[^\s:=@]+", line) + ([""] if line[-1:].isspace() else [])
    env = {"PATH": f"{pathlib.Path(FERRY).parent}:{os.environ['PATH']}", "HOME": "/nonexistent"}
    done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", FERRY, line, *words], check=True,
                          capture_output=True, text=True, env=env)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


class BashTest(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(bash("ferry st"), {"status"})
        self.assertLessEqual({"forward", "leave"}, bash("ferry "))
        self.assertLessEqual({"--namespace", "-n"}, bash("ferry -"))

    def test_only_the_options_that_a_command_uses(self):
        self.assertNotIn("--namespace", bash("ferry quit --"))
        self.assertNotIn("--output", bash("ferry leave --"))
        self.assertIn("--namespace", bash("ferry leave --"))

    def test_options_of_a_command(self):
        self.assertEqual(bash("ferry swap --keep"), {"--keep-original"})
        self.assertEqual(bash("ferry forward --det"), {"--detach"})
        self.assertEqual(bash("ferry port-forward --det"), {"--detach"})
        self.assertNotIn("--detach", bash("ferry status --"))

    def test_values(self):
        self.assertEqual(bash("ferry status -o "), {"table", "wide", "json", "yaml"})
        self.assertEqual(bash("ferry list -o "), {"table", "wide", "json", "yaml", "name"})
        self.assertEqual(bash("ferry swap --probes h"), {"hold"})
        self.assertEqual(bash("ferry forward --route d"), {"direct"})
        self.assertEqual(bash("ferry -o j"), {"json"})
        self.assertEqual(bash("ferry forward --route=d"), {"direct"})  # bash leaves what is before it

    def test_operands(self):
        self.assertEqual(bash("ferry forward s"), {"svc/", "sts/"})
        self.assertEqual(bash("ferry completion f"), {"fish"})
        self.assertEqual(bash("ferry swap-deployment d"), {"deploy/"})
        self.assertEqual(bash("ferry restore s"), {"sts/"})
        self.assertEqual(bash("ferry diagnose s"), {"svc/", "sts/"})
        self.assertEqual(bash("ferry logs p"), {"pod/"})
        self.assertEqual(bash("ferry exec p"), {"pod/"})
        self.assertEqual(bash("ferry debug p"), {"pod/"})
        self.assertEqual(bash("ferry forward -n shop d"), {"deploy/"})


    def test_without_a_cluster_nothing_is_said(self):
        self.assertEqual(bash("ferry forward svc/a"), set())
        self.assertEqual(bash("ferry forward svc/app 8080:h"), set())
        self.assertEqual(bash("ferry leave "), set())


class OtherShellsTest(unittest.TestCase):
    def check_syntax(self, shell: str):
        if shutil.which(shell) is None:
            self.skipTest(f"{shell} is not installed")
        script = subprocess.run([FERRY, "completion", shell], check=True, capture_output=True).stdout
        done = subprocess.run([shell, "-n"], input=script, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_zsh(self):
        self.check_syntax("zsh")

    def test_fish(self):
        self.check_syntax("fish")


class ManPagesTest(unittest.TestCase):
    def test_groff_has_nothing_to_say(self):
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed")
        pages = sorted(pathlib.Path(FERRY).parent.glob("generated/*.1"))
        self.assertGreater(len(pages), 5)
        for page in pages:
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", str(page)], check=True,
                                  capture_output=True, text=True)
            self.assertEqual(done.stderr, "", page.name)


unittest.main()
