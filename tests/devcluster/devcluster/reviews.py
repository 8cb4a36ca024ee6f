"""Reviews: questions about rights and identity, answered and forgotten."""

from . import auth, errors, managedfields, requestinfo
from .store import now


def answer(call, user, authorizer, authenticator):
    """The review of the body with its status; 201."""
    review = dict(call.body or {})
    review["kind"], review["apiVersion"] = call.kind, call.resource.group_version
    meta = review["metadata"] = dict(review.get("metadata") or {})
    meta["creationTimestamp"] = None
    if call.kind == "SelfSubjectReview":
        meta["creationTimestamp"] = now()
        review["status"] = {"userInfo": user.info()}
        return 201, review
    spec = review.setdefault("spec", {})
    managedfields.track(None, review, call.manager)
    if call.kind == "SelfSubjectAccessReview":
        review["status"] = _access(authorizer, user, spec)
    elif call.kind in ("SubjectAccessReview", "LocalSubjectAccessReview"):
        asked = auth.User(spec.get("user", ""), spec.get("groups") or [])
        review["status"] = _access(authorizer, asked, spec)
    elif call.kind == "SelfSubjectRulesReview":
        if not spec.get("namespace"):
            raise errors.bad_request("no namespace on request")
        review["status"] = _rules(authorizer, user, spec["namespace"])
    elif call.kind == "TokenReview":
        found = authenticator.user_of_token(spec.get("token", ""))
        review["status"] = {"authenticated": True, "user": found.info()} if found else {
            "user": {}, "error": "[invalid bearer token, unknown]"}
    return 201, review


def _access(authorizer, user, spec):
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        raise errors.invalid("SelfSubjectAccessReview", "", [
            ("spec.resourceAttributes", "FieldValueInvalid",
             'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified')])
    if path is not None:
        info = requestinfo.RequestInfo(path.get("path", ""), path.get("verb", ""))
    else:
        info = requestinfo.RequestInfo(
            "", resource.get("verb", ""), True, resource.get("group", ""), resource.get("version", ""),
            resource.get("namespace", ""), resource.get("resource", ""), resource.get("subresource", ""),
            resource.get("name", ""))
    reason = authorizer.reason(user, info)
    return {"allowed": True, "reason": reason} if reason is not None else {"allowed": False}


def _rules(authorizer, user, namespace):
    resources, paths = [], []
    for rule in authorizer.rules(user, namespace):
        kept = {key: value for key, value in rule.items() if value}
        (paths if "nonResourceURLs" in rule else resources).append(kept)
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


