"""Swapping what Deployments come as: sidecars, several Services, low ports, paused, at zero; and other workloads."""

import workloads
from kube_api import wait_for
from stage import plays
from test_swap import is_local, is_original, phase


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
    there_and_back(stage, host="by-number", port=8000)


@plays
def test_labels_without_app(stage):
    labels = {"component": "front", "tier": "x"}
    stage.api.apply(stage.namespace, workloads.deployment(labels=labels), workloads.service(selector=labels))
    stage.settle(1, "tier=x")
    there_and_back(stage)


@plays
def test_a_port_below_1024(stage):
    def change(deployment):
        template = deployment["spec"]["template"]["spec"]
        template["containers"][0]["ports"] = [{"name": "http", "containerPort": 80}]
        template["containers"][0]["env"].append({"name": "HTTP_PORT", "value": "80"})
        template["securityContext"] = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}]}

    stage.web(change=change)
    there_and_back(stage, expose="80")


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


@plays
def test_a_rollout_under_way_is_waited_for_or_refused(stage):
    stage.web()
    broken = [{"name": "app", "image": workloads.IMAGE, "command": ["sleep", "1000"]}]
    stage.api.request("PATCH", stage.api.path("Deployment", stage.namespace, "web"),
                      {"spec": {"template": {"spec": {"containers": broken}}}},
                      "application/strategic-merge-patch+json")
    wait_for("the rollout is under way", lambda: len(stage.pods()) == 3)
    stage.quiet()
    local = stage.local()
    done = stage.ferry.run("swap-deployment", "web", "--expose", f"{local.http}:http", "--timeout", "5s", check=False)
    assert done.returncode == 1 and "rollout" in done.stderr, done.stderr
    stage.is_as_before()


@plays
def test_a_stateful_set(stage):
    deployment = workloads.deployment(replicas=2)
    stage.api.apply(
        stage.namespace,
        {**deployment, "kind": "StatefulSet", "spec": {**deployment["spec"], "serviceName": "web"}},
        workloads.service(),
    )
    stage.settle(2)
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
