"""Deployments: a replica set for each template, and the way from one to the next."""

import datetime
import hashlib
import json
import math

from . import controllers, node_events, selectors
from . import store as store_

_REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_HASH = "pod-template-hash"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", _REVISION, _DESIRED, _MAXIMUM,
               "deployment.kubernetes.io/revision-history", "deprecated.deployment.rollback.to"}


class DeploymentController(controllers.Controller):
    kind = "Deployment"
    watches = {"Deployment": "itself", "ReplicaSet": "owner"}

    def __init__(self, store):
        super().__init__(store)
        self._events = node_events.Recorder(store, "deployment-controller")

    def reconcile(self, namespace, name):
        deployment = self.store.find("Deployment", namespace, name)
        if deployment is None:
            return
        sets = self._replica_sets(deployment)
        if "deletionTimestamp" not in deployment["metadata"]:
            new = self._new_replica_set(deployment, sets)
            old = [each for each in sets if new is None or not _same(each, new)]
            if deployment["spec"].get("paused") or _was_scaled(deployment, sets):
                self._spread(deployment, new, old)
            if not deployment["spec"].get("paused"):
                self._roll(deployment, self._again(new), [self._again(each) for each in old])
                self._forget_old(deployment, new)
        deployment = self.store.find("Deployment", namespace, name)
        self._write_status(deployment, self._replica_sets(deployment))

    def _replica_sets(self, deployment):
        """Its replica sets, oldest first; orphans that match are adopted."""
        matches = selectors.of_object(deployment["spec"]["selector"])
        found = []
        for each in self.store.list("ReplicaSet", deployment["metadata"]["namespace"]):
            if controllers.controlled_by(each, deployment):
                found.append(each)
            elif controllers.controller_of(each) is None and matches(each["metadata"].get("labels")):
                def adopt(obj):
                    obj["metadata"].setdefault("ownerReferences", []).append(controllers.reference_to(deployment))
                found.append(self.store.modify("ReplicaSet", each["metadata"]["namespace"],
                                               each["metadata"]["name"], adopt))
        return sorted(found, key=_revision)

    # The replica set of the present template

    def _new_replica_set(self, deployment, sets):
        """Found or created; None while the deployment is paused and has none yet."""
        found = _matching(deployment, sets)
        last = max((_revision(each) for each in sets if found is None or not _same(each, found)), default=0)
        if found is None:
            if deployment["spec"].get("paused"):
                return None
            found = self._create(deployment, last + 1)
        elif _revision(found) <= last:
            found = self._annotate("ReplicaSet", found, {_REVISION: str(last + 1)})
        self._annotate("Deployment", deployment, {_REVISION: str(_revision(found))})
        return found

    def _create(self, deployment, revision):
        meta, template = deployment["metadata"], store_.clone(deployment["spec"]["template"])
        label = _template_hash(template)
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[_HASH] = label
        selector = store_.clone(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[_HASH] = label
        annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in _NOT_COPIED}
        replicas = 0 if self._replica_sets(deployment) else deployment["spec"]["replicas"]
        created = self.store.create("ReplicaSet", {
            "metadata": {"name": f"{meta['name']}-{label}", "namespace": meta["namespace"], "labels": dict(labels),
                         "annotations": {**annotations, **_scale_annotations(deployment), _REVISION: str(revision)},
                         "ownerReferences": [controllers.reference_to(deployment)]},
            "spec": {"replicas": replicas, "selector": selector, "template": template,
                     "minReadySeconds": deployment["spec"].get("minReadySeconds", 0)}},
            manager="kube-controller-manager")
        if replicas:
            self._scaled(deployment, created, 0, replicas)
        self._progress(deployment, "True", "NewReplicaSetCreated",
                       f"Created new replica set \"{created['metadata']['name']}\"")
        return created

    def _annotate(self, kind, obj, values):
        def change(fresh):
            fresh["metadata"].setdefault("annotations", {}).update(values)
        if all((obj["metadata"].get("annotations") or {}).get(key) == value for key, value in values.items()):
            return obj
        return self.store.modify(kind, obj["metadata"]["namespace"], obj["metadata"]["name"], change,
                                 manager="kube-controller-manager")

    def _again(self, replica_set):
        return self.store.get("ReplicaSet", replica_set["metadata"]["namespace"], replica_set["metadata"]["name"])

    # Another number of replicas, with or without a rollout under way

    def _spread(self, deployment, new, old):
        """A change of `replicas` reaches every replica set that has some, each in proportion to its size."""
        every = ([new] if new else []) + old
        active = [each for each in every if each["spec"]["replicas"]]
        wanted = deployment["spec"]["replicas"]
        if len(active) <= 1:
            for each in active or every[:1]:
                self._scale(deployment, each, wanted)
        elif _was_scaled(deployment, active):
            surge, _ = _bounds(deployment)
            total, target = sum(each["spec"]["replicas"] for each in active), wanted + surge if wanted else 0
            sizes = [each["spec"]["replicas"] * target // total for each in active]
            sizes[0] += target - sum(sizes)
            for each, size in zip(active, sizes):
                self._scale(deployment, each, size)

    # From the old to the new

    def _roll(self, deployment, new, old):
        strategy = deployment["spec"].get("strategy") or {}
        if strategy.get("type") == "Recreate":
            self._recreate(deployment, new, old)
        else:
            surge, unavailable = _bounds(deployment)
            new = self._grow(deployment, new, old, surge)
            self._shrink_old(deployment, new, old, unavailable)
        for each in [new] + old:
            current = self.store.find("ReplicaSet", each["metadata"]["namespace"], each["metadata"]["name"])
            if current is not None:
                self._annotate("ReplicaSet", current, _scale_annotations(deployment))

    def _recreate(self, deployment, new, old):
        for each in old:
            self._scale(deployment, each, 0)
        namespace = deployment["metadata"]["namespace"]
        left = [pod for pod in self.store.list("Pod", namespace)
                if any(controllers.controlled_by(pod, each) for each in old)
                and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        if left:
            self.enqueue_later(namespace, deployment["metadata"]["name"], 0.1)
        else:
            self._scale(deployment, new, deployment["spec"]["replicas"])

    def _grow(self, deployment, new, old, surge):
        wanted, present = deployment["spec"]["replicas"], new["spec"]["replicas"]
        total = present + sum(each["spec"]["replicas"] for each in old)
        if present > wanted:
            return self._scale(deployment, new, wanted)
        room = wanted + surge - total
        if present < wanted and room > 0:
            return self._scale(deployment, new, present + min(room, wanted - present))
        return new

    def _shrink_old(self, deployment, new, old, unavailable):
        """First the replicas that don't work anyway, then as many as the new ones make up for."""
        total = sum(each["spec"]["replicas"] for each in [new] + old)
        least = deployment["spec"]["replicas"] - unavailable
        spare = total - least - (new["spec"]["replicas"] - _available(new))
        if spare <= 0:
            return
        sizes = {each["metadata"]["name"]: each["spec"]["replicas"] for each in old}
        for each in old:
            sick = min(sizes[each["metadata"]["name"]] - _available(each), spare)
            if sick > 0:
                sizes[each["metadata"]["name"]] -= sick
                spare -= sick
        spare = _available(new) + sum(min(_available(each), sizes[each["metadata"]["name"]]) for each in old) - least
        for each in old:
            fewer = min(sizes[each["metadata"]["name"]], max(0, spare))
            sizes[each["metadata"]["name"]] -= fewer
            spare -= fewer
        for each in old:
            self._scale(deployment, each, sizes[each["metadata"]["name"]])

    def _scale(self, deployment, replica_set, replicas):
        before = replica_set["spec"]["replicas"]
        if before == replicas:
            return replica_set

        def change(obj):
            obj["spec"]["replicas"] = replicas
            obj["metadata"].setdefault("annotations", {}).update(_scale_annotations(deployment))
        changed = self.store.modify("ReplicaSet", replica_set["metadata"]["namespace"],
                                    replica_set["metadata"]["name"], change, manager="kube-controller-manager")
        self._scaled(deployment, replica_set, before, replicas)
        return changed

    def _scaled(self, deployment, replica_set, before, after):
        way = "up" if after > before else "down"
        self._events.normal(deployment, "ScalingReplicaSet",
                            f"Scaled {way} replica set {replica_set['metadata']['name']} from {before} to {after}")

    def _forget_old(self, deployment, new):
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        old = [each for each in self._replica_sets(deployment)
               if not _same(each, new) and not each["spec"]["replicas"] and not _sum([each], "replicas")]
        for each in old[:max(0, len(old) - limit)]:
            self.store.delete("ReplicaSet", each["metadata"]["namespace"], each["metadata"]["name"])

    # Status

    def _write_status(self, deployment, sets):
        meta, wanted = deployment["metadata"], deployment["spec"]["replicas"]
        new = _matching(deployment, sets)
        counts = {"replicas": _sum(sets, "replicas"), "updatedReplicas": _sum([new] if new else [], "replicas"),
                  "readyReplicas": _sum(sets, "readyReplicas"), "availableReplicas": _sum(sets, "availableReplicas")}
        total = sum(each["spec"]["replicas"] for each in sets)
        counts["unavailableReplicas"] = max(0, total - counts["availableReplicas"])
        _, unavailable = _bounds(deployment)
        if counts["availableReplicas"] >= wanted - unavailable:
            available = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            available = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        self._set_condition(deployment, "Available", *available)
        self._update_progress(deployment, new, counts)
        self._replica_failure(deployment, new)
        self.store.modify("Deployment", meta["namespace"], meta["name"],
                          lambda obj: _set_counts(obj, counts, meta["generation"]), "status",
                          manager="kube-controller-manager")

    def _update_progress(self, deployment, new, counts):
        before = deployment.get("status") or {}
        name = new["metadata"]["name"] if new else deployment["metadata"]["name"]
        wanted = deployment["spec"]["replicas"]
        known = controllers.condition(deployment, "Progressing")
        complete = (counts["updatedReplicas"] == wanted == counts["replicas"] == counts["availableReplicas"])
        progressing = (counts["updatedReplicas"] > before.get("updatedReplicas", 0)
                       or counts["readyReplicas"] > before.get("readyReplicas", 0)
                       or counts["availableReplicas"] > before.get("availableReplicas", 0)
                       or counts["replicas"] - counts["updatedReplicas"]
                       < before.get("replicas", 0) - before.get("updatedReplicas", 0))
        done_before = known is not None and known["reason"] == "NewReplicaSetAvailable" and name in known["message"]
        if done_before and counts["updatedReplicas"] == counts["replicas"]:
            return  # only scaled since: that is not a rollout
        if complete:
            self._progress(deployment, "True", "NewReplicaSetAvailable",
                           f'ReplicaSet "{name}" has successfully progressed.')
        elif progressing:
            self._progress(deployment, "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', touch=True)
        elif known is not None and known["status"] == "True":
            self._check_deadline(deployment, known, name)

    def _check_deadline(self, deployment, known, name):
        deadline = deployment["spec"].get("progressDeadlineSeconds")
        if deadline is None or deployment["spec"].get("paused"):
            return
        since = datetime.datetime.strptime(known["lastUpdateTime"], "%Y-%m-%dT%H:%M:%SZ")
        left = deadline - (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - since).total_seconds()
        if left > 0:
            meta = deployment["metadata"]
            self.enqueue_later(meta["namespace"], meta["name"], left + 0.1)
        else:
            self._progress(deployment, "False", "ProgressDeadlineExceeded",
                           f'ReplicaSet "{name}" has timed out progressing.')

    def _replica_failure(self, deployment, new):
        failure = controllers.condition(new, "ReplicaFailure") if new else None
        if failure:
            self._set_condition(deployment, "ReplicaFailure", "True", failure["reason"], failure["message"])
        elif controllers.condition(deployment, "ReplicaFailure"):
            def change(obj):
                obj["status"]["conditions"] = [each for each in obj["status"]["conditions"]
                                               if each["type"] != "ReplicaFailure"]
            self.store.modify("Deployment", deployment["metadata"]["namespace"], deployment["metadata"]["name"],
                              change, "status")

    def _progress(self, deployment, status, reason, message, touch=False):
        self._set_condition(deployment, "Progressing", status, reason, message, touch)

    def _set_condition(self, deployment, kind, status, reason, message, touch=False):
        """A changed condition goes to the end of the list, as the real controller does it."""
        def change(obj):
            listed = obj.setdefault("status", {}).setdefault("conditions", [])
            known = next((each for each in listed if each["type"] == kind), {})
            same = known.get("status") == status
            if same and known.get("reason") == reason and not touch:
                return
            entry = {"type": kind, "status": status, "lastUpdateTime": store_.now(),
                     "lastTransitionTime": known["lastTransitionTime"] if same else store_.now(),
                     "reason": reason, "message": message}
            obj["status"]["conditions"] = [each for each in listed if each["type"] != kind] + [entry]
        meta = deployment["metadata"]
        self.store.modify("Deployment", meta["namespace"], meta["name"], change, "status",
                          manager="kube-controller-manager")


def _set_counts(obj, counts, generation):
    status = obj.setdefault("status", {})
    status["observedGeneration"] = generation
    for field, value in counts.items():
        if value:
            status[field] = value
        else:
            status.pop(field, None)


def _same(one, other):
    return one["metadata"]["uid"] == other["metadata"]["uid"]


def _was_scaled(deployment, sets):
    """Whether `replicas` isn't what some replica set in use was last made for."""
    return any(int((each["metadata"].get("annotations") or {}).get(_DESIRED, -1)) != deployment["spec"]["replicas"]
               for each in sets if each["spec"]["replicas"])


def _sum(sets, field):
    return sum((each.get("status") or {}).get(field) or 0 for each in sets)


def _available(replica_set):
    return (replica_set.get("status") or {}).get("availableReplicas") or 0


def _revision(replica_set):
    return int((replica_set["metadata"].get("annotations") or {}).get(_REVISION, 0))


def _matching(deployment, sets):
    """The replica set that was made from the present template."""
    wanted = _comparable(deployment["spec"]["template"])
    for each in sets:
        if _comparable(each["spec"]["template"]) == wanted:
            return each
    return None


def _comparable(template):
    template = store_.clone(template)
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != _HASH}
    return {"labels": labels, "annotations": meta.get("annotations") or {}, "spec": template["spec"]}


def _template_hash(template):
    digest = hashlib.sha256(json.dumps(_comparable(template), sort_keys=True).encode()).digest()
    return "".join("bcdfghjklmnpqrstvwxz2456789"[byte % 27] for byte in digest[:10])


def _scale_annotations(deployment):
    surge, _ = _bounds(deployment)
    replicas = deployment["spec"]["replicas"]
    return {_DESIRED: str(replicas), _MAXIMUM: str(replicas + surge)}


def _bounds(deployment):
    """(maxSurge, maxUnavailable) as numbers; never both 0."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling, replicas = strategy.get("rollingUpdate") or {}, deployment["spec"]["replicas"]
    surge = _resolve(rolling.get("maxSurge", "25%"), replicas, math.ceil)
    unavailable = min(replicas, _resolve(rolling.get("maxUnavailable", "25%"), replicas, math.floor))
    return (surge, 1) if surge == 0 and unavailable == 0 else (surge, unavailable)


def _resolve(value, replicas, rounded):
    if isinstance(value, str) and value.endswith("%"):
        return int(rounded(int(value[:-1]) * replicas / 100))
    return int(value)
