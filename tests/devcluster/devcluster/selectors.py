"""Label and field selectors, as in the query of a list or watch."""

import re

from . import errors

_TERM = re.compile(r"""
    \s*(?:
      (?P<not>!)\s*(?P<absent>[\w./-]+)
    | (?P<key>[\w./-]+)\s*
      (?: (?P<op>==|=|!=|>|<)\s*(?P<value>[\w.-]*)
        | (?P<set>in|notin)\s*\((?P<values>[^)]*)\)
        | )
    )\s*(?:,|\Z)""", re.VERBOSE)


def labels(text):
    """A function labels -> bool; ApiError 400 for what can't be read."""
    terms, at = [], 0
    while at < len(text):
        match = _TERM.match(text, at)
        if not match or match.end() == at:
            raise errors.bad_request(f'unable to parse requirement: found \'{text[at:]}\', expected: identifier')
        terms.append(_term(match))
        at = match.end()
    return lambda have: all(term(have or {}) for term in terms)


def _term(match):
    if match["absent"]:
        return lambda have, key=match["absent"]: key not in have
    key, operator, value = match["key"], match["op"], match["value"]
    if operator in ("=", "=="):
        return lambda have: have.get(key) == value
    if operator == "!=":
        return lambda have: have.get(key) != value
    if operator in (">", "<"):
        return lambda have: _compare(have.get(key), operator, value)
    if match["set"]:
        values = {item.strip() for item in match["values"].split(",")}
        if match["set"] == "in":
            return lambda have: have.get(key) in values
        return lambda have: have.get(key) not in values
    return lambda have: key in have


def _compare(have, operator, value):
    try:
        return int(have) > int(value) if operator == ">" else int(have) < int(value)
    except (TypeError, ValueError):
        return False


def of_object(selector):
    """A LabelSelector object (matchLabels, matchExpressions) as a function labels -> bool."""
    wanted = (selector or {}).get("matchLabels") or {}
    expressions = (selector or {}).get("matchExpressions") or []
    return lambda have: (all((have or {}).get(key) == value for key, value in wanted.items())
                         and all(_expression(each, have or {}) for each in expressions))


def _expression(expression, have):
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    return {"In": have.get(key) in values, "NotIn": have.get(key) not in values,
            "Exists": key in have, "DoesNotExist": key not in have}[operator]


def text_of(selector):
    """A LabelSelector object as a query would have it (the `selector` of a Scale)."""
    parts = [f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for each in (selector or {}).get("matchExpressions") or []:
        values = ",".join(sorted(each.get("values") or []))
        parts.append({"In": f"{each['key']} in ({values})", "NotIn": f"{each['key']} notin ({values})",
                      "Exists": each["key"], "DoesNotExist": f"!{each['key']}"}[each["operator"]])
    return ",".join(parts)


_INVOLVED = [f"involvedObject.{name}" for name in
             ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")]
_FIELDS = {
    "Pod": ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"],
    "Event": [*_INVOLVED, "reason", "reportingComponent", "source", "type"],
    "Secret": ["type"],
    "Namespace": ["status.phase"],
    "Node": ["spec.unschedulable"],
    "ReplicaSet": ["status.replicas"],
    "Job": ["status.successful"],
    "Service": ["spec.clusterIP", "spec.type"],
}


def fields(text, resource, label_text=""):
    """A function object -> bool; ApiError 400 for a field that this kind can't be selected by."""
    terms = []
    for part in filter(None, text.split(",")):
        match = re.match(r"([^=!]+)(==|=|!=)(.*)\Z", part)
        if not match:
            raise errors.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        key, operator, value = match.groups()
        if key not in ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.kind, ())):
            group_version = f"{resource.group}/{resource.version}"
            raise errors.bad_request(
                f'Unable to find "{group_version}, Resource={resource.plural}" that match label selector '
                f'"{label_text}", field selector "{text}": field label not supported: {key}')
        terms.append((key.split("."), operator != "!=", value))
    return lambda obj: all((_field(obj, path) == value) == wanted for path, wanted, value in terms)


def _field(obj, path):
    if path == ["source"]:
        return (obj.get("source") or {}).get("component") or obj.get("reportingComponent", "")
    for name in path:
        obj = (obj or {}).get(name)
    if isinstance(obj, bool):
        return "true" if obj else "false"
    return "" if obj is None else str(obj)
