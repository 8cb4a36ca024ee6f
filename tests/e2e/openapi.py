"""docs/openapi.yaml, and whether an answer is as it says: the part of JSON Schema that it uses, no more."""

import functools
import json
import pathlib
import re

import yaml

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
# What says something about a value without restricting it.
ASIDES = {"description", "title", "$schema", "$id", "$defs"}


@functools.cache
def document(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def resolve(schema, name="openapi.yaml"):
    """(what it refers to in the end, the document that stands in)."""
    while "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        name = file or name
        aside = set(schema) - {"$ref", *ASIDES}
        assert not aside, f"{aside} beside a $ref"
        schema = document(name)
        for part in filter(None, pointer.split("/")):
            schema = schema[part]
    return schema, name


def complaint(value, schema, name="openapi.yaml", at=""):
    """The first thing that is off, or None. A keyword that is unknown here is a complaint too."""
    schema, name = resolve(schema, name)
    for keyword, wanted in schema.items():
        if keyword in ASIDES:
            continue
        check = CHECKS.get(keyword)
        if check is None:
            return f"{at}: nothing here looks at the keyword {keyword}"
        problem = check(value, wanted, schema, name, at)
        if problem:
            return problem if problem.startswith("@") else f"@{at or '.'}: {problem}"
    return None


def is_of(value, kind):
    if kind in ("integer", "number"):
        return isinstance(value, (int, float) if kind == "number" else int) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])


def _type(value, wanted, *_):
    kinds = wanted if isinstance(wanted, list) else [wanted]
    return None if any(is_of(value, kind) for kind in kinds) else f"{value!r} is no {wanted}"


def _properties(value, wanted, _, name, at):
    found = (complaint(value[key], schema, name, f"{at}.{key}") for key, schema in wanted.items()
             if isinstance(value, dict) and key in value)
    return next(filter(None, found), None)


def _required(value, wanted, *_):
    missing = set(wanted) - set(value) if isinstance(value, dict) else set()
    return f"it lacks {missing}" if missing else None


def _additional(value, wanted, schema, name, at):
    if not isinstance(value, dict):
        return None
    others = set(value) - set(schema.get("properties", {}))
    if wanted is False:
        return f"{others} is too many" if others else None
    return next(filter(None, (complaint(value[key], wanted, name, f"{at}.{key}") for key in others)), None)


def _items(value, wanted, _, name, at):
    found = (complaint(item, wanted, name, f"{at}[{i}]") for i, item in enumerate(value)
             if isinstance(value, list))
    return next(filter(None, found), None)


def _any_of(value, wanted, _, name, at):
    all_of_them = [complaint(value, schema, name, at) for schema in wanted]
    return None if None in all_of_them else f"fits none: {all_of_them}"


def _bound(kind, measure, fits):
    def check(value, wanted, *_):
        fine = not isinstance(value, kind) or fits(measure(value), wanted)
        return None if fine else f"{value!r} breaks the bound {wanted}"

    return check


def _at_least(a, b):
    return a >= b


def _at_most(a, b):
    return a <= b


CHECKS = {
    "type": _type,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "enum": lambda value, wanted, *_: None if value in wanted else f"{value!r} is none of {wanted}",
    "const": lambda value, wanted, *_: None if value == wanted else f"{value!r} is not {wanted!r}",
    "pattern": lambda value, wanted, *_: (
        f"{value!r} is not like {wanted}" if isinstance(value, str) and not re.search(wanted, value) else None),
    "minimum": _bound((int, float), lambda number: number, _at_least),
    "maximum": _bound((int, float), lambda number: number, _at_most),
    "minLength": _bound(str, len, _at_least),
    "maxLength": _bound(str, len, _at_most),
    "minItems": _bound(list, len, _at_least),
    "maxItems": _bound(list, len, _at_most),
    "maxProperties": _bound(dict, len, _at_most),
}


def operations():
    """{(METHOD, path): operation}"""
    return {(method.upper(), path): operation
            for path, item in document("openapi.yaml")["paths"].items()
            for method, operation in item.items() if method != "parameters"}


def body_complaint(operation, body):
    """Of what would be sent."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None if body is None else "it takes no body"
    return complaint(body, schema)


def answer_complaint(operation, status, content_type, body):
    """Of what came: `body` as bytes."""
    responses = operation["responses"]
    response = responses.get(str(status), responses.get("default") if status >= 400 else None)
    if response is None:
        return f"the status {status} is not listed"
    content = resolve(response)[0]["content"]
    if content_type not in content:
        return f"the content type {content_type} is not listed"
    if content_type == "text/event-stream":
        return next(filter(None, map(_event_complaint, events_of(body))), None)
    value = json.loads(body) if content_type == "application/json" else body.decode()
    return complaint(value, content[content_type]["schema"])


def events_of(body):
    """(event line, data as JSON) of each whole event."""
    for block in body.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        assert set(fields) == {"event", "data"}, block
        yield fields["event"], json.loads(fields["data"])


def _event_complaint(event):
    kind, data = event
    if kind != data.get("kind"):
        return f"the event line says {kind}, the data {data.get('kind')}"
    return complaint(data, {"$ref": "#/components/schemas/Event"})
