"""What the tests of the node share: a cluster in this very process, inside namespaces of its own.

A test file calls `main()`: it moves into the namespaces, starts one cluster for all its tests, and runs them there.
Tests are coroutines on the cluster's event loop, see the store and the node directly, and take a fresh Kubernetes
namespace each. A runner that imports the file (pytest) stays outside: the file is then started as a worker that does
the same, and each test is asked of it by name.
"""

import asyncio
import atexit
import functools
import json
import os
import ssl
import subprocess
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

from devcluster import cluster as cluster_, control, gate, netns, pki  # noqa: E402

FIXTURES = os.path.join(os.path.dirname(_HERE), "fixtures", "kubernetes-1.33")
BACKOFF = 0.3  # seconds; 10 in life


def fixture(name):
    with open(os.path.join(FIXTURES, name + ".json")) as file:
        return json.load(file)


def main(**options):
    run = _serve if sys.argv[1:] == ["--serve"] else _run_all

    def inside(state):
        global harness
        harness = Harness(state, options)
        harness.start()
        try:
            return run()
        finally:
            harness.stop()
    sys.exit(netns.run_inside(inside))


def _run_all():
    return 0 if unittest.main(module="__main__", exit=False).result.wasSuccessful() else 1


def _serve():
    """The worker: names of tests come on stdin, a line each; their outcomes go to what was stdout, in JSON."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        for name in sys.stdin:
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromName(name.strip(), sys.modules["__main__"]).run(result)
            problems = [text for _, text in result.failures + result.errors]
            answers.write(json.dumps({"problems": problems, "skipped": [why for _, why in result.skipped]}) + "\n")
            answers.flush()
    return 0


class _Worker:
    """A test file that runs as above. There is one at a time: the next file's takes its place."""

    current = None

    @classmethod
    def of(cls, path):
        if cls.current is None or cls.current.path != path:
            if cls.current is not None:
                cls.current.stop()
            cls.current = cls(path)
        return cls.current

    def __init__(self, path):
        self.path = path
        self._process = subprocess.Popen([sys.executable, path, "--serve"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)

    def ask(self, name):
        """The outcome of a test. SkipTest where there can't be a cluster."""
        try:
            self._process.stdin.write(name + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: the next line says so
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        if self._process.wait() == netns.NOT_ALLOWED:
            raise unittest.SkipTest("the kernel allows this user no namespaces")
        raise AssertionError(f"the cluster of {self.path} ended with {self._process.returncode}")

    def stop(self):
        atexit.unregister(self.stop)
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.wait()
        self._process.stdout.close()


harness = None


class Harness:
    """The cluster and its loop."""

    def __init__(self, state, options):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.authority = pki.Authority()
        listener = gate.open_listener(0)
        self.address = listener.getsockname()
        control_socket, name = control.open_socket()
        self.options = types.SimpleNamespace(**{"images": {}, "backoff": BACKOFF, "control": name, **options})
        self._ready = asyncio.Event()
        self._made = lambda: cluster_.Cluster(self.authority, listener, control_socket, state, self.options)
        self.cluster = None
        self._namespaces = 0

    def start(self):
        async def run():
            self.cluster = self._made()
            self._running = asyncio.ensure_future(self.cluster.run(self._ready.set))
            await self._ready.wait()
        self.loop.run_until_complete(run())

    def stop(self):
        self.cluster._stopping.set()
        self.loop.run_until_complete(self._running)

    def new_namespace(self):
        self._namespaces += 1
        name = f"test-{self._namespaces}"
        self.cluster.store.create("Namespace", {"metadata": {"name": name}})
        return name

    @functools.cached_property
    def tls(self):
        context = ssl.create_default_context(cadata=self.authority.ca_pem.decode())
        certificate, key = self.authority.client_certificate("kubernetes-admin", ["system:masters"])
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + key)
            file.flush()
            context.load_cert_chain(file.name)
        return context


class ClusterTest(unittest.TestCase):
    """Test methods may be coroutines. `self.namespace` is the test's own, `self.store` the cluster's."""

    maxDiff = None

    def run(self, result=None):
        if harness is None:
            return self._run_in_worker(result or self.defaultTestResult())
        method = getattr(self, self._testMethodName)
        if asyncio.iscoroutinefunction(method):
            setattr(self, self._testMethodName,
                    lambda: harness.loop.run_until_complete(asyncio.wait_for(method(), 90)))
        return super().run(result)

    def _run_in_worker(self, result):
        result.startTest(self)
        try:
            worker = _Worker.of(sys.modules[type(self).__module__].__file__)
            outcome = worker.ask(f"{type(self).__name__}.{self._testMethodName}")
            if outcome["skipped"]:
                raise unittest.SkipTest(outcome["skipped"][0])
            if outcome["problems"]:
                raise AssertionError("\n".join(outcome["problems"]))
            result.addSuccess(self)
        except unittest.SkipTest as why:
            result.addSkip(self, str(why))
        except AssertionError:
            result.addFailure(self, sys.exc_info())
        result.stopTest(self)
        return result

    def setUp(self):
        self.namespace = harness.new_namespace()
        self.store = harness.cluster.store
        self.node = harness.cluster.node

    def tearDown(self):
        self.store.delete("Namespace", None, self.namespace)

    async def until(self, condition, seconds=30, what=""):
        """Waits until `condition()` is true; looks at it after every turn of the loop that brings news."""
        deadline = harness.loop.time() + seconds
        while True:
            value = condition()
            if value:
                return value
            if harness.loop.time() > deadline:
                self.fail(f"not within {seconds} s: {what or condition}\n{self.describe()}")
            await asyncio.sleep(0.005)

    def describe(self):
        pods = [(pod["metadata"]["name"], pod.get("status")) for pod in self.store.list("Pod", self.namespace)]
        events = [(event["reason"], event["message"]) for event in self.store.list("Event", self.namespace)]
        return json.dumps({"pods": pods, "events": events})

    # Pods

    def create(self, kind, obj):
        obj["metadata"]["namespace"] = self.namespace
        return self.store.create(kind, obj)

    def pod(self, name, command=None, image="busybox", container=None, labels=None, **spec):
        main = {"name": "main", "image": image, **(container or {})}
        if command is not None:
            main["command"] = command if isinstance(command, list) else ["sh", "-c", command]
        spec.setdefault("terminationGracePeriodSeconds", 1)
        return self.create("Pod", {"metadata": {"name": name, "labels": labels or {}},
                                   "spec": {"containers": [main], **spec}})

    def status(self, name):
        return (self.store.find("Pod", self.namespace, name) or {}).get("status") or {}

    def condition(self, name, kind):
        return next((each for each in self.status(name).get("conditions") or [] if each["type"] == kind), {})

    def state(self, name, container=0):
        statuses = self.status(name).get("containerStatuses")
        return statuses[container]["state"] if statuses else {}

    async def until_ready(self, name, seconds=30):
        await self.until(lambda: self.condition(name, "Ready").get("status") == "True", seconds, f"{name} ready")
        return self.store.get("Pod", self.namespace, name)

    async def until_ended(self, name, seconds=30):
        await self.until(lambda: self.status(name).get("phase") in ("Succeeded", "Failed"), seconds, f"{name} ended")
        return self.status(name)

    async def until_gone(self, kind, name, seconds=30):
        await self.until(lambda: self.store.find(kind, self.namespace, name) is None, seconds, f"{name} gone")

    def log(self, name, container="main"):
        pod = self.store.get("Pod", self.namespace, name)
        log = self.node.workers[pod["metadata"]["uid"]].container(container).log
        return b"".join(line for _, _, line in log.lines()).decode()

    async def output(self, name, command, **spec):
        """What a pod that runs this shell command once prints."""
        self.pod(name, command, restartPolicy="Never", **spec)
        await self.until_ended(name)
        return self.log(name)

    def events(self, name):
        return {(event["type"], event["reason"], event["message"])
                for event in self.store.list("Event", self.namespace) if event["involvedObject"]["name"] == name}


def real_root():
    """Whether users other than root exist in here."""
    with open("/proc/self/setgroups") as file:
        return file.read().strip() == "allow"
