"""Server-side apply: merging a configuration into an object, with owners of fields and conflicts.

Rules: https://kubernetes.io/docs/reference/using-api/server-side-apply/. A field that a manager stops applying is
removed unless somebody else owns it; a field that somebody else owns with another value is a conflict.
"""

import json

from . import errors, managedfields, schema
from .store import clone, now


def merge(old, applied, kind, manager, force):
    """The object after the apply, managedFields included. `old` is None for a new object."""
    applied = clone(applied)
    if applied.get("metadata", {}).get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    wanted = managedfields.applied_paths(applied, kind)
    base = clone(old) if old else {"metadata": {}}
    entries = base["metadata"].get("managedFields") or []
    mine = [each for each in entries if each["manager"] == manager and each["operation"] == "Apply"
            and not each.get("subresource")]
    others = [each for each in entries if each not in mine]
    if old:
        others = _resolve(others, old, applied, kind, wanted, force)
    dropped = set().union(*(managedfields.from_fields(each["fieldsV1"]) for each in mine)) - wanted
    kept = set().union(*(managedfields.from_fields(each["fieldsV1"]) for each in others))
    merged = _merge_map(base, applied, kind, ())
    for path in sorted(dropped, key=len):  # an item before its fields: without its key it is not found again
        if not any(other[:len(path)] == path for other in kept | wanted):
            _remove(merged, path)
    new = managedfields.entry(manager, "Apply", applied["apiVersion"], wanted, now())
    if mine and mine[0]["fieldsV1"] == new["fieldsV1"]:
        new["time"] = mine[0]["time"]
    merged["metadata"]["managedFields"] = [new, *others]
    return merged


def _resolve(others, old, applied, kind, wanted, force):
    """Conflicts: raised, or (forced) the fields taken away from their owners."""
    before, after = managedfields.leaves(old, kind), managedfields.leaves(applied, kind)
    changed = {path for path in wanted if path in before and before[path] != after.get(path)}
    conflicts, left = [], []
    for each in others:
        paths = managedfields.from_fields(each["fieldsV1"])
        taken = paths & changed
        if taken and not force:
            conflicts += [(each, path) for path in sorted(taken)]
        remaining = paths - taken
        if remaining == paths:
            left.append(each)
        elif remaining:
            left.append(dict(each, fieldsV1=managedfields.to_fields(remaining)))
    if conflicts:
        raise _conflict(conflicts)
    return left


def _conflict(conflicts):
    """The error with the server's wording: grouped by manager."""
    def who(entry):
        text = f'conflict with "{entry["manager"]}"'
        if entry.get("subresource"):
            text += f' with subresource "{entry["subresource"]}"'
        return text + (f" using {entry['apiVersion']}" if entry["operation"] == "Update" else "")
    count = len(conflicts)
    owners = {}
    for entry, path in conflicts:
        owners.setdefault(who(entry), []).append(_show(path))
    if count == 1:
        text = f"{next(iter(owners))}: {_show(conflicts[0][1])}"
    else:
        text = "\n".join(f"{'conflicts' if len(paths) > 1 else 'conflict'}{owner[len('conflict'):]}" +
                         (":\n" + "\n".join(f"- {path}" for path in paths) if len(paths) > 1 else f": {paths[0]}")
                         for owner, paths in owners.items())
    causes = [{"reason": "FieldManagerConflict", "message": who(entry), "field": _show(path)}
              for entry, path in conflicts]
    return errors.ApiError(409, "Conflict", f"Apply failed with {count} conflict{'s' if count > 1 else ''}: {text}",
                           {"causes": causes})


def _show(path):
    """.spec.template.spec.containers[name="web"].image"""
    text = ""
    for element in path:
        mark, _, rest = element.partition(":")
        if mark == "f":
            text += f".{rest}"
        elif mark == "k":
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]"
    return text


def _merge_map(target, applied, kind, names):
    result = dict(target)
    for key, value in applied.items():
        at = names + (key,)
        if isinstance(value, dict) and isinstance(result.get(key), dict) and not schema.is_atomic_map(at):
            result[key] = _merge_map(result[key], value, kind, at)
        elif isinstance(value, list) and isinstance(result.get(key), list):
            result[key] = _merge_list(result[key], value, kind, at)
        elif value is not None:
            result[key] = clone(value)
    return result


def _merge_list(target, applied, kind, names):
    keys = schema.list_keys(kind, names)
    if schema.is_set(names):
        return target + [item for item in applied if item not in target]
    if not keys:
        return clone(applied)

    def identity(item):
        return managedfields.item_key(keys, schema.with_key_defaults(keys, item))
    result = list(target)
    for item in applied:
        at = next((index for index, each in enumerate(result) if identity(each) == identity(item)), None)
        if at is None:
            result.append(clone(item))
        else:
            result[at] = _merge_map(result[at], item, kind, names)
    return result


def _remove(obj, path):
    """Takes one path out of an object, if it is there."""
    for element in path[:-1]:
        obj = _step(obj, element)
        if obj is None:
            return
    mark, _, name = path[-1].partition(":")
    if mark == "f" and isinstance(obj, dict):
        if not isinstance(obj.get(name), (dict, list)) or not obj[name]:
            obj.pop(name, None)
        else:
            _remove_container(obj, name)
    elif isinstance(obj, list):
        item = _step(obj, path[-1])
        if item is not None:
            obj.remove(item)


def _remove_container(obj, name):
    """A map or list that was applied as a whole (atomic) goes; one with items of others stays."""
    if schema.is_atomic_map((name,)) or isinstance(obj[name], list):
        del obj[name]


def _step(obj, element):
    mark, _, rest = element.partition(":")
    if mark == "f":
        return obj.get(rest) if isinstance(obj, dict) else None
    if mark == "k" and isinstance(obj, list):
        wanted = json.loads(rest)
        return next((item for item in obj if all(schema.with_key_defaults(wanted, item).get(key) == value
                                                 for key, value in wanted.items())), None)
    if mark == "v" and isinstance(obj, list):
        return next((item for item in obj if item == json.loads(rest)), None)
    return None
