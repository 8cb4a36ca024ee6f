"""Swapping: the cluster's requests come here, and whatever way it ends, everything is as it was."""

import getpass
import http.server
import json
import re
import signal
import socket
import sys
import threading

import workloads
from ferry import free_port
from kube_api import wait_for
from stage import plays

OURSELVES = f"{getpass.getuser()}@{socket.gethostname()}"


def is_local(name):
    return name == "local"


def is_original(name):
    return name.startswith("web-")


def swapped(stage, *words, local=None, **how):
    """Swaps `web` for a local process; (the command, the process)."""
    local = local or stage.local()
    return stage.ferry.swap("web", "--expose", f"{local.http}:http", *words, **how), local


def there_and_back(stage, end, exit_codes=(0, 130)):
    """A whole swap under a little load; end(command) is what makes it end. No request fails."""
    stage.web()
    with stage.load() as load:
        command, local = swapped(stage)
        load.answered_by(is_local)
        only_local = load.settle()
        wait_for("the local process alone answers", lambda: load.settle().count(is_original) ==
                 only_local.count(is_original))
        assert stage.replicas() == 0
        end(command)
        load.answered_by(lambda name: is_original(name) and name not in only_local.names())
        assert command.process.wait(timeout=60) in exit_codes, command.stderr()
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()
    assert stage.ferry.run("list", "-o", "json").stdout.count(local.name) == 0


@plays
def test_ctrl_c_puts_it_back(stage):
    there_and_back(stage, lambda command: command.process.send_signal(signal.SIGINT))


@plays
def test_sigterm_puts_it_back(stage):
    there_and_back(stage, lambda command: command.process.send_signal(signal.SIGTERM))


@plays
def test_a_closed_terminal_puts_it_back(stage):
    there_and_back(stage, lambda command: command.process.send_signal(signal.SIGHUP))


@plays
def test_leave_puts_it_back(stage):
    there_and_back(stage, lambda _: stage.ferry.run("leave", "deploy/web"))


@plays
def test_quit_puts_it_back(stage):
    there_and_back(stage, lambda _: stage.ferry.run("quit"))


@plays
def test_restore_elsewhere_puts_it_back(stage):
    """Another machine, another user; the one who swapped it learns of it."""
    def restore(_):
        other = stage.new_ferry(host="elsewhere")
        refused = other.run("restore", "deploy/web", check=False)
        assert refused.returncode == 1 and f"it is in use by {OURSELVES} since" in refused.stderr, refused
        assert stage.replicas() == 0 and stage.ready_endpoints() == stage.pods("ferry.dev/stand-in")
        namesake = stage.new_ferry().run("restore", "deploy/web", check=False)  # the same user, host and cluster
        assert namesake.returncode == 1 and f"it is in use by {OURSELVES} since" in namesake.stderr, namesake
        other.run("restore", "deploy/web", "--force")

    there_and_back(stage, restore, exit_codes=(1,))


@plays
def test_the_end_of_the_command_puts_it_back(stage):
    """It ran with the pod's environment, its exit code is ours, and signals reach it."""
    stage.web(env={"GREETING": "from the pod", "TWO": "lines\nof it"})
    port, out = free_port(), stage.ferry.home / "seen.json"
    program = (
        "import http.server, json, os, signal, sys\n"
        f"json.dump(dict(os.environ), open({str(out)!r}, 'w'))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "  def do_GET(self):\n"
        "    self.send_response(200); self.send_header('Content-Length', '5'); self.end_headers()\n"
        "    self.wfile.write(b'local')\n"
        f"http.server.ThreadingHTTPServer(('127.0.0.1', {port}), H).serve_forever()\n"
    )
    with stage.load() as load:
        command = stage.ferry.start(
            "swap-deployment", "web", "--expose", f"{port}:http", "--", sys.executable, "-c", program)
        load.answered_by(is_local)
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(timeout=60) == 42, command.stderr()
        seen = load.settle()
    environment = json.loads(out.read_text())
    assert environment["GREETING"] == "from the pod" and environment["TWO"] == "lines\nof it"
    assert environment["KUBERNETES_SERVICE_PORT"] == "443"
    assert environment["HOME"] == stage.ferry.env["HOME"]  # this machine's
    assert seen.failed() == 0, seen
    stage.is_as_before()


@plays
def test_a_local_process_that_comes_late_is_waited_for(stage):
    stage.web()
    local = stage.local()
    local.stop()
    with stage.load() as load:
        command = stage.ferry.start("swap-deployment", "web", "--expose", f"{local.http}:http")
        wait_for("it waits for the local process", lambda: phase(stage) == "waiting-for-local", timeout=30)
        before = load.settle()
        assert before.failed() == 0 and stage.replicas() == 2 and before.count(is_local) == 0
        local.start()
        load.answered_by(is_local)
        command.end()
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()


