"""Where the keys are, and where they are not."""

import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import pytest

import http_client as client
from conftest import ROOT
from ferry import free_port, is_instrumented
from kube_api import KINDS, wait_for
from stage import plays

PLANTED = "correct-horse-battery"  # a value in the container's environment


def key_lines(text):
    """The lines of the private keys in a text, each of which gives its key away; and a piece of each as a Secret has it."""
    keys = re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n.*?\n-----END", text, re.DOTALL)
    lines = {line for key in keys for line in key.splitlines() if len(line) > 20 and "-----" not in line}
    return lines | {base64.b64encode(key.encode()).decode()[120:180] for key in keys}  # the beginning is the same in all


def state_keys(ferry):
    """The keys that this ferry holds; each file is its user's alone."""
    files = [path for path in (ferry.home / "state" / "ferry").rglob("*") if path.is_file()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    texts = [path.read_text().replace("\\n", "\n") for path in files]
    return {line for text in texts for line in key_lines(text)}


def cluster_secrets(stage):
    """What the Secrets of the namespace hold: the keys in it, and the tokens."""
    found = set()
    for secret in stage.api.list("Secret", stage.namespace):
        for name, value in (secret.get("data") or {}).items():
            text = base64.b64decode(value).decode(errors="replace")
            found |= key_lines(text) | ({text} if name == "token" else set())
    return found


def objects(stage):
    """Every object of the namespace, as text; of Secrets all but what they hold."""
    for kind in KINDS:
        if kind != "Namespace":
            for each in stage.api.list(kind, stage.namespace):
                if kind == "Secret":
                    each = {**each, "data": sorted(each.get("data") or {})}
                yield f"{kind} {each['metadata']['name']}", json.dumps(each).replace("\\n", "\n")


def pod_logs(stage):
    for pod in stage.api.list("Pod", stage.namespace):
        name = pod["metadata"]["name"]
        yield f"log of {name}", stage.api.text(stage.api.path("Pod", stage.namespace, name) + "/log")


def arguments_and_environments():
    for process in pathlib.Path("/proc").iterdir():
        for what in ("cmdline", "environ"):
            try:
                if process.name.isdigit() and (process / "comm").read_text().startswith("ferry"):
                    yield f"{process}/{what}", (process / what).read_bytes().decode(errors="replace")
            except OSError:
                pass  # it is gone, or hides this


@plays
def test_keys_are_in_secrets_and_private_files_alone(stage):
    """At the loudest level, with a link and a swap: no key and no token in logs, arguments, objects or annotations."""
    stage.web(env={"PLANTED": PLANTED})
    local = stage.local()
    port = free_port()
    ferry = stage.ferry
    ferry.run("--log-level", "trace", "forward", "--namespace", stage.namespace, "svc/web", f"{port}:80", "--detach")
    swap = ferry.swap("web", "--expose", f"{local.http}:http")
    assert wait_for("the link leads to the stand-in", lambda: client.name_of(port) == local.name)

    keys = state_keys(ferry) | cluster_secrets(stage)
    assert len(keys) >= 12  # of four: daemon's and proxy's, of the link and of the swap
    kubeconfig = ferry.home / "kubeconfig"
    config = kubeconfig.read_text()
    keys |= set(re.findall(r"(?:token|client-key-data): *(\S{20,})", config))

    logs = [("daemon's log", ferry.daemon_log()), ("swap", swap.stderr()), *pod_logs(stage)]
    logs += [(words[0], ferry.run(*words).stdout) for words in (("status", "-o", "json"), ("list", "-o", "json"), ("logs",))]
    logs += [(path.name, path.read_text()) for path in (ferry.home / "state" / "ferry").glob("*.json")]
    assert len(ferry.daemon_log()) > 200
    for where, text in logs:
        assert PLANTED not in text, where
    for where, text in [*logs, *objects(stage), *arguments_and_environments()]:
        assert [key for key in keys if key in text] == [], where

    other = stage.new_ferry()  # somebody else's keys are others
    other.forward("svc/web", ":80")
    assert state_keys(other) and not state_keys(other) & state_keys(ferry)


# --- memory ----------------------------------------------------------------------------------------------

NOBODY = 65534


@pytest.fixture
def home():
    """A folder of who the programs run as: not root, since it is other processes of the same user that this is about."""
    with tempfile.TemporaryDirectory(prefix="ferry-e2e-") as folder:
        yield pathlib.Path(folder)


def allow_core_dumps():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@contextlib.contextmanager
def running(program, home, *options):
    """ferryd or ferry-proxy as somebody who isn't root."""
    copy = home / program.name
    shutil.copy(program, copy)
    keys = home / "keys"
    subprocess.run([ROOT / "scripts" / "make-credentials", keys], check=True)
    if program.name == "ferry-proxy":
        options = ["--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--tls-dir", keys / "proxy", *options]
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    for path in (home, *home.rglob("*")) if user else ():
        os.chown(path, NOBODY, NOBODY)
    env = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    log = home / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [copy, *options], env=env, stdout=file, stderr=file, cwd=home, preexec_fn=allow_core_dumps, **user
        )
    try:
        wait_for("it serves", lambda: re.search(r"ferryd \S+ serves|ferry-proxy \S+ on", log.read_text()), timeout=20)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("program", ["daemon/ferryd", "in-cluster-proxy/ferry-proxy"])
@pytest.mark.parametrize("options, open_to_its_user", [([], False), (["--core-dumps"], True)], ids=["as ever", "core dumps"])
def test_nobody_looks_into_the_memory(build, home, program, options, open_to_its_user):
    """No core dump, no debugger, no /proc/PID/mem: the kernel gives such a process's files to root (proc(5))."""
    with running(build / program, home, *options) as process:
        folder = pathlib.Path(f"/proc/{process.pid}")
        user = int(re.search(r"^Uid:\s+(\d+)", (folder / "status").read_text(), re.MULTILINE)[1])
        assert user != 0
        assert ((folder / "mem").stat().st_uid == user) is open_to_its_user
        if is_instrumented(process.pid):
            return  # a sanitizer takes the signal itself
        process.send_signal(signal.SIGSEGV)
        _, how = os.waitpid(process.pid, 0)
        assert os.WIFSIGNALED(how) and (open_to_its_user or not os.WCOREDUMP(how))
