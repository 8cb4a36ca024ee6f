"""Swapping what Deployments come as: sidecars, several Services, low ports, paused, at zero; and other workloads."""

import workloads
from kube_api import wait_for
from stage import plays
from test_bad_input import FAILED
from test_swap import is_local, is_original, phase
from test_swap_refused import refused


def there_and_back(stage, *words, workload="deploy/web", expose="http", host="web", port=80):
    """Swaps, sees the local process answer through the Service, and leaves; the output of the command."""
    local = stage.local()
    with stage.load(host=host, port=port) as load:
        command = stage.ferry.swap(workload, "--expose", f"{local.http}:{expose}", *words)
        load.answered_by(is_local)
        stage.ferry.run("leave", "--all", timeout=60)
        load.answered_by(lambda name: name != "local")
        seen = load.settle()
    assert seen.failed() == 0, seen
    stage.is_as_before()
    return command.stderr()


@plays
def test_sidecars_and_init_containers_stay(stage):
    def change(deployment):
        spec = deployment["spec"]["template"]["spec"]
        helper = {"image": "busybox", "securityContext": workloads.RESTRICTED}
        spec["initContainers"] = [{**helper, "name": "first", "command": ["sh", "-c", "echo made > /shared/file"],
                                   "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}]
        spec["containers"].insert(0, {
            **helper, "name": "aside", "command": ["sh", "-c", "cat /shared/file; sleep 1000"],
            "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]})
        spec["volumes"] = [{"name": "shared", "emptyDir": {}}]

    stage.web(change=change)
    there_and_back(stage, workload="deploy/web:app")


@plays
def test_several_services_by_name_and_number_and_headless(stage):
    stage.api.apply(
        stage.namespace,
        workloads.service("by-number", {"app": "web"}, [{"name": "http", "port": 8000, "targetPort": workloads.HTTP}]),
        workloads.service("headless", {"app": "web"}, [{"name": "http", "port": workloads.HTTP, "targetPort": "http"}],
                          clusterIP="None"),
    )
    stage.web()
    local = stage.local()
    with stage.load() as by_name, stage.load(host="by-number", port=8000) as by_number:
        command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
        with stage.load(host="headless", port=workloads.HTTP) as headless:  # which knows the addresses from its start on
            assert headless.settle().names() == {"local"}
        for load in (by_name, by_number):
            load.answered_by(is_local)
        assert stage.ready_endpoints("headless") == stage.pods("ferry.dev/stand-in")
        command.end()
        for load in (by_name, by_number):
            seen = load.settle()
            assert seen.failed() == 0, seen
    with stage.load(host="headless", port=workloads.HTTP) as headless:
        assert "local" not in headless.settle().names()
    stage.is_as_before()


@plays
def test_labels_without_app(stage):
    labels = {"component": "front", "tier": "x"}
    stage.api.apply(stage.namespace, workloads.deployment(labels=labels), workloads.service(selector=labels))
    stage.settle(1, "tier=x")
    there_and_back(stage)


@plays
def test_a_port_below_1024(stage):
    """The original may not listen there, as every user but root: what lets the stand-in is the swap's own doing."""
    def change(deployment):
        template = deployment["spec"]["template"]["spec"]
        template["containers"][0]["ports"] = [{"name": "http", "containerPort": 80}]
        template["containers"][0]["env"].append({"name": "HTTP_PORT", "value": "80"})

    stage.api.apply(stage.namespace, workloads.service())
    deployment = workloads.deployment(replicas=1)
    change(deployment)
    stage.api.apply(stage.namespace, deployment)
    wait_for("the original may not listen there", lambda: any(
        "cannot listen on port 80" in stage.api.text(stage.api.path("Pod", stage.namespace, pod) + "/log")
        for pod in stage.pods()))
    stage.api.scale("Deployment", stage.namespace, "web", 0)
    stage.settle(0)
    command = stage.ferry.swap("web", "--expose", f"{stage.local().http}:80")
    with stage.load() as load:
        assert load.settle().names() == {"local"}
    command.end()
    stage.is_as_before()


@plays
def test_a_deployment_at_zero_gets_a_stand_in_and_stays_at_zero(stage):
    stage.web(replicas=0)
    local = stage.local()
    with_local = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    with stage.load() as load:
        assert load.settle().names() == {"local"}
    with_local.end()
    assert stage.replicas() == 0
    stage.is_as_before()


@plays
def test_a_paused_deployment(stage):
    stage.web()
    stage.api.patch("Deployment", stage.namespace, "web", {"spec": {"paused": True}})
    stage.quiet()
    there_and_back(stage)


def roll_out(stage, probed):
    """A version of `web` that asks another path for its readiness."""
    stage.api.request(
        "PATCH", stage.api.path("Deployment", stage.namespace, "web"),
        {"spec": {"template": {"spec": {"containers": [
            {"name": "app", "readinessProbe": {"httpGet": {"path": probed, "port": "http"}}}]}}}},
        "application/strategic-merge-patch+json")


@plays
def test_a_rollout_under_way_is_refused_until_it_is_undone(stage):
    stage.web()
    roll_out(stage, "/not-there")
    wait_for("the rollout is under way", lambda: len(stage.pods()) == 3)
    stage.quiet()
    refused(stage, "web", "--expose", f"{stage.local().http}:http", exit_code=FAILED,
            says=["a rollout is under way", "2 of its 3 pods are of the old version", "kubectl rollout undo"])
    roll_out(stage, "/healthz")
    stage.settle()
    there_and_back(stage)


@plays
def test_a_rollout_under_way_is_ended_by_force_and_the_new_version_alone_comes_back(stage):
    stage.web()
    roll_out(stage, "/not-there")
    wait_for("the rollout is under way", lambda: len(stage.pods()) == 3)
    command = stage.ferry.swap("web", "--expose", f"{stage.local().http}:http", "--force", "--probes", "none")
    assert "the new version only" in command.stderr(), command.stderr()
    roll_out(stage, "/bytes?n=1")
    wait_for("it is told", lambda: "template" in command.stderr() or "roll" in command.stderr())
    with stage.load() as load:
        load.answered_by(is_local)
        command.end()
        load.answered_by(is_original)
        seen = load.settle()
    assert seen.failed() == 0, seen
    pods = stage.api.ready_pods(stage.namespace, "app=web")
    assert [pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] for pod in pods] == ["/bytes?n=1"] * 2


@plays
def test_a_stateful_set(stage):
    stage.stateful_set()
    there_and_back(stage, workload="sts/web")


@plays
def test_a_replica_set(stage):
    stage.api.apply(stage.namespace, {**workloads.deployment(replicas=2), "kind": "ReplicaSet"}, workloads.service())
    stage.settle(2)
    there_and_back(stage, workload="rs/web")


@plays
def test_a_pod_autoscaler_is_told_of_and_left_alone(stage):
    stage.api.apply(stage.namespace, {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {"maxReplicas": 4, "minReplicas": 2,
                 "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})
    stage.web()
    assert "horizontalpodautoscaler/web" in there_and_back(stage)


@plays
def test_somebody_scales_it_meanwhile_and_theirs_stays(stage):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    stage.api.scale("Deployment", stage.namespace, "web", 1)
    wait_for("it is told", lambda: "scaled" in command.stderr())
    command.end()
    wait_for("the stand-in is gone", lambda: not stage.stand_ins())
    assert stage.replicas() == 1
    stage.api.scale("Deployment", stage.namespace, "web", 2)
    stage.is_as_before()


@plays
def test_the_stand_ins_pod_is_deleted_and_comes_again(stage):
    stage.web()
    local = stage.local()
    command = stage.ferry.swap("web", "--expose", f"{local.http}:http")
    (pod,) = stage.pods("ferry.dev/stand-in")
    stage.api.delete("Pod", stage.namespace, pod, grace=0)
    wait_for("another pod stands in", lambda: (there := stage.pods("ferry.dev/stand-in")) and there != [pod])
    with stage.load() as load:
        load.answered_by(is_local)
    assert phase(stage) == "swapped"
    command.end()
    stage.is_as_before()


@plays
def test_what_a_pod_needs_to_be_scheduled_and_pulled_stays(stage):
    needs = {
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "web", "effect": "NoSchedule"}],
    }
    stage.web(replicas=1, change=lambda deployment: deployment["spec"]["template"]["spec"].update(needs))
    command = stage.ferry.swap("web", "--expose", f"{stage.local().http}:http")
    (pod,) = stage.api.list("Pod", stage.namespace, "ferry.dev/stand-in")
    assert pod["spec"]["imagePullSecrets"] == needs["imagePullSecrets"]
    assert pod["spec"]["nodeSelector"] == needs["nodeSelector"]
    assert needs["tolerations"][0] in pod["spec"]["tolerations"]
    command.end()
    stage.is_as_before()
