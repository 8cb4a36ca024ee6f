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


def scaled_back(stage):
    return stage.replicas() == 2


def stand_in_is_there(stage):
    return stage.stand_ins()


def anything(_):
    return True


def nothing(_):
    return False


def no(condition):
    def opposite(stage):
        return not condition(stage)

    opposite.__name__ = f"no_{condition.__name__}"
    return opposite


def both(*conditions):
    def together(stage):
        return all(condition(stage) for condition in conditions)

    together.__name__ = "_and_".join(condition.__name__ for condition in conditions)
    return together


# On the way in, in the order in which it comes about. Of each point: the condition upon which everything is killed;
# what has to be so in the cluster right after that, and what must not be so yet (together they tell the phase, whatever has
# happened between the look and the kill); and whether something runs that can put it right. If not, nothing of the
# original has been touched.
WAY_IN = {
    "as soon as it has begun": (anything, anything, steered, False),
    "the stand-in is made": (stand_in_is_there, stand_in_is_there, steered, False),
    "its secret is made": (of_kind("Secret"), of_kind("Secret"), steered, False),
    "its account is made": (of_kind("ServiceAccount"), of_kind("ServiceAccount"), steered, False),
    "its role is made": (of_kind("Role"), of_kind("Role"), steered, False),
    "it is scaled up": (stand_in_replicas, stand_in_replicas, steered, True),
    "its pod is there": (stand_in_pod, stand_in_pod, at_zero, True),
    "its pod runs": (stand_in_runs, stand_in_runs, at_zero, True),
    "its pod is ready": (stand_in_ready, stand_in_runs, at_zero, True),
    "it is behind the Service": (stand_in_serves, stand_in_runs, at_zero, True),
    "the Service is steered": (steered, steered, at_zero, True),
    "it is alone behind the Service": (alone, steered, at_zero, True),
    "while the nodes follow": (later(alone, 2), steered, at_zero, True),
    "the original is at zero": (at_zero, both(at_zero, recorded), nothing, True),
    "its pods are gone": (both(at_zero, no(originals)), both(at_zero, recorded), originals, True),
    "the Service is steered no more": (both(at_zero, no(steered)), both(at_zero, recorded), steered, True),
    "it is swapped": (swapped, both(at_zero, recorded), steered, True),
}

# On the way back, from `leave` on: likewise.
WAY_BACK = {
    "as soon as it is left": (anything, both(recorded, stand_in_is_there), nothing),
    "the original is scaled back": (scaled_back, both(scaled_back, stand_in_is_there), nothing),
    "the original has a pod": (originals, both(scaled_back, originals), nothing),
    "the original is ready": (lambda stage: len(stage.ready_endpoints()) == 3, both(scaled_back, originals), nothing),
    "the record is gone": (no(recorded), scaled_back, recorded),
    "the stand-in is gone": (no(stand_in_is_there), scaled_back, both(recorded, stand_in_is_there)),
    "the stand-in's pod is going": (
        lambda stage: any("deletionTimestamp" in pod["metadata"] for pod in stand_in_pod(stage)),
        scaled_back, both(recorded, stand_in_is_there)),
}

# The same, of somebody else's `ferry restore`.
RESTORING = ["as soon as it is left", "the original is scaled back", "the record is gone", "the stand-in is gone"]


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


def kill_at(stage, ferry, point):
    """Kills everything of that ferry once the point is reached, and looks whether it was the point that is meant."""
    reached, shows, not_yet = point
    wait_for("the point is reached", lambda: reached(stage), timeout=90, pause=0.01)
    killed = ferry.kill()
    assert killed or reached is anything, "nothing was left to be killed"
    assert shows(stage) and not not_yet(stage), f"{shows.__name__} and not {not_yet.__name__}"


def killed_on_the_way_in(stage, point, by_itself):
    start(stage)
    kill_at(stage, stage.ferry, point)
    comes_right(stage, by_itself)


def killed_on_the_way_back(stage, point, by_itself):
    start(stage)
    wait_for("it is swapped", lambda: swapped(stage), timeout=90)
    stage.ferry.start("leave", "deploy/web")
    kill_at(stage, stage.ferry, point)
    comes_right(stage, by_itself)


def restoring_is_killed(stage, point):
    start(stage, "10m")
    wait_for("it is swapped", lambda: swapped(stage), timeout=90)
    stage.ferry.kill()
    other = stage.new_ferry(host="elsewhere")
    other.start("restore", "deploy/web", "--force")
    kill_at(stage, other, point)
    comes_right(stage, by_itself=False)


def points():
    """(name, scene) of each: the stand-in and `ferry restore` take turns."""
    for number, (name, (*point, runs)) in enumerate(WAY_IN.items()):
        by_itself = runs and number % 2 == 0
        yield name, by_itself, lambda stage, p=point, b=by_itself: killed_on_the_way_in(stage, p, b)
    for number, (name, point) in enumerate(WAY_BACK.items()):
        by_itself = number % 2 == 0 and name != "the stand-in is gone"
        yield name, by_itself, lambda stage, p=point, b=by_itself: killed_on_the_way_back(stage, p, b)
    for name in RESTORING:
        yield f"restoring: {name}", False, lambda stage, p=WAY_BACK[name]: restoring_is_killed(stage, p)


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
