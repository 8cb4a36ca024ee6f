"""The clusters that the tests run against: the embedded one, or one that KUBECONFIG names."""

import contextlib
import pathlib
import subprocess
import tempfile

from ferry import rss_mib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVCLUSTER = ROOT / "tests" / "devcluster"


class GivenCluster:
    """A real cluster; its images are there already."""

    is_local = False

    def __init__(self, kubeconfig, image):
        self.kubeconfig = kubeconfig
        self.image = image


class TestCluster:
    """The embedded cluster, with the programs of this build as its images."""

    __test__ = False  # not a test, whatever its name says
    is_local = True
    image = "ferry-proxy:e2e"

    def __init__(self, kubeconfig, process):
        self.kubeconfig = kubeconfig
        self.process = process
        self.faults = Faults(kubeconfig)

    @classmethod
    @contextlib.contextmanager
    def started(cls, build):
        with tempfile.TemporaryDirectory(prefix="ferry-e2e-cluster-") as folder:
            kubeconfig = pathlib.Path(folder) / "kubeconfig"
            process = subprocess.Popen(
                [
                    DEVCLUSTER / "up", "--with-parent", "--kubeconfig", kubeconfig,
                    "--image", f"ferry-proxy={build}/in-cluster-proxy/ferry-proxy",
                    "--image", f"ferry-test-app={build}/tests/e2e/app/ferry-test-app",
                    "--image", f"ferry-test-load={build}/tests/e2e/load/ferry-test-load",
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            try:
                line = process.stdout.readline()
                assert line.startswith("cluster ready"), f"the test cluster did not start: {line!r}"
                yield cls(kubeconfig, process)
            finally:
                process.terminate()
                process.wait(timeout=30)
                process.stdout.close()

    def peak_rss_mib(self, program):
        """The largest peak memory among the processes of that name."""
        listed = subprocess.run(["pgrep", "-x", program], capture_output=True, text=True, check=True)
        return max(rss_mib(int(pid)) for pid in listed.stdout.split())


class Faults:
    """The test cluster's fault switches, through its `ctl`."""

    def __init__(self, kubeconfig):
        self._command = [DEVCLUSTER / "ctl", "--kubeconfig", kubeconfig]

    def _ctl(self, *words):
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"ctl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def cut_connections(self):
        self._ctl("cut")

    def cut_streams(self):
        """Those to pods alone, as when a kubelet restarts."""
        self._ctl("cut", "streams")

    def lose_node_of(self, namespace, pod):
        """Nobody hears of it: what goes there arrives nowhere, and the pod is replaced."""
        self._ctl("lose", "streams")
        self._ctl("move-pod", f"{namespace}/{pod}")

    def stall_connections(self):
        self._ctl("stall")

    def restart_api_server(self):
        self._ctl("restart", "1")

    def user(self, name, role, namespace, *options):
        """A kubeconfig (as text) for a user who has the rights of that Role (as YAML text) in the namespace."""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(role)
            file.flush()
            return self._ctl("user", name, "--role", file.name, "--namespace", namespace, *options)

    def expire(self, user):
        self._ctl("expire", user)

    def deny(self, path_part, message):
        self._ctl("deny", path_part, message)

    def network(self, ports):
        """What happened in the network of late, with the connections from these ports."""
        return self._ctl("network", *ports)

    def lag(self, seconds):
        self._ctl("lag", str(seconds))

    def clear(self):
        self._ctl("clear")
