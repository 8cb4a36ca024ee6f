"""The daemon: one per user, starts itself, outlives its terminal, takes its links up again."""

import base64
import os
import shutil
import signal
import subprocess

import yaml

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
    assert ferry.daemons() == [ferry.daemon_pid()]


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
    wait_for("its command says so", lambda: "again" in foreground.stderr())


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
        own = ferry.home / folder / "ferry"
        for path in (own, *own.rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path


def test_logs_hold_no_secrets(ferry, web, cluster):
    """At the loudest level, on both routes: neither the user's key nor the tunnel's, nor what stands in the environment."""
    ferry.env["PLANTED_SECRET"] = "correct-horse-battery"
    ferry.run("--log-level", "trace", "forward", "--namespace", ferry.namespace, f"svc/{web}", ":80", "--detach")
    ferry.run("forward", f"svc/{web}", ":80", "--detach", "--route", "direct")
    config = yaml.safe_load(open(cluster.kubeconfig, encoding="utf-8"))
    keys = base64.b64decode(config["users"][0]["user"]["client-key-data"]).decode().splitlines()
    secrets = ["correct-horse-battery", "PRIVATE KEY", *(line for line in keys if len(line) > 40)]
    told = [ferry.daemon_log(), ferry.run("status", "-o", "json").stdout, ferry.run("logs").stdout]
    told += [path.read_text() for path in (ferry.home / "state" / "ferry").glob("links.json")]
    assert len(ferry.daemon_log()) > 200
    for text in told:
        assert [secret for secret in secrets if secret in text] == []


def test_it_works_as_a_kubectl_plugin(ferry, web, build):
    """kubectl looks for kubectl-ferry on the PATH, and passes the rest of the words on."""
    plugin = ferry.home / "bin"
    plugin.mkdir()
    for program in (build / "daemon" / "ferryd", build / "cli" / "ferry"):
        (plugin / program.name).symlink_to(program)
    (plugin / "kubectl-ferry").symlink_to(build / "cli" / "ferry")
    env = {**ferry.env, "PATH": f"{plugin}:{ferry.env['PATH']}"}
    port = free_port()
    starter = ["kubectl", "ferry"] if shutil.which("kubectl") else [str(plugin / "kubectl-ferry")]
    done = subprocess.run(
        [*starter, "forward", "-n", ferry.namespace, f"svc/{web}", f"{port}:80", "--detach"],
        env=env, capture_output=True, text=True, check=False, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert client.name_of(port)
    told = subprocess.run([*starter, "--help"], env=env, capture_output=True, text=True, check=True).stdout
    assert "kubectl ferry" in told
