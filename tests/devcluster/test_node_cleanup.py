#!/usr/bin/python3
"""Nothing is left of a cluster, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

from devcluster import netns  # noqa: E402

_MARK = f"987{os.getpid()}"  # seconds that a pod of this test sleeps, to find it among the host's processes

_POD = """
import sys
sys.path.insert(0, {here!r})
import node_test_support as support
class Test(support.ClusterTest):
    async def test(self):
        self.pod("sleeper", "sleep {mark} & exec sleep {mark}")
        await self.until_ready("sleeper")
        print("running", flush=True)
        await support.harness.cluster._stopping.wait()
support.main()
"""


def processes():
    """PIDs of the host's processes that the cluster under test has brought into the world."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
        except OSError:
            continue
        if words[:2] == ["sleep", _MARK]:
            found.append(int(pid))
    return found


def mounts():
    with open("/proc/self/mounts") as file:
        return [line for line in file if "ferry-devcluster" in line]


class CleanupTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.cluster = subprocess.Popen([sys.executable, "-c", _POD.format(here=_HERE, mark=_MARK)],
                                        env={**os.environ, "TMPDIR": self.temporary.name},
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.cluster.stdout.close)
        self.addCleanup(self.cluster.wait)
        self.addCleanup(self.cluster.kill)
        line = self.cluster.stdout.readline()
        if not line and self.cluster.wait() == netns.NOT_ALLOWED:
            self.skipTest("the kernel allows this user no namespaces")
        self.assertEqual(line, "running\n")
        self.until(lambda: len(processes()) == 2, "the pod's processes don't run")

    def until(self, condition, otherwise):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline, otherwise)

    def assert_nothing_left(self):
        self.until(lambda: not processes(), "processes are left")
        self.assertEqual(mounts(), [])
        self.assertEqual(os.listdir(self.temporary.name), [])

    def test_after_kill_9_of_what_was_started(self):
        self.cluster.kill()
        self.cluster.wait()
        self.assert_nothing_left()

    def test_after_kill_9_of_the_process_inside(self):
        init, = self.children(self.cluster.pid)
        inside, = self.children(init)
        os.kill(inside, signal.SIGKILL)
        self.assertEqual(self.cluster.wait(5), 128 + signal.SIGKILL)
        self.assert_nothing_left()

    def test_after_sigterm(self):
        self.cluster.terminate()
        self.cluster.wait(5)
        self.assert_nothing_left()

    @staticmethod
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]


if __name__ == "__main__":
    unittest.main()
