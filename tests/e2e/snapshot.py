"""Everything in a namespace, in a form in which what swapping may leave behind shows and nothing else does.

Left out is what the cluster itself counts up or renews: versions, generations, times, rollout bookkeeping, managed
fields, events; and of pods and endpoints their names and addresses, since a Deployment that was scaled down
and up again has others.
"""

import difflib
import json
import re
import time

_NOT_KEPT = {"events", "leases"}
_NOT_KEPT_GROUPS = {"events.k8s.io", "metrics.k8s.io"}
_BOOKKEEPING = {
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "endpoints.kubernetes.io/last-change-trigger-time",
}
_USERS = "ferry-devcluster-"  # roles and bindings of those who come and go in a test
_METADATA = ("name", "uid", "labels", "annotations", "ownerReferences", "finalizers")
_COUNTS = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")


def take(api, namespace):
    """{"plural/name": what is compared}; pods by their owner."""
    found = {}
    for prefix, plural in _listable(api):
        for thing in api.request("GET", f"{prefix}/namespaces/{namespace}/{plural}")["items"]:
            if thing["metadata"]["name"].startswith(_USERS):
                continue
            name, kept = _reduced(plural, thing)
            found.setdefault(f"{plural}/{name}", []).append(kept)
    return {key: sorted(kept, key=json.dumps) for key, kept in found.items()}


def assert_same_again(api, namespace, before, timeout=60):
    """Waits until the namespace is as it was; fails with the differences that are left."""
    deadline = time.monotonic() + timeout
    while (now := take(api, namespace)) != before:
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s the namespace isn't as it was:\n{_difference(before, now)}")
        time.sleep(0.2)


def _listable(api):
    """(path prefix, plural) of every kind of object that a namespace can hold."""
    if not hasattr(api, "listable"):
        groups = ["/api/v1"] + [
            f"/apis/{group['preferredVersion']['groupVersion']}"
            for group in api.request("GET", "/apis")["groups"]
            if group["name"] not in _NOT_KEPT_GROUPS
        ]
        api.listable = [
            (prefix, each["name"])
            for prefix in groups
            for each in api.request("GET", prefix)["resources"]
            if each["namespaced"] and "list" in each["verbs"] and each["name"] not in _NOT_KEPT
        ]
    return api.listable


def _reduced(plural, thing):
    meta = {key: thing["metadata"][key] for key in _METADATA if key in thing["metadata"]}
    meta["annotations"] = {k: v for k, v in meta.get("annotations", {}).items() if k not in _BOOKKEEPING}
    name = meta["name"]
    kept = {k: v for k, v in thing.items() if k not in ("apiVersion", "kind", "metadata", "status")}
    if plural == "pods":
        name = meta.get("ownerReferences", [meta])[0]["name"]
        meta = {"labels": meta.get("labels", {}), "deleted": "deletionTimestamp" in thing["metadata"]}
        kept = json.loads(re.sub(r"kube-api-access-\w+", "kube-api-access", json.dumps(kept)))
        kept["ready"] = _is_ready(thing)
    elif plural == "endpointslices":
        name = (meta.get("labels") or {}).get("kubernetes.io/service-name", name)
        meta = {"labels": meta.get("labels", {})}
        kept = {"ports": _sorted(thing.get("ports")), "endpoints": _sorted(
            {"conditions": each["conditions"]} for each in thing.get("endpoints") or [])}
    elif plural == "endpoints":
        kept = [
            {"ports": _sorted(each.get("ports")), "ready": len(each.get("addresses", [])),
             "unready": len(each.get("notReadyAddresses", []))}
            for each in thing.get("subsets") or []
        ]
    counts = _COUNTS if "replicas" in thing.get("spec", {}) else ()
    status = {key: thing.get("status", {}).get(key, 0) for key in counts}
    return name, {"metadata": meta, "content": kept, "status": status}


def _is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions", []))


def _sorted(items):
    return sorted(items or [], key=json.dumps)


def _difference(before, now):
    lines = []
    for key in sorted(before.keys() | now.keys()):
        old, new = (json.dumps(side.get(key), indent=1, sort_keys=True).splitlines() for side in (before, now))
        if old != new:
            lines += [key, *difflib.unified_diff(old, new, "before", "now", lineterm="", n=2)]
    return "\n".join(lines)
