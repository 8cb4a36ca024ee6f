"""What can't be swapped: said in three parts, and the cluster is untouched."""

import json
import re

import workloads
from kube_api import wait_for
from stage import plays
from test_bad_input import FAILED, FORBIDDEN, NOT_FOUND, UNREACHABLE, USAGE


def refused(stage, *words, exit_code, says, timeout=60):
    """Runs `ferry swap-deployment WORDS`, which has to fail so, leaving everything as it was."""
    done = stage.ferry.run("swap-deployment", *words, check=False, timeout=timeout)
    assert done.returncode == exit_code, done
    for word in [says] if isinstance(says, str) else says:
        assert word in done.stderr, f"{word!r} is not in {done.stderr!r}"
    assert_three_parts(done.stderr)
    stage.is_as_before(timeout=20)
    return done.stderr


THREE_PARTS = re.compile(r"^error: \S.*\n  why: \S.*\n  try: \S.*\n  id:  [a-z]+\.[a-z-]+\n\Z", re.MULTILINE)


def assert_three_parts(text):
    """The last word is an error as the command line prints it: what failed, why, and what to do. It is the only one."""
    assert THREE_PARTS.search(text) and len(re.findall("^error:", text, re.MULTILINE)) == 1, text


@plays
def test_there_is_no_such_thing(stage):
    stage.web()
    refused(stage, "missing", "--expose", "8081:80", exit_code=NOT_FOUND, says="missing")
    refused(stage, "web:sidecar", "--expose", "8081:80", exit_code=NOT_FOUND, says=["sidecar", "app"])
    refused(stage, "web", "--expose", "8081:grpc", exit_code=NOT_FOUND, says=["grpc", "http"])
    for port in ("0:80", "65536:80", "x:80", "8081:80:1"):
        refused(stage, "web", "--expose", port, exit_code=USAGE, says=port.split(":")[0])
    refused(stage, "svc/web", "--expose", "8081:80", exit_code=USAGE, says="svc")


@plays
def test_a_port_that_is_not_declared_is_warned_of(stage):
    stage.web()
    done = stage.ferry.run("swap-deployment", "web", "--expose", "8081:9090", "--dry-run")
    assert "9090" in done.stderr + done.stdout and "declare" in done.stderr + done.stdout
    stage.is_as_before(timeout=0)


@plays
def test_an_image_that_cannot_be_pulled(stage):
    stage.web()
    local = stage.local()
    refused(stage, "web", "--expose", f"{local.http}:http", "--image", "no-such-image:1", "--timeout", "10s",
            exit_code=FAILED, says=["no-such-image:1", "pull"])


@plays
def test_a_pod_that_cannot_be_scheduled(stage):
    stage.web(replicas=0, change=lambda deployment: deployment["spec"]["template"]["spec"].update(
        nodeSelector={"disk": "none-like-it"}))
    local = stage.local()
    said = refused(stage, "web", "--expose", f"{local.http}:http", "--timeout", "12s", exit_code=UNREACHABLE,
                   says=["0/1 nodes", "after 12 s"])
    assert re.search(r"pod/web-ferry-\S+: .*\(unschedulable-selector\)\n", said), said


@plays
def test_a_full_quota(stage):
    stage.web()
    stage.api.apply(stage.namespace, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
                                      "spec": {"hard": {"pods": "2"}}})
    stage.quiet()
    local = stage.local()
    done = stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--timeout", "10s", check=False)
    assert done.returncode == FORBIDDEN and "few" in done.stderr and "quota" in done.stderr, done.stderr
    assert_three_parts(done.stderr)
    stage.is_as_before()


@plays
def test_the_host_network(stage):
    stage.web(replicas=0, change=lambda deployment: deployment["spec"]["template"]["spec"].update(hostNetwork=True))
    refused(stage, "web", "--expose", "8081:http", exit_code=FAILED, says="hostNetwork")


@plays
def test_a_local_process_that_never_comes(stage):
    stage.web()
    local = stage.local()
    local.stop()
    said = refused(stage, "web", "--expose", f"{local.http}:http", "--timeout", "4s", exit_code=UNREACHABLE,
                   says=str(local.http))
    assert "refused" in said or "listen" in said


