"""The daemon: one per user, starts itself, outlives its terminal, takes its links up again."""

import os
import signal
import subprocess

import http_client as client
from ferry import free_port
from kube_api import wait_for


def test_two_starters_get_one_daemon(ferry):
    words = ferry.args("forward", "svc/none", "1", "--detach")
    starters = [
        subprocess.Popen(words, env=ferry.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(8)
    ]
    for starter in starters:
        starter.wait(timeout=60)
    lock = ferry.home / "run" / "ferry"
    daemons = [
        pid
        for pid in os.listdir("/proc")
        if pid.isdigit() and str(lock.parent).encode() in _read(f"/proc/{pid}/environ") and b"ferryd" in _read(f"/proc/{pid}/cmdline")
    ]
    assert [int(pid) for pid in daemons] == [ferry.daemon_pid()]


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_it_survives_its_terminal(ferry, web):
    port = free_port()
    words = ferry.args("forward", f"svc/{web}", f"{port}:80", "--detach")
    subprocess.run(["setsid", "--wait", "script", "-qec", subprocess.list2cmdline(words), "/dev/null"],
                   env=ferry.env, check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert client.name_of(port)
    assert os.getsid(ferry.daemon_pid()) != os.getsid(0)


def test_links_come_back_after_a_kill(ferry, web):
    """A detached link by itself with the next daemon, a foreground link by its command, which starts that daemon."""
    port = free_port()
    ferry.run("forward", f"svc/{web}", f"{port}:80", "--detach")
    foreground = ferry.forward(f"svc/{web}", ":80")
    (before,) = [link for link in ferry.links() if link["detached"]]
    pid = ferry.daemon_pid()
    os.kill(pid, signal.SIGKILL)
    wait_for("the detached link works again", lambda: client.name_of(port))
    wait_for("the foreground link works again", lambda: client.name_of(foreground.port))
    assert ferry.daemon_pid() != pid
    assert before["id"] in [link["id"] for link in ferry.links()]
    assert "again" in foreground.stderr()


def test_quit_ends_everything(ferry, web):
    port = free_port()
    ferry.run("forward", f"svc/{web}", f"{port}:80", "--detach")
    pid = ferry.daemon_pid()
    ferry.run("quit")
    wait_for("the process is gone", lambda: not os.path.exists(f"/proc/{pid}"))
    assert client.name_of(port) is None


def test_state_is_the_users_alone(ferry, web):
    ferry.run("forward", f"svc/{web}", ":80", "--detach")
    for folder in ("run", "state"):
        for path in (ferry.home / folder / "ferry").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_logs_hold_no_secrets(ferry, web):
    ferry.env["PLANTED_SECRET"] = "correct-horse-battery"
    ferry.run("forward", f"svc/{web}", ":80", "--detach")
    for path in (ferry.home / "state" / "ferry").rglob("*"):
        if path.is_file():
            assert b"correct-horse-battery" not in path.read_bytes(), path
    assert "correct-horse-battery" not in ferry.run("status", "-o", "json").stdout