def phase(stage):
    links = stage.ferry.links()
    return links[0]["swap"]["phase"] if links else None


@plays
def test_readiness_follows_the_local_process(stage):
    """Unready or gone, it is out of the endpoints, and callers get what a pod without a listener would give."""
    stage.web(replicas=1)
    command, local = swapped(stage)
    wait_for("the stand-in alone is behind the Service", lambda: len(stage.ready_endpoints()) == 1)
    local.become("unready")
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    wait_for("the link says so", lambda: stage.ferry.links()[0]["state"] == "waiting")
    local.become("ready")
    wait_for("it is in them again", stage.ready_endpoints)
    local.stop()
    wait_for("it is out of the endpoints", lambda: not stage.ready_endpoints())
    wait_for("the port is shut", lambda: not stage.ferry.links()[0]["swap"]["ports"][0]["open"])
    local.start()
    wait_for("it is in them again", stage.ready_endpoints)
    with stage.load() as load:
        assert load.settle().names() == {"local"}
    command.end()
    stage.is_as_before()


@plays
def test_the_original_can_go_on_beside_it(stage):
    stage.web()
    with stage.load() as load:
        command, _ = swapped(stage, "--keep-original")
        wait_for("all three answer", lambda: len(load.seen().names()) == 3)
        assert stage.replicas() == 2
        command.end()
        wait_for("the stand-in is gone", lambda: not stage.stand_ins())
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()


@plays
def test_a_dry_run_shows_everything_and_touches_nothing(stage):
    stage.web()
    done = stage.ferry.run("swap-deployment", "web", "--expose", "8081:http", "--dry-run")
    for word in ("deployment/web", "service/web", "ferry.dev/stand-in", "RoleBinding", "service-account-token"):
        assert word in done.stdout, done.stdout
    stage.is_as_before(timeout=0)
    assert stage.ferry.links() == []


@plays
def test_detached_it_stays_and_is_listed_for_everybody(stage):
    stage.web()
    local = stage.local()
    done = stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--detach", timeout=90)
    assert "Swapped deploy/web" in done.stdout
    wait_for("it is swapped", lambda: phase(stage) == "swapped")
    (link,) = stage.ferry.links()
    assert link["state"] == "active" and link["swap"]["orphanRestore"] and link["swap"]["originalReplicas"] == 2
    listed = stage.new_ferry().run("list", "--swaps").stdout
    assert "web" in listed and "@" in listed and "swapped" in listed
    stage.ferry.run("leave", "--all", timeout=60)
    stage.is_as_before()


@plays
def test_the_second_is_told_who_has_it_and_force_takes_it_over(stage):
    stage.web()
    first, _ = swapped(stage)
    second = stage.new_ferry(host="elsewhere")
    theirs = stage.local("theirs")
    words = ("swap-deployment", "web", "--expose", f"{theirs.http}:http")
    refused = second.run(*words, check=False)
    assert refused.returncode == 1
    assert re.search(rf"swapped.* by {OURSELVES} since \d{{4}}-\d\d-\d\dT", refused.stderr), refused.stderr
    with stage.load() as load:
        command = second.start(*words, "--force")
        load.answered_by(lambda name: name == "theirs")
        wait_for("the first one's command ends", lambda: first.process.poll() is not None)
        lost = r"error: nobody@elsewhere took over deployment/web at \d\d:\d\d on \S+; nothing of this swap is left"
        assert first.process.returncode == 1 and re.search(lost, first.stderr()), first.stderr()
        assert command.process.poll() is None, command.stderr()
        assert "it is at 0 replicas" not in command.stderr(), command.stderr()  # which is the first one's doing
        assert "nobody@elsewhere" in stage.ferry.run("list", "--swaps").stdout
        command.end()
        load.answered_by(is_original)
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()


class Probed(http.server.BaseHTTPRequestHandler):
    """Remembers what asked it."""

    askers = set()

    def do_GET(self):
        self.askers.add(self.headers["User-Agent"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@plays
def test_the_readiness_probe_decides_not_a_port_that_nobody_needs_yet(stage):
    """It asks as a kubelet of the cluster's version does."""
    stage.web()
    version = stage.api.request("GET", "/version")
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Probed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = stage.ferry.swap(
            "web", "--expose", f"{server.server_port}:http", "--expose", f"{free_port()}:echo")
        assert phase(stage) == "swapped"
        assert Probed.askers == {f"kube-probe/{version['major']}.{version['minor']}"}
        ports = {port["remote"]: port["open"] for port in stage.ferry.links()[0]["swap"]["ports"]}
        assert ports == {workloads.HTTP: True, workloads.ECHO: False}
        command.end()
        server.shutdown()
    stage.is_as_before()
