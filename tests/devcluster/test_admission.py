#!/usr/bin/python3
"""What the API refuses beyond rights: rights that the writer doesn't hold, full quotas, webhooks. And tokens."""

import base64
import json
import unittest

import yaml

from server_test_support import Cluster, until
from test_up import Client, admin, user

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
SECRETS = "/api/v1/namespaces/default/secrets"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"

_GRANTOR = """
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [create, update, patch, get]}
- {apiGroups: [apps], resources: [deployments], verbs: [get, patch]}
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
"""


def role(name, *rules):
    return {"metadata": {"name": name}, "rules": list(rules)}


def rule(group, resource, *verbs, names=None):
    made = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return {**made, "resourceNames": names} if names else made


def pod(name, **container):
    main = {"name": "main", "image": "busybox", "command": ["sleep", "100"], **container}
    return {"metadata": {"name": name}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [main]}}


class AdmissionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.stop)
        cls.admin = admin(cls.cluster)
        cls.grantor = cls.user("grantor", _GRANTOR)

    @classmethod
    def user(cls, name, rules):
        with open(cls.cluster.kubeconfig + name, "w") as file:
            file.write(rules)
        return user(cls.cluster, name, "--namespace", "default", "--role", file.name)

    def test_a_role_may_grant_what_its_writer_holds(self):
        for name, made in (("same", rule("apps", "deployments", "get", "patch")),
                           ("narrower", rule("apps", "deployments", "patch", names=["web"]))):
            self.assertEqual(self.grantor.send(ROLES, "POST", role(name, made))[0], 201, name)

    def test_a_role_may_not_grant_more(self):
        code, status = self.grantor.send(ROLES, "POST", role(
            "more", rule("apps", "deployments", "get", "delete", "patch"), rule("", "secrets", "get", names=["x"])))
        self.assertEqual((code, status["reason"]), (403, "Forbidden"))
        self.assertEqual(status["message"], (
            'roles.rbac.authorization.k8s.io "more" is forbidden: user "grantor" (groups=["system:authenticated"]) is '
            'attempting to grant RBAC permissions not currently held:\n'
            '{APIGroups:[""], Resources:["secrets"], ResourceNames:["x"], Verbs:["get"]}\n'
            '{APIGroups:["apps"], Resources:["deployments"], Verbs:["delete"]}'))
        self.assertEqual(self.admin.send(f"{ROLES}/more")[0], 404)

    def test_neither_by_a_patch_nor_by_an_update(self):
        self.grantor.send(ROLES, "POST", role("grows", rule("", "pods", "get")))
        wider = role("grows", rule("", "pods", "*"))
        self.assertEqual(self.grantor.send(f"{ROLES}/grows", "PUT", wider)[0], 403)
        connection = self.grantor.connect()
        self.grantor.start(connection, f"{ROLES}/grows", "PATCH", {"rules": wider["rules"]},
                           "application/merge-patch+json")
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()

    def test_a_binding_needs_what_its_role_holds(self):
        def bound(name):
            return {"metadata": {"name": f"to-{name}"}, "subjects": [{"kind": "User", "name": "friend"}],
                    "roleRef": {"kind": "Role", "name": name}}
        self.admin.send(ROLES, "POST", role("powerful", rule("", "secrets", "get")))
        self.admin.send(ROLES, "POST", role("modest", rule("", "pods", "list")))
        self.assertEqual(self.grantor.send(BINDINGS, "POST", bound("powerful"))[0], 403)
        self.assertEqual(self.grantor.send(BINDINGS, "POST", bound("modest"))[0], 201)
        self.assertEqual(self.grantor.send(BINDINGS, "POST", bound("missing"))[0], 404)

    def test_whoever_may_escalate_or_bind_is_not_asked(self):
        free = self.user("free", """
rules:
- {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [create, escalate, bind]}
""")
        self.assertEqual(free.send(ROLES, "POST", role("all", rule("*", "*", "*")))[0], 201)
        self.assertEqual(free.send(BINDINGS, "POST", {
            "metadata": {"name": "all"}, "roleRef": {"kind": "Role", "name": "all"},
            "subjects": [{"kind": "User", "name": "friend"}]})[0], 201)

    def test_a_webhook_denies_what_it_is_told_to(self):
        self.cluster.ctl("deny", "/deployments", "not on a Friday")
        try:
            code, status = self.admin.send(DEPLOYMENTS, "POST", {
                "metadata": {"name": "late"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
                    "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}}})
            self.assertEqual(code, 403)
            self.assertRegex(status["message"], r'^admission webhook ".*" denied the request: not on a Friday$')
            self.assertEqual(self.admin.send(f"{DEPLOYMENTS}/late", "DELETE")[0], 403)
            self.assertEqual(self.admin.send(DEPLOYMENTS)[0], 200)
        finally:
            self.cluster.ctl("clear")
        self.assertEqual(self.admin.send(f"{DEPLOYMENTS}/late", "DELETE")[0], 404)

    def test_a_quota_has_room_for_so_many(self):
        where = "/api/v1/namespaces/small"
        self.admin.send("/api/v1/namespaces", "POST", {"metadata": {"name": "small"}})
        quotas = f"{where}/resourcequotas"
        self.admin.send(quotas, "POST", {"metadata": {"name": "few"}, "spec": {"hard": {
            "pods": "1", "count/secrets": "0", "requests.cpu": "100m"}}})
        code, status = self.admin.send(f"{where}/pods", "POST", pod("silent"))
        self.assertEqual((code, status["message"]), (
            403, 'pods "silent" is forbidden: failed quota: few: must specify requests.cpu for: main'))
        asks = {"resources": {"requests": {"cpu": "60m"}}}
        self.assertEqual(self.admin.send(f"{where}/pods", "POST", pod("first", **asks))[0], 201)
        until(lambda: self.admin.send(f"{quotas}/few")[1]["status"]["used"] == {
            "pods": "1", "count/secrets": "0", "requests.cpu": "60m"})
        code, status = self.admin.send(f"{where}/pods", "POST", pod("second", **asks))
        self.assertEqual((code, status["message"]), (
            403, 'pods "second" is forbidden: exceeded quota: few, requested: pods=1,requests.cpu=60m, used: '
            "pods=1,requests.cpu=60m, limited: pods=1,requests.cpu=100m"))
        self.assertEqual(self.admin.send(f"{where}/secrets", "POST", {"metadata": {"name": "x"}})[0], 403)
        self.admin.send(f"{where}/pods/first", "DELETE")
        until(lambda: self.admin.send(f"{where}/pods", "POST", pod("second", **asks))[0] == 201)


class AccountSecretTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.stop)
        cls.admin = admin(cls.cluster)

    def make(self, name):
        """An account and a Secret for its token; the Secret, filled in."""
        self.admin.send(ACCOUNTS, "POST", {"metadata": {"name": name}})
        self.admin.send(SECRETS, "POST", self.secret(name))
        return until(lambda: (found := self.admin.send(f"{SECRETS}/{name}-token")[1]).get("data") and found)

    @staticmethod
    def secret(name):
        return {"type": "kubernetes.io/service-account-token", "metadata": {
            "name": f"{name}-token", "annotations": {"kubernetes.io/service-account.name": name}}}

    def code_of(self, secret, path=PODS):
        """What the API server says to somebody with the Secret's token."""
        with open(self.cluster.kubeconfig) as file:
            config = yaml.safe_load(file)
        config["users"][0]["user"] = {"token": base64.b64decode(secret["data"]["token"]).decode()}
        return Client(config).send(path)[0]

    def test_is_filled_in_and_its_token_is_the_account(self):
        secret = self.make("robot")
        data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        self.assertEqual(data["namespace"], "default")
        self.assertIn("BEGIN CERTIFICATE", data["ca.crt"])
        payload = data["token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.assertEqual((claims["iss"], claims["sub"]),
                         ("kubernetes/serviceaccount", "system:serviceaccount:default:robot"))
        self.assertEqual(self.code_of(secret), 403)  # known, and without rights
        self.admin.send(ROLES, "POST", role("look", rule("", "pods", "list")))
        self.admin.send(BINDINGS, "POST", {
            "metadata": {"name": "look"}, "roleRef": {"kind": "Role", "name": "look"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}]})
        self.assertEqual(self.code_of(secret), 200)

    def test_the_token_ends_with_its_secret(self):
        secret = self.make("brief")
        self.admin.send(f"{SECRETS}/brief-token", "DELETE")
        self.assertEqual(self.code_of(secret), 401)

    def test_the_secret_goes_with_its_account(self):
        self.make("leaver")
        self.admin.send(f"{ACCOUNTS}/leaver", "DELETE")
        until(lambda: self.admin.send(f"{SECRETS}/leaver-token")[0] == 404)

    def test_a_secret_for_nobody_goes_at_once(self):
        self.admin.send(SECRETS, "POST", self.secret("nobody"))
        until(lambda: self.admin.send(f"{SECRETS}/nobody-token")[0] == 404)

    def test_without_the_annotation_it_is_invalid(self):
        code, status = self.admin.send(SECRETS, "POST", {
            "type": "kubernetes.io/service-account-token", "metadata": {"name": "whose"}})
        self.assertEqual(code, 422)
        self.assertIn("metadata.annotations[kubernetes.io/service-account.name]: Required value", status["message"])


if __name__ == "__main__":
    unittest.main()