@plays
def test_a_record_that_somebody_edited_into_nonsense(stage):
    stage.web()
    nonsense = {"metadata": {"annotations": {"ferry.dev/swap": "{nonsense"}}}
    stage.api.patch("Deployment", stage.namespace, "web", nonsense)
    stage.quiet()
    refused(stage, "web", "--expose", "8081:http", exit_code=FAILED, says=["ferry.dev/swap", "--force"])
    done = stage.ferry.run("restore", "deploy/web", check=False)
    assert done.returncode == FAILED and "ferry.dev/swap" in done.stderr, done.stderr
    assert_three_parts(done.stderr)
    stage.ferry.run("restore", "deploy/web", "--force")
    assert "ferry.dev/swap" not in json.dumps(stage.deployment())


@plays
def test_nonsense_written_while_it_is_swapped(stage):
    """The stand-in has a copy of the record."""
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    stage.api.patch("Deployment", stage.namespace, "web", {"metadata": {"annotations": {"ferry.dev/swap": "[]"}}})
    command.end()
    stage.is_as_before()


@plays
def test_the_original_is_deleted_while_it_is_swapped(stage):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    stage.api.delete("Deployment", stage.namespace, "web")
    wait_for("it is told", lambda: "deleted" in command.stderr() or "gone" in command.stderr())
    command.end()
    wait_for("nothing of ours is left", lambda: not stage.stand_ins())
    stage.api.apply(stage.namespace, workloads.deployment(replicas=2))
    wait_for("it is there again", lambda: len(stage.api.ready_pods(stage.namespace, "app=web")) == 2)
    for kind in ("Secret", "Role", "RoleBinding", "ServiceAccount"):
        assert not stage.api.list(kind, stage.namespace, "ferry.dev/stand-in"), kind
    assert "ferry" not in json.dumps(stage.api.get("Service", stage.namespace, "web")["spec"])


@plays
def test_the_namespace_is_deleted_while_it_is_swapped(stage):
    """Who may look beyond it is told that all is gone; the others have lost their rights with it, and are told that."""
    stage.web()
    local = stage.local()
    command = stage.administrator().swap("web", "--expose", f"{local.http}:http")
    stage.api.delete("Namespace", None, stage.namespace)
    wait_for("the command ends by itself", lambda: command.process.poll() is not None)
    assert command.process.returncode == FAILED, command.stderr()
    assert "deployment/web is gone: nothing is left to put back" in command.stderr(), command.stderr()
    assert_three_parts(command.stderr())


@plays
def test_the_namespace_is_deleted_and_with_it_every_right(stage):
    stage.only_in_the_test_cluster()  # where the rights are those of a Role in the namespace
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    stage.api.delete("Namespace", None, stage.namespace)
    wait_for("it is told", lambda: "forbidden" in command.stderr())
    assert command.end() == FORBIDDEN, command.stderr()
    said, _, left_to_do = command.stderr().rpartition("what is left to do: ")
    assert_three_parts(said)
    assert f"ferry restore deploy/web -n {stage.namespace}" in left_to_do
    assert not stage.ferry.links()


@plays
def test_what_is_being_deleted_already(stage):
    held = {"metadata": {"finalizers": ["ferry.dev/held-by-a-test"]}}
    stage.web(change=lambda deployment: deployment["metadata"].update(held["metadata"]))
    stage.api.delete("Deployment", stage.namespace, "web")
    stage.quiet()
    refused(stage, "web", "--expose", "8081:http", exit_code=FAILED, says="it is being deleted")
    stage.api.patch("Deployment", stage.namespace, "web", {"metadata": {"finalizers": None}})


def denied(stage, path_part, workload="web"):
    """An admission webhook refuses writes to such paths: nothing is left of the swap, and its words are passed on."""
    stage.faults.deny(f"namespaces/{stage.namespace}/{path_part}", f"no {path_part} today")
    said = refused(stage, workload, "--expose", f"{stage.local().http}:http", exit_code=FORBIDDEN,
                   says=f"no {path_part} today")
    assert "kubectl auth can-i" not in said, said  # the right is there


@plays
def test_admission_that_refuses_on_the_way_in(stage):
    """Each time one step earlier: the stand-in's pod, its Secret, the stand-in."""
    stage.web()
    for path_part in ("pods", "secrets", "deployments"):
        denied(stage, path_part)


@plays
def test_admission_that_refuses_to_scale(stage):
    """By then the Services are steered already, and the stand-in serves."""
    stage.stateful_set()
    denied(stage, "statefulsets", workload="sts/web")
