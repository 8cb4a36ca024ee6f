"""The control API is what docs/openapi.yaml says of it: the real daemon gives every answer that is listed there."""

import http.client
import re
import socket

import pytest

import local_app
import openapi
from conftest import ROOT
from kube_api import wait_for

SERVER = ROOT / "daemon" / "control" / "server.cpp"
METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH"}


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("ferryd", timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Checked:
    """The daemon's API; each call is held against the document, and remembered."""

    def __init__(self, path):
        self._path = path
        self._operations = openapi.operations()
        self.seen = set()  # (method, path of the document, status, content type)

    def call(self, method, path, body=None, *, status, until=None, off=False, **ids):
        """`until`: of an event stream, which event ends it; `off`: the body is one that the document forbids."""
        operation = self._operations[method, path]
        complaint = openapi.body_complaint(operation, body)
        assert off == bool(complaint) or status == 404 or body is None, (path, complaint)
        connection = Connection(self._path)
        try:
            text = None if body is None else openapi.json.dumps(body)
            headers = {"Accept": "text/event-stream"} if until else {}
            connection.request(method, path.format(**ids), text, headers)
            answer = connection.getresponse()
            content = self._read(answer, until) if until and answer.status == 200 else answer.read()
        finally:
            connection.close()
        kind = answer.headers["Content-Type"]
        assert answer.status == status, (method, path, answer.status, content)
        found = openapi.answer_complaint(operation, status, kind, content)
        assert found is None, f"{method} {path}: {found}\n{content.decode()}"
        self.seen.add((method, path, str(status), kind))
        return openapi.json.loads(content) if kind == "application/json" else content.decode()

    @staticmethod
    def _read(answer, until):
        """Until that event's blank line, or the end."""
        content = b""
        while line := answer.readline():
            content += line
            if line == b"\n" and until(list(openapi.events_of(content))[-1][1]):
                break
        return content


@pytest.fixture
def api_of(ferry, web):
    ferry.run("forward", f"svc/{web}", ":80", "--detach")  # starts the daemon
    return Checked(ferry.home / "run" / "ferry" / "ferryd.sock")


def served():
    """What the daemon's source routes: its server offers no list of that."""
    found = set()
    for method, path in re.findall(r'http_\.(Get|Post|Put|Delete|Patch)\(\s*"([^"]+)"', SERVER.read_text()):
        found.add((method.upper(), path.replace("([A-Za-z0-9._-]{1,64})", "{id}")))
    assert found
    return found


def test_the_document_lists_what_the_daemon_serves():
    assert served() == set(openapi.operations())


def test_operations_are_named_apart():
    names = [operation["operationId"] for operation in openapi.operations().values()]
    assert len(names) == len(set(names)) and all(operation["summary"] for operation in openapi.operations().values())


def test_what_is_not_listed_is_not_served(ferry, api_of):
    for path in openapi.document("openapi.yaml")["paths"]:
        for method in METHODS - {method for method, other in openapi.operations() if other == path}:
            connection = Connection(ferry.home / "run" / "ferry" / "ferryd.sock")
            connection.request(method, path.format(id="f1"), headers={"Content-Length": "0"})
            answer = connection.getresponse()
            words = answer.read().decode()
            connection.close()
            assert answer.status in (400, 404) and "there is no such path or method" in words, (method, path, words)


def test_every_answer_is_as_the_document_says(ferry, web, api_of, namespace, build):
    api, kube = api_of, {"kube": {"namespace": namespace, "kubeconfig": ferry.env["KUBECONFIG"]}}
    with_image = {**kube, "proxy": {"image": ferry.env["FERRY_IMAGE"]}}
    look_around(api)
    forwards(api, web, with_image)
    diagnoses(api, web, kube)
    with local_app.running(build) as local:
        swaps(api, web, with_image, local.http)
    restores(api, web, kube)
    api.call("POST", "/v1/quit", status=202)
    assert_all_seen(api)


def look_around(api):
    assert api.call("GET", "/v1/version", status=200)["api"] == "v1"
    status = api.call("GET", "/v1/status", status=200)
    assert status["links"] and status["pid"] > 0
    assert api.call("GET", "/v1/links", status=200)["links"][0]["id"] == status["links"][0]["id"]
    assert "ferry_build_info" in api.call("GET", "/metrics", status=200)
    api.call("GET", "/v1/events", status=200, until=lambda event: event["kind"] == "link")


def forwards(api, web, place):
    spec = {**place, "target": {"kind": "svc", "name": web}, "ports": [{"local": 0, "remote": "http"}]}
    api.call("POST", "/v1/links", {**spec, "ports": []}, status=400, off=True)
    api.call("POST", "/v1/links", {**spec, "colour": "red"}, status=400, off=True)
    api.call("POST", "/v1/links", spec, status=400)  # neither detached nor followed
    link = api.call("POST", "/v1/links", {**spec, "detach": True}, status=201)["id"]
    active = api.call("GET", "/v1/links/{id}/events", status=200, id=link,
                      until=lambda event: event["link"] and event["link"]["state"] == "active")
    assert f'"linkId":"{link}"' in active
    api.call("POST", "/v1/links/{id}/test", status=202, id=link)
    wait_for("it was tested", lambda: not api.call("GET", "/v1/links/{id}", status=200, id=link)["test"]["underWay"])
    assert api.call("GET", "/v1/links/{id}", status=200, id=link)["test"]["passed"]
    api.call("GET", "/v1/links/{id}/environment", status=404, id=link)
    api.call("DELETE", "/v1/links/{id}", status=200, id=link)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/events"), ("GET", "/environment")):
        api.call(method, "/v1/links/{id}" + path, status=404, id="nobody")
    api.call("POST", "/v1/links", spec, status=200, until=lambda event: event["kind"] == "link")


def diagnoses(api, web, place):
    assert api.call("POST", "/v1/diagnose", {**place, "target": {"kind": "svc", "name": web}}, status=200)["pods"] == 2
    api.call("POST", "/v1/diagnose", {**place, "target": {"kind": "host", "name": web}}, status=400, off=True)
    api.call("POST", "/v1/diagnose", {**place, "target": {"kind": "svc", "name": "nobody"}}, status=404)


def swaps(api, web, place, port):
    spec = {**place, "target": {"kind": "deploy", "name": web}, "expose": [{"local": port, "remote": "http"}]}
    nobody = {**spec, "target": {"kind": "deploy", "name": "nobody"}}
    api.call("POST", "/v1/swaps/plan", {**spec, "target": {"kind": "svc", "name": web}}, status=400, off=True)
    api.call("POST", "/v1/swaps/plan", nobody, status=404)
    assert api.call("POST", "/v1/swaps/plan", spec, status=200)["steps"]
    api.call("POST", "/v1/swaps", {**spec, "expose": [{"local": 0}]}, status=400, off=True)
    api.call("POST", "/v1/swaps", nobody, status=200, until=lambda event: event["kind"] == "ended")
    link = api.call("POST", "/v1/swaps", {**spec, "detach": True}, status=201)["id"]
    api.call("GET", "/v1/links/{id}/events", status=200, id=link,
             until=lambda event: event["link"] and event["link"]["state"] == "active")
    assert api.call("GET", "/v1/links/{id}", status=200, id=link)["swap"]["phase"] == "swapped"
    assert api.call("GET", "/v1/links/{id}/environment", status=200, id=link)["environment"]
    (swap,) = api.call("POST", "/v1/swaps/list", {"kube": place["kube"]}, status=200)["swaps"]
    assert swap["target"]["name"] == web
    api.call("POST", "/v1/swaps/list", {"kube": {"colour": "red"}}, status=400, off=True)
    api.call("DELETE", "/v1/links/{id}", status=202, id=link)
    wait_for("it is restored", lambda: not [one for one in api.call("GET", "/v1/links", status=200)["links"]
                                            if one["swap"]], timeout=120)


def restores(api, web, place):
    target = {**place, "target": {"kind": "deploy", "name": web}}
    assert api.call("POST", "/v1/restore", target, status=200)["message"]
    api.call("POST", "/v1/restore", target, status=200, until=lambda event: event["kind"] == "ended")
    api.call("POST", "/v1/restore", {**place, "target": {"kind": "svc", "name": web}}, status=400, off=True)
    api.call("POST", "/v1/restore", {**place, "target": {"kind": "deploy", "name": "nobody"}}, status=404)


def assert_all_seen(api):
    listed = {(method, path, status, kind)
              for (method, path), operation in openapi.operations().items()
              for status, response in operation["responses"].items() if status != "default"
              for kind in openapi.resolve(response)[0]["content"]}
    assert listed <= api.seen, f"listed, and never answered: {listed - api.seen}"
