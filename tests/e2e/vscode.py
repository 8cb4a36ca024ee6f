"""What VS Code does with the tasks.json and launch.json of a project, as far as the tests need it: comments, variables,
background tasks with their patterns, an env file. Written after its documentation, not after Ferry."""

import json
import os
import re
import select
import subprocess
import time

from pseudo_terminal import PseudoTerminal

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[]}])', re.DOTALL)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def without_comments(text):
    return TOKEN.sub(lambda match: match[0] if match[0].startswith('"') else "", text)


class Project:
    """`env`: of VS Code itself."""

    def __init__(self, folder, env):
        self.folder, self.env = folder, env

    def _resolved(self, value):
        if isinstance(value, str):
            return value.replace("${workspaceFolder}", str(self.folder))
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if isinstance(value, dict):
            return {name: self._resolved(each) for name, each in value.items()}
        return value

    def _read(self, name):
        return self._resolved(json.loads(without_comments((self.folder / ".vscode" / name).read_text())))

    def task(self, label):
        (found,) = [task for task in self._read("tasks.json")["tasks"] if task["label"] == label]
        assert found["type"] == "process"
        return found

    def launch(self, name):
        (found,) = [each for each in self._read("launch.json")["configurations"] if each["name"] == name]
        return found

    def run(self, label, timeout=90):
        """A task that ends; its exit code and what it said."""
        task = self.task(label)
        done = subprocess.run([task["command"], *task["args"]], cwd=task["options"]["cwd"], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return done.returncode, done.stdout

    def start(self, label):
        return BackgroundTask(self.task(label), self.env)

    def environment(self, launch):
        """What the program gets: VS Code's own, the env file's, those of the configuration."""
        lines = open(launch["envFile"], encoding="utf-8").read().splitlines()
        own = launch.get("env") or {each["name"]: each["value"] for each in launch["environment"]}
        return {**self.env, **dict(line.split("=", 1) for line in lines), **own}


class BackgroundTask:
    """On a terminal; `with project.start(label) as task:`. It is killed at the end if it is still there."""

    def __init__(self, task, env):
        matcher = task["problemMatcher"]
        background = matcher["background"]
        assert task["isBackground"] and background["activeOnStart"]
        self._begins = re.compile(background["beginsPattern"])
        self._ends = re.compile(background["endsPattern"])
        self._problem = re.compile(matcher["pattern"]["regexp"])
        self.lines = []
        self.active = background["activeOnStart"]
        self.times_ready = 0
        self._rest = ""
        there = ["sh", "-c", 'cd "$0" && exec "$@"', task["options"]["cwd"]]
        self._screen = PseudoTerminal([*there, task["command"], *task["args"]], {**env, "TERM": "xterm-256color"},
                                      columns=400)
        self.process = self._screen.process

    def __enter__(self):
        return self

    def __exit__(self, *why):
        if why[0]:
            print("the task said", *self.lines, sep="\n")
        self._screen.__exit__(*why)

    def said(self, text):
        return any(text in line for line in self.lines)

    def look(self, seconds=0.0):
        """Takes what it has said meanwhile."""
        if not select.select([self._screen.outer], [], [], seconds)[0]:
            return
        *lines, self._rest = (self._rest + os.read(self._screen.outer, 1 << 16).decode(errors="replace")).split("\n")
        for line in lines:
            self._take(line.rstrip("\r").rpartition("\r")[2])  # what was written over is not there any more

    def _take(self, line):
        line = ESCAPES.sub("", line)
        self.lines.append(line)
        assert not self._problem.search(line), line
        if self._begins.search(line):
            self.active = True
        if self._ends.search(line) and self.active:
            self.active = False
            self.times_ready += 1

    def until(self, what, condition, timeout=90):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"still not so: {what}; it said {self.lines}"
            self.look(0.1)

    def until_ready(self):
        """As VS Code does before it starts the debugger."""
        self.until("ready", lambda: self.times_ready or self.process.poll() is not None)
        assert self.times_ready, self.lines

    def until_ended(self):
        self.until("ended", lambda: self.process.poll() is not None)
        self.look()
        return self.process.returncode
