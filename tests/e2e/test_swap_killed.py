"""`kill -9` of everything on the developer's machine, in every phase: the cluster comes right by itself, or by
`ferry restore` from elsewhere, and equals what it was."""

import json
import time

import pytest

from kube_api import wait_for
from stage import plays

ORPHANED_AFTER = "5s"


def of_kind(kind):
    return lambda stage: stage.api.list(kind, stage.namespace, "ferry.dev/stand-in")


def stand_in_replicas(stage):
    return any(each["spec"]["replicas"] for each in stage.stand_ins())


def stand_in_pod(stage):
    return stage.api.list("Pod", stage.namespace, "ferry.dev/stand-in")


def stand_in_runs(stage):
    return any(pod.get("status", {}).get("phase") == "Running" for pod in stand_in_pod(stage))


def stand_in_ready(stage):
    return stage.api.ready_pods(stage.namespace, "ferry.dev/stand-in")


def stand_in_serves(stage):
    return any("-ferry-" in name for name in stage.ready_endpoints())


def steered(stage):
    return "ferry.dev/stand-in" in stage.api.get("Service", stage.namespace, "web")["spec"]["selector"]


def alone(stage):
    names = stage.ready_endpoints()
    return names and all("-ferry-" in name for name in names)


def recorded(stage):
    return "ferry.dev/swap" in json.dumps(stage.deployment()["metadata"].get("annotations", {}))


def at_zero(stage):
    return stage.replicas() == 0


def originals(stage):
    return [name for name in stage.pods() if "-ferry-" not in name]


def swapped(stage):
    links = stage.ferry.links()
    return links and links[0]["swap"]["phase"] == "swapped"


def later(condition, seconds):
    """So long after the condition has become true."""
    def reached(stage):
        wait_for(condition.__name__, lambda: condition(stage), pause=0.01)
        time.sleep(seconds)  # a moment inside a step that nothing in the cluster shows
        return True

    return reached


# On the way in: what is so in the cluster when everything is killed, in the order in which it comes about. With False:
# nothing runs yet that could put anything right, and nothing of the original has been touched.
WAY_IN = {
    "as soon as it has begun": (lambda stage: True, False),
    "the stand-in is made": (lambda stage: stage.stand_ins(), False),
    "its secret is made": (of_kind("Secret"), False),
    "its account is made": (of_kind("ServiceAccount"), False),
    "its role is made": (of_kind("Role"), False),
    "it is scaled up": (stand_in_replicas, True),
    "its pod is there": (stand_in_pod, True),
    "its pod runs": (stand_in_runs, True),
    "its pod is ready": (stand_in_ready, True),
    "it is behind the Service": (stand_in_serves, True),
    "the Service is steered": (steered, True),
    "it is alone behind the Service": (alone, True),
    "while the nodes follow": (later(alone, 2), True),
    "the original is at zero": (at_zero, True),
    "its pods are gone": (lambda stage: at_zero(stage) and not originals(stage), True),
    "the Service is steered no more": (lambda stage: at_zero(stage) and not steered(stage), True),
    "it is swapped": (swapped, True),
}

# On the way back, from `leave` on.
WAY_BACK = {
    "as soon as it is left": lambda stage: True,
    "the original is scaled back": lambda stage: stage.replicas() == 2,
    "the original has a pod": originals,
    "the original is ready": lambda stage: len(stage.ready_endpoints()) == 3,
    "the record is gone": lambda stage: not recorded(stage),
    "the stand-in is gone": lambda stage: not stage.stand_ins(),
    "the stand-in's pod is going": lambda stage: any("deletionTimestamp" in p["metadata"] for p in stand_in_pod(stage)),
}


def start(stage, orphaned_after=ORPHANED_AFTER):
    stage.web()
    local = stage.local()
    stage.ferry.start("swap-deployment", "web", "--expose", f"{local.http}:http", "--orphan-timeout", orphaned_after)


def comes_right(stage, by_itself):
    """By the stand-in's own doing, or by somebody else's `ferry restore`, twice: the second finds nothing to do."""
    if by_itself:
        stage.is_as_before(timeout=90)
        return
    other = stage.new_ferry()
    for _ in range(2):
        other.run("restore", "deploy/web", "--force", timeout=90)
    stage.is_as_before()


def killed_on_the_way_in(stage, reached, by_itself):
    start(stage)
    wait_for("the point is reached", lambda: reached(stage), timeout=90, pause=0.01)
    stage.ferry.kill()
    comes_right(stage, by_itself)


def killed_on_the_way_back(stage, reached, by_itself):
    start(stage)
    wait_for("it is swapped", lambda: swapped(stage), timeout=90)
    leave = stage.ferry.start("leave", "deploy/web")
    wait_for("the point is reached", lambda: reached(stage), timeout=90, pause=0.01)
    stage.ferry.kill()
    leave.process.wait()
    comes_right(stage, by_itself)


def points():
    """(name, scene) of each: the stand-in and `ferry restore` take turns."""
    for number, (name, (reached, runs)) in enumerate(WAY_IN.items()):
        by_itself = runs and number % 2 == 0
        yield name, by_itself, lambda stage, r=reached, b=by_itself: killed_on_the_way_in(stage, r, b)
    for number, (name, reached) in enumerate(WAY_BACK.items()):
        by_itself = number % 2 == 0 and name != "the stand-in is gone"
        yield name, by_itself, lambda stage, r=reached, b=by_itself: killed_on_the_way_back(stage, r, b)


SCENES = {f"{name}, then {'nobody' if itself else 'restore'}": scene for name, itself, scene in points()}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_everything_comes_right(together, request, scene):
    together.result(request.node.nodeid)


@plays
def test_the_next_daemon_puts_back_what_the_killed_one_left(stage):
    """Of a command in the foreground; a detached swap it takes up again."""
    start(stage, "10m")
    wait_for("it is swapped", lambda: swapped(stage), timeout=90)
    stage.ferry.kill()
    stage.ferry.run("list", "--swaps")
    stage.is_as_before()


@plays
def test_a_detached_swap_is_taken_up_again(stage):
    stage.web()
    local = stage.local()
    stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--detach", timeout=90)
    wait_for("it is swapped", lambda: swapped(stage))
    stage.ferry.kill()
    stage.ferry.run("list", "--swaps")
    assert stage.ferry.links()
    wait_for("it is swapped again", lambda: swapped(stage))
    with stage.load() as load:
        load.answered_by(lambda name: name == "local")
    stage.ferry.run("leave", "--all", timeout=60)
    stage.is_as_before()
