"""OpenAPI, as far as kubectl asks: which operations take `fieldValidation` and `dryRun`, and of what kinds.

Types are described only as objects that keep unknown fields: kubectl then leaves validation to the server, and takes
its merge keys from its own copy of the types. (Version 2 goes out as protobuf only; kubectl's since 1.27 need it
for no more than that it can be read.)
"""

from . import kinds

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def v3_index():
    """/openapi/v3: where each group's document is."""
    paths = {}
    for resource in kinds.all_resources():
        root = _root(resource)[1:]
        paths[root] = {"serverRelativeURL": f"/openapi/v3/{root}?hash=1"}
    return {"paths": paths}


def v3_document(root):
    """The document of `api/v1` or `apis/GROUP/VERSION`; None for an unknown one."""
    mine = [each for each in kinds.all_resources() if _root(each) == f"/{root}"]
    if not mine:
        return None
    paths, schemas = {}, {}
    for resource in mine:
        _add_paths(paths, resource)
        schemas[_schema_name(resource)] = {
            "type": "object", "x-kubernetes-preserve-unknown-fields": True,
            "x-kubernetes-group-version-kind": [_gvk(resource)]}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.33.13"}, "paths": paths,
            "components": {"schemas": schemas}}


def _root(resource):
    return f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"


def _gvk(resource):
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource):
    group = resource.group.split(".")[0] or "core"
    return f"io.k8s.api.{group}.{resource.version}.{resource.kind}"


def _parameter(name):
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}


def _add_paths(paths, resource):
    base = _root(resource) + ("/namespaces/{namespace}" if resource.namespaced else "") + f"/{resource.plural}"
    writing = [_parameter(name) for name in ("dryRun", "fieldManager", "fieldValidation")]
    reference = {"$ref": f"#/components/schemas/{_schema_name(resource)}"}

    def operation(action, parameters):
        body = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}
        return {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": _gvk(resource),
                "parameters": parameters, "responses": body}
    paths[base] = {"get": operation("list", []), "post": operation("post", writing)}
    paths[base + "/{name}"] = {
        "get": operation("get", []), "put": operation("put", writing),
        "patch": operation("patch", writing + [_parameter("force")]),
        "delete": operation("delete", [_parameter("dryRun")])}


def v2_protobuf():
    """A valid, empty Document of openapiv2.proto: swagger (1), info (2: title 1, version 2), paths (8)."""
    def text(number, value):
        return _block(number, value.encode())
    return text(1, "2.0") + _block(2, text(1, "Kubernetes") + text(2, "v1.33.13")) + _block(8, b"")


def _block(number, data):
    size, length = len(data), b""
    while size > 0x7f:
        length += bytes([size & 0x7f | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data
