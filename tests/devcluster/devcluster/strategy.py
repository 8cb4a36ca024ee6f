"""Admission: what happens to every object on its way into the store, whoever writes it."""

import ipaddress
import random
import uuid

from . import bootstrap_roles, defaults, errors, kinds, pod_security, quota, validation
from .store import clone

_SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/16")
_NODE_PORTS = range(30000, 32768)
# Names that must not be handed out by chance: the first addresses are for `kubernetes` and for DNS.
_RESERVED_ADDRESSES = 256


class Strategy:
    """The hooks that `store.Store` calls. `ca_pem` goes into every namespace's `kube-root-ca.crt`."""

    def __init__(self, ca_pem):
        self._ca = ca_pem.decode()
        self.denied = {}  # a fault: {part of a path: what an admission webhook says of writes to such paths}

    def check_denied(self, path):
        """ApiError 403 for a write that an admission webhook is to refuse."""
        for part, message in self.denied.items():
            if part in path:
                raise errors.ApiError(403, "Forbidden", 'admission webhook "policy.ferry-devcluster.test" denied the '
                                      f"request: {message}")

    def admit_create(self, store, kind, obj):
        self.check_denied(_path(kind, obj["metadata"]))
        self._check_namespace(store, kind, obj["metadata"])
        defaults.apply(kind, obj)
        if kind == "Pod":
            _admit_pod(store, obj)
        causes = validation.create(kind, obj)
        if causes:
            raise errors.invalid(kind, obj["metadata"]["name"], causes)
        if kind == "Pod":
            pod_security.enforce(store.get("Namespace", None, obj["metadata"]["namespace"]), obj)
        quota.enforce(store, kind, obj)

    def allocate(self, store, kind, obj):
        """What the server gives a new object of its own accord: nobody's fields."""
        if kind == "Service":
            _allocate(store, obj, None)
        if kind == "Job":
            _label_job(obj)

    def admit_update(self, store, kind, old, new, subresource):
        if subresource == "status":
            return
        if kind == "Pod" and old["spec"].get("ephemeralContainers") != new["spec"].get("ephemeralContainers"):
            pod_security.enforce(store.get("Namespace", None, new["metadata"]["namespace"]), new)
        if kind == "Namespace":
            new["spec"] = clone(old["spec"])
        else:
            defaults.apply(kind, new)
        if kind == "Service":
            _allocate(store, new, old)
        causes = validation.update(kind, old, new)
        if causes:
            raise errors.invalid(kind, new["metadata"]["name"], causes)

    def created(self, store, kind, obj):
        if kind == "Namespace":
            name = obj["metadata"]["name"]
            store.create("ServiceAccount", {"metadata": {"name": "default", "namespace": name}})
            store.create("ConfigMap", {
                "metadata": {"name": "kube-root-ca.crt", "namespace": name, "annotations": {
                    "kubernetes.io/description": "Contains a CA bundle that can be used to verify the "
                    "kube-apiserver when using internal endpoints such as the internal service IP or "
                    "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
                    "clusters."}},
                "data": {"ca.crt": self._ca}})

    @staticmethod
    def _check_namespace(store, kind, meta):
        if not kinds.of(kind).namespaced:
            return
        name = meta.get("namespace")
        found = store.find("Namespace", None, name)
        if found is None:
            raise errors.not_found("Namespace", name)
        if "deletionTimestamp" in found["metadata"]:
            error = errors.forbidden(kind, meta["name"], f"unable to create new content in namespace {name} because "
                                     "it is being terminated")
            error.details["causes"] = [{"reason": "NamespaceTerminating",
                                        "message": f"namespace {name} is being terminated",
                                        "field": "metadata.namespace"}]
            raise error


def _path(kind, meta):
    resource = kinds.of(kind)
    scope = ["namespaces", meta["namespace"]] if resource.namespaced and meta.get("namespace") else []
    return "/".join(["/apis" if resource.group else "/api", resource.group_version, *scope, resource.plural,
                     meta["name"]])


# Services: addresses and node ports


