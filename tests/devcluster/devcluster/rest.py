"""The verbs on stored objects: get, list, create, update, patch, delete, and the plain subresources.

Each function takes a `Call` and returns (HTTP status, body). Streams (watch, log, exec, port-forward) are elsewhere.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field

from . import apply, errors, eventsview, fieldcheck, kinds, patch, pod_security, selectors
from .store import clone, now

# Kinds whose PUT makes the object when there is none.
_CREATE_ON_UPDATE = {"Endpoints", "Event", "Lease", "LimitRange", "ResourceQuota", "Role", "RoleBinding",
                     "ClusterRole", "ClusterRoleBinding", "Service"}
# Kinds whose DELETE answers with the object instead of a Status.
_RETURNED_ON_DELETE = {"PersistentVolumeClaim", "Pod", "ResourceQuota", "ServiceAccount"}


@dataclass
class Call:
    """One request, understood. `warnings` is filled on the way and goes out as Warning headers."""

    store: object
    info: object
    resource: object
    query: object
    body: object
    content_type: str
    user_agent: str
    require: object = None  # function(verb): ApiError 403 unless the user may do that, too, to this object
    warnings: list = field(default_factory=list)
    vet: object = None      # function(object): ApiError for what the user may not write

    @property
    def kind(self):
        return self.resource.kind

    @property
    def dry_run(self):
        value = self.query.get("dryRun")
        if value is None and self.info.verb in ("delete", "deletecollection"):  # it may be in the DeleteOptions
            value = (self.body.get("dryRun") or [None])[0]
        if value not in (None, "", "All"):
            raise errors.invalid("CreateOptions", "", [("dryRun", "FieldValueNotSupported",
                                 f'Unsupported value: "{value}": supported values: "All"')])
        return value == "All"

    @property
    def manager(self):
        """Who is writing, for managedFields: fieldManager, else the program's name in User-Agent."""
        return self.query.get("fieldManager") or self.user_agent.split("/")[0] or "unknown"

    def out(self, obj):
        if self.resource is kinds.EVENTS_V1 and obj.get("kind") == "Event":
            return eventsview.outward(obj)
        return obj


# Reading


def get(call):
    return 200, call.out(call.store.get(call.kind, call.info.namespace, call.info.name))


def matcher(call):
    """The query's label and field selectors as a function object -> bool."""
    label_text = call.query.get("labelSelector", "")
    by_label = selectors.labels(label_text)
    by_field = selectors.fields(call.query.get("fieldSelector", ""), call.resource, label_text)
    return lambda obj: by_label(obj["metadata"].get("labels")) and by_field(obj)


def select(call):
    """(objects, list metadata) of a list request."""
    matches = matcher(call)
    version, start = _continue(call)
    found = [obj for obj in call.store.list(call.kind, call.info.namespace) if matches(obj)]
    if start:
        found = [obj for obj in found if _list_key(call, obj) > start]
    meta = {"resourceVersion": str(version)}
    limit = int(call.query.get("limit") or 0)
    if 0 < limit < len(found):
        rest = len(found) - limit
        found = found[:limit]
        position = {"v": "meta.k8s.io/v1", "rv": version, "start": _list_key(call, found[-1]) + "\0"}
        token = base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).rstrip(b"=")
        meta["continue"] = token.decode()
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            meta["remainingItemCount"] = rest
    return found, meta


def _list_key(call, obj):
    meta = obj["metadata"]
    return meta["name"] if call.info.namespace else f"{meta.get('namespace', '')}/{meta['name']}"


def _continue(call):
    token = call.query.get("continue")
    if not token:
        return call.store.version, ""
    try:
        position = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        version, start = int(position["rv"]), position["start"].rstrip("\0")
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise errors.bad_request("continue key is not valid: illegal base64 data") from None
    if version < call.store.oldest_version:
        raise errors.expired("The provided continue parameter is too old to display a consistent list result. You "
                             "can start a new list without the continue parameter, or use the continue token in "
                             "this response to retrieve the remainder of the results.")
    return version, start


def as_list(call, found, meta):
    items = []
    for obj in found:
        item = call.out(obj)
        items.append({key: value for key, value in item.items() if key not in ("apiVersion", "kind")})
    return {"kind": f"{call.kind}List", "apiVersion": call.resource.group_version, "metadata": meta, "items": items}


# Writing


