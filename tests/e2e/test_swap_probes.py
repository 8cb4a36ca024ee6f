"""The container's probes decide about the local process: each kind of them, what they are asked with, and what follows."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys

from conftest import ROOT
from ferry import free_port
from kube_api import wait_for
from stage import plays
from test_swap import phase, swapped

HEALTHZ = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1}
ACCEPTS = {"tcpSocket": {"port": "http"}, "periodSeconds": 1, "failureThreshold": 1}


def probed(stage, replicas=1, **probes):
    """`web` with these probes and no others."""
    def change(deployment):
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        del container["readinessProbe"]
        container.update(probes)

    return stage.web(replicas=replicas, change=change)


def waits_for_it(stage, *words):
    """A swap that has come as far as to wait for the local process."""
    command = stage.ferry.start("swap-deployment", "web", *words)
    wait_for("it waits for the local process", lambda: phase(stage) == "waiting-for-local")
    wait_for("the probes are asked", lambda: said(stage))
    return command


def said(stage, probe=None):
    """What the probes said last."""
    return [each["message"] for each in stage.ferry.links()[0]["swap"]["probes"]
            if probe in (None, each["probe"]) and each["message"] != "not tried yet"]


def is_swapped(stage):
    wait_for("it is swapped", lambda: phase(stage) == "swapped", timeout=90)


def serves(stage):
    return stage.ready_endpoints() == stage.pods("ferry.dev/stand-in") != []


@contextlib.contextmanager
def listening(port):
    with socket.create_server(("127.0.0.1", port), backlog=1024):
        yield


@plays
def test_a_port_that_has_to_accept(stage):
    probed(stage, readinessProbe={**ACCEPTS, "tcpSocket": {"port": "echo"}})
    local, port = stage.local(), free_port()
    with listening(port):
        command = stage.ferry.swap("web", "--expose", f"{local.http}:http", "--expose", f"{port}:echo")
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    with listening(port):
        wait_for("it is in them again", lambda: serves(stage))
    command.end()
    stage.is_as_before()


@plays
def test_a_program_that_has_to_succeed(stage):
    """It runs here: the file is none that a pod could see."""
    file = stage.ferry.home / "ill"
    probed(stage, readinessProbe={
        "exec": {"command": ["test", "!", "-e", str(file)]}, "periodSeconds": 1, "failureThreshold": 1})
    command, _ = swapped(stage)
    file.touch()
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    file.unlink()
    wait_for("it is in them again", lambda: serves(stage))
    command.end()
    stage.is_as_before()


@plays
def test_a_grpc_server_that_has_to_say_that_it_serves(stage):
    """The one here serves as a whole, but no service of a name."""
    probed(stage, replicas=0, readinessProbe={"grpc": {"port": 7000, "service": "shop"}, "periodSeconds": 1})
    port = free_port()
    server = subprocess.Popen([sys.executable, ROOT / "tests/devcluster/images/grpc-health.py"],
                              env={"PORT": str(port)})
    try:
        command = waits_for_it(stage, "--expose", f"{port}:echo")
        assert "NOT_SERVING" in said(stage, "readiness")[0], said(stage)
        command.end()
        stage.is_as_before()
        probed(stage, replicas=0, readinessProbe={"grpc": {"port": 7000}, "periodSeconds": 1})
        stage.ferry.swap("web", "--expose", f"{port}:echo").end()
        stage.is_as_before()
    finally:
        server.kill()
        server.wait()


@plays
def test_a_startup_probe_keeps_the_others_back_until_it_has_succeeded_once(stage):
    probed(stage, startupProbe={**HEALTHZ, "failureThreshold": 1000}, readinessProbe=ACCEPTS,
           livenessProbe={**ACCEPTS, "failureThreshold": 1})
    local = stage.local()
    local.become("unready")
    command = waits_for_it(stage, "--expose", f"{local.http}:http")
    assert "503" in said(stage, "startup")[0] and said(stage, "readiness") == [], said(stage)
    local.become("ready")
    is_swapped(stage)
    local.stop()
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    local.start()
    wait_for("it is in them again", lambda: serves(stage))
    command.end()
    stage.is_as_before()


@plays
def test_a_liveness_probe_that_fails_is_told_and_kills_nothing(stage):
    probed(stage, livenessProbe={**HEALTHZ, "failureThreshold": 1})
    command, local = swapped(stage)
    local.become("unready")
    wait_for("it is told", lambda: "Container app failed liveness probe" in command.stderr())
    assert "Liveness probe failed: HTTP probe failed with statuscode: 503" in command.stderr(), command.stderr()
    assert local.process.poll() is None and serves(stage)
    command.end()
    stage.is_as_before()


@plays
def test_a_liveness_probe_that_fails_restarts_the_command_if_asked_to(stage):
    probed(stage, livenessProbe={**HEALTHZ, "failureThreshold": 1})
    local = stage.local()
    local.stop()
    own = [f"{name}={value}" for name, value in local.env.items()]
    command = stage.ferry.swap(
        "web", "--expose", f"{local.http}:http", "--restart", "--", "env", *own, str(local.binary))
    first = listener(local.http)
    local.become("unready")
    second = wait_for("another one listens", lambda: (pid := listener(local.http)) != first and pid)
    wait_for("it serves", lambda: serves(stage))
    assert command.process.poll() is None and second
    command.end()
    stage.is_as_before()


# Serves; on SIGUSR1 it stops to listen, and lives on.
CLOSES = """
import http.server, signal, sys, threading
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=lambda: (server.shutdown(), server.server_close())).start())
threading.Thread(target=server.serve_forever).start()
while True:
    signal.pause()
