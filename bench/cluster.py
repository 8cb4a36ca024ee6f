"""The ways through an API server, of the test cluster (tests/devcluster): Ferry's, and `kubectl port-forward`; and back.

CPU and memory are those of what runs on the developer's machine. On the way back the load is a pod of the cluster, and the server
is on the developer's machine, in the place of a Deployment.
"""

import contextlib
import json
import subprocess
import sys
import uuid

import measure
import paths

sys.path.append(str(paths.ROOT / "tests" / "e2e"))
import kube_api  # noqa: E402

DEVCLUSTER = paths.ROOT / "tests" / "devcluster"
NAMESPACE, SERVICE, SWAPPED, PORT = "bench", "load", "swapped", 7000


def container(*args):
    return {"name": "load", "image": "ferry-bench-load", "args": list(args)}


def served(name):
    """A Deployment with the load's server, and its Service."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container("serve", "0.0.0.0", str(PORT))]}}
    return (
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
         "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
         "spec": {"selector": labels, "ports": [{"port": PORT, "targetPort": PORT}]}},
    )


@contextlib.contextmanager
def started(folder, build):
    """A cluster with the load's server in it; gives its kubeconfig."""
    kubeconfig = folder / "kubeconfig"
    process = subprocess.Popen(
        [DEVCLUSTER / "up", "--with-parent", "--kubeconfig", kubeconfig,
         "--image", f"ferry-proxy={build}/in-cluster-proxy/ferry-proxy", "--image", f"ferry-bench-load={build}/bench/ferry-bench-load"],
        stdout=subprocess.PIPE, text=True)
    try:
        if not process.stdout.readline().startswith("cluster ready"):
            sys.exit("bench: the test cluster did not start")
        api = kube_api.KubeApi(kubeconfig)
        api.apply(None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for name in (SERVICE, SWAPPED):
            api.apply(NAMESPACE, *served(name))
        for name in (SERVICE, SWAPPED):
            kube_api.wait_for(f"{name} is ready", lambda name=name: api.ready_pods(NAMESPACE, f"app={name}"))
        yield kubeconfig
    finally:
        process.terminate()
        process.wait()


class Kubectl(paths.Path):
    name, needs = "kubectl port-forward", ("kubectl",)

    def __init__(self, folder, kubeconfig, _server_port):
        super().__init__(0)
        self.port = paths.free_port()
        self.start("kubectl", "--kubeconfig", kubeconfig, "-n", NAMESPACE, "port-forward", f"svc/{SERVICE}", f"{self.port}:{PORT}",
                   stderr=subprocess.DEVNULL)
        self.listens(self.name)


class Ferry(paths.Ferry):
    def __init__(self, folder, kubeconfig, _server_port):
        self.settle_with(folder, kubeconfig)
        self.port = paths.free_port()
        self.link = ["forward", "--namespace", NAMESPACE, f"svc/{SERVICE}", f"{self.port}:{PORT}"]
        self.begin()

    def settle_with(self, folder, kubeconfig):
        paths.Path.__init__(self, 0)
        self.settle_in(folder)
        self._env |= {"KUBECONFIG": str(kubeconfig), "FERRY_IMAGE": "ferry-proxy"}


class InCluster:
    """What a pod of the cluster reaches by a Service."""

    def reach_service(self, kubeconfig, name):
        self._api = kube_api.KubeApi(kubeconfig)
        self.host, self.port = name, PORT

    def client(self, kind, width, amount):
        """What the load says, in a pod of its own."""
        name = f"client-{uuid.uuid4().hex[:8]}"
        self._api.apply(NAMESPACE, {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never",
                     "containers": [container(kind, self._api.get("Service", NAMESPACE, self.host)["spec"]["clusterIP"], str(PORT),
                                              str(width), str(amount))]}})
        try:
            phase = kube_api.wait_for("the load in the cluster ends", lambda: self._ended(name), timeout=measure.PATIENCE)
            said = self._api.text(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/log")
            if phase == "Failed":
                raise paths.Failed(said.strip())
            return json.loads(said)
        finally:
            self._api.delete("Pod", NAMESPACE, name, grace=0)

    def _ended(self, name):
        phase = self._api.get("Pod", NAMESPACE, name)["status"].get("phase")
        return phase if phase in ("Succeeded", "Failed") else None


class Original(InCluster, paths.Path):
    """The Deployment as it was."""

    name = "direct"

    def __init__(self, folder, kubeconfig, _server_port):
        super().__init__(0)
        self.reach_service(kubeconfig, SERVICE)


class Swapped(InCluster, Ferry):
    def __init__(self, folder, kubeconfig, server_port):
        self.settle_with(folder, kubeconfig)
        self.link = ["swap-deployment", "--namespace", NAMESPACE, SWAPPED, "--expose", f"{server_port}:{PORT}"]
        self.begin()
        self.reach_service(kubeconfig, SWAPPED)

    def connections(self):
        """That have come to this machine since it was swapped."""
        return sum(link["traffic"]["totalConnections"] for link in json.loads(self.run("status", "-o", "json"))["links"])


ALL = (Ferry, Kubectl)
REVERSE = (Original, Swapped)
