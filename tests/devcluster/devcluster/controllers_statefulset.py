"""Stateful sets: pods with names, in order, each with its own volume claims."""

import hashlib
import json

from . import controllers, errors, node_events
from . import store as store_

_REVISION = "controller-revision-hash"
_POD_NAME = "statefulset.kubernetes.io/pod-name"
_POD_INDEX = "apps.kubernetes.io/pod-index"


class StatefulSetController(controllers.Controller):
    kind = "StatefulSet"
    watches = {"StatefulSet": "itself", "Pod": "owner_or_selecting"}

    def __init__(self, store):
        super().__init__(store)
        self._events = node_events.Recorder(store, "statefulset-controller")

    def reconcile(self, namespace, name):
        stateful = self.store.find("StatefulSet", namespace, name)
        if stateful is None:
            return
        pods = {_ordinal(stateful, pod): pod for pod in controllers.claim_pods(self.store, stateful)}
        pods.pop(None, None)
        update = f"{name}-{_hash(stateful['spec']['template'])}"
        if "deletionTimestamp" not in stateful["metadata"]:
            self._scale_and_update(stateful, pods, update)
            pods = {_ordinal(stateful, pod): pod for pod in controllers.claim_pods(self.store, stateful)}
        self._write_status(stateful, list(pods.values()), update)

    def _scale_and_update(self, stateful, pods, update):
        """One step at a time, unless the pods may be managed in parallel."""
        spec = stateful["spec"]
        first = (spec.get("ordinals") or {}).get("start", 0)
        wanted = range(first, first + spec.get("replicas", 1))
        parallel = spec.get("podManagementPolicy") == "Parallel"
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                self._create(stateful, ordinal, update)
            elif "deletionTimestamp" not in pod["metadata"] and not controllers.is_active(pod):
                self._delete(stateful, pod)
            if not parallel and (pod is None or not _healthy(pod)):
                return
        for ordinal in sorted(set(pods) - set(wanted), reverse=True):
            self._delete(stateful, pods[ordinal])
            if not parallel:
                return
        self._roll(stateful, [pods[ordinal] for ordinal in wanted if ordinal in pods], update)

    def _roll(self, stateful, pods, update):
        strategy = stateful["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for pod in reversed(pods):
            if _ordinal(stateful, pod) < partition:
                return
            if pod["metadata"]["labels"].get(_REVISION) != update:
                self._delete(stateful, pod)
                return
            if not _healthy(pod):
                return

    def _create(self, stateful, ordinal, update):
        name = f"{stateful['metadata']['name']}-{ordinal}"
        pod = controllers.pod_from_template(stateful, store_.clone(stateful["spec"]["template"]), name=name)
        pod["metadata"].setdefault("labels", {}).update(
            {_REVISION: update, _POD_NAME: name, _POD_INDEX: str(ordinal)})
        pod["spec"].update(hostname=name, subdomain=stateful["spec"].get("serviceName", ""))
        self._claims(stateful, pod)
        try:
            self.store.create("Pod", pod, manager="kube-controller-manager")
        except errors.ApiError as error:
            self._events.warning(stateful, "FailedCreate", f"create Pod {name} in StatefulSet "
                                 f"{stateful['metadata']['name']} failed error: {error.message}")
            self.enqueue_later(stateful["metadata"]["namespace"], stateful["metadata"]["name"], 1)
            return
        self._events.normal(stateful, "SuccessfulCreate", f"create Pod {name} in StatefulSet "
                            f"{stateful['metadata']['name']} successful")

    def _claims(self, stateful, pod):
        volumes = pod["spec"].setdefault("volumes", [])
        namespace = stateful["metadata"]["namespace"]
        for template in stateful["spec"].get("volumeClaimTemplates") or []:
            kind = template["metadata"]["name"]
            claim = f"{kind}-{pod['metadata']['name']}"
            if self.store.find("PersistentVolumeClaim", namespace, claim) is None:
                self.store.create("PersistentVolumeClaim", {
                    "metadata": {"name": claim, "namespace": namespace}, "spec": template["spec"]})
                self.store.patch_status("PersistentVolumeClaim", namespace, claim, {"phase": "Bound"})
            volumes[:] = [volume for volume in volumes if volume["name"] != kind]
            volumes.append({"name": kind, "persistentVolumeClaim": {"claimName": claim}})

    def _delete(self, stateful, pod):
        if "deletionTimestamp" not in pod["metadata"]:
            self.store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
            self._events.normal(stateful, "SuccessfulDelete", f"delete Pod {pod['metadata']['name']} in StatefulSet "
                                f"{stateful['metadata']['name']} successful")

    def _write_status(self, stateful, pods, update):
        meta, wanted = stateful["metadata"], stateful["spec"].get("replicas", 1)
        ready = [pod for pod in pods if controllers.is_ready(pod)]
        updated = [pod for pod in pods if pod["metadata"]["labels"].get(_REVISION) == update]
        current = (stateful.get("status") or {}).get("currentRevision") or update
        if len(updated) == len(pods) == len(ready) == wanted:
            current = update
        counts = {"readyReplicas": len(ready), "currentReplicas": sum(
            pod["metadata"]["labels"].get(_REVISION) == current for pod in pods), "updatedReplicas": len(updated)}
        had = stateful.get("status") or {}
        self.store.patch_status("StatefulSet", meta["namespace"], meta["name"], {
            "observedGeneration": meta["generation"], "replicas": len(pods), "availableReplicas": len(ready),
            **{field: count or None for field, count in counts.items() if count or field in had},
            "currentRevision": current, "updateRevision": update, "collisionCount": 0},
            manager="kube-controller-manager")


def _ordinal(stateful, pod):
    """The number in the pod's name; None for a pod that isn't named so."""
    prefix, _, number = pod["metadata"]["name"].rpartition("-")
    return int(number) if prefix == stateful["metadata"]["name"] and number.isdecimal() else None


def _healthy(pod):
    return controllers.is_ready(pod) and controllers.is_active(pod)


def _hash(template):
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join("bcdfghjklmnpqrstvwxz2456789"[byte % 27] for byte in digest[:9])
