"""fieldValidation: what to do about fields that a kind doesn't have (Strict, Warn, Ignore)."""

from . import errors, fieldnames


def check(call, obj):
    """Raises 400 (a value of the wrong type; unknown fields if Strict) or adds warnings (unknown fields if Warn).

    Unknown fields are taken out of the object in any case.
    """
    mode = call.query.get("fieldValidation") or "Warn"
    if mode not in ("Strict", "Warn", "Ignore"):
        raise errors.invalid("CreateOptions", "", [
            ("fieldValidation", "FieldValueNotSupported",
             f'Unsupported value: "{mode}": supported values: "", "Ignore", "Strict", "Warn"')])
    try:
        unknown = fieldnames.prune(call.kind, obj)
    except fieldnames.WrongType as error:
        raise errors.bad_request(f'{call.kind} in version "{call.resource.version}" cannot be handled as a '
                                 f"{call.kind}: {error}") from None
    if not unknown or mode == "Ignore":
        return
    if mode == "Strict":
        raise errors.bad_request(
            f'{call.kind} in version "{call.resource.version}" cannot be handled as a {call.kind}: strict decoding '
            "error: " + ", ".join(f'unknown field "{path}"' for path in unknown))
    call.warnings += [f'unknown field "{path}"' for path in unknown]
