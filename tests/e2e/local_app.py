"""The test application as the process that a developer runs: here, beside the tests."""

import contextlib
import os
import subprocess

import http_client
from ferry import free_port
from kube_api import wait_for


class LocalApp:
    """`http`, `echo`, `reset` and `caller` are the ports that it listens on, or will."""

    def __init__(self, build, name="local"):
        self.name = name
        self.binary = build / "tests" / "e2e" / "app" / "ferry-test-app"
        self.http, self.echo, self.reset, self.caller = (free_port() for _ in range(4))
        self.process = None

    @property
    def env(self):
        return {
            "NAME": self.name,
            "HTTP_PORT": str(self.http),
            "ECHO_PORT": str(self.echo),
            "RESET_PORT": str(self.reset),
            "CALLER_PORT": str(self.caller),
        }

    def start(self):
        self.process = subprocess.Popen([self.binary], env={"PATH": os.environ["PATH"], **self.env})
        wait_for("the local process answers", lambda: http_client.name_of(self.http) == self.name)
        return self

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def become(self, state):
        """"ready" or "unready", as its readiness probe sees it."""
        assert http_client.post(self.http, f"/{state}")[0] == 200


@contextlib.contextmanager
def running(build, name="local"):
    app = LocalApp(build, name).start()
    try:
        yield app
    finally:
        app.stop()
