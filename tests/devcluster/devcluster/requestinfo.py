"""What a request is about, from its method and path: the terms that RBAC and the REST layer think in.

As k8s.io/apiserver/pkg/endpoints/request: /api/v1/namespaces/NS/pods/NAME/log is verb get on pods/log.
"""

from dataclasses import dataclass

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = {"status", "finalize"}


@dataclass
class RequestInfo:
    path: str
    verb: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    rest: tuple = ()


def parse(method, path, query):
    parts = [part for part in path.split("/") if part]
    plain = RequestInfo(path, method.lower())
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return plain
    info = RequestInfo(path, _VERBS.get(method, method.lower()), True, group, version)
    _split(info, rest)
    if not info.name and info.verb in ("get", "delete"):
        watching = query.get("watch", "").lower() in ("1", "true")
        info.verb = {"get": "watch" if watching else "list", "delete": "deletecollection"}[info.verb]
        if watching or info.verb == "list":
            info.name = _name_in_field_selector(query)
    return info


def _split(info, rest):
    if rest[0] == "namespaces" and len(rest) > 1:
        info.namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    info.resource = rest[0]
    info.name = rest[1] if len(rest) > 1 else ""
    info.subresource = rest[2] if len(rest) > 2 else ""
    info.rest = tuple(rest[3:])


def _name_in_field_selector(query):
    """A list or watch of one name counts as one of that name: narrow roles rely on it."""
    for requirement in query.get("fieldSelector", "").split(","):
        if requirement.startswith("metadata.name="):
            return requirement.split("=", 1)[1].lstrip("=")
    return ""
