#!/usr/bin/python3
"""The API server's answers, held against those recorded from a real cluster (tests/fixtures/kubernetes-1.33).

The recorded requests are sent again, word by word, to a cluster in the same state; code, content type and body must
be the recorded ones but for what differs from run to run (identifiers, versions, times, addresses, generated names).
"""

import http.client
import json
import os
import re
import ssl
import unittest
from urllib.parse import urlsplit

import yaml

from server_test_support import HERE, Cluster, until

FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures", "kubernetes-1.33")
NAMESPACE = "fixtures"
IMAGE = "localhost/busybox:1"
# The recorded pods run busybox' httpd, which not every machine has.
_HTTPD = ("httpd -f -p 8080 -h /www", "/usr/bin/python3 -m http.server 8080 --directory /www")

cluster = None
client = None
narrow = None


def fixture(name):
    with open(os.path.join(FIXTURES, f"{name}.json")) as file:
        return json.load(file)


class Client:
    """Requests as recorded ones are, by the credentials of a kubeconfig (a token, or none)."""

    def __init__(self, config, token=None):
        entry = config["clusters"][0]["cluster"]
        self._address = urlsplit(entry["server"]).netloc
        self._token = token
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def send(self, method, path, body=None, headers=None):
        """(code, headers, decoded body)"""
        headers = {"Accept": "application/json", **(headers or {})}
        if self._token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPSConnection(self._address, context=self._context, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.status, response.headers, json.loads(raw) if is_json else raw.decode()

    def replay(self, recorded, change=lambda body: body):
        request = recorded["request"]
        return self.send(request["method"], request["path"], change(request.get("body")), request["headers"])


# What differs from run to run

_PATTERNS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b10\.244\.\d+\.\d+\b"), "POD-ADDRESS"),
    (re.compile(r"\b10\.96\.\d+\.\d+\b"), "SERVICE-ADDRESS"),
    (re.compile(r"\b(web|lonely)-[a-z0-9]{6,10}-[a-z0-9]{5}\b"), r"\1-HASH-POD"),
    (re.compile(r"\b(web|lonely)-[a-z0-9]{5,10}\b"), r"\1-HASH"),
    (re.compile(r"kube-api-access-\w{5}"), "kube-api-access-RANDOM"),
    (re.compile(r"(sha256:|containerd://)[0-9a-f]{64}"), r"\1HEX"),
    (re.compile(re.escape(_HTTPD[1])), _HTTPD[0]),
]
_VERSION_KEYS = {"resourceVersion", "continue"}


def normal(value, key=""):
    if isinstance(value, dict):
        return {normal(name): normal(item, name) for name, item in value.items()
                if not (name in ("X", "lastTransitionTime") and item is None)}
    if isinstance(value, list):
        if key == "sources":  # a distribution's own addition
            value = [item for item in value if "openshift" not in json.dumps(item)]
        made = [normal(item, key) for item in value]
        return sorted(made, key=json.dumps) if key in ("conditions", "endpoints", "managedFields") else made
    if isinstance(value, str):
        if key in _VERSION_KEYS:
            return "VERSION"
        if key == "pod-template-hash":
            return "HASH"
        for pattern, text in _PATTERNS:
            value = pattern.sub(text, value)
    return value


def without_managed_fields(value):
    if isinstance(value, dict):
        return {name: without_managed_fields(item) for name, item in value.items() if name != "managedFields"}
    if isinstance(value, list):
        return [without_managed_fields(item) for item in value]
    return value


def by_name(recorded, ours, what):
    """The rows of `what` that the cluster claims to have; it needn't have all that the recorded one had."""
    names = {row[what] for row in ours}
    return [row for row in recorded if row[what] in names]


