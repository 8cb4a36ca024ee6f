#!/usr/bin/python3
"""kubectl as the judge: a table of commands and what each must say and return, for every kubectl on the machine.

kubectl's are looked for on PATH, beside where `kubectl` on PATH really is (kubectl.1.NN), and in KUBECTLS, a list of
files separated by colons. To run less: test_kubectl.py -k exec, or -k Kubectl_1_33.
"""

import glob
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.request

import kubectl_table
from server_test_support import Cluster, until

_EXPECTED = [f"1.{minor}" for minor in range(27, 34)]
cluster = None


def find_kubectls():
    """{version such as "1.31": path}"""
    candidates = [path for path in os.environ.get("KUBECTLS", "").split(":") if path]
    for directory in os.environ.get("PATH", "").split(":"):
        candidates += sorted(glob.glob(os.path.join(directory, "kubectl.1.*")))
    on_path = shutil.which("kubectl")
    if on_path:
        candidates += sorted(glob.glob(os.path.join(os.path.dirname(os.path.realpath(on_path)), "kubectl.1.*")))
        candidates.append(on_path)
    found = {}
    for path in candidates:
        version = _version(path)
        if version:
            found.setdefault(version, path)
    return found


def _version(path):
    try:
        done = subprocess.run([path, "version", "--client"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    match = re.search(r"v(1\.\d+)\.\d+(-dispatcher)?", done.stdout)
    return match.group(1) if match and not match.group(2) else None


class _KubectlTest:
    """What every kubectl has to do; `kubectl` is its path, None where it isn't on the machine."""

    kubectl = None
    version = None

    def setUp(self):
        if self.kubectl is None:
            self.skipTest(f"kubectl {self.version} is not on this machine")
        self.namespace = f"{self._testMethodName[5:].replace('_', '-')}-{self.version.replace('.', '-')}"
        self._run(["create", "namespace", self.namespace])

    def _run(self, words, stdin=None, namespace=None):
        command = [self.kubectl, "--kubeconfig", cluster.kubeconfig]
        if namespace:
            command += ["--namespace", namespace]
        environment = {**os.environ, "KUBECTL_EXTERNAL_DIFF": "diff -u -N", "HOME": _home()}
        return subprocess.run(command + words, input=stdin, capture_output=True, text=True, timeout=60,
                              env=environment, check=False)

    def run_table(self, steps):
        minor = int(self.version.split(".")[1])
        for step in steps:
            if step.since > minor:
                continue
            with self.subTest(command=" ".join(step.words)):
                self._step(step)

    def _step(self, step):
        words = [word.replace("{ns}", self.namespace) for word in step.words]
        done = self._run(words, step.stdin, self.namespace)
        shown = f"\n$ kubectl {' '.join(words)}\n{done.stdout}{done.stderr}-> {done.returncode}"
        self.assertEqual(done.returncode, step.code, shown)
        for pattern, text in ((step.out, done.stdout), (step.err, done.stderr)):
            if pattern is not None:
                pattern = pattern.replace("{ns}", self.namespace)
                self.assertRegex(text, re.compile(pattern, re.MULTILINE), shown)
        if step.out == "" and not step.err:
            self.assertEqual(done.stdout, "", shown)

    def test_port_forward(self):
        self.run_table(kubectl_table.WEB)
        port = _free_port()
        command = [self.kubectl, "--kubeconfig", cluster.kubeconfig, "-n", self.namespace, "port-forward", "svc/web",
                   f"{port}:80"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as forward:
            try:
                self.assertIn("Forwarding from", forward.stdout.readline())
                for _ in range(3):
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                        self.assertEqual(answer.status, 200)
                        self.assertIn(b"hello from web-", answer.read())
            finally:
                forward.terminate()

    def test_watch(self):
        """`get --watch` shows what another kubectl does."""
        command = [self.kubectl, "--kubeconfig", cluster.kubeconfig, "-n", self.namespace, "get", "configmap", "-w",
                   "--output=name"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(iter(watching.stdout.readline, "")))
            reader.start()
            try:
                until(lambda: "configmap/kube-root-ca.crt\n" in lines)
                self._run(["create", "configmap", "later", "--from-literal=a=b"], namespace=self.namespace)
                until(lambda: "configmap/later\n" in lines)
            finally:
                watching.terminate()
                reader.join()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _home():
    """kubectl caches discovery below HOME; what one test learnt must not help the next."""
    return os.path.dirname(cluster.kubeconfig)


def setUpModule():
    global cluster
    cluster = Cluster()


def tearDownModule():
    cluster.stop()


def _add_cases():
    """A test class for every kubectl that is here or should be; those that aren't are skipped with that reason."""
    found = find_kubectls()
    for version in sorted({*_EXPECTED, *found}):
        name = f"Kubectl_{version.replace('.', '_')}"
        tests = {f"test_{table}": lambda self, steps=steps: self.run_table(steps)
                 for table, steps in kubectl_table.TABLES.items()}
        globals()[name] = type(name, (_KubectlTest, unittest.TestCase),
                               {**tests, "version": version, "kubectl": found.get(version)})


_add_cases()

if __name__ == "__main__":
    unittest.main()