def _given_object(call):
    """The object in the body, checked against the path."""
    obj = call.body
    if not isinstance(obj, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type "
                                 f"{call.kind}): couldn't get version/kind; json parse error")
    expected = call.resource.group_version
    if obj.get("apiVersion", expected) != expected:
        raise errors.bad_request(f"the API version in the data ({obj['apiVersion']}) does not match the expected "
                                 f"API version ({expected})")
    if obj.get("kind", call.kind) != call.kind:
        raise errors.bad_request(f'{obj["kind"]} in version "{call.resource.version}" cannot be handled as a '
                                 f'{call.kind}: no kind "{obj["kind"]}" matches')
    if call.resource is kinds.EVENTS_V1:
        obj = eventsview.inward(obj)
    fieldcheck.check(call, obj)
    meta = obj.setdefault("metadata", {}) or {}
    obj["metadata"] = meta
    if call.resource.namespaced:
        if meta.get("namespace") not in (None, "", call.info.namespace):
            raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the "
                                     "request")
        meta["namespace"] = call.info.namespace
    return obj


def create(call):
    obj = _given_object(call)
    if obj["metadata"].get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    call.vet(obj)
    created = call.store.create(call.kind, obj, call.manager, call.dry_run)
    _warn(call, created)
    return 201, call.out(created)


def _warn(call, created):
    if call.resource.namespaced:
        call.warnings += pod_security.warnings(call.store.get("Namespace", None, call.info.namespace), created)


def update(call):
    obj = _given_object(call)
    name = obj["metadata"].setdefault("name", call.info.name)
    if name != call.info.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL "
                                 f"({call.info.name})")
    subresource = call.info.subresource or None
    call.vet(obj)
    if call.store.find(call.kind, call.info.namespace, name) is None and call.kind in _CREATE_ON_UPDATE:
        call.require("create")
        return 201, call.out(call.store.create(call.kind, obj, call.manager, call.dry_run))
    return 200, call.out(call.store.update(call.kind, obj, subresource, call.manager, call.dry_run))


def patch_object(call):
    if call.content_type in ("application/apply-patch+yaml", "application/apply-patch+cbor"):
        return _server_side_apply(call)
    old = call.store.get(call.kind, call.info.namespace, call.info.name)
    new = patched(call, clone(old))
    if new.get("metadata", {}).get("name") != old["metadata"]["name"]:
        raise errors.bad_request("the name of the object does not match the name on the URL")
    fieldcheck.check(call, new)
    call.vet(new)
    subresource = call.info.subresource or None
    return 200, call.out(call.store.update(call.kind, new, subresource, call.manager, call.dry_run))


def patched(call, obj):
    """The object with the request's patch applied to it."""
    try:
        if call.content_type == "application/json-patch+json":
            return patch.json_patch(obj, call.body)
        if call.content_type == "application/merge-patch+json":
            return patch.merge_patch(obj, call.body)
        if call.content_type == "application/strategic-merge-patch+json":
            return patch.strategic_merge(obj, call.body, call.kind)
    except patch.PatchError:
        raise errors.ApiError(422, "Invalid", "the server rejected our request due to an error in our request",
                              {}) from None
    raise errors.ApiError(
        415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types "
        "include: application/json-patch+json, application/merge-patch+json, "
        "application/strategic-merge-patch+json, application/apply-patch+yaml", {})


def _server_side_apply(call):
    if not call.query.get("fieldManager"):
        raise errors.invalid("PatchOptions", "", [("fieldManager", "FieldValueRequired",
                                                   "Required value: is required for apply patch")])
    if not isinstance(call.body, dict) or not call.body.get("apiVersion") or not call.body.get("kind"):
        raise errors.bad_request("invalid object type: must have apiVersion and kind")
    applied = _given_object(call)
    applied["metadata"]["name"] = call.info.name
    old = call.store.find(call.kind, call.info.namespace, call.info.name)
    if old is not None and applied["metadata"].get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
        raise errors.conflict(call.kind, call.info.name)
    if call.info.subresource == "status":
        applied = {key: value for key, value in applied.items() if key != "spec"}
    elif "status" in call.resource.subresources:
        applied.pop("status", None)
    force = call.query.get("force", "").lower() in ("1", "true")
    merged = apply.merge(old, applied, call.kind, call.manager, force)
    call.vet(merged)
    if old is None:
        call.require("create")
        created = call.store.create(call.kind, merged, None, call.dry_run)
        _warn(call, created)
        return 201, call.out(created)
    subresource = call.info.subresource or None
    return 200, call.out(call.store.update(call.kind, merged, subresource, call.manager, call.dry_run, tracked=True))


# Deleting


