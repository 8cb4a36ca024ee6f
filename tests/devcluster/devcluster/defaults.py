"""The defaults that the server writes into objects (k8s.io/kubernetes/pkg/apis/*/v1/defaults.go, 1.33)."""

import base64


def _set(obj, **values):
    for key, value in values.items():
        if obj.get(key) is None:
            obj[key] = value


# Pods


def _probe(probe):
    _set(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if probe.get("httpGet") is not None:
        _set(probe["httpGet"], path="/", scheme="HTTP")
    if probe.get("grpc") is not None:
        _set(probe["grpc"], service="")


def _pull_policy(image):
    name = image.rsplit("/", 1)[-1]
    if "@" in name:
        return "IfNotPresent"
    tag = name.partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _container(container):
    for port in container.get("ports") or []:
        _set(port, protocol="TCP")
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            _set(reference, apiVersion="v1")
    _set(container, resources={})
    limits, requests = container["resources"].get("limits"), container["resources"].get("requests")
    if limits:
        container["resources"]["requests"] = {**limits, **(requests or {})}
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _probe(container[name])
    for handler in (container.get("lifecycle") or {}).values():
        if handler and handler.get("httpGet") is not None:
            _set(handler["httpGet"], path="/", scheme="HTTP")
    _set(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File",
         imagePullPolicy=_pull_policy(container.get("image", "")))


def _volume(volume):
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if volume.get(source) is not None:
            _set(volume[source], defaultMode=420)
    for projection in (volume.get("projected") or {}).get("sources") or []:
        if projection.get("serviceAccountToken") is not None:
            _set(projection["serviceAccountToken"], expirationSeconds=3600)
        _field_references((projection.get("downwardAPI") or {}).get("items"))
    _field_references((volume.get("downwardAPI") or {}).get("items"))
    if volume.get("hostPath") is not None:
        _set(volume["hostPath"], type="")


def _field_references(items):
    for item in items or []:
        if item.get("fieldRef"):
            _set(item["fieldRef"], apiVersion="v1")


def pod_spec(spec):
    for name in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(name) or []:
            _container(container)
    for volume in spec.get("volumes") or []:
        _volume(volume)
    _set(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst",
         securityContext={}, schedulerName="default-scheduler")
    if spec.get("serviceAccountName"):
        _set(spec, serviceAccount=spec["serviceAccountName"])
    elif spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"]


def _template(spec):
    if spec.get("minReadySeconds") == 0:  # left out of the JSON when zero
        del spec["minReadySeconds"]
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    pod_spec(template.setdefault("spec", {}))


def pod(obj):
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    _set(spec, enableServiceLinks=True)
    obj.setdefault("status", {}).setdefault("phase", "Pending")
    obj["status"].setdefault("qosClass", quality_of_service(spec))


def quality_of_service(spec):
    """BestEffort, Burstable or Guaranteed, as pkg/apis/core/v1/helper/qos."""
    containers = (spec.get("containers") or []) + (spec.get("initContainers") or [])
    amounts = [container.get("resources") or {} for container in containers]
    relevant = [{kind: {name: value for name, value in (each.get(kind) or {}).items() if name in ("cpu", "memory")}
                 for kind in ("limits", "requests")} for each in amounts]
    if not any(each["limits"] or each["requests"] for each in relevant):
        return "BestEffort"
    if all(len(each["limits"]) == 2 and each["requests"] == each["limits"] for each in relevant):
        return "Guaranteed"
    return "Burstable"


# Workloads


def deployment(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy, rollingUpdate={})
        _set(strategy["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    _template(spec)
    obj.setdefault("status", {})


def replica_set(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1)
    _template(spec)
    obj.setdefault("status", {}).setdefault("replicas", 0)


def stateful_set(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10,
         persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec.setdefault("updateStrategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy, rollingUpdate={})
        _set(strategy["rollingUpdate"], partition=0)
    _template(spec)
    status = obj.setdefault("status", {})
    _set(status, replicas=0, availableReplicas=0)


def daemon_set(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy, rollingUpdate={})
        _set(strategy["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    _template(spec)
    _set(obj.setdefault("status", {}), currentNumberScheduled=0, numberMisscheduled=0, desiredNumberScheduled=0,
         numberReady=0)


def job(obj):
    spec = obj.setdefault("spec", {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    _set(spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False, manualSelector=False,
         podReplacementPolicy="TerminatingOrFailed")
    _template(spec)
    obj.setdefault("status", {})


def cron_job(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    _template(template.setdefault("spec", {}))
    obj.setdefault("status", {})


def autoscaler(obj):
    _set(obj.setdefault("spec", {}), minReplicas=1)
    _set(obj.setdefault("status", {}), desiredReplicas=0, currentMetrics=None)


# Services and the rest


def service(obj):
    spec = obj.setdefault("spec", {})
    _set(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or []:
        _set(port, protocol="TCP")
        if port.get("targetPort") in (None, "", 0):
            port["targetPort"] = port.get("port")
    if spec["type"] != "ExternalName":
        _set(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)
    obj.setdefault("status", {}).setdefault("loadBalancer", {})


def namespace(obj):
    obj.setdefault("spec", {})["finalizers"] = ["kubernetes"]
    obj["status"] = {"phase": "Active"}
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def secret(obj):
    _set(obj, type="Opaque")
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def endpoint_slice(obj):
    for port in obj.get("ports") or []:
        _set(port, name="", protocol="TCP")


def endpoints(obj):
    for subset in obj.get("subsets") or []:
        for port in subset.get("ports") or []:
            _set(port, protocol="TCP")


def binding(obj):
    role = obj.get("roleRef") or {}
    _set(role, apiGroup="rbac.authorization.k8s.io")
    for subject in obj.get("subjects") or []:
        if subject.get("kind") in ("User", "Group"):
            _set(subject, apiGroup="rbac.authorization.k8s.io")


def event(obj):
    _set(obj, source={}, firstTimestamp=None, lastTimestamp=None, eventTime=None, reportingComponent="",
         reportingInstance="")
    _set(obj, type="")


APPLY = {
    "CronJob": cron_job,
    "ClusterRoleBinding": binding,
    "DaemonSet": daemon_set,
    "Deployment": deployment,
    "EndpointSlice": endpoint_slice,
    "Endpoints": endpoints,
    "Event": event,
    "HorizontalPodAutoscaler": autoscaler,
    "Job": job,
    "Namespace": namespace,
    "Pod": pod,
    "ReplicaSet": replica_set,
    "RoleBinding": binding,
    "Secret": secret,
    "Service": service,
    "StatefulSet": stateful_set,
}


def apply(kind, obj):
    """Fills in what the writer left out. Idempotent."""
    if kind in APPLY:
        APPLY[kind](obj)