class ContractTest(unittest.TestCase):
    maxDiff = None

    def compare(self, name, answer, body=normal, headers=("Content-Type",)):
        recorded = fixture(name)["response"]
        code, got_headers, got = answer
        self.assertEqual(code, recorded["status"], got)
        for header in headers:
            self.assertEqual(got_headers.get(header), recorded["headers"].get(header), header)
        self.assertEqual(body(got), body(recorded["body"]))

    def check(self, name, who=None, change=lambda body: body, body=normal, **options):
        self.compare(name, (who or client).replay(fixture(name), change), body, **options)


class RefusalsTest(ContractTest):
    """Status bodies and codes, to the letter."""

    def test_anonymous_is_forbidden(self):
        self.check("error-anonymous", Client(cluster_config()), headers=("Content-Type", "X-Content-Type-Options"))

    def test_a_wrong_token_is_unauthorized(self):
        self.check("error-unauthorized")

    def test_not_found(self):
        self.check("error-not-found")

    def test_unknown_kind(self):
        self.check("error-unknown-kind")

    def test_invalid_names_every_cause(self):
        self.check("error-invalid")

    def test_a_version_too_old_ends_the_watch_with_410_inside_a_200(self):
        def body(event):
            event["object"]["message"] = re.sub(r"\(\d+\)", "(N)", event["object"]["message"])
            return event
        self.check("error-gone", body=body)

    def test_a_stale_version_is_a_conflict(self):
        self.check("patch-conflict")

    def test_a_failing_test_of_a_json_patch(self):
        self.check("json-patch-test-fails")

    def test_a_narrow_role_is_kept_to(self):
        self.check("rbac-forbidden", narrow, headers=("Content-Type", "X-Content-Type-Options"))

    def test_log_of_a_waiting_container(self):
        def stands():
            _, _, pod = client.send("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/image-never")
            states = pod["status"].get("containerStatuses") or [{}]
            return states[0].get("state", {}).get("waiting", {}).get("reason") == "ErrImageNeverPull"
        self.addCleanup(client.send, "DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/image-never?gracePeriodSeconds=0")
        client.send("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", {
            "metadata": {"name": "image-never"}, "spec": {"containers": [
                {"name": "main", "image": "localhost/never:1", "imagePullPolicy": "Never"}]}})
        until(stands)
        self.check("log-waiting")


class DiscoveryTest(ContractTest):
    def test_version(self):
        def shape(body):
            return {**{key: None for key in body}, "major": body["major"], "minor": body["minor"]}
        self.check("version", body=shape)

    def test_api_versions(self):
        def body(answer):
            answer["serverAddressByClientCIDRs"][0]["serverAddress"] = "ADDRESS"
            return answer
        self.check("api-versions", body=body)

    def test_core_resources(self):
        self._resources("api-v1-resources")

    def test_apps_resources(self):
        self._resources("apps-v1-resources")

    def _resources(self, name):
        """Each resource that we have is described as recorded; those we don't have aren't claimed."""
        recorded = fixture(name)["response"]["body"]
        _, _, ours = client.replay(fixture(name))
        for row in recorded["resources"]:
            row.pop("storageVersionHash", None)
        self.assertEqual({**ours, "resources": None}, {**recorded, "resources": None})
        self.assertEqual(ours["resources"], by_name(recorded["resources"], ours["resources"], "name"))

    def test_aggregated_discovery(self):
        recorded = fixture("apis-aggregated")
        _, headers, ours = client.replay(recorded)
        self.assertEqual(headers["Content-Type"], recorded["response"]["headers"]["Content-Type"])
        groups = {item["metadata"]["name"]: item for item in recorded["response"]["body"]["items"]}
        for item in ours["items"]:
            theirs = groups[item["metadata"]["name"]]
            versions = {version["version"]: version for version in theirs["versions"]}
            for version in item["versions"]:
                expected = versions[version["version"]]
                rows = sorted(version["resources"], key=lambda row: row["resource"])
                self.assertEqual(rows, sorted(by_name(expected["resources"], rows, "resource"),
                                              key=lambda row: row["resource"]))


