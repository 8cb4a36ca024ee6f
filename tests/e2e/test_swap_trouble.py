"""What a cluster refuses in the middle of a swap, and what people do to it: nothing stays broken, nothing is denied."""

import json

import pytest

from kube_api import wait_for
from stage import Stage, plays
from test_swap import is_local, phase


@pytest.fixture
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        yield made


def swapped_and_detached(stage, *words):
    local = stage.local()
    done = stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--detach", *words, timeout=90)
    wait_for("it is swapped", lambda: phase(stage) == "swapped")
    return done


def links_as_text(stage):
    return stage.ferry.run("list").stdout


def edit_record(stage, **fields):
    annotations = stage.deployment()["metadata"]["annotations"]
    record = {**json.loads(annotations["ferry.dev/swap"]), **fields}
    stage.api.patch("Deployment", stage.namespace, "web",
                    {"metadata": {"annotations": {"ferry.dev/swap": json.dumps(record)}}})


def test_a_role_that_is_refused_is_told_and_nothing_is_promised(stage, faults):
    stage.web()
    faults.deny(f"/namespaces/{stage.namespace}/roles", "no roles today")
    done = swapped_and_detached(stage)
    assert "no roles today" in done.stderr and "ferry restore" in done.stderr, done.stderr
    assert not stage.ferry.links()[0]["swap"]["orphanRestore"]
    stage.ferry.run("leave", "--all", timeout=60)
    stage.is_as_before()


def test_a_restore_that_is_refused_is_tried_until_it_works(stage, faults):
    stage.web()
    swapped_and_detached(stage)
    faults.deny(f"/namespaces/{stage.namespace}/deployments/web", "frozen for the release")
    leave = stage.ferry.start("leave", "deploy/web")
    wait_for("it says what keeps it", lambda: "frozen for the release" in leave.stderr())
    assert "frozen for the release" in stage.ferry.links()[0]["reason"]
    faults.clear()
    assert leave.process.wait(timeout=60) == 0, leave.stderr()
    stage.is_as_before()


@plays
def test_a_swap_that_a_killed_daemon_left_is_listed_and_left(stage):
    stage.web()
    swapped_and_detached(stage)
    stage.ferry.kill()
    assert "deploy/web" in links_as_text(stage)
    stage.ferry.run("leave", "--all", timeout=60)
    stage.is_as_before()


@plays
def test_quit_after_a_crash_puts_back_what_is_left(stage):
    stage.web()
    swapped_and_detached(stage)
    stage.ferry.kill()
    stage.ferry.run("quit", timeout=60)
    stage.is_as_before()


@plays
def test_an_edited_record_leaves_nothing_behind(stage):
    stage.web()
    for fields in ({"standIn": "nope"}, {"id": "another", "replicas": 9}):
        swapped_and_detached(stage)
        edit_record(stage, **fields)
        stage.ferry.run("leave", "--all", timeout=60)
        stage.is_as_before()


def swap_without_local(stage):
    """A swap of `web` that waits for a local process."""
    stage.web()
    local = stage.local()
    local.stop()
    command = stage.ferry.start("swap-deployment", "web", "--expose", f"{local.http}:http")
    wait_for("it waits for the local process", lambda: phase(stage) == "waiting-for-local")
    return command


@plays
def test_a_stand_in_that_is_deleted_while_the_local_process_is_waited_for_ends_the_swap(stage):
    command = swap_without_local(stage)
    stage.api.delete("Deployment", stage.namespace, "web-ferry")
    assert command.process.wait(timeout=60) != 0
    assert "web-ferry was deleted" in command.stderr(), command.stderr()
    stage.is_as_before()


@plays
def test_who_scales_it_to_zero_before_it_is_taken_over_keeps_that(stage):
    command = swap_without_local(stage)
    stage.api.scale("Deployment", stage.namespace, "web", 0)
    command.end()
    assert stage.replicas() == 0 and not stage.stand_ins()


@plays
def test_the_environment_comes_before_the_process_that_needs_it(stage):
    """eval "$(ferry swap-deployment ... --detach --env-sh -)", then the process."""
    stage.web(env={"GREETING": "hi"})
    local = stage.local()
    local.stop()
    done = stage.ferry.run(
        "swap-deployment", "web", "--expose", f"{local.http}:http", "--detach", "--env-sh", "-", timeout=60)
    assert "export GREETING='hi'" in done.stdout
    assert phase(stage) == "waiting-for-local" and stage.replicas() == 2
    local.start()
    with stage.load() as load:
        load.answered_by(is_local)
    stage.ferry.run("leave", "--all", timeout=60)
    stage.is_as_before()
