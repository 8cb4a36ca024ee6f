"""JSON patch (RFC 6902), JSON merge patch (RFC 7386) and Kubernetes' strategic merge patch."""

from . import errors, schema
from .store import clone


class PatchError(Exception):
    """A patch that can't be applied to this object."""


# JSON patch


def json_patch(obj, operations):
    if not isinstance(operations, list):
        raise errors.bad_request("error decoding patch: json: cannot unmarshal object into Go value of type "
                                 "jsonpatch.Patch")
    for operation in operations:
        obj = _apply_operation(obj, operation)
    return obj


def _apply_operation(obj, operation):
    name, path = operation.get("op"), _pointer(operation.get("path", ""))
    if name == "add":
        return _add(obj, path, clone(operation.get("value")))
    if name == "remove":
        return _remove(obj, path)[0]
    if name == "replace":
        obj, _ = _remove(obj, path)
        return _add(obj, path, clone(operation.get("value")))
    if name == "move":
        obj, value = _remove(obj, _pointer(operation["from"]))
        return _add(obj, path, value)
    if name == "copy":
        return _add(obj, path, clone(_find(obj, _pointer(operation["from"]))))
    if name == "test":
        if _find(obj, path) != operation.get("value"):
            raise PatchError(f"testing value {operation.get('path')} failed: test failed")
        return obj
    raise PatchError(f"Unexpected kind: {name}")


def _pointer(text):
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _find(obj, path):
    for part in path:
        try:
            obj = obj[int(part)] if isinstance(obj, list) else obj[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise PatchError(f"missing path: /{'/'.join(path)}") from None
    return obj


def _add(obj, path, value):
    if not path:
        return value
    parent, last = _find(obj, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise PatchError(f"add operation does not apply: doc is missing path: /{'/'.join(path)}")
    return obj


def _remove(obj, path):
    parent, last = _find(obj, path[:-1]), path[-1]
    value = _find(obj, path)
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
    return obj, value


# JSON merge patch


def merge_patch(target, patch):
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


# Strategic merge patch

_DIRECTIVE = "$patch"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def strategic_merge(target, patch, kind, names=()):
    """`names` are the field names down to here, as `schema` wants them."""
    if patch.get(_DIRECTIVE) == "replace":
        return {key: clone(value) for key, value in patch.items() if key != _DIRECTIVE}
    if patch.get(_DIRECTIVE) == "delete":
        return {}
    result = dict(target or {})
    if _RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key == _RETAIN or key == _DIRECTIVE or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE_PRIMITIVES):
            field = key[len(_DELETE_PRIMITIVES):]
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = strategic_merge(old if isinstance(old, dict) else {}, value, kind, names + (key,))
        elif isinstance(value, list):
            result[key] = _merge_list(result.get(key) or [], value, kind, names + (key,))
        else:
            result[key] = value
    for key, order in patch.items():
        if key.startswith(_ORDER) and isinstance(result.get(key[len(_ORDER):]), list):
            field = key[len(_ORDER):]
            result[field] = _reorder(result[field], order, schema.merge_key(kind, names + (field,)))
    return result


def _merge_list(old, patch, kind, names):
    merge_key = schema.merge_key(kind, names)
    if merge_key is None:
        if schema.is_set(names):
            return old + [item for item in patch if item not in old]
        return [clone(item) for item in patch if not (isinstance(item, dict) and _DIRECTIVE in item)]
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [clone(item) for item in patch if _DIRECTIVE not in item]
    result = list(old)
    for item in patch:
        value = item.get(merge_key)
        if value is None:
            raise PatchError(f"map: {item} does not contain declared merge key: {merge_key}")
        at = next((index for index, each in enumerate(result) if each.get(merge_key) == value), None)
        if item.get(_DIRECTIVE) == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic_merge({}, item, kind, names))
        else:
            result[at] = strategic_merge(result[at], item, kind, names)
    return result


def _reorder(items, order, merge_key):
    """The named items in the order asked for; the others stay behind them, in theirs."""
    def place(item):
        wanted = [each.get(merge_key) if isinstance(each, dict) else each for each in order]
        value = item.get(merge_key) if isinstance(item, dict) else item
        return wanted.index(value) if value in wanted else len(wanted)
    return sorted(items, key=place)
