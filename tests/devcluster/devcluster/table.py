"""Tables: what the server makes of objects for `kubectl get` (pkg/printers/internalversion/printers.go, 1.33)."""

from . import selectors, table_pods
from .table_text import age, duration, owner_ready

_NAME = ("Name", "string", "name", 0)
_AGE = ("Age", "string", "", 0)


def _column(name, kind="string", wide=False):
    return (name, kind, "", 1 if wide else 0)


def _template_columns(spec):
    containers = spec["template"]["spec"]["containers"]
    return [",".join(each["name"] for each in containers), ",".join(each["image"] for each in containers),
            selectors.text_of(spec.get("selector")) or "<none>"]


def _deployment(obj):
    spec, status = obj["spec"], obj.get("status", {})
    return [obj["metadata"]["name"], f"{status.get('readyReplicas', 0)}/{spec['replicas']}",
            status.get("updatedReplicas", 0), status.get("availableReplicas", 0), age(obj),
            *_template_columns(spec)]


def _replica_set(obj):
    spec, status = obj["spec"], obj.get("status", {})
    return [obj["metadata"]["name"], spec["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0),
            age(obj), *_template_columns(spec)]


def _stateful_set(obj):
    spec, status = obj["spec"], obj.get("status", {})
    return [obj["metadata"]["name"], owner_ready(status, spec), age(obj), *_template_columns(spec)[:2]]


def _daemon_set(obj):
    spec, status = obj["spec"], obj.get("status", {})
    nodes = selectors.text_of({"matchLabels": spec["template"]["spec"].get("nodeSelector")}) or "<none>"
    counts = [status.get(key, 0) for key in ("desiredNumberScheduled", "currentNumberScheduled", "numberReady",
                                             "updatedNumberScheduled", "numberAvailable")]
    return [obj["metadata"]["name"], *counts, nodes, age(obj), *_template_columns(spec)]


def _job(obj):
    spec, status = obj["spec"], obj.get("status", {})
    done, wanted = status.get("succeeded", 0), spec.get("completions")
    if wanted is not None:
        completions = f"{done}/{wanted}"
    else:
        parallel = spec.get("parallelism") or 0
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    took = ""
    if status.get("startTime"):
        took = duration(status["startTime"], status.get("completionTime"))
    return [obj["metadata"]["name"], _job_state(obj), completions, took, age(obj), *_template_columns(spec)]


def _job_state(obj):
    conditions = {each["type"]: each["status"] for each in obj.get("status", {}).get("conditions") or []}
    for kind, text in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended"),
                       ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet", "SuccessCriteriaMet")):
        if conditions.get(kind) == "True":
            return text
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else "Running"


def _service(obj):
    spec = obj["spec"]
    external = "<none>"
    if spec["type"] == "ExternalName":
        external = spec.get("externalName", "")
    elif spec["type"] == "LoadBalancer":
        found = [each.get("ip") or each.get("hostname") for each in
                 obj.get("status", {}).get("loadBalancer", {}).get("ingress") or []]
        external = ",".join([*found, *(spec.get("externalIPs") or [])]) or "<pending>"
    elif spec.get("externalIPs"):
        external = ",".join(spec["externalIPs"])
    ports = ",".join(f"{each['port']}:{each['nodePort']}/{each['protocol']}" if each.get("nodePort")
                     else f"{each['port']}/{each['protocol']}" for each in spec.get("ports") or []) or "<none>"
    selector = ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())) or "<none>"
    return [obj["metadata"]["name"], spec["type"], spec.get("clusterIP") or "<none>", external, ports, age(obj),
            selector]


def _endpoints(obj):
    shown, count = [], 0
    for subset in obj.get("subsets") or []:
        for port in subset.get("ports") or [None]:
            for address in subset.get("addresses") or []:
                count += 1
                shown.append(f"{address['ip']}:{port['port']}" if port else address["ip"])
    text = ",".join(shown[:3]) + (f" + {count - 3} more..." if count > 3 else "")
    return [obj["metadata"]["name"], text or "<none>", age(obj)]


def _some(items, none="<unset>"):
    if not items:
        return none
    return ",".join(items[:3]) + (f" + {len(items) - 3} more..." if len(items) > 3 else "")


