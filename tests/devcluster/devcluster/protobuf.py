"""Request bodies in Kubernetes' protobuf form, which newer kubectls send where they use typed clients.

The envelope is "k8s\\0" and runtime.Unknown (apimachinery's runtime/generated.proto); the numbers are those of the
generated.proto files of k8s.io/api 1.33. Only the types that kubectl's own commands send are here; anything else is
refused with the field's number, and the same request as JSON works.
"""

import base64
import datetime
import struct

from . import errors

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"

# "number name type": type s string (the default), i integer, b bool, x bytes, t Time, q Quantity, p IntOrString, - what
# the server doesn't read, or another message. Suffixes: [] repeated, {} map from string, ? a pointer, where an empty
# value counts.
_TEXT = {
    "Unknown": "1 typeMeta TypeMeta, 2 raw x, 3 contentEncoding, 4 contentType",
    "TypeMeta": "1 apiVersion, 2 kind",
    "ObjectMeta": "1 name, 2 generateName, 3 namespace, 4 selfLink, 5 uid, 6 resourceVersion, 7 generation i, "
                  "8 creationTimestamp t, 9 deletionTimestamp t, 10 deletionGracePeriodSeconds i?, 11 labels s{}, "
                  "12 annotations s{}, 13 ownerReferences OwnerReference[], 14 finalizers s[]",
    "OwnerReference": "1 kind, 3 name, 4 uid, 5 apiVersion, 6 controller b?, 7 blockOwnerDeletion b?",
    "DeleteOptions": "1 gracePeriodSeconds i?, 2 preconditions Preconditions, 3 orphanDependents b?, "
                     "4 propagationPolicy, 5 dryRun s[]",
    "Preconditions": "1 uid, 2 resourceVersion",
    "ConfigMap": "1 metadata ObjectMeta, 2 data s{}, 3 binaryData x{}, 4 immutable b?",
    "Secret": "1 metadata ObjectMeta, 2 data x{}, 3 type, 4 stringData s{}, 5 immutable b?",
    "Namespace": "1 metadata ObjectMeta, 2 spec -, 3 status -",
    "ServiceAccount": "1 metadata ObjectMeta, 2 secrets ObjectReference[], 3 imagePullSecrets LocalReference[], "
                      "4 automountServiceAccountToken b?",
    "LocalReference": "1 name",
    "ObjectReference": "1 kind, 2 namespace, 3 name, 4 uid, 5 apiVersion, 6 resourceVersion, 7 fieldPath",
    "Eviction": "1 metadata ObjectMeta, 2 deleteOptions DeleteOptions",
    "TokenRequest": "1 metadata ObjectMeta, 2 spec TokenRequestSpec, 3 status -",
    "TokenRequestSpec": "1 audiences s[], 3 boundObjectRef BoundReference, 4 expirationSeconds i?",
    "BoundReference": "1 kind, 2 apiVersion, 3 name, 4 uid",
    "SelfSubjectReview": "1 metadata ObjectMeta, 2 status -",
    "SelfSubjectAccessReview": "1 metadata ObjectMeta, 2 spec AccessSpec, 3 status -",
    "AccessSpec": "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes PathAttributes",
    "ResourceAttributes": "1 namespace, 2 verb, 3 group, 4 version, 5 resource, 6 subresource, 7 name",
    "PathAttributes": "1 path, 2 verb",
    "SelfSubjectRulesReview": "1 metadata ObjectMeta, 2 spec RulesSpec, 3 status -",
    "RulesSpec": "1 namespace",
    "Role": "1 metadata ObjectMeta, 2 rules PolicyRule[]",
    "ClusterRole": "1 metadata ObjectMeta, 2 rules PolicyRule[]",
    "PolicyRule": "1 verbs s[], 2 apiGroups s[], 3 resources s[], 4 resourceNames s[], 5 nonResourceURLs s[]",
    "RoleBinding": "1 metadata ObjectMeta, 2 subjects Subject[], 3 roleRef RoleRef",
    "ClusterRoleBinding": "1 metadata ObjectMeta, 2 subjects Subject[], 3 roleRef RoleRef",
    "Subject": "1 kind, 2 apiGroup, 3 name, 4 namespace",
    "RoleRef": "1 apiGroup, 2 kind, 3 name",
    "Service": "1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status -",
    "ServiceSpec": "1 ports ServicePort[], 2 selector s{}, 3 clusterIP, 4 type, 5 externalIPs s[], 7 sessionAffinity, "
                   "8 loadBalancerIP, 9 loadBalancerSourceRanges s[], 10 externalName, 11 externalTrafficPolicy, "
                   "12 healthCheckNodePort i, 13 publishNotReadyAddresses b",
    "ServicePort": "1 name, 2 protocol, 3 port i, 4 targetPort p, 5 nodePort i, 6 appProtocol",
    "Deployment": "1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status -",
    "DeploymentSpec": "1 replicas i?, 2 selector LabelSelector, 3 template PodTemplate, 4 strategy Strategy, "
                      "5 minReadySeconds i, 6 revisionHistoryLimit i?, 7 paused b, 9 progressDeadlineSeconds i?",
    "Strategy": "1 type",
    "LabelSelector": "1 matchLabels s{}",
    "PodTemplate": "1 metadata ObjectMeta, 2 spec PodSpec",
    "PodSpec": "2 containers Container[], 3 restartPolicy, 4 terminationGracePeriodSeconds i?, 6 dnsPolicy, "
               "8 serviceAccountName, 9 serviceAccount, 10 nodeName, 11 hostNetwork b, 12 hostPID b, 13 hostIPC b, "
               "16 hostname, 17 subdomain, 19 schedulerName, 24 priorityClassName",
    "Container": "1 name, 2 image, 3 command s[], 4 args s[], 5 workingDir, 6 ports ContainerPort[], "
                 "7 env EnvVar[], 8 resources Resources, 13 terminationMessagePath, 14 imagePullPolicy, 16 stdin b, "
                 "17 stdinOnce b, 18 tty b, 20 terminationMessagePolicy",
    "ContainerPort": "1 name, 2 hostPort i, 3 containerPort i, 4 protocol, 5 hostIP",
    "EnvVar": "1 name, 2 value",
    "Resources": "1 limits q{}, 2 requests q{}",
    "Job": "1 metadata ObjectMeta, 2 spec JobSpec, 3 status -",
    "JobSpec": "1 parallelism i?, 2 completions i?, 3 activeDeadlineSeconds i?, 5 manualSelector b?, "
               "6 template PodTemplate, 7 backoffLimit i?, 8 ttlSecondsAfterFinished i?",
}


