"""The way through an API server, of the test cluster (tests/devcluster): Ferry's, and `kubectl port-forward`.

CPU and memory are those of what runs on the developer's machine.
"""

import contextlib
import subprocess
import sys

import paths

sys.path.append(str(paths.ROOT / "tests" / "e2e"))
import kube_api  # noqa: E402

DEVCLUSTER = paths.ROOT / "tests" / "devcluster"
NAMESPACE, SERVICE, PORT = "bench", "load", 7000
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": SERVICE, "labels": {"app": SERVICE}},
    "spec": {"containers": [{"name": "load", "image": "ferry-bench-load", "args": ["serve", "0.0.0.0", str(PORT)]}]},
}
SERVES = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE},
    "spec": {"selector": {"app": SERVICE}, "ports": [{"port": PORT, "targetPort": PORT}]},
}


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
        api.apply(NAMESPACE, POD, SERVES)
        kube_api.wait_for("the load's server is ready", lambda: api.ready_pods(NAMESPACE, f"app={SERVICE}"))
        yield kubeconfig
    finally:
        process.terminate()
        process.wait()


class Kubectl(paths.Path):
    name, needs = "kubectl port-forward", ("kubectl",)

    def __init__(self, folder, kubeconfig):
        super().__init__(0)
        self.port = paths.free_port()
        self.start("kubectl", "--kubeconfig", kubeconfig, "-n", NAMESPACE, "port-forward", f"svc/{SERVICE}", f"{self.port}:{PORT}",
                   stderr=subprocess.DEVNULL)
        self.listens(self.name)


class Ferry(paths.Ferry):
    def __init__(self, folder, kubeconfig):
        paths.Path.__init__(self, 0)
        self.settle_in(folder)
        self._env |= {"KUBECONFIG": str(kubeconfig), "FERRY_IMAGE": "ferry-proxy"}
        self.port = paths.free_port()
        self.link = ["forward", "--namespace", NAMESPACE, f"svc/{SERVICE}", f"{self.port}:{PORT}"]
        self.begin()


ALL = (Ferry, Kubectl)
