"""The cluster's certificates and tokens.

One CA for everything, elliptic curve keys (made in a millisecond), nothing on disk but what `up` writes out.
Service account tokens are JWTs (ES256) with the claims of the real ones, valid until they expire, their service
account or pod is deleted, or the signing key is rotated (a fault that tests ask for).
"""

import base64
import datetime
import ipaddress
import json
import time
import uuid

import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"  # of tokens that Secrets hold
_CURVE = ec.SECP256R1()
_DAY = 24 * 3600


def _key():
    return ec.generate_private_key(_CURVE)


def _key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authority:
    """The CA. `ca_pem` is its certificate."""

    def __init__(self):
        self._key = _key()
        self._signing_key = _key()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ferry-devcluster-ca")])
        builder = self._builder(self._name, self._key, 3650 * _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(sign_certificates=True), critical=True)
        self.ca_pem = self._sign(builder)

    def server_certificate(self, names):
        """(certificate, key) for DNS names and addresses."""
        key = _key()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        builder = self._builder(subject, key, 365 * _DAY).add_extension(alternatives, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return self._sign(builder), _key_pem(key)

    def client_certificate(self, user, groups=(), seconds=_DAY):
        """(certificate, key); `seconds` below zero makes one that has already expired."""
        key = _key()
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name(attributes + [x509.NameAttribute(NameOID.COMMON_NAME, user)])
        builder = self._builder(subject, key, seconds)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return self._sign(builder), _key_pem(key)

    def _builder(self, subject, key, seconds):
        now = datetime.datetime.utcnow()
        end = now + datetime.timedelta(seconds=seconds)
        start = min(now, end) - datetime.timedelta(hours=1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(end)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(identifier, critical=False)

    def _sign(self, builder):
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    # Service account tokens

    def service_account_token(self, namespace, name, uid, pod=None, seconds=3600, audiences=None):
        """(token, expiry as the API writes it). `pod` is (name, uid) of the pod that it is bound to."""
        issued = int(time.time())
        claims = {
            "aud": list(audiences or [ISSUER]),
            "exp": issued + seconds,
            "iat": issued,
            "nbf": min(issued, issued + seconds),
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        if pod:
            claims["kubernetes.io"]["pod"] = {"name": pod[0], "uid": pod[1]}
        expiry = datetime.datetime.utcfromtimestamp(claims["exp"]).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._signed(claims), expiry

    def secret_token(self, namespace, name, uid, secret):
        """The token that a Secret of type kubernetes.io/service-account-token holds: it ends with its Secret."""
        about = "kubernetes.io/serviceaccount/"
        return self._signed({
            "iss": LEGACY_ISSUER, about + "namespace": namespace, about + "secret.name": secret,
            about + "service-account.name": name, about + "service-account.uid": uid,
            "sub": f"system:serviceaccount:{namespace}:{name}"})

    def _signed(self, claims):
        head = _base64url(b'{"alg":"ES256","typ":"JWT"}')
        payload = json.dumps(claims, separators=(",", ":")).encode()
        signed = f"{head}.{_base64url(payload)}"
        raw = self._signing_key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(raw)
        return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def claims(self, token):
        """What a token says, if this cluster has signed it and it hasn't expired; else None."""
        try:
            signed, signature = token.rsplit(".", 1)
            raw = _from_base64url(signature)
            der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            self._signing_key.public_key().verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
            claims = json.loads(_from_base64url(signed.split(".")[1]))
        except (ValueError, IndexError, InvalidSignature):
            return None
        if claims["iss"] == LEGACY_ISSUER:
            return claims
        return claims if claims["exp"] > time.time() and ISSUER in claims["aud"] else None

    def rotate_signing_key(self):
        """Every service account token so far is worth nothing from now on."""
        self._signing_key = _key()


def _general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(sign_certificates):
    return x509.KeyUsage(digital_signature=True, key_cert_sign=sign_certificates, crl_sign=sign_certificates,
                         content_commitment=False, key_encipherment=False, data_encipherment=False,
                         key_agreement=False, encipher_only=False, decipher_only=False)


def kubeconfig(server, ca_pem, user, name="devcluster", namespace=None, control=None):
    """A kubeconfig as a dict. `user` is its user entry; `control` names the socket that `ctl` talks to."""
    context = {"cluster": name, "user": name}
    if namespace:
        context["namespace"] = namespace
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(ca_pem).decode()}
    if control:
        cluster["extensions"] = [{"name": "ferry-devcluster", "extension": {"control": control}}]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def certificate_user(certificate, key):
    return {"client-certificate-data": base64.b64encode(certificate).decode(),
            "client-key-data": base64.b64encode(key).decode()}


def as_yaml(config):
    return yaml.safe_dump(config, sort_keys=False)
