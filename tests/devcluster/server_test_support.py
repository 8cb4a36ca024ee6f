"""What the tests from outside share: a cluster started by `up`, as everybody else starts it."""

import os
import subprocess
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_ALLOWED = 77  # the exit code of `up` where namespaces are forbidden
START_SECONDS = 3.0  # promised


class Cluster:
    """A running `up`. Use as a context, or call stop()."""

    def __init__(self, *arguments, user=None):
        self._directory = tempfile.TemporaryDirectory()
        os.chmod(self._directory.name, 0o777)
        self.kubeconfig = os.path.join(self._directory.name, "kubeconfig")
        command = [os.path.join(HERE, "up"), "--with-parent", "--kubeconfig", self.kubeconfig, *arguments]
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, user=user,
                                        group=user, extra_groups=[] if user else None)
        self.line = self.process.stdout.readline()
        self.start_seconds = time.monotonic() - started
        if not self.line.startswith("cluster ready"):
            self.stop()
            if self.process.returncode == NOT_ALLOWED:
                raise unittest.SkipTest("the kernel allows this user no namespaces")
            raise AssertionError(f"no cluster: up ended with {self.process.returncode}")

    def ctl(self, *words):
        """What `ctl` prints; AssertionError with its words if it refuses."""
        done = subprocess.run([os.path.join(HERE, "ctl"), "--kubeconfig", self.kubeconfig, *words],
                              capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.stdout.close()
            self._directory.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def until(condition, seconds=15):
    """Waits for the condition to give something true, which it returns; AssertionError after so long."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {condition}")
        time.sleep(0.02)
