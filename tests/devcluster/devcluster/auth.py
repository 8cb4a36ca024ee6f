"""Who is asking: client certificates, bearer tokens, service account tokens, impersonation."""

import base64
import datetime
import secrets
import time
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import NameOID

from . import errors, pki


@dataclass
class User:
    name: str
    groups: list = field(default_factory=list)
    uid: str = ""
    extra: dict = field(default_factory=dict)

    def info(self):
        """As UserInfo in reviews."""
        found = {"username": self.name}
        if self.uid:
            found["uid"] = self.uid
        found["groups"] = self.groups
        if self.extra:
            found["extra"] = self.extra
        return found


ANONYMOUS = User("system:anonymous", ["system:unauthenticated"])


class Authenticator:
    """`identify(request)` gives the User, ANONYMOUS without credentials, or raises 401 for wrong ones."""

    def __init__(self, store, authority):
        self._store = store
        self._authority = authority
        self._tokens = {}  # token -> (User, time it ends at)

    def issue_token(self, user, groups=(), seconds=24 * 3600):
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (User(user, [*groups, "system:authenticated"]), time.time() + seconds)
        return token

    def expire_tokens(self, user):
        """Ends the tokens issued to a user; returns how many."""
        mine = [token for token, (owner, _) in self._tokens.items() if owner.name == user]
        for token in mine:
            del self._tokens[token]
        return len(mine)

    def identify(self, request):
        certificate = self._certificate_of(request)
        if certificate is not None:
            user = _user_of_certificate(certificate)
        else:
            user = self._user_of_header(request.headers.get("Authorization", ""))
        if user is None:
            raise errors.unauthorized()
        return user

    @staticmethod
    def _certificate_of(request):
        tls = request.transport.get_extra_info("ssl_object") if request.transport else None
        raw = tls.getpeercert(binary_form=True) if tls else None
        return x509.load_der_x509_certificate(raw) if raw else None

    def _user_of_header(self, header):
        scheme, _, token = header.partition(" ")
        if not header:
            return ANONYMOUS
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return ANONYMOUS
        return self.user_of_token(token)

    def user_of_token(self, token):
        """The User, or None for a token that isn't ours, has expired or whose owner is gone."""
        if token in self._tokens:
            user, end = self._tokens[token]
            return user if end > time.time() else None
        claims = self._authority.claims(token)
        if claims is None:
            return None
        legacy = claims["iss"] == pki.LEGACY_ISSUER
        return self._of_secret(claims, token) if legacy else self._service_account(claims)

    def _of_secret(self, claims, token):
        """The account of a token that a Secret holds; it is worth nothing without its Secret."""
        about = {key.rpartition("/")[2]: value for key, value in claims.items()}
        namespace = about["namespace"]
        secret = self._store.find("Secret", namespace, about["secret.name"])
        account = self._store.find("ServiceAccount", namespace, about["service-account.name"])
        held = ((secret or {}).get("data") or {}).get("token", "")
        if base64.b64decode(held) != token.encode() or account is None \
                or account["metadata"]["uid"] != about["service-account.uid"]:
            return None
        return User(claims["sub"], _account_groups(namespace), account["metadata"]["uid"])

    def _service_account(self, claims):
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        stored = self._store.find("ServiceAccount", namespace, account["name"])
        if stored is None or stored["metadata"]["uid"] != account["uid"]:
            return None
        extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]}
        if "pod" in about:
            pod = self._store.find("Pod", namespace, about["pod"]["name"])
            if pod is None or pod["metadata"]["uid"] != about["pod"]["uid"]:
                return None
            extra["authentication.kubernetes.io/pod-name"] = [about["pod"]["name"]]
            extra["authentication.kubernetes.io/pod-uid"] = [about["pod"]["uid"]]
        return User(claims["sub"], _account_groups(namespace), account["uid"], extra)


def _account_groups(namespace):
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]


def _user_of_certificate(certificate):
    """The TLS layer has checked the signature; the time is checked here, so that an expired one gets a 401."""
    now = datetime.datetime.utcnow()
    if not certificate.not_valid_before <= now <= certificate.not_valid_after:
        return None
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    groups = [item.value for item in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return User(names[0].value, [*groups, "system:authenticated"]) if names else None


def impersonation(request):
    """The User that the Impersonate-* headers ask to be, or None."""
    name = request.headers.get("Impersonate-User")
    groups = request.headers.getall("Impersonate-Group", [])
    extra = {}
    for key, value in request.headers.items():
        if key.lower().startswith("impersonate-extra-"):
            extra.setdefault(key[len("impersonate-extra-"):].lower(), []).append(value)
    if not name:
        if groups or extra or "Impersonate-Uid" in request.headers:
            raise errors.ApiError(500, "InternalError", "Internal error occurred: requested "
                                  f"[{_impersonated(groups, extra)}] without impersonating a user",
                                  {"causes": [{"message": "requested groups without impersonating a user"}]})
        return None
    if not groups and name.startswith("system:serviceaccount:"):
        namespace = name.split(":")[2]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    if name != "system:anonymous" and "system:authenticated" not in groups:
        groups = [*groups, "system:authenticated"]
    return User(name, list(groups), request.headers.get("Impersonate-Uid", ""), extra)


def _impersonated(groups, extra):
    return ", ".join([f"groups {group}" for group in groups] + [f"extra {key}" for key in extra])
