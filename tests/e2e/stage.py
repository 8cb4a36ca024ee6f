"""What a test of swapping plays on: a namespace with a Deployment and its Service, a ferry with the rights of
manifests/user-role.yaml and no others, and a local process; and several of them side by side.

Such a test waits most of the time (for pods to come and go, for nodes to follow), so that all of them are started with the
first, a few at a time, and then looked at one by one.
"""

import collections
import concurrent.futures
import contextlib
import functools
import http.client
import os
import pathlib
import uuid

import pytest

import load_generator
import local_app
import snapshot
import workloads
from conftest import ROOT, new_ferry, new_namespace
from kube_api import wait_for

ROLE = (ROOT / "manifests" / "user-role.yaml").read_text()
AT_ONCE = int(os.environ.get("FERRY_E2E_AT_ONCE", "10"))


class Stage:
    """`with Stage(...) as stage:`; everything in it is gone afterwards. `before`: the snapshot from the start.

    `tell` takes what may explain a failure.
    """

    def __init__(self, cluster, api, build, tell=print):
        self.cluster, self.api, self.build, self.tell = cluster, api, build, tell
        self._stack = contextlib.ExitStack()
        self._ferries = []
        self.before = None

    def __enter__(self):
        self.namespace = self._stack.enter_context(new_namespace(self.api))
        self.ferry = self.new_ferry()
        return self

    def __exit__(self, *why):
        if why[0]:
            for ferry in self._ferries:
                self.tell(ferry.last_words())
        return self._stack.__exit__(*why)

    def new_ferry(self, role=ROLE, host=None):
        """Another daemon with settings and a token of its own; with `host`, of the user nobody on another machine."""
        made = self._stack.enter_context(new_ferry(self.build, None, self.namespace, self.cluster.image))
        self._ferries.append(made)
        config = made.home / "kubeconfig"
        if self.cluster.is_local:
            user = f"dev-{uuid.uuid4().hex[:6]}"
            config.write_text(self.cluster.faults.user(user, role, self.namespace))
        else:
            config.write_text(pathlib.Path(self.cluster.kubeconfig).read_text())
        made.env["KUBECONFIG"] = str(config)
        if host:
            made.move_to(host)
        return made

    def administrator(self):
        """A ferry with the rights of whoever made the cluster, here and beyond the namespace."""
        return self._stack.enter_context(
            new_ferry(self.build, self.cluster.kubeconfig, self.namespace, self.cluster.image))

    def only_in_the_test_cluster(self):
        if not self.cluster.is_local:
            pytest.skip("needs the test cluster")

    @property
    def faults(self):
        """The test cluster's fault switches. Of those that a scene may use, all are for its namespace alone."""
        self.only_in_the_test_cluster()
        return self.cluster.faults

    def web(self, replicas=2, change=None, services=True, **how):
        """The Deployment `web`, ready, and its Service; then takes the snapshot. change(deployment) may alter it."""
        deployment = workloads.deployment(replicas=replicas, **how)
        if change:
            change(deployment)
        self.api.apply(self.namespace, deployment)
        if services:
            self.api.apply(self.namespace, workloads.service())
        self.settle(replicas)
        return self

    def stateful_set(self, replicas=2):
        """As web(), with a StatefulSet."""
        deployment = workloads.deployment(replicas=replicas)
        self.api.apply(
            self.namespace,
            {**deployment, "kind": "StatefulSet", "spec": {**deployment["spec"], "serviceName": "web"}},
            workloads.service(),
        )
        self.settle(replicas)
        return self

    def settle(self, replicas=2, selector="app=web"):
        """Waits until the pods are ready and takes the snapshot."""
        def ready():
            pods = self.api.list("Pod", self.namespace, selector)
            return len(pods) == len(self.api.ready_pods(self.namespace, selector)) == replicas

        wait_for(f"{replicas} pods are ready", ready)
        self.quiet()

    def quiet(self):
        """Takes the snapshot once the controllers are through with what there is."""
        def same():
            before, self.before = self.before, snapshot.take(self.api, self.namespace)
            return before == self.before

        wait_for("the namespace is at rest", same, pause=0.3)

    def local(self, name="local"):
        return self._stack.enter_context(local_app.running(self.build, name))

    @contextlib.contextmanager
    def load(self, **how):
        with load_generator.started(self.api, self.namespace, **{"new": 30, "kept": 0, **how}) as load:
            try:
                yield load
            finally:
                if self.cluster.is_local:
                    with contextlib.suppress(OSError, http.client.HTTPException):  # the API server is on its way
                        self.tell(load.explain(self.cluster.faults))

    def is_as_before(self, timeout=60):
        snapshot.assert_same_again(self.api, self.namespace, self.before, timeout)

    def deployment(self, name="web"):
        return self.api.get("Deployment", self.namespace, name)

    def replicas(self, name="web"):
        return self.deployment(name)["spec"]["replicas"]

    def pods(self, selector="app=web"):
        return [pod["metadata"]["name"] for pod in self.api.list("Pod", self.namespace, selector)]

    def stand_ins(self):
        """The Deployments that stand in for others."""
        return self.api.list("Deployment", self.namespace, "ferry.dev/stand-in")

    def ready_endpoints(self, service="web"):
        slices = self.api.list("EndpointSlice", self.namespace, f"kubernetes.io/service-name={service}")
        return [
            endpoint["targetRef"]["name"]
            for each in slices
            for endpoint in each["endpoints"] or []
            if endpoint["conditions"]["ready"]
        ]


class Together:
    """Runs scenes (functions of a stage), a few at a time; `result(name)` is what became of one."""

    current = None  # there is one at most

    @classmethod
    def wait_for_all(cls):
        if cls.current:
            cls.current.wait()

    def __init__(self, cluster, api, build):
        Together.current = self
        self._pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
        self._make = functools.partial(Stage, cluster, api, build)
        self._futures = {}
        self._told = collections.defaultdict(list)

    def start(self, item):
        """The scene of a test, if it has one."""
        scene = getattr(getattr(item, "function", None), "scene", None)
        scene = getattr(item, "callspec", None) and item.callspec.params.get("scene") or scene
        if scene:
            self._futures[item.nodeid] = self._pool.submit(self._run, scene, self._told[item.nodeid].append)

    def _run(self, scene, tell):
        with self._make(tell=tell) as stage:
            return scene(stage)

    def result(self, name):
        concurrent.futures.wait([self._futures[name]])
        print(*self._told[name], sep="\n")
        return self._futures[name].result()

    def wait(self):
        """Until all have ended, well or badly."""
        concurrent.futures.wait(self._futures.values())

    def close(self):
        self._pool.shutdown(cancel_futures=True)


def plays(scene):
    """Makes a test of scene(stage), which runs together with the others."""
    def test(together, request):
        together.result(request.node.nodeid)

    test.scene = scene
    test.__doc__ = scene.__doc__
    test.__name__ = scene.__name__
    return test
