"""A wrong name is answered with the nearest one that is there."""

import pytest
import yaml

import workloads
from ferry import free_port
from kube_api import wait_for
from stage import Stage
from test_swap_rights import role_without

NOT_FOUND = 3


@pytest.fixture(scope="module")
def stage(cluster, api, build):
    with Stage(cluster, api, build) as made:
        api.apply(made.namespace, workloads.deployment("checkout"), workloads.service("checkout"))
        wait_for("it is ready", lambda: len(api.ready_pods(made.namespace, "app=checkout")) == 1)
        yield made


def refused(ferry, *words):
    done = ferry.run(*words, check=False)
    assert done.returncode == NOT_FOUND, (words, done)
    return done.stderr


@pytest.mark.parametrize("command", [
    ("forward", "svc/chekcout", "0:80"),
    ("forward", "deploy/checkuot", "0:http"),
    ("swap-deployment", "chekcout", "--expose", "8081:http"),
    ("swap-deployment", "chekcout", "--expose", "8081:http", "--dry-run"),
    ("restore", "deploy/chekcout"),
    ("diagnose", "svc/chekout"),
    ("diagnose", "deploy/check"),
    ("logs", "deploy/chekcout"),
    ("exec", "deploy/checkou", "--", "true"),
    ("debug", "deploy/checkouts", "--image", "busybox:1.36"),
])
def test_a_wrong_name(stage, command):
    assert "did you mean 'checkout'?" in refused(stage.ferry, *command)


def test_a_name_that_is_near_to_none(stage):
    assert "did you mean" not in refused(stage.ferry, "diagnose", "svc/payment")


def test_without_the_right_to_list_nothing_is_suggested(stage):
    ferry = stage.new_ferry(role_without(("services", "list")))
    said = refused(ferry, "forward", "svc/chekcout", "0:80")
    assert "not found" in said and "did you mean" not in said and "cannot list" not in said, said


def test_a_wrong_namespace(stage):
    slip = stage.namespace[:-1]
    ferry = stage.administrator()
    ferry.namespace = slip
    said = refused(ferry, "exec", "deploy/checkout", "--", "true")
    assert f"there is no namespace '{slip}'; did you mean '{stage.namespace}'?" in said
    ferry = stage.new_ferry()
    ferry.namespace = slip  # where this user has no rights at all
    done = ferry.run("exec", "deploy/checkout", "--", "true", check=False)
    assert done.returncode != 0 and "did you mean" not in done.stderr


def test_a_wrong_context(stage):
    context = yaml.safe_load((stage.ferry.home / "kubeconfig").read_text())["current-context"]
    said = refused(stage.ferry, "diagnose", "svc/checkout", "--context", context[:-1])
    assert f"did you mean '{context}'?" in said


def test_a_wrong_link(stage):
    ferry = stage.ferry
    ferry.run("forward", "svc/checkout", f"{free_port()}:80", "--detach")
    assert "did you mean 'svc/checkout'? there are" in refused(ferry, "leave", "svc/chekcout")
    ferry.run("leave", "svc/checkout")
