"""What writers must know of the types: which lists are maps with keys, which are sets, which maps are atomic.

The facts are the patchMergeKey, listType, listMapKey and mapType marks of the API's Go types (k8s.io/api, 1.33).
A place is named by plain field names from the root, list items adding nothing:
("spec", "template", "spec", "containers", "ports").
"""

_BY_NAME = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "podIPs": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "schedulingGates": ("name",),
    "addresses": ("type",),
}
_SETS = {("metadata", "finalizers")}
_ATOMIC_MAPS = {"selector", "nodeSelector", "secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef",
                "matchLabels", "scaleTargetRef", "involvedObject", "targetRef"}


def list_keys(kind, names):
    """The keys by which items of the list at this place are told apart; () for an atomic list."""
    name = names[-1]
    if name == "ports":
        if names[-2:-1] == ("spec",) and kind == "Service":
            return ("port", "protocol")
        if len(names) > 1 and names[-2] in ("containers", "initContainers", "ephemeralContainers"):
            return ("containerPort", "protocol")
        return ()
    if name == "secrets" and kind == "ServiceAccount":
        return ("name",)
    if name in ("addresses",) and kind != "Node":
        return ()
    return _BY_NAME.get(name, ())


def merge_key(kind, names):
    """The key of strategic merge patches (one field, where server-side apply may have two)."""
    keys = list_keys(kind, names)
    return keys[0] if keys else None


def is_set(names):
    return tuple(names) in _SETS


def is_atomic_map(names):
    return names[-1] in _ATOMIC_MAPS


def is_atomic_item(names):
    """Whether an item of this keyed list is owned as a whole."""
    return names[-1] == "ownerReferences"


def with_key_defaults(keys, item):
    """A port without a protocol is a TCP port."""
    if "protocol" in keys and not item.get("protocol"):
        return dict(item, protocol="TCP")
    return item
