"""The control API is what docs/openapi.yaml says of it: the real daemon gives every answer that is listed there by its
status, save those of UNPROVOKED:

- 503 of POST /v1/links and /v1/swaps: 1024 links are there, or the daemon is ending;
- 504: an API server that takes a request and keeps silent is waited for longer than a test should last.

There is no answer to another user of the machine, and so no status: that connection is closed, see ControlServerTest
(CutsOffAnotherUserWhoGotPastTheModes). 403, 500 and 502 are the cluster's answers: a right is missing, the credentials
are not accepted, nobody is there.
"""

import http.client
import re
import socket

import pytest
import yaml

import local_app
import openapi
from conftest import ROOT, new_ferry
from ferry import free_port
from kube_api import wait_for

SERVER = ROOT / "daemon" / "control" / "server.cpp"
IN_THE_CLUSTER = ("/v1/swaps/plan", "/v1/swaps/list", "/v1/restore", "/v1/diagnose")
UNPROVOKED = {("POST", "/v1/links", "503"), ("POST", "/v1/swaps", "503"),
              *(("POST", path, "504") for path in IN_THE_CLUSTER)}
REFUSED = {"403", "409", "413", "500", "501", "502", "503", "504"}
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
        assert str(status) in operation["responses"], f"{method} {path}: {status} is not listed"
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


def api_at(ferry):
    return Checked(ferry.home / "run" / "ferry" / "ferryd.sock")


@pytest.fixture
def api_of(ferry, web):
    ferry.run("forward", f"svc/{web}", ":80", "--detach")  # starts the daemon
    return api_at(ferry)


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
    assert_all_seen(api.seen, lambda status: status not in REFUSED)


def test_every_refusal_is_as_the_document_says(ferry, web, api_of, namespace, build, cluster, faults):
    api, kube = api_of, {"namespace": namespace, "kubeconfig": ferry.env["KUBECONFIG"]}
    image = {"image": ferry.env["FERRY_IMAGE"]}
    for method, path in openapi.operations():
        if "requestBody" in openapi.operations()[method, path]:
            api.call(method, path, {"colour": "r" * 5 * 1024 * 1024}, status=413, off=True)
    for status, config in clusters_that_refuse(cluster, faults, ferry.home, namespace):
        for path, body in in_the_cluster(web, {"namespace": namespace, "kubeconfig": config}, image).items():
            api.call("POST", path, body, status=status)
    with local_app.running(build) as local:
        spec = {"kube": kube, "target": {"kind": "deploy", "name": web}, "expose": [{"local": local.http, "remote": "http"}]}
        api.call("POST", "/v1/swaps/plan", spec, status=501)  # no image is named
        swaps_of_another(build, api, {**spec, "proxy": image}, cluster)
    assert_all_seen(api.seen, lambda status: status in REFUSED)


def clusters_that_refuse(cluster, faults, home, namespace):
    """(status, kubeconfig): nobody is there, the credentials are none, the user has no rights."""
    config = yaml.safe_load(open(cluster.kubeconfig, encoding="utf-8"))
    gone, stranger = home / "gone.yaml", home / "stranger.yaml"
    for one in config["clusters"]:
        one["cluster"]["server"] = f"https://127.0.0.1:{free_port()}"
    gone.write_text(yaml.safe_dump(config))
    config = yaml.safe_load(open(cluster.kubeconfig, encoding="utf-8"))
    for one in config["users"]:
        one["user"] = {"token": "of-nobody"}
    stranger.write_text(yaml.safe_dump(config))
    powerless = home / "powerless.yaml"
    powerless.write_text(faults.user("powerless", yaml.safe_dump({"rules": []}), namespace))
    return (502, str(gone)), (500, str(stranger)), (403, str(powerless))


def in_the_cluster(web, kube, image):
    """What is asked of a cluster while its answer is waited for."""
    target = {"kube": kube, "target": {"kind": "deploy", "name": web}}
    bodies = ({**target, "expose": [], "proxy": image}, {"kube": kube}, target, target)
    return dict(zip(IN_THE_CLUSTER, bodies))


def swaps_of_another(build, api, spec, cluster):
    link = api.call("POST", "/v1/swaps", {**spec, "detach": True}, status=201)["id"]
    assert api.call("GET", "/v1/links/{id}/environment", status=503, id=link)["error"]["id"]
    api.call("GET", "/v1/links/{id}/events", status=200, id=link,
             until=lambda event: event["link"] and event["link"]["state"] == "active")
    api.call("POST", "/v1/swaps/plan", spec, status=409)
    with new_ferry(build, cluster.kubeconfig, spec["kube"]["namespace"], cluster.image) as other:
        other.run("list", "--swaps")  # starts its daemon
        another = api_at(other)
        another.call("POST", "/v1/restore", {key: spec[key] for key in ("kube", "target")}, status=409)
        api.seen |= another.seen
    api.call("DELETE", "/v1/links/{id}", status=202, id=link)
    wait_for("it is restored", lambda: not [one for one in api.call("GET", "/v1/links", status=200)["links"]
                                            if one["swap"]], timeout=120)


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
    api.call("POST", "/v1/swaps/list", {"kube": {**place["kube"], "context": "nobody"}}, status=404)
    api.call("DELETE", "/v1/links/{id}", status=202, id=link)
    wait_for("it is restored", lambda: not [one for one in api.call("GET", "/v1/links", status=200)["links"]
                                            if one["swap"]], timeout=120)


def restores(api, web, place):
    target = {**place, "target": {"kind": "deploy", "name": web}}
    assert api.call("POST", "/v1/restore", target, status=200)["message"]
    api.call("POST", "/v1/restore", target, status=200, until=lambda event: event["kind"] == "ended")
    api.call("POST", "/v1/restore", {**place, "target": {"kind": "svc", "name": web}}, status=400, off=True)
    api.call("POST", "/v1/restore", {**place, "target": {"kind": "deploy", "name": "nobody"}}, status=404)


def assert_all_seen(seen, of):
    listed = {(method, path, status, kind)
              for (method, path), operation in openapi.operations().items()
              for status, response in operation["responses"].items()
              if status != "default" and of(status) and (method, path, status) not in UNPROVOKED
              for kind in openapi.resolve(response)[0]["content"]}
    assert listed <= seen, f"listed, and never answered: {listed - seen}"


def test_the_page_for_people_tells_each_status():
    page = (ROOT / "docs" / "control-api.md").read_text()
    told = set(re.findall(r"^\| ([45]\d\d) \|", page.split("\n## Errors\n")[1], re.MULTILINE))
    listed = {status for what in openapi.operations().values() for status in what["responses"] if status[0] in "45"}
    assert told == listed


def test_what_is_not_provoked_is_listed():
    listed = {(*operation, status) for operation, what in openapi.operations().items() for status in what["responses"]}
    assert UNPROVOKED <= listed
