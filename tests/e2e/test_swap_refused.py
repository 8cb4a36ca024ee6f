"""What can't be swapped: said in three parts, and the cluster is untouched."""

import json

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


def assert_three_parts(text):
    """What failed, why, and what to do: as the command line prints an error."""
    assert "error" in text.lower() and len(text.strip().splitlines()) >= 2, text


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
    said = refused(stage, "web", "--expose", f"{local.http}:http", "--timeout", "5s", exit_code=UNREACHABLE,
                   says="0/1 nodes")
    assert "affinity" in said or "selector" in said


@plays
def test_a_full_quota(stage):
    stage.web()
    stage.api.apply(stage.namespace, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
                                      "spec": {"hard": {"pods": "2"}}})
    stage.quiet()
    local = stage.local()
    done = stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--timeout", "10s", check=False)
    assert done.returncode == FORBIDDEN and "few" in done.stderr and "quota" in done.stderr, done.stderr
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
def test_the_namespace_is_being_deleted(stage):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    stage.api.delete("Namespace", None, stage.namespace)
    wait_for("the command ends by itself or by us", lambda: command.process.poll() is not None or ended(command))
    assert not stage.ferry.links()


def ended(command):
    command.end()
    return True
