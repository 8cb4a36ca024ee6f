"""Who may swap. That the Role in manifests/ suffices is what every other test of swapping shows: they run under it."""

import yaml

from stage import ROLE, plays
from test_bad_input import FORBIDDEN
from test_swap import is_local


def role_without(refused):
    """The Role in manifests/ without a right: (resource, verb)."""
    documents = list(yaml.safe_load_all(ROLE))
    role = next(each for each in documents if each["kind"] == "Role")
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if (resource, verb) != refused
    ]
    return yaml.safe_dump({"rules": rules})


def web_and_ferry(stage, without):
    """The Deployment `web`, a ferry whose user lacks a right, and a local process."""
    stage.web()
    ferry, local = stage.new_ferry(role_without(without)), stage.local()
    stage.quiet()
    return ferry, local


@plays
def test_without_the_right_to_create_roles_it_works_and_says_what_is_off(stage):
    ferry, local = web_and_ferry(stage, without=("roles", "create"))
    with stage.load() as load:
        command = ferry.swap("web", "--expose", f"{local.http}:http")
        assert not ferry.links()[0]["swap"]["orphanRestore"]
        load.answered_by(is_local)
        assert "ferry restore" in command.stderr(), command.stderr()
        command.end()
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()


@plays
def test_without_the_right_to_scale_nothing_is_touched(stage):
    ferry, local = web_and_ferry(stage, without=("deployments", "patch"))
    done = ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", check=False)
    assert done.returncode == FORBIDDEN, done
    assert "patch" in done.stderr and "deployments" in done.stderr, done.stderr
    stage.is_as_before(timeout=0)


@plays
def test_without_the_right_to_patch_services_it_works_and_says_what_may_be_lost(stage):
    ferry, local = web_and_ferry(stage, without=("services", "patch"))
    with stage.load() as load:
        command = ferry.swap("web", "--expose", f"{local.http}:http")
        load.answered_by(is_local)
        assert "service/web" in command.stderr(), command.stderr()
        command.end()
    stage.is_as_before()


@plays
def test_the_stand_in_may_restore_its_original_and_nothing_else(stage):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    (role,) = stage.api.list("Role", stage.namespace, "ferry.dev/stand-in")
    for rule in role["rules"]:
        assert rule["resourceNames"], rule  # nothing without a name
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
        assert "secrets" not in rule["resources"] or set(rule["verbs"]) <= {"delete"}, rule
    command.end()
    stage.is_as_before()
