"""The real `ferry`, with a daemon, settings and state of its own that are gone after the test."""

import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

from kube_api import wait_for

IN_A_NAMESPACE = (("forward",), ("swap-deployment",), ("restore",), ("diagnose",), ("doctor",), ("exec",), ("debug",))
FORWARDING = re.compile(r"Forwarding from (?:127\.0\.0\.1|\[::1\]):(\d+) -> (\S+)")


class Foreground:
    """A `ferry forward` that stays in the foreground."""

    def __init__(self, process, ports, log):
        self.process = process
        self.ports = ports  # local ports, in the order of the arguments
        self.log = log

    @property
    def port(self):
        return self.ports[0]

    def stderr(self):
        return self.log.read_text()

    def end(self, by=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(timeout=60)


class Ferry:
    def __init__(self, binary, home, kubeconfig=None, namespace=None, image=None):
        self.binary = binary
        self.home = pathlib.Path(home)
        self.namespace = namespace
        self.prefix = []  # words before the command: whose user it runs as
        self._running = []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
        }
        if kubeconfig:
            self.env["KUBECONFIG"] = str(kubeconfig)
        if image:
            self.env["FERRY_IMAGE"] = image
        for folder in ("run", "state", "config"):
            (self.home / folder).mkdir(mode=0o700, parents=True, exist_ok=True)

    def move_to(self, host):
        """From now on it runs as `nobody`, on a machine of that name (in namespaces of its own, to be exact)."""
        here = f'hostname {host} && exec unshare --user --map-user=65534 "$@"'
        self.prefix = ["unshare", "--user", "--map-root-user", "--uts", "sh", "-c", here, "sh"]

    def args(self, *words):
        scoped = words[:1] in IN_A_NAMESPACE or words[:2] == ("list", "--swaps")
        scoped = scoped or (words[:1] == ("logs",) and len(words) > 1 and not words[1].startswith("-"))
        scope = ["--namespace", self.namespace] if self.namespace and scoped else []
        return [*self.prefix, str(self.binary), *words[:1], *scope, *words[1:]]

    def run(self, *words, check=True, timeout=60, env=None):
        done = subprocess.run(
            self.args(*words), env={**self.env, **(env or {})}, text=True, capture_output=True, timeout=timeout
        )
        if check and done.returncode != 0:
            raise AssertionError(f"ferry {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def forward(self, *words, links=1, timeout=60):
        """Starts `ferry forward WORDS` and waits until it says where it listens (once for each of `links` ports)."""
        log = self.home / f"forward-{len(self._running)}.err"
        with log.open("w") as errors:
            process = subprocess.Popen(
                self.args("forward", *words), env=self.env, text=True, stdout=subprocess.PIPE, stderr=errors
            )
        started = Foreground(process, [], log)
        self._running.append(started)
        deadline = time.monotonic() + timeout
        while len(started.ports) < links:
            line = process.stdout.readline()
            match = FORWARDING.search(line)
            if match and int(match[1]) not in started.ports:
                started.ports.append(int(match[1]))
            if not line or time.monotonic() > deadline:
                raise AssertionError(f"ferry forward {' '.join(words)} said {started.stderr()!r}")
        return started

    def start(self, *words, env=None):
        """Starts `ferry WORDS`, which stays; its stdout and stderr go into one log."""
        log = self.home / f"{words[0]}-{len(self._running)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                self.args(*words), env={**self.env, **(env or {})}, stdout=output, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        started = Foreground(process, [], log)
        self._running.append(started)
        return started

    def swap(self, *words, timeout=90, env=None):
        """Starts `ferry swap-deployment WORDS` and waits until it says that it is done."""
        started = self.start("swap-deployment", *words, env=env)

        def done():
            if "Swapped " in started.stderr():
                return True
            if started.process.poll() is not None:
                raise AssertionError(f"ferry swap-deployment {' '.join(words)} ended: {started.stderr()}")
            return False

        wait_for(f"swapped; it said {started.log}", done, timeout)
        return started

    def kill(self):
        """The machine is gone: the daemon and every command, at once. The daemons that it ended."""
        for started in self._running:
            if started.process.poll() is None:
                started.process.kill()
        daemons = self.daemons()
        for pid in daemons:
            os.kill(pid, signal.SIGKILL)
        wait_for("the daemon is gone", lambda: not self.daemons(), timeout=20)
        for started in self._running:
            started.process.wait()
        return daemons

    def status(self):
        return json.loads(self.run("status", "-o", "json").stdout)

    def links(self):
        return self.status()["links"]

    def daemon_pid(self):
        return self.status()["pid"]

    def wait_for_state(self, state, timeout=60):
        def reached():
            links = self.links()
            return links[0] if links and all(link["state"] == state for link in links) else None

        return wait_for(f"every link is {state}", reached, timeout)

    def daemon_log(self):
        path = self.home / "state" / "ferry" / "ferryd.log"
        return path.read_text() if path.exists() else ""

    def last_words(self, lines=40):
        """What its commands and its daemon said of late."""
        said = {started.log.name: started.stderr() for started in self._running}
        said["ferryd.log"] = self.daemon_log()
        return "\n".join(f"{name}:\n" + "\n".join(text.splitlines()[-lines:]) for name, text in said.items())

    def close(self):
        for started in self._running:
            if started.process.poll() is None:
                started.process.kill()
            started.process.wait(timeout=20)
            if started.process.stdout:
                started.process.stdout.close()
        self.run("quit", check=False)
        wait_for("no daemon is left", lambda: not self.daemons(), timeout=20)

    def daemons(self):
        """The processes of this ferry's daemons, by what stands in their environment."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if is_daemon(pid, self.home / "run")]


def is_daemon(pid, runtime_dir):
    folder = pathlib.Path(f"/proc/{pid}")
    try:
        if b"/ferryd\0" not in (folder / "cmdline").read_bytes():  # not comm: it may run in valgrind
            return False
        return f"XDG_RUNTIME_DIR={runtime_dir}\0".encode() in (folder / "environ").read_bytes()
    except PermissionError:  # daemons hide their environment from all but root; the lock names the one that holds it
        lock = runtime_dir / "ferry" / "ferryd.lock"
        return lock.exists() and lock.read_text() == str(pid) and "State:\tZ" not in (folder / "status").read_text()
    except OSError:
        return False


# Below those that the kernel gives to outgoing connections: none of these takes one before its user does.
_ports = iter(random.sample(range(15000, 30000), 15000))


def free_port():
    """A port that nobody listens on, on any address: its user may want them all. No port is given twice."""
    for port in _ports:
        with contextlib.suppress(OSError), socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True):
            return port
    raise AssertionError("no port is left")


def is_instrumented(pid):
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    return any(name in maps for name in ("libasan", "libtsan", "/valgrind/"))


def rss_mib(pid):
    """The most that a process has had; 0 for one under a sanitizer or valgrind, whose memory is mostly theirs."""
    if is_instrumented(pid):
        return 0
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no memory figure for process {pid}")
