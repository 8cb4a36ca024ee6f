"""Who set which field: metadata.managedFields, as sets of paths.

A path is a tuple of elements as FieldsV1 writes them: "f:name" for a field, 'k:{"name":"x"}' for an item of a
keyed list, 'v:"x"' for an item of a set. Rules: KEP-555 and sigs.k8s.io/structured-merge-diff.
"""

import json

from . import kinds, schema

# Structs that exist in an empty object already, and so are never counted as set by somebody.
_TEMPLATE = ("f:spec", "f:template")
_ALWAYS_THERE = {
    ("f:metadata",), ("f:spec",), ("f:status",), ("f:spec", "f:strategy"), ("f:spec", "f:updateStrategy"),
    ("f:spec", "f:containers"), _TEMPLATE, (*_TEMPLATE, "f:metadata"), (*_TEMPLATE, "f:spec"),
    (*_TEMPLATE, "f:spec", "f:containers"),
}
_NOT_OWNED = {"apiVersion", "kind"}
_NOT_OWNED_META = {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
                   "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"}


def same(old, new):
    """Equal but for the bookkeeping (managedFields' times, resourceVersion)."""
    return _without_bookkeeping(old) == _without_bookkeeping(new)


def _without_bookkeeping(obj):
    obj = dict(obj)
    obj["metadata"] = meta = dict(obj.get("metadata", {}))
    meta.pop("resourceVersion", None)
    meta["managedFields"] = [dict(entry, time="") for entry in meta.get("managedFields", [])]
    return obj


def item_key(keys, item):
    """The path element of a keyed list's item."""
    return "k:" + json.dumps({key: item.get(key) for key in sorted(keys)}, separators=(",", ":"))


def leaves(obj, kind):
    """{path: value} of everything in the object: leaves, and items and maps themselves."""
    found = {}
    for name, value in obj.items():
        if name in _NOT_OWNED:
            continue
        if name == "metadata":
            value = {key: item for key, item in value.items() if key not in _NOT_OWNED_META}
            if not value:
                continue
        _collect(value, (name,), ("f:" + name,), kind, found)
    return found


def _collect(value, names, path, kind, found):
    """`names` are the plain field names down to here: what the schema is asked with."""
    if value is None:
        return
    if isinstance(value, dict) and value and not schema.is_atomic_map(names):
        found[path] = dict
        for name, item in value.items():
            _collect(item, names + (name,), path + ("f:" + name,), kind, found)
        return
    if isinstance(value, list):
        keys = schema.list_keys(kind, names)
        if keys:
            found[path] = list
            for item in value:
                at = path + (item_key(keys, schema.with_key_defaults(keys, item)),)
                if schema.is_atomic_item(names):
                    found[at] = item
                    continue
                found[at] = dict
                for name, inner in item.items():
                    _collect(inner, names + (name,), at + ("f:" + name,), kind, found)
            return
        if schema.is_set(names):
            found[path] = list
            for item in value:
                found[path + ("v:" + json.dumps(item),)] = item
            return
    found[path] = value


def applied_paths(obj, kind):
    """What an applied configuration claims: its leaves and the items of its keyed lists."""
    found = leaves(obj, kind)
    return {path for path, value in found.items() if (value is not dict and value is not list) or
            path[-1].startswith("k:") or _is_empty_container(path, found)}


def _is_empty_container(path, found):
    return not any(other != path and other[:len(path)] == path for other in found)


def to_fields(paths):
    """A set of paths as a FieldsV1 tree."""
    tree = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _drop_leaf_dots(tree)


def _drop_leaf_dots(node):
    if set(node) == {"."}:
        return {}
    return {key: ({} if key == "." else _drop_leaf_dots(child)) for key, child in node.items()}


def from_fields(tree, prefix=()):
    """The inverse of to_fields."""
    paths = set()
    for element, child in tree.items():
        if element == ".":
            paths.add(prefix)
        elif not child:
            paths.add(prefix + (element,))
        else:
            paths |= from_fields(child, prefix + (element,))
    return paths


def entry(manager, operation, version, paths, time, subresource=None):
    made = {"manager": manager, "operation": operation, "apiVersion": version, "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": to_fields(paths)}
    if subresource:
        made["subresource"] = subresource
    return made


def track(old, new, manager, subresource=None):
    """After a plain write: the changed fields are the writer's, and nobody else's any more."""
    from .store import now
    kind = new["kind"]
    before, after = leaves(old, kind) if old else {}, leaves(new, kind)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    changed -= _ALWAYS_THERE
    if subresource is None and "status" in kinds.of(kind).subresources:
        changed = {path for path in changed if path[0] != "f:status"}
    entries = new["metadata"].get("managedFields") or (old or {}).get("metadata", {}).get("managedFields") or []
    result, mine = [], set()
    for each in entries:
        paths = {path for path in from_fields(each.get("fieldsV1", {})) if path in after}
        own = (each["manager"] == manager and each["operation"] == "Update"
               and each.get("subresource") == subresource)
        if own:
            mine = paths
            if not changed and paths:
                result.append(each)
            continue
        left = paths - {path for path in changed if path in before}
        if left:
            result.append(dict(each, fieldsV1=to_fields(left)) if left != paths else each)
    if changed:
        result.append(entry(manager, "Update", new["apiVersion"], mine | changed, now(), subresource))
    if result:
        new["metadata"]["managedFields"] = result
    else:
        new["metadata"].pop("managedFields", None)
