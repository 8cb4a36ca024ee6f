"""A small client of the Kubernetes API for the tests: JSON over HTTPS with what a kubeconfig holds.

Understands client certificates and bearer tokens, in files or inline. For a cluster behind an exec plugin, point KUBECONFIG
at one that holds a token.
"""

import base64
import http.client
import json
import os
import ssl
import sys
import tempfile
import time
import urllib.parse

import yaml

# Where the kinds that the tests use live: kind -> (path prefix, plural).
KINDS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "Secret": ("/api/v1", "secrets"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Event": ("/api/v1", "events"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Job": ("/apis/batch/v1", "jobs"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
}


class ApiError(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:300]}")
        self.status = status


class KubeApi:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        self._url = urllib.parse.urlsplit(cluster["server"])
        self._token = user.get("token")
        self._tls = ssl.create_default_context()
        if cluster.get("insecure-skip-tls-verify"):
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE
        else:
            self._tls.load_verify_locations(cadata=_pem(cluster, "certificate-authority").decode())
        if "client-certificate" in user or "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pair:
                pair.write(_pem(user, "client-certificate") + b"\n" + _pem(user, "client-key"))
                pair.flush()
                self._tls.load_cert_chain(pair.name)

    def request(self, method, path, body=None, content_type="application/json"):
        """The answer's JSON; ApiError for any refusal."""
        text = self.text(path, method, body, content_type)
        return json.loads(text) if text else {}

    def text(self, path, method="GET", body=None, content_type="application/json"):
        """The answer as it comes; ApiError for any refusal. Who reads or applies asks once more where a connection is cut."""
        try:
            return self._ask(path, method, body, content_type)
        except ConnectionResetError:  # and http.client.RemoteDisconnected
            if method != "GET" and content_type != "application/apply-patch+yaml":
                raise
            return self._ask(path, method, body, content_type)

    def _ask(self, path, method, body, content_type):
        connection = http.client.HTTPSConnection(
            self._url.hostname, self._url.port or 443, context=self._tls, timeout=30
        )
        headers = {"Content-Type": content_type, "Accept": "application/json, */*"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, self._url.path.rstrip("/") + path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, text)
        return text

    def path(self, kind, namespace, name=None):
        prefix, plural = KINDS[kind]
        where = "" if kind == "Namespace" else f"/namespaces/{namespace}"
        return f"{prefix}{where}/{plural}" + (f"/{name}" if name else "")

    def apply(self, namespace, *objects):
        for thing in objects:
            path = self.path(thing["kind"], namespace, thing["metadata"]["name"])
            self.request(
                "PATCH", path + "?fieldManager=ferry-e2e&force=true", thing, "application/apply-patch+yaml"
            )

    def get(self, kind, namespace, name):
        return self.request("GET", self.path(kind, namespace, name))

    def list(self, kind, namespace, selector=""):
        query = f"?labelSelector={urllib.parse.quote(selector)}" if selector else ""
        return self.request("GET", self.path(kind, namespace) + query)["items"]

    def patch(self, kind, namespace, name, patch, subresource=""):
        path = self.path(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        return self.request("PATCH", path, patch, "application/merge-patch+json")

    def delete(self, kind, namespace, name, grace=None):
        query = "" if grace is None else f"?gracePeriodSeconds={grace}"
        try:
            self.request("DELETE", self.path(kind, namespace, name) + query)
        except ApiError as error:
            if error.status != 404:
                raise

    def scale(self, kind, namespace, name, replicas):
        self.patch(kind, namespace, name, {"spec": {"replicas": replicas}}, "scale")

    def ready_pods(self, namespace, selector):
        return [
            pod
            for pod in self.list("Pod", namespace, selector)
            if "deletionTimestamp" not in pod["metadata"]
            and any(
                c["type"] == "Ready" and c["status"] == "True"
                for c in pod.get("status", {}).get("conditions", [])
            )
        ]


def wait_for(what, condition, timeout=60, pause=0.05):
    """Waits until condition() is true, and returns what it returned. `what` goes into the failure."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s still not so: {what}")
        time.sleep(pause)


def _named(items, name):
    return next(item for item in items if item["name"] == name)


def _pem(section, key):
    if key + "-data" in section:
        return base64.b64decode(section[key + "-data"])
    with open(os.path.expanduser(section[key]), "rb") as file:
        return file.read()


def main(words):
    """kube_api.py apply NAMESPACE FILE | wait-ready NAMESPACE SELECTOR COUNT | delete-pods NAMESPACE SELECTOR"""
    api = KubeApi(os.environ["KUBECONFIG"])
    verb, namespace, what = words[:3]
    if verb == "apply":
        with open(what, encoding="utf-8") as file:
            for thing in yaml.safe_load_all(file):
                api.apply(namespace, thing)
                print(f"{thing['kind'].lower()}/{thing['metadata']['name']} applied")
    elif verb == "wait-ready":
        pods = wait_for(
            f"{words[3]} pods are ready",
            lambda: (pods := api.ready_pods(namespace, what)) and len(pods) == int(words[3]) and pods,
        )
        print(*(f"pod/{pod['metadata']['name']} ready" for pod in pods), sep="\n")
    elif verb == "delete-pods":
        for pod in api.list("Pod", namespace, what):
            api.delete("Pod", namespace, pod["metadata"]["name"])
            print(f"pod/{pod['metadata']['name']} deleted")
    else:
        sys.exit(main.__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
