"""Secrets of the type kubernetes.io/service-account-token: filled in, and removed with their account.

As the token controller and its admission do it (kubernetes.io/docs/concepts/configuration/secret, "ServiceAccount token
Secrets"): the annotation names the account; the Secret gets `token`, `ca.crt` and `namespace`, and the account's uid.
"""

import base64

from . import controllers

TYPE = "kubernetes.io/service-account-token"
ACCOUNT = "kubernetes.io/service-account.name"
_UID = "kubernetes.io/service-account.uid"


class TokenController(controllers.Controller):
    kind = "Secret"
    watches = {"Secret": "itself", "ServiceAccount": "secrets_of"}

    def __init__(self, store, authority):
        super().__init__(store)
        self._authority = authority

    def secrets_of(self, account):
        return [(each["metadata"]["namespace"], each["metadata"]["name"])
                for each in self.store.list("Secret", account["metadata"]["namespace"])
                if each.get("type") == TYPE and account_of(each) == account["metadata"]["name"]]

    def reconcile(self, namespace, name):
        secret = self.store.find("Secret", namespace, name)
        if secret is None or secret.get("type") != TYPE or "deletionTimestamp" in secret["metadata"]:
            return
        account = self.store.find("ServiceAccount", namespace, account_of(secret))
        uid = secret["metadata"]["annotations"].get(_UID)
        if account is None or uid not in (None, account["metadata"]["uid"]):
            self.store.delete("Secret", namespace, name)
            return
        data = secret.get("data") or {}
        if uid and all(data.get(key) for key in ("token", "ca.crt", "namespace")):
            return
        self._fill(secret, account)

    def _fill(self, secret, account):
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        token = self._authority.secret_token(namespace, account["metadata"]["name"], account["metadata"]["uid"], name)
        values = {"token": token.encode(), "ca.crt": self._authority.ca_pem, "namespace": namespace.encode()}

        def change(obj):
            obj["metadata"]["annotations"][_UID] = account["metadata"]["uid"]
            obj["data"] = {**(obj.get("data") or {}),
                           **{key: base64.b64encode(value).decode() for key, value in values.items()}}
        self.store.modify("Secret", namespace, name, change, manager="kube-controller-manager")


def account_of(secret):
    """The name of the account that the Secret is for."""
    return (secret["metadata"].get("annotations") or {}).get(ACCOUNT, "")