def _allocate(store, obj, old):
    spec = obj["spec"]
    before = (old or {}).get("spec", {})
    if spec["type"] == "ExternalName":
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            spec.pop(field, None)
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = (spec.get("clusterIPs") or [None])[0] or before.get("clusterIP") or _free_address(store)
    elif spec["clusterIP"] != "None" and spec["clusterIP"] != before.get("clusterIP"):
        _check_address(store, obj)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _allocate_node_ports(store, spec, before)


def _taken_addresses(store):
    return {service["spec"].get("clusterIP") for service in store.list("Service")}


def _free_address(store):
    taken = _taken_addresses(store)
    while True:
        address = str(_SERVICE_NETWORK[random.randrange(_RESERVED_ADDRESSES, _SERVICE_NETWORK.num_addresses - 1)])
        if address not in taken:
            return address


def _check_address(store, obj):
    wanted = obj["spec"]["clusterIP"]
    try:
        inside = ipaddress.ip_address(wanted) in _SERVICE_NETWORK
    except ValueError:
        inside = False
    why = None
    if not inside:
        why = (f"failed to allocate IP {wanted}: the provided IP ({wanted}) is not in the valid range. The range of "
               f"valid IPs is {_SERVICE_NETWORK}")
    elif wanted in _taken_addresses(store):
        why = f"failed to allocate IP {wanted}: provided IP is already allocated"
    if why:
        causes = validation.Causes()
        causes.append(("spec.clusterIPs", "FieldValueInvalid", f'Invalid value: ["{wanted}"]: {why}'))
        raise errors.invalid("Service", obj["metadata"]["name"], causes)


def _allocate_node_ports(store, spec, before):
    taken = {port.get("nodePort") for service in store.list("Service") for port in service["spec"].get("ports") or []}
    known = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in before.get("ports") or []}
    for port in spec.get("ports") or []:
        if not port.get("nodePort"):
            kept = known.get((port.get("port"), port.get("protocol")))
            port["nodePort"] = kept or random.choice([number for number in _NODE_PORTS if number not in taken])
            taken.add(port["nodePort"])


# Jobs and pods


def _label_job(obj):
    if obj["spec"].get("manualSelector"):
        return
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name,
              "controller-uid": uid, "job-name": name}
    template = obj["spec"]["template"].setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **labels}
    obj["metadata"]["labels"] = obj["metadata"].get("labels") or dict(template["labels"])
    obj["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


_TOLERATIONS = [{"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute",
                 "tolerationSeconds": 300} for key in ("not-ready", "unreachable")]
_TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"


def _admit_pod(store, obj):
    """The admission plugins ServiceAccount, DefaultTolerationSeconds and Priority."""
    spec, meta = obj["spec"], obj["metadata"]
    meta["generation"] = 1
    name = spec.get("serviceAccountName") or "default"
    account = store.find("ServiceAccount", meta["namespace"], name)
    if account is None:
        raise errors.forbidden("Pod", meta["name"], f"error looking up service account {meta['namespace']}/{name}: "
                               f'serviceaccount "{name}" not found')
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken", True)
    if wanted:
        _mount_token(spec)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    present = {toleration.get("key") for toleration in spec.get("tolerations") or []}
    missing = [clone(toleration) for toleration in _TOLERATIONS if toleration["key"] not in present]
    spec["tolerations"] = (spec.get("tolerations") or []) + missing


def _mount_token(spec):
    containers = (spec.get("containers") or []) + (spec.get("initContainers") or [])
    without = [container for container in containers
               if all(mount.get("mountPath") != _TOKEN_DIRECTORY for mount in container.get("volumeMounts") or [])]
    if not without:
        return
    volume = f"kube-api-access-{uuid.uuid4().hex[:5]}"
    for container in without:
        container["volumeMounts"] = (container.get("volumeMounts") or []) + [
            {"name": volume, "readOnly": True, "mountPath": _TOKEN_DIRECTORY}]
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    spec["volumes"] = (spec.get("volumes") or []) + [{"name": volume, "projected": {"sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ], "defaultMode": 420}}]


def bootstrap(store):
    """What exists in every cluster from the start."""
    for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
        store.create("Namespace", {"metadata": {"name": name}})
    for kind, obj in bootstrap_roles.objects():
        store.create(kind, obj)