def _endpoint_slice(obj):
    ports = [str(each["port"]) if each.get("port") else "*" for each in obj.get("ports") or []]
    addresses = [each for endpoint in obj.get("endpoints") or [] for each in endpoint["addresses"]]
    return [obj["metadata"]["name"], obj.get("addressType", ""), _some(ports), _some(addresses), age(obj)]


def _namespace(obj):
    return [obj["metadata"]["name"], obj["status"]["phase"], age(obj)]


def _node(obj):
    status, labels = obj.get("status", {}), obj["metadata"].get("labels") or {}
    ready = next((each["status"] for each in status.get("conditions") or [] if each["type"] == "Ready"), "Unknown")
    state = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")
    if obj.get("spec", {}).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = ",".join(sorted(key[len(prefix):] for key in labels if key.startswith(prefix))) or "<none>"
    addresses = {each["type"]: each["address"] for each in status.get("addresses") or []}
    info = status.get("nodeInfo") or {}
    return [obj["metadata"]["name"], state, roles, age(obj), info.get("kubeletVersion", ""),
            addresses.get("InternalIP", "<none>"), addresses.get("ExternalIP", "<none>"),
            info.get("osImage", "<unknown>"), info.get("kernelVersion", "<unknown>"),
            info.get("containerRuntimeVersion", "<unknown>")]


def _event(obj):
    involved = obj.get("involvedObject") or {}
    target = involved.get("kind", "").lower() + ("/" + involved["name"] if involved.get("name") else "")
    first = age(obj, obj.get("firstTimestamp") or obj.get("eventTime"))
    last = age(obj, obj["lastTimestamp"]) if obj.get("lastTimestamp") else first
    source = obj.get("source") or {}
    origin = ", ".join(filter(None, [source.get("component") or obj.get("reportingComponent"), source.get("host")]))
    return [last, obj.get("type", ""), obj.get("reason", ""), target, involved.get("fieldPath", ""), origin,
            obj.get("message", "").strip(), first, obj.get("count", 1) or 1, obj["metadata"]["name"]]


def _config_map(obj):
    return [obj["metadata"]["name"], len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), age(obj)]


def _secret(obj):
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or {}), age(obj)]


def _service_account(obj):
    return [obj["metadata"]["name"], len(obj.get("secrets") or []), age(obj)]


def _role(obj):
    return [obj["metadata"]["name"], obj["metadata"]["creationTimestamp"]]


def _binding(obj):
    reference, subjects = obj["roleRef"], obj.get("subjects") or []

    def names(kind):
        return ", ".join((f"{each.get('namespace')}/{each['name']}" if kind == "ServiceAccount" else each["name"])
                         for each in subjects if each["kind"] == kind)
    return [obj["metadata"]["name"], f"{reference['kind']}/{reference['name']}", age(obj), names("User"),
            names("Group"), names("ServiceAccount")]


def _lease(obj):
    return [obj["metadata"]["name"], obj.get("spec", {}).get("holderIdentity", ""), age(obj)]


def _autoscaler(obj):
    spec, status = obj["spec"], obj.get("status", {})
    target = spec.get("scaleTargetRef") or {}
    metrics = ", ".join(_metric(each) for each in spec.get("metrics") or []) or "<none>"
    return [obj["metadata"]["name"], f"{target.get('kind')}/{target.get('name')}", metrics,
            str(spec.get("minReplicas", "<unset>")), spec.get("maxReplicas"), status.get("currentReplicas", 0),
            age(obj)]


def _metric(metric):
    resource = metric.get("resource") or {}
    target = resource.get("target") or {}
    if target.get("averageUtilization") is not None:
        return f"{resource.get('name')}: <unknown>/{target['averageUtilization']}%"
    return f"{resource.get('name', metric.get('type'))}: <unknown>/{target.get('averageValue', '')}"


def _disruption_budget(obj):
    spec = obj.get("spec", {})
    return [obj["metadata"]["name"], str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A")),
            obj.get("status", {}).get("disruptionsAllowed", 0), age(obj)]


def _plain(obj):
    return [obj["metadata"]["name"], age(obj)]


