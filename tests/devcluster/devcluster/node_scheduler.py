"""The scheduler: binds pods to the one node, or says why it can't."""

from . import quantity, store as store_


class Scheduler:
    def __init__(self, store, node_name, recorder, bound):
        """`bound()`: the pods that run on the node."""
        self._store = store
        self._node_name = node_name
        self._recorder = recorder
        self._bound = bound
        self._waiting = {}  # uid of a pod that didn't fit -> why, as last said

    def consider(self, pod):
        """Called for every change of a pod without a node."""
        spec, meta = pod["spec"], pod["metadata"]
        if spec.get("nodeName") or "deletionTimestamp" in meta or spec.get("schedulingGates"):
            return
        if spec.get("schedulerName", "default-scheduler") != "default-scheduler":
            return
        why = self._why_not(pod)
        if why is None:
            self._waiting.pop(meta["uid"], None)
            self._bind(pod)
        elif self._waiting.get(meta["uid"]) != why:
            self._waiting[meta["uid"]] = why
            self._refuse(pod, why)

    def reconsider(self):
        """Called when a pod has left the node or the node has changed."""
        if self._waiting:
            for pod in self._store.list("Pod"):
                if pod["metadata"]["uid"] in self._waiting:
                    self.consider(pod)

    def _why_not(self, pod):
        node = self._store.find("Node", None, self._node_name)
        if node["spec"].get("unschedulable"):
            return ("0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: "
                    "1 Preemption is not helpful for scheduling.")
        labels = node["metadata"].get("labels") or {}
        if not _selected(pod["spec"], labels):
            return ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 "
                    "nodes are available: 1 Preemption is not helpful for scheduling.")
        short = self._insufficient(pod, node)
        if short:
            return (f"0/1 nodes are available: {', '.join(f'1 Insufficient {name}' for name in short)}. preemption: "
                    "0/1 nodes are available: 1 No preemption victims found for incoming pod.")
        return None

    def _insufficient(self, pod, node):
        allocatable = node["status"]["allocatable"]
        used = {}
        for other in self._bound():
            for name, amount in _requests(other).items():
                used[name] = used.get(name, 0) + amount
        return [name for name, amount in sorted(_requests(pod).items())
                if amount and amount + used.get(name, 0) > quantity.parse(allocatable.get(name, "0"))]

    def _bind(self, pod):
        meta = pod["metadata"]

        def change(obj):
            obj["spec"]["nodeName"] = self._node_name
        self._store.modify("Pod", meta["namespace"], meta["name"], change)
        self._condition(pod, {"status": "True"})
        self._recorder.record("Normal", pod, "Scheduled", f"Successfully assigned {meta['namespace']}/{meta['name']} "
                              f"to {self._node_name}", "Binding")

    def _refuse(self, pod, why):
        self._recorder.record("Warning", pod, "FailedScheduling", why, "Scheduling")
        self._condition(pod, {"status": "False", "reason": "Unschedulable", "message": why})

    def _condition(self, pod, values):
        condition = {"type": "PodScheduled", "lastProbeTime": None, "lastTransitionTime": store_.now(), **values}
        self._store.patch_status("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"],
                                 {"conditions": [condition]}, manager="kube-scheduler")


def _requests(pod):
    """What the pod asks for: {"cpu": cores, "memory": bytes}, summed over its containers."""
    total = {}
    for container in pod["spec"]["containers"]:
        resources = container.get("resources") or {}
        for name, amount in {**(resources.get("limits") or {}), **(resources.get("requests") or {})}.items():
            total[name] = total.get(name, 0) + quantity.parse(amount)
    return total


def _selected(spec, labels):
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(all(_expression(each, labels) for each in term.get("matchExpressions") or [])
               for term in required.get("nodeSelectorTerms") or [])


def _expression(expression, labels):
    key, values = expression["key"], expression.get("values") or []
    return {"In": labels.get(key) in values, "NotIn": labels.get(key) not in values, "Exists": key in labels,
            "DoesNotExist": key not in labels}.get(expression["operator"], False)
