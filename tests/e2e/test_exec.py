"""`ferry exec TYPE/NAME -- COMMAND`: commands and shells in real containers."""

import hashlib
import os
import shutil
import signal
import subprocess

import pytest

from kube_api import wait_for
from pseudo_terminal import PseudoTerminal
from stage import Stage
from test_bad_input import FORBIDDEN
from test_logs import shell, talker
from test_swap_rights import role_without

UNREACHABLE = 5
PROMPT = r"[$#] "
WAITS = "exec sleep 1000"
BOXES = [
    talker("box", shell("app", WAITS), shell("side", WAITS), replicas=2),
    talker("broken", shell("app", "exit 3")),
]


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        api.apply(made.namespace, *BOXES)
        wait_for("two boxes are ready", lambda: len(api.ready_pods(made.namespace, "app=box")) == 2)
        yield made


@pytest.fixture
def ferry(stage):
    return stage.ferry


def run(ferry, *words, data=b""):
    return subprocess.run(ferry.args("exec", *words), env=ferry.env, input=data, capture_output=True, timeout=60)


def on_a_terminal(ferry, *words):
    return PseudoTerminal(ferry.args("exec", "deploy/box", "-c", "app", "-it", "--", *words), ferry.env)


def test_a_command_is_as_if_it_ran_here(ferry):
    done = run(ferry, "deploy/box", "-c", "app", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert not ferry.daemons()  # it needs none


def test_bytes_pass_as_they_are_and_so_does_their_end(ferry):
    data = os.urandom(5_000_000)
    done = run(ferry, "deploy/box", "-c", "app", "-i", "--", "cat", data=data)
    assert (done.returncode, hashlib.sha256(done.stdout).digest()) == (0, hashlib.sha256(data).digest())
    assert run(ferry, "deploy/box", "-c", "app", "--", "cat", data=b"not passed on").stdout == b""


def test_a_pod_and_a_container_can_be_named(stage, ferry):
    pod = stage.pods("app=box")[1]
    done = run(ferry, pod, "--", "hostname")
    assert done.stdout.decode() == pod + "\n"
    assert b"in container app; there are also side" in done.stderr
    assert run(ferry, f"pod/{pod}", "-c", "side", "--", "hostname").stderr == b""


def test_slips_are_told_with_what_to_do(stage, ferry):
    done = run(ferry, "deploy/box", "-c", "sied", "--", "true")
    assert done.returncode == 3 and b"did you mean 'side'? it has app and side" in done.stderr, done
    done = run(ferry, "deploy/absent", "--", "true")
    assert done.returncode == 3 and b"absent" in done.stderr, done
    done = run(ferry, "deploy/box", "-c", "app", "--", "nonsense")
    assert done.returncode == 3 and b"'nonsense'" in done.stderr and b"image" in done.stderr, done
    done = run(ferry, "host/db", "--", "true")
    assert done.returncode != 0 and b"no object of the cluster" in done.stderr, done
    refused = stage.new_ferry(role_without(("pods/exec", "get")))
    done = run(refused, "deploy/box", "--", "true")
    assert done.returncode == FORBIDDEN and b"right to 'get' on 'pods/exec'" in done.stderr, done


def test_of_a_container_that_does_not_run_the_reason_is_told(stage, ferry):
    def crashed():
        done = run(ferry, "deploy/broken", "--", "true")
        assert done.returncode == 1, done
        return b"CrashLoopBackOff" in done.stderr and done.stderr.decode()

    said = wait_for("it is told as it is", crashed)
    assert "ferry diagnose pod/broken-" in said, said


def test_it_ends_when_nobody_reads(ferry):
    process = subprocess.Popen(ferry.args("exec", "deploy/box", "-c", "app", "--", "yes"), env=ferry.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE


def programs(ferry, kubeconfig):
    yield ferry.args("exec", "deploy/box", "-c", "app", "-it", "--", "sh")
    if shutil.which("kubectl"):  # the same, as the judge of the cluster that this is tested in
        yield ["kubectl", "--kubeconfig", kubeconfig, "--namespace", ferry.namespace, "exec", "deploy/box", "-c", "app",
               "-it", "--", "sh"]


def test_a_shell_has_a_terminal_of_our_size_and_leaves_ours_as_it_was(stage, ferry):
    for args in programs(ferry, stage.cluster.kubeconfig):
        with PseudoTerminal(args, ferry.env, columns=120, rows=40) as screen:
            screen.wait_for(PROMPT)
            assert screen.is_raw()
            screen.type("stty size\n")
            screen.wait_for("40 120")
            screen.wait_for(PROMPT)
            screen.resize(77, 33)
            screen.type("until stty size | grep 33; do :; done\n")
            screen.wait_for("33 77\r\n")
            screen.wait_for(PROMPT)
            screen.type("sleep 1000\n\x03")  # not our Ctrl-C
            screen.wait_for(PROMPT)
            screen.type("exit 5\n")
            assert screen.end() == 5
            assert screen.is_as_before()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_as_it_was(ferry, by):
    with on_a_terminal(ferry, "sh") as screen:
        screen.wait_for(PROMPT)
        assert screen.is_raw()
        screen.process.send_signal(by)
        assert screen.end() == 130
        assert screen.is_as_before()


def test_while_it_is_stopped_the_terminal_is_as_it_was(ferry):
    with on_a_terminal(ferry, "sh") as screen:
        screen.wait_for(PROMPT)
        screen.stop()
        assert screen.is_as_before()
        screen.process.send_signal(signal.SIGCONT)
        wait_for("it is raw again", screen.is_raw)
        screen.type("exit 6\n")
        assert screen.end() == 6
        assert screen.is_as_before()


def test_without_a_terminal_here_there_is_none_there(ferry):
    done = run(ferry, "deploy/box", "-c", "app", "-it", "--", "sh", data=b"test -t 0 || echo none\n")
    assert done.stdout == b"none\n" and b"without -t" in done.stderr, done
    done = run(ferry, "deploy/box", "-c", "app", "-t", "--", "sh", "-c", "test -t 1 && echo terminal >&2")
    assert (done.stdout, done.stderr) == (b"terminal\r\n", b"")


def test_a_cut_connection_is_an_error_and_leaves_the_terminal_as_it_was(ferry, faults):
    with on_a_terminal(ferry, "sh") as screen:
        screen.wait_for(PROMPT)
        faults.cut_streams()
        screen.wait_for("error: running 'sh' in container app of pod box-")
        assert screen.end() == UNREACHABLE
        assert screen.is_as_before()