def _delete_options(call):
    body = call.body if isinstance(call.body, dict) else {}
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds")
    if grace is None and call.query.get("gracePeriodSeconds"):
        grace = int(call.query["gracePeriodSeconds"])
    propagation = body.get("propagationPolicy") or call.query.get("propagationPolicy")
    if propagation is None and body.get("orphanDependents"):
        propagation = "Orphan"
    return {"grace": grace, "propagation": propagation, "uid": preconditions.get("uid"),
            "version": preconditions.get("resourceVersion"), "dry_run": call.dry_run}


def delete(call):
    obj, gone = call.store.delete(call.kind, call.info.namespace, call.info.name, **_delete_options(call))
    if not gone or call.kind in _RETURNED_ON_DELETE:
        return 200, call.out(obj)
    details = {"name": call.info.name}
    if call.resource.group:
        details["group"] = call.resource.group
    details.update(kind=call.resource.plural, uid=obj["metadata"]["uid"])
    return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def delete_collection(call):
    found, meta = select(call)
    options = _delete_options(call)
    deleted = [call.store.delete(call.kind, obj["metadata"].get("namespace"), obj["metadata"]["name"], **options)[0]
               for obj in found]
    return 200, as_list(call, deleted, {"resourceVersion": str(call.store.version), **{
        key: value for key, value in meta.items() if key == "continue"}})


# Subresources


def scale(call):
    old = call.store.get(call.kind, call.info.namespace, call.info.name)
    shown = _scale_of(old)
    if call.info.verb == "get":
        return 200, shown
    wanted = call.body if call.info.verb == "update" else patched(call, clone(shown))
    version = wanted.get("metadata", {}).get("resourceVersion")
    if version not in (None, "", old["metadata"]["resourceVersion"]):
        raise errors.conflict(call.kind, call.info.name)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise errors.invalid("Scale", call.info.name, [("spec.replicas", "FieldValueInvalid",
                             f"Invalid value: {replicas}: must be greater than or equal to 0")])
    old["spec"]["replicas"] = replicas
    new = call.store.update(call.kind, old, None, call.manager, call.dry_run)
    return 200, _scale_of(new)


def _scale_of(obj):
    meta = {key: obj["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if key in obj["metadata"]}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta,
            "spec": {"replicas": obj["spec"].get("replicas", 0)} if obj["spec"].get("replicas") else {},
            "status": {"replicas": obj.get("status", {}).get("replicas", 0),
                       "selector": selectors.text_of(obj["spec"].get("selector"))}}


def binding(call):
    def bind(pod):
        pod["spec"]["nodeName"] = call.body["target"]["name"]
    if call.store.modify("Pod", call.info.namespace, call.info.name, bind, manager="kube-scheduler") is None:
        raise errors.not_found("Pod", call.info.name)
    return 201, _success(201)


def eviction(call):
    options = (call.body or {}).get("deleteOptions") or {}
    call.store.delete("Pod", call.info.namespace, call.info.name, grace=options.get("gracePeriodSeconds"),
                      dry_run=call.dry_run)
    return 201, _success(201)


def _success(code):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}


def ephemeral_containers(call):
    obj = call.store.get("Pod", call.info.namespace, call.info.name)
    if call.info.verb == "get":
        return 200, obj
    wanted = call.body if call.info.verb == "update" else patched(call, clone(obj))
    obj["spec"]["ephemeralContainers"] = wanted["spec"].get("ephemeralContainers") or []
    return 200, call.store.update("Pod", obj, None, call.manager, call.dry_run)


def token(call, authority):
    account = call.store.get("ServiceAccount", call.info.namespace, call.info.name)
    spec = (call.body or {}).get("spec") or {}
    seconds = spec.get("expirationSeconds") or 3600
    if seconds < 600:
        raise errors.invalid("TokenRequest", "", [("spec.expirationSeconds", "FieldValueInvalid",
                             f"Invalid value: {seconds}: may not specify a duration less than 10 minutes")])
    signed, expiry = authority.service_account_token(call.info.namespace, call.info.name, account["metadata"]["uid"],
                                                     seconds=seconds, audiences=spec.get("audiences"))
    return 201, {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
                 "metadata": {"name": call.info.name, "namespace": call.info.namespace, "creationTimestamp": now()},
                 "spec": {"audiences": spec.get("audiences") or ["https://kubernetes.default.svc.cluster.local"],
                          "expirationSeconds": seconds, "boundObjectRef": spec.get("boundObjectRef")},
                 "status": {"token": signed, "expirationTimestamp": expiry}}


def finalize(call):
    """namespaces/finalize: without finalizers the namespace ends."""
    obj = call.store.get("Namespace", None, call.info.name)
    if not ((call.body or {}).get("spec") or {}).get("finalizers") and "deletionTimestamp" in obj["metadata"]:
        call.store.remove_namespace(call.info.name)
    return 200, obj