"""


@plays
def test_a_command_that_closes_its_port_and_lives_on_is_restarted_if_asked_to(stage):
    probed(stage, livenessProbe={**ACCEPTS, "failureThreshold": 1})
    local = stage.local()
    local.stop()
    command = stage.ferry.swap(
        "web", "--expose", f"{local.http}:http", "--restart", "--", "python3", "-c", CLOSES, str(local.http))
    first = listener(local.http)
    os.kill(int(first), signal.SIGUSR1)
    wait_for("another one listens", lambda: listener(local.http) not in (None, first))
    command.end()
    stage.is_as_before()


def listener(port):
    """The process that listens there, or None."""
    shown = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return shown.partition("pid=")[2].partition(",")[0] or None


@plays
def test_a_process_that_a_debugger_stops_is_unready_if_probes_are_followed(stage):
    probed(stage, readinessProbe={**HEALTHZ, "failureThreshold": 1})
    command, local = swapped(stage)
    local.process.send_signal(signal.SIGSTOP)
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    local.process.send_signal(signal.SIGCONT)
    wait_for("it is in them again", lambda: serves(stage))
    command.end()
    stage.is_as_before()


HELD = "(not counted: a debugger holds ferry-test-app"


@plays
def test_a_process_that_a_debugger_stops_stays_ready_if_probes_are_held(stage):
    """Its failures are told all the same; once it goes on, they count."""
    probed(stage, readinessProbe={**HEALTHZ, "failureThreshold": 1})
    command, local = swapped(stage, "--probes", "hold")
    local.process.send_signal(signal.SIGSTOP)
    wait_for("a probe has failed", lambda: HELD in command.stderr())
    assert stage.ferry.links()[0]["swap"]["ready"] and serves(stage), command.stderr()
    local.process.send_signal(signal.SIGCONT)
    local.become("unready")
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    command.end()
    stage.is_as_before()


@plays
def test_a_process_that_a_debugger_watches_stays_ready_if_probes_are_held(stage):
    """It runs, and says itself that it isn't ready."""
    probed(stage, readinessProbe={**HEALTHZ, "failureThreshold": 1})
    command, local = swapped(stage, "--probes", "hold")
    seize = 0x4206  # PTRACE_SEIZE: ptrace(2)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(seize, local.process.pid, None, None) == 0, ctypes.get_errno()
    local.become("unready")
    wait_for("a probe has failed", lambda: HELD in command.stderr())
    assert stage.ferry.links()[0]["swap"]["ready"] and serves(stage), command.stderr()
    local.stop()
    command.end()
    stage.is_as_before()


@plays
def test_without_probes_an_open_port_is_enough(stage):
    stage.web(replicas=1)
    local = stage.local()
    local.become("unready")
    command, _ = swapped(stage, "--probes", "none", local=local)
    assert serves(stage)
    local.stop()
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    command.end()
    stage.is_as_before()


@plays
def test_always_ready_needs_nobody_to_listen(stage):
    stage.web(replicas=1)
    local = stage.local()
    local.stop()
    command, _ = swapped(stage, "--probes", "ready", local=local)
    assert serves(stage)
    command.end()
    stage.is_as_before()