class ObjectsTest(ContractTest):
    """A Deployment with two replicas and its Services, as they were recorded when ready."""

    def test_deployment(self):
        self.check("deployment-ready", body=lambda body: normal(_unprefixed(body)))

    def test_service(self):
        self.check("service", body=lambda body: normal(_unprefixed(body)))

    def test_replica_sets(self):
        self.check("replicasets-list", body=lambda body: normal(without_managed_fields(body)))

    def test_pods(self):
        self.check("pods-list", body=lambda body: normal(without_managed_fields(_sorted(body))))

    def test_endpoint_slices(self):
        self.check("endpointslices-ready", body=lambda body: normal(without_managed_fields(_slices(body))))

    def test_no_endpoint_slice_but_an_empty_one_for_a_service_without_pods(self):
        self.check("endpointslices-none", body=lambda body: normal(without_managed_fields(_slices(body))))

    def test_endpoints(self):
        self.check("endpoints-ready", body=lambda body: normal(without_managed_fields(body)),
                   headers=("Content-Type", "Warning"))

    def test_a_list_in_pieces(self):
        def shape(body):
            return {**body, "metadata": {**normal(body["metadata"])}, "items": len(body["items"])}
        self.check("list-limit", body=shape)

    def test_scale(self):
        self.check("scale-get")

    def test_narrow_role_may_list_pods(self):
        def count(body):
            return {**normal(body["metadata"]), "items": len(body["items"])}
        self.check("rbac-allowed", narrow, body=count)


