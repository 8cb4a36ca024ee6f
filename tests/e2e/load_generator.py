"""Steady HTTP load on a Service from inside the cluster (load/main.cpp), and what came of it."""

import contextlib
import json
import time

import workloads
from kube_api import wait_for

IMAGE = "ferry-test-load:e2e"  # conftest.py puts the real name here


class Load:
    """A pod that asks; `seen()` is its latest word on what has happened so far."""

    def __init__(self, api, namespace, pod):
        self._api = api
        self._namespace = namespace
        self._pod = pod
        self._explained = 0

    def seen(self):
        path = self._api.path("Pod", self._namespace, self._pod) + "/log?tailLines=1"
        return Seen(json.loads(self._api.text(path) or "{}"))

    def explain(self, faults):
        """What has failed since it was asked last, and what the test cluster knows of it; empty if nothing has."""
        failures = self.seen().line.get("failures", [])
        new, self._explained = failures[self._explained:], len(failures)
        if not new:
            return ""
        return "\n".join(["failed:", *map(json.dumps, new), faults.network([str(failure["port"]) for failure in new])])

    def settle(self):
        """What has happened up to now, for certain: what a moment from now has been seen."""
        now = time.time() * 1000
        return wait_for("the load generator reports", lambda: (seen := self.seen()).at > now + 300 and seen, pause=0.1)

    def answered_by(self, wanted, timeout=60):
        """Waits until an answer has come from a name for which wanted(name) is true."""
        return wait_for(
            "the answer comes from another", lambda: (seen := self.seen()).count(wanted) and seen, timeout, pause=0.1
        )


class Seen:
    def __init__(self, line):
        self.line = line
        self.at = line.get("at", 0)

    def requests(self):
        return sum(mode["requests"] for mode in self.line.get("modes", {}).values())

    def rate(self, before):
        """Requests a second since an earlier look."""
        return (self.requests() - before.requests()) * 1000 / (self.at - before.at)

    def failed(self):
        return sum(count for mode in self.line.get("modes", {}).values() for count in mode["failed"].values())

    def failures(self):
        """In what ways requests have failed."""
        return {what for mode in self.line.get("modes", {}).values() for what in mode["failed"]}

    def slowest(self):
        """Milliseconds."""
        return self.line.get("slowest", 0)

    def names(self):
        return set(self.line.get("answers", {}))

    def count(self, wanted):
        return sum(each["count"] for name, each in self.line.get("answers", {}).items() if wanted(name))

    def first(self, name):
        """When the name answered for the first time, in seconds since 1970."""
        return self.line["answers"][name]["first"] / 1000

    def last(self, name):
        return self.line["answers"][name]["last"] / 1000

    def __repr__(self):
        return json.dumps(self.line, indent=1)


@contextlib.contextmanager
def started(api, namespace, host="web", port=80, new=150, kept=150):
    """Load until the end of the block: so many requests a second on new and on kept connections."""
    name = f"load-{host}"
    api.apply(namespace, {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "load", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
                "args": [host, str(port), str(new), str(kept)], "securityContext": workloads.RESTRICTED,
            }],
        },
    })
    load = Load(api, namespace, name)
    try:
        wait_for("the load generator runs", lambda: api.get("Pod", namespace, name)["status"]["phase"] == "Running")
        load.answered_by(lambda _: True)
        yield load
    finally:
        api.delete("Pod", namespace, name, grace=0)
        wait_for("the load generator is gone", lambda: not any(
            pod["metadata"]["name"] == name for pod in api.list("Pod", namespace)))