def _parse(text):
    fields = {}
    for row in text.split(", "):
        number, name, *kind = row.split()
        fields[int(number)] = (name, kind[0] if kind else "s")
    return fields


_MESSAGES = {name: _parse(text) for name, text in _TEXT.items()}


def decode(raw):
    """The object in an envelope, as JSON would have it."""
    if not raw.startswith(_MAGIC):
        raise errors.bad_request("provided data does not appear to be a protobuf message, expected prefix "
                                 "[107 56 115 0]")
    try:
        envelope = _message("Unknown", memoryview(raw)[len(_MAGIC):])
        kind = envelope.get("typeMeta", {}).get("kind", "")
        if kind not in _MESSAGES:
            raise errors.bad_request(f"{kind} is not known here as protobuf; send it as JSON")
        body = _message(kind, memoryview(base64.b64decode(envelope.get("raw", ""))))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise errors.bad_request(f"unable to decode protobuf: {error}") from None
    return {**envelope["typeMeta"], **body}


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _fields(data):
    """(number, value) pairs; the value is an integer or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            length, at = _varint(data, at)
            value = data[at:at + length]
            at += length
        else:
            raise errors.bad_request(f"unable to decode protobuf: wire type {tag & 7}")
        yield tag >> 3, value


def _message(name, data):
    result = {}
    for number, value in _fields(data):
        if number not in _MESSAGES[name]:
            raise errors.bad_request(f"field {number} of {name} is not known here as protobuf; send it as JSON")
        field, kind = _MESSAGES[name][number]
        if kind == "-":
            continue
        if kind.endswith("[]"):
            result.setdefault(field, []).append(_value(kind[:-2], value))
        elif kind.endswith("{}"):
            pair = dict(_fields(value))
            result.setdefault(field, {})[bytes(pair.get(1, b"")).decode()] = _value(kind[:-2], pair.get(2, b""))
        else:
            decoded = _value(kind.rstrip("?"), value)
            # What isn't a pointer is always on the wire, set or not; JSON leaves the empty ones out.
            if kind.endswith("?") or decoded not in ("", 0, None, {}):
                result[field] = decoded
    return result


def _value(kind, value):
    if kind == "s":
        return bytes(value).decode()
    if kind == "i":
        return value - (1 << 64) if value >> 63 else value
    if kind == "b":
        return bool(value)
    if kind == "x":
        return base64.b64encode(bytes(value)).decode()
    if kind == "t":
        seconds = dict(_fields(value)).get(1)
        return datetime.datetime.utcfromtimestamp(seconds).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
    if kind == "q":
        return bytes(dict(_fields(value)).get(1, b"")).decode()
    if kind == "p":
        parts = dict(_fields(value))
        return bytes(parts.get(3, b"")).decode() if parts.get(1) else _value("i", parts.get(2, 0))
    return _message(kind, value)