class WritesTest(ContractTest):
    def test_server_side_apply_and_its_conflict(self):
        self.check("server-side-apply")
        self.check("server-side-apply-conflict")
        self.check("error-already-exists")

    def test_dry_run(self):
        self.check("dry-run-create")
        code, _, _ = client.send("GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/dry")
        self.assertEqual(code, 404)

    def test_job_and_the_secret_that_it_owns(self):
        self.check("job-create", body=lambda body: normal(without_managed_fields(body)))
        _, _, job = client.send("GET", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/brief")

        def owned(body):
            body["metadata"]["ownerReferences"][0]["uid"] = job["metadata"]["uid"]
            return body
        self.check("secret-owned", change=owned)

    def test_patch_with_a_precondition(self):
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/patched"
        made = deployment_body()
        made["metadata"]["name"] = "patched"
        made["spec"]["replicas"] = 2
        client.send("POST", os.path.dirname(path), made)
        _, _, stored = client.send("GET", path)
        recorded = fixture("patch-annotate-and-scale")
        patch = recorded["request"]["body"]
        patch["metadata"]["resourceVersion"] = "1"
        kind = {"Content-Type": "application/merge-patch+json"}
        code, _, refused = client.send("PATCH", path, json.dumps(patch), kind)
        self.assertEqual((code, refused["reason"]), (409, "Conflict"))
        generation = stored["metadata"]["generation"]

        def patch_latest():
            # The controller writes the status meanwhile: as every client must, take the latest version and repeat.
            _, _, latest = client.send("GET", path)
            patch["metadata"]["resourceVersion"] = latest["metadata"]["resourceVersion"]
            code, _, body = client.send("PATCH", path, json.dumps(patch), kind)
            return body if code == 200 else None
        patched = until(patch_latest)
        theirs = recorded["response"]["body"]
        self.assertEqual(patched["spec"]["replicas"], theirs["spec"]["replicas"])
        self.assertEqual(patched["metadata"]["annotations"]["example.test/record"],
                         theirs["metadata"]["annotations"]["example.test/record"])
        self.assertEqual(patched["metadata"]["generation"], generation + 1)
        self.assertEqual(set(patched), set(theirs))


class ReviewsTest(ContractTest):
    def test_access_reviews(self):
        for name in ("access-review-get-portforward", "access-review-list-pods"):
            with self.subTest(name):
                self.check(name, narrow)

    def test_who_am_i(self):
        self.check("self-subject-review", narrow)

    def test_a_narrow_role_may_scale(self):
        recorded = fixture("rbac-scale-allowed")
        code, _, body = narrow.replay(recorded)
        self.assertEqual(code, 200)
        self.assertEqual(normal(body), normal(recorded["response"]["body"]))


# The state of the recorded cluster


def _unprefixed(body):
    """Without the annotation that kubectl left: our objects were made without kubectl."""
    annotations = body["metadata"].get("annotations", {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if not annotations:
        body["metadata"].pop("annotations", None)
    # The client's share of managedFields; how often the controllers wrote, and what at once, is their own affair.
    fields = [entry for entry in body["metadata"]["managedFields"]
              if entry["manager"] in ("contract", "kubectl-client-side-apply")]
    for entry in fields:
        entry["manager"] = "contract"
        entry["fieldsV1"].get("f:metadata", {}).pop("f:annotations", None)
        if not entry["fieldsV1"].get("f:metadata", True):
            del entry["fieldsV1"]["f:metadata"]
    body["metadata"]["managedFields"] = fields
    return body


def _sorted(body):
    body["items"].sort(key=lambda item: item["metadata"]["name"])
    return body


def _slices(body):
    """How often a slice changed until all was ready is a matter of timing."""
    for item in body["items"]:
        item["metadata"]["generation"] = "N"
        item["metadata"].get("annotations", {}).pop("endpoints.kubernetes.io/last-change-trigger-time", None)
    return body


def deployment_body():
    annotations = fixture("deployment-ready")["response"]["body"]["metadata"]["annotations"]
    text = annotations["kubectl.kubernetes.io/last-applied-configuration"].replace(*_HTTPD)
    return json.loads(text)


def cluster_config():
    with open(cluster.kubeconfig) as file:
        return yaml.safe_load(file)


def _admin():
    config = yaml.safe_load(cluster.ctl("user", "contract-admin", "--group", "system:masters"))
    return Client(config, config["users"][0]["user"]["token"])


def _narrow():
    """The recorded service account: pods get, list; deployments/scale of 'web' get, patch."""
    where = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
    client.send("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "narrow"}})
    client.send("POST", f"{where}/roles", {"metadata": {"name": "narrow"}, "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "resourceNames": ["web"],
         "verbs": ["get", "patch"]}]})
    client.send("POST", f"{where}/rolebindings", {
        "metadata": {"name": "narrow"}, "roleRef": {"kind": "Role", "name": "narrow"},
        "subjects": [{"kind": "ServiceAccount", "name": "narrow", "namespace": NAMESPACE}]})
    _, _, issued = client.send("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/narrow/token", {"spec": {}})
    return Client(cluster_config(), issued["status"]["token"])


def setUpModule():
    global cluster, client, narrow
    cluster = Cluster("--image", f"{IMAGE}=/bin/sh")
    client = _admin()
    client.send("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    narrow = _narrow()
    manager = "?fieldManager=contract"
    client.send("POST", f"/api/v1/namespaces/{NAMESPACE}/services{manager}", json.loads(
        fixture("service")["response"]["body"]["metadata"]["annotations"][
            "kubectl.kubernetes.io/last-applied-configuration"]))
    client.send("POST", f"/api/v1/namespaces/{NAMESPACE}/services", {
        "metadata": {"name": "lonely"}, "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}})
    client.send("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments{manager}", deployment_body())

    def ready():
        _, _, found = client.send("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web")
        _, _, ends = client.send("GET", f"/api/v1/namespaces/{NAMESPACE}/endpoints/web")
        conditions = {each["type"]: each.get("reason") for each in found["status"].get("conditions", [])}
        return (found["status"].get("availableReplicas") == 2 and ends.get("subsets")
                and len(ends["subsets"][0].get("addresses", [])) == 2
                and conditions.get("Progressing") == "NewReplicaSetAvailable")
    until(ready)


def tearDownModule():
    cluster.stop()


if __name__ == "__main__":
    unittest.main()
