"""A ferry-proxy that is reached by address, without any cluster."""

import os
import socket
import subprocess

import http_client as client
from conftest import ROOT
from ferry import free_port
from kube_api import wait_for


class LoneProxy:
    """A ferry-proxy of the test's own on the loopback, the test application behind it, and keys for both ends."""

    def __init__(self, build, folder, *options):
        self._options = options  # of ferry-proxy, beside those that it needs
        self.keys = folder / "keys"
        subprocess.run([ROOT / "scripts" / "make-credentials", self.keys], check=True)
        self._build = build
        self.port, self.health, self.http, self.echo = free_port(), free_port(), free_port(), free_port()
        ports = {"HTTP_PORT": self.http, "ECHO_PORT": self.echo, "RESET_PORT": free_port(), "CALLER_PORT": free_port()}
        env = {**os.environ, **{name: str(port) for name, port in ports.items()}}
        self._app = subprocess.Popen([build / "tests" / "e2e" / "app" / "ferry-test-app"], env=env)
        self.log = folder / "proxy.log"
        self.start()
        wait_for("the application answers", lambda: client.name_of(self.http))

    def start(self):
        under = filter(None, [os.environ.get("FERRY_E2E_PROXY_UNDER")])  # a program that runs another, as tests/e2e/valgrind has
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *under, self._build / "in-cluster-proxy" / "ferry-proxy", "--listen", f"127.0.0.1:{self.port}",
                    "--health-listen", f"127.0.0.1:{self.health}", "--tls-dir", self.keys / "proxy",
                    "--allow", "127.0.0.0/8", *self._options,
                ],
                stderr=log,
            )
        wait_for("the proxy listens", lambda: not _refuses(self.port))

    def options(self, credentials=None, port=None, host="127.0.0.1"):
        """What tells `ferry forward` of it; by way of another port or name, if one is given."""
        address = f"{host}:{port or self.port}"
        return ["--proxy-addr", address, "--proxy-credentials", str(credentials or self.keys / "daemon")]

    def stop(self):
        for process in (self.process, self._app):
            process.kill()
            process.wait()


def _refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except OSError:
        return True
