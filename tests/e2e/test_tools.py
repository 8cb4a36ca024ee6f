"""The tests' own instruments: would they notice?"""

import random

import pytest

import growth
import load_generator
import snapshot
import workloads
from kube_api import wait_for


def test_the_load_generator_sees_what_scaling_down_loses(api, namespace, web, faults):
    faults.lag(1)
    with load_generator.started(api, namespace) as load:
        before = wait_for("both pods have answered", lambda: len((seen := load.settle()).names()) == 2 and seen)
        assert before.failed() == 0, before
        later = wait_for("a second has gone by", lambda: (seen := load.seen()).at > before.at + 1000 and seen)
        assert later.rate(before) >= 270, later
        api.scale("Deployment", namespace, web, 1)
        wait_for("requests have failed", lambda: load.seen().failed())


def test_a_program_that_finishes_its_requests_loses_none_when_nobody_is_sent_to_it(api, namespace):
    """What steering relies on: with the Service's selector off the old pods first, ending them costs nothing."""
    for name in ("old", "new"):
        labels = {"app": "web", "side": name}
        env = {"NAME": name, "ON_TERM": "finish"}
        api.apply(namespace, workloads.deployment(name, labels=labels, env=env, grace=10))
    api.apply(namespace, workloads.service("web", selector={"app": "web", "side": "old"}))
    wait_for("both are ready", lambda: len(api.ready_pods(namespace, "app=web")) == 2)
    with load_generator.started(api, namespace) as load:
        api.patch("Service", namespace, "web", {"spec": {"selector": {"side": "new"}}})
        load.answered_by(lambda name: name == "new")
        settled = load.settle()
        api.scale("Deployment", namespace, "old", 0)
        wait_for("the old pod is gone", lambda: not api.list("Pod", namespace, "side=old"))
        seen = load.settle()
    assert seen.failed() == 0, seen
    assert seen.last("old") > settled.at / 1000  # kept connections stayed with it until it ended
    assert seen.names() == {"old", "new"}


def test_a_snapshot_is_the_same_after_scaling_there_and_back(api, namespace, web):
    before = snapshot.take(api, namespace)
    api.scale("Deployment", namespace, web, 0)
    wait_for("no pod is left", lambda: not api.list("Pod", namespace, "app=web"))
    assert snapshot.take(api, namespace) != before
    api.scale("Deployment", namespace, web, 2)
    snapshot.assert_same_again(api, namespace, before)


@pytest.mark.parametrize("kind, name, patch", [
    ("Deployment", "web", {"metadata": {"annotations": {"left": "behind"}}}),
    ("Deployment", "web", {"spec": {"replicas": 1}}),
    ("Service", "web", {"spec": {"selector": {"left": "behind"}}}),
    ("ServiceAccount", "default", {"metadata": {"labels": {"left": "behind"}}}),
])
def test_a_snapshot_sees_what_is_left_behind(api, namespace, web, kind, name, patch):
    before = snapshot.take(api, namespace)
    api.patch(kind, namespace, name, patch)
    with pytest.raises(AssertionError, match="isn't as it was"):
        snapshot.assert_same_again(api, namespace, before, timeout=0)


def memory_of(seconds, leaks, seed):
    """MiB every two seconds, as of a daemon that warms up in a minute and is busy now and then."""
    chance = random.Random(seed)
    return [(when, 40 - 10 * 0.95**when + leaks * when + chance.uniform(0, 1) + chance.choice([0, 0, 0, 8]))
            for when in range(0, seconds, 2)]


@pytest.mark.parametrize("seconds", [600, 8 * 3600])
def test_the_soak_sees_what_each_connection_leaves_behind(seconds):
    connections_per_second = 10
    for seed in range(20):
        assert growth.growth(memory_of(seconds, leaks=0, seed=seed)) < 1
        leaked = connections_per_second * 1024 / (1 << 20)
        assert growth.growth(memory_of(seconds, leaks=leaked, seed=seed)) > 3
