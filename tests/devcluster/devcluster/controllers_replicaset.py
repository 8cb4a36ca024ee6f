"""Replica sets: as many pods as asked for."""

import datetime

from . import controllers, errors, node_events


class ReplicaSetController(controllers.Controller):
    kind = "ReplicaSet"
    watches = {"ReplicaSet": "itself", "Pod": "owner_or_selecting"}

    def __init__(self, store):
        super().__init__(store)
        self._events = node_events.Recorder(store, "replicaset-controller")

    def reconcile(self, namespace, name):
        replica_set = self.store.find("ReplicaSet", namespace, name)
        if replica_set is None:
            return
        pods = [pod for pod in controllers.claim_pods(self.store, replica_set) if controllers.is_active(pod)]
        failure = None
        if "deletionTimestamp" not in replica_set["metadata"]:
            failure = self._scale(replica_set, pods)
            pods = [pod for pod in controllers.claim_pods(self.store, replica_set) if controllers.is_active(pod)]
        self._write_status(replica_set, pods, failure)

    def _scale(self, replica_set, pods):
        """Returns the refusal that kept it from creating a pod, if there was one."""
        wanted = replica_set["spec"].get("replicas", 1)
        template = replica_set["spec"]["template"]
        for _ in range(wanted - len(pods)):
            pod = controllers.pod_from_template(replica_set, template, replica_set["metadata"]["name"] + "-")
            try:
                created = self.store.create("Pod", pod, manager="kube-controller-manager")
            except errors.ApiError as error:
                self._events.warning(replica_set, "FailedCreate", f"Error creating: {error.message}")
                self.enqueue_later(replica_set["metadata"]["namespace"], replica_set["metadata"]["name"], 2)
                return error.message
            self._events.normal(replica_set, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        for pod in sorted(pods, key=_rank)[:max(0, len(pods) - wanted)]:
            self.store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
            self._events.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return None

    def _write_status(self, replica_set, pods, failure):
        meta = replica_set["metadata"]
        minimum = replica_set["spec"].get("minReadySeconds", 0)
        ready = [pod for pod in pods if controllers.is_ready(pod)]
        available = [pod for pod in ready if self._available(meta, pod, minimum)]
        labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
        full = [pod for pod in pods
                if all((pod["metadata"].get("labels") or {}).get(key) == value for key, value in labels.items())]
        status = {"replicas": len(pods), "fullyLabeledReplicas": len(full) or None,
                  "readyReplicas": len(ready) or None, "availableReplicas": len(available) or None,
                  "observedGeneration": meta["generation"], "conditions": None}
        if failure:
            known = controllers.condition(replica_set, "ReplicaFailure") or {}
            status["conditions"] = [{
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure,
                "lastTransitionTime": known.get("lastTransitionTime") or _now()}]
        had = (replica_set.get("status") or {})
        status = {key: value for key, value in status.items() if value is not None or key in had}
        self.store.patch_status("ReplicaSet", meta["namespace"], meta["name"], status,
                                manager="kube-controller-manager")

    def _available(self, meta, pod, minimum):
        if minimum == 0:
            return True
        since = _parse(controllers.condition(pod, "Ready")["lastTransitionTime"])
        left = minimum - (datetime.datetime.now(datetime.timezone.utc) - since).total_seconds()
        if left > 0:
            self.enqueue_later(meta["namespace"], meta["name"], left + 0.05)
        return left <= 0


def _now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def _rank(pod):
    """Which pod goes first: unscheduled, pending, not ready; then the youngest."""
    status = pod.get("status") or {}
    restarts = sum(each["restartCount"] for each in status.get("containerStatuses") or [])
    return (bool(pod["spec"].get("nodeName")), status.get("phase") == "Running", controllers.is_ready(pod),
            -restarts, -_parse(pod["metadata"]["creationTimestamp"]).timestamp())
