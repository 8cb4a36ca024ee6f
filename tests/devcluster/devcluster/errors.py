"""Errors of the API as Python exceptions.

Every refusal that a client can see is an `ApiError`; `status()` is the Status object that goes on the wire.
The wording is the real server's (k8s.io/apimachinery/pkg/api/errors), because people and programs read it.
"""

from . import kinds


class ApiError(Exception):
    """A refusal: HTTP code, machine-readable reason, message for people, optional details."""

    def __init__(self, code, reason, message, details=None, headers=None):
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}

    def status(self):
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


def _details(resource, name=None, **more):
    details = {}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    details["kind"] = resource.plural
    details.update(more)
    return details


def not_found(kind, name):
    resource = kinds.of(kind)
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_path():
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(kind, name):
    resource = kinds.of(kind)
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(kind, name, why=None):
    """409 for a write that was based on an older version of the object."""
    resource = kinds.of(kind)
    why = why or ("the object has been modified; please apply your changes to the latest version and try again")
    return ApiError(
        409, "Conflict", f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        _details(resource, name))


def forbidden(kind, name, why):
    resource = kinds.of(kind)
    subject = f'{resource.qualified} "{name}" is forbidden' if name else f"{resource.qualified} is forbidden"
    return ApiError(403, "Forbidden", f"{subject}: {why}", _details(resource, name))


def invalid(kind, name, causes):
    """422. `causes` is a list of (field, reason, message), reason as in FieldValueInvalid."""
    resource = kinds.of(kind)
    texts = [f"{field}: {message}" for field, _, message in causes]
    summary = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = {"name": name}
    if resource.group:
        details["group"] = resource.group
    details["kind"] = kind
    details["causes"] = [{"reason": reason, "message": message, "field": field} for field, reason, message in causes]
    qualified = f"{kind}.{resource.group}" if resource.group else kind
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {summary}', details)


def bad_request(message):
    return ApiError(400, "BadRequest", message)


def expired(message):
    """410: the asked-for version is no longer in the history."""
    return ApiError(410, "Expired", message)


def unauthorized():
    return ApiError(401, "Unauthorized", "Unauthorized")
