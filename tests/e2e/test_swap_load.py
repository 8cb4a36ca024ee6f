"""No failed request: under a steady load of 300 a second and more, with nodes that follow a second late."""

import signal

import pytest

from ferry import is_instrumented
from kube_api import wait_for
from test_swap import is_local, is_original, phase
from test_swap_killed import at_zero, recorded, steered

RATE = 300


@pytest.fixture
def stage(alone_on_stage):
    return alone_on_stage


@pytest.fixture
def late_nodes(faults):
    """What takes over the traffic must not hang on how quick the nodes are."""
    faults.lag(1)


@pytest.mark.parametrize("on_term, new, kept", [("finish", 170, 170), ("exit", 340, 0)])
def test_swapping_and_restoring_lose_nothing(stage, late_nodes, on_term, new, kept):
    """Once with an original that finishes what is in flight; once, with new connections, with one that dies at once.

    The local process comes late.
    """
    stage.web(replicas=3, env={"ON_TERM": on_term}, grace=15)
    with stage.load(new=new, kept=kept) as load:
        originals = wait_for("all three answer", lambda: len(names := load.settle().names()) == 3 and names)
        local = stage.local()
        local.stop()
        command = stage.ferry.start("swap-deployment", "web", "--expose", f"{local.http}:http")
        wait_for("it waits for the local process", lambda: phase(stage) == "waiting-for-local")
        local.start()
        wait_for("it is swapped", lambda: phase(stage) == "swapped")
        swapped = load.answered_by(is_local)
        works = wait_for("it works for a while", lambda: (seen := load.seen()).at > swapped.at + 3000 and seen)
        assert works.rate(swapped) >= RATE or is_instrumented(stage.ferry.daemon_pid()), works
        assert works.count(is_original) == load.settle().count(is_original), "an original still answers"
        command.end()
        load.answered_by(lambda name: is_original(name) and name not in originals)
        wait_for("the stand-in is gone", lambda: not stage.stand_ins())
        seen = load.settle()
    assert seen.failed() == 0, seen
    assert all(name == "local" or is_original(name) for name in seen.names())
    print(f"changed over: the local process from {seen.first('local'):.3f} to {seen.last('local'):.3f}; "
          f"the last of the first originals at {max(map(seen.last, originals)):.3f}; {seen.requests()} requests")
    stage.is_as_before()


def test_a_cut_tunnel_loses_nothing(stage, faults):
    """While it takes over, while it is swapped, and while it is put back."""
    stage.web(env={"ON_TERM": "finish"}, grace=15)
    local = stage.local()
    with stage.load(new=170, kept=170) as load:
        command = stage.ferry.start("swap-deployment", "web", "--expose", f"{local.http}:http")
        for reached in (steered, at_zero):
            wait_for(reached.__name__, lambda: reached(stage))
            faults.cut_connections()
        wait_for("it is swapped", lambda: phase(stage) == "swapped")
        for _ in range(3):
            faults.cut_connections()
            cut = load.settle()
            wait_for("requests are answered again", lambda: load.seen().count(is_local) > cut.count(is_local) + 100)
        assert stage.ferry.status()["tunnels"][0]["reconnects"] >= 5
        command.process.send_signal(signal.SIGINT)
        for reached in (scaled_back, recorded_no_more, leaving):
            wait_for(reached.__name__, lambda: reached(stage))
            faults.cut_connections()
        assert command.process.wait(timeout=60) == 130, command.stderr()
        seen = load.settle()
    # Also not later: a connection that a pod resets as it ends leaves its mark in the node's table for ten seconds, and
    # whoever gets its port meanwhile is sent to that pod's address.
    assert seen.failed() == 0, seen
    stage.is_as_before()


def scaled_back(stage):
    return stage.replicas() == 2


def recorded_no_more(stage):
    return not recorded(stage)


def leaving(stage):
    pods = stage.api.list("Pod", stage.namespace, "ferry.dev/stand-in")
    return any("deletionTimestamp" in pod["metadata"] for pod in pods)


def test_a_restart_of_the_api_server_loses_nothing(stage, faults):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    with stage.load(new=50, kept=50) as load:
        before = load.settle()
        faults.restart_api_server()
        wait_for("requests are answered again", lambda: load.seen().count(is_local) > before.count(is_local) + 50)
        seen = load.settle()
    assert seen.failed() == 0, seen
    command.end()
    stage.is_as_before()