_WORKLOAD = [_column("Containers", wide=True), _column("Images", wide=True), _column("Selector", wide=True)]
_WIDE_BINDING = [_column(name, wide=True) for name in ("Users", "Groups", "ServiceAccounts")]
_ROLE_COLUMNS = [_NAME, ("Created At", "date", "", 0)]
_BINDING_COLUMNS = [_NAME, _column("Role"), _AGE, *_WIDE_BINDING]

_PRINTERS = {
    "Pod": (table_pods.COLUMNS, table_pods.row),
    "ClusterRole": (_ROLE_COLUMNS, _role),
    "ClusterRoleBinding": (_BINDING_COLUMNS, _binding),
    "ConfigMap": ([_NAME, _column("Data", "integer"), _AGE], _config_map),
    "DaemonSet": ([_NAME, *[_column(name, "integer") for name in
                            ("Desired", "Current", "Ready", "Up-to-date", "Available")],
                   _column("Node Selector"), _AGE, *_WORKLOAD], _daemon_set),
    "Deployment": ([_NAME, _column("Ready"), _column("Up-to-date", "integer"), _column("Available", "integer"), _AGE,
                    *_WORKLOAD], _deployment),
    "EndpointSlice": ([_NAME, _column("AddressType"), _column("Ports"), _column("Endpoints"), _AGE],
                      _endpoint_slice),
    "Endpoints": ([_NAME, _column("Endpoints"), _AGE], _endpoints),
    "Event": ([_column("Last Seen"), _column("Type"), _column("Reason"), _column("Object"),
               _column("Subobject", wide=True), _column("Source", wide=True), _column("Message"),
               _column("First Seen", wide=True), _column("Count", "integer", True), ("Name", "string", "name", 1)],
              _event),
    "HorizontalPodAutoscaler": ([_NAME, _column("Reference"), _column("Targets"), _column("MinPods"),
                                 _column("MaxPods"), _column("Replicas"), _AGE], _autoscaler),
    "Job": ([_NAME, _column("Status"), _column("Completions"), _column("Duration"), _AGE, *_WORKLOAD], _job),
    "Lease": ([_NAME, _column("Holder"), _AGE], _lease),
    "Namespace": ([_NAME, _column("Status"), _AGE], _namespace),
    "Node": ([_NAME, _column("Status"), _column("Roles"), _AGE, _column("Version"),
              *[_column(name, wide=True) for name in ("Internal-IP", "External-IP", "OS-Image", "Kernel-Version",
                                                      "Container-Runtime")]], _node),
    "PodDisruptionBudget": ([_NAME, _column("Min Available"), _column("Max Unavailable"),
                             _column("Allowed Disruptions", "integer"), _AGE], _disruption_budget),
    "ReplicaSet": ([_NAME, _column("Desired", "integer"), _column("Current", "integer"), _column("Ready", "integer"),
                    _AGE, *_WORKLOAD], _replica_set),
    "Role": (_ROLE_COLUMNS, _role),
    "RoleBinding": (_BINDING_COLUMNS, _binding),
    "Secret": ([_NAME, _column("Type"), _column("Data", "integer"), _AGE], _secret),
    "Service": ([_NAME, _column("Type"), _column("Cluster-IP"), _column("External-IP"), _column("Port(s)"), _AGE,
                 _column("Selector", wide=True)], _service),
    "ServiceAccount": ([_NAME, _column("Secrets", "integer"), _AGE], _service_account),
    "StatefulSet": ([_NAME, _column("Ready"), _AGE, *_WORKLOAD[:2]], _stateful_set),
}


def render(kind, objects, list_meta, include="Metadata", columns=True):
    """A Table of objects. `include`: None, Metadata or Object, as the query's includeObject."""
    definitions, row = _PRINTERS.get(kind, ([_NAME, _AGE], _plain))
    rows = []
    for obj in objects:
        made = {"cells": row(obj)}
        if kind == "Pod" and table_pods.is_over(obj):
            made["conditions"] = [table_pods.over(obj)]
        if include == "Object":
            made["object"] = obj
        elif include != "None":
            made["object"] = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                              "metadata": obj["metadata"]}
        rows.append(made)
    shown = [{"name": name, "type": type_, "format": form, "description": name, "priority": priority}
             for name, type_, form, priority in definitions]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": list_meta,
            "columnDefinitions": shown if columns else None, "rows": rows}
