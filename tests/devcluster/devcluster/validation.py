"""What the server refuses as invalid: a list of causes for `errors.invalid`, in its wording.

Not all rules of Kubernetes: those that people and programs run into (names, required fields, selectors,
ports, fields that may not change).
"""

import json
import re

from . import quantity

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_LABEL_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_QUALIFIED = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])\Z")
_ENV_NAME = re.compile(r"[^=\x00-\x1f]+\Z")

_SUBDOMAIN_TEXT = ("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                   "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
                   r"validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
_LABEL_1123_TEXT = ("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                    "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
                    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
_LABEL_1035_TEXT = ("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
                    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")
_LABEL_VALUE_TEXT = ("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                     "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
                     "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
_LABEL_KEY_TEXT = ("name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
                   "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
                   "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")

_PATH_SEGMENT_KINDS = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


class Causes(list):
    """Collects (field, reason, message)."""

    def required(self, field, text=""):
        self.append((field, "FieldValueRequired", f"Required value: {text}" if text else "Required value"))

    def invalid(self, field, value, text):
        self.append((field, "FieldValueInvalid", f"Invalid value: {show(value)}: {text}"))

    def forbidden(self, field, text):
        self.append((field, "FieldValueForbidden", f"Forbidden: {text}"))

    def not_found(self, field, value):
        self.append((field, "FieldValueNotFound", f'Not found: "{value}"'))

    def unsupported(self, field, value, allowed):
        choices = ", ".join(f'"{item}"' for item in allowed)
        self.append((field, "FieldValueNotSupported", f"Unsupported value: {show(value)}: supported values: {choices}"))

    def duplicate(self, field, value):
        self.append((field, "FieldValueDuplicate", f"Duplicate value: {show(value)}"))


def show(value):
    """A value as Go's %#v-like field errors show it."""
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return "map[string]string{" + ", ".join(f"{_quote(k)}:{_quote(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, str):
        return _quote(value)
    return json.dumps(value)


def _quote(text):
    return json.dumps(text, ensure_ascii=False)


def create(kind, obj):
    causes = Causes()
    _metadata(kind, obj["metadata"], causes)
    if kind in _RULES:
        _RULES[kind](obj, causes)
    return causes


def update(kind, old, new):
    causes = Causes()
    _labels(new["metadata"].get("labels"), "metadata.labels", causes)
    if kind in _RULES:
        _RULES[kind](new, causes)
    if kind in _IMMUTABLE:
        _IMMUTABLE[kind](old, new, causes)
    return causes


def _metadata(kind, meta, causes):
    name = meta["name"]
    if kind == "Service":
        _check_label(name, _LABEL_1035, _LABEL_1035_TEXT, "metadata.name", causes)
    elif kind == "Namespace":
        _check_label(name, _LABEL_1123, _LABEL_1123_TEXT, "metadata.name", causes)
    elif kind in _PATH_SEGMENT_KINDS:
        if name in (".", "..") or "/" in name or "%" in name:
            causes.invalid("metadata.name", name, "may not contain '/' or '%'")
    elif len(name) > 253:
        causes.invalid("metadata.name", name, "must be no more than 253 characters")
    elif not _SUBDOMAIN.match(name):
        causes.invalid("metadata.name", name, _SUBDOMAIN_TEXT)
    _labels(meta.get("labels"), "metadata.labels", causes)
    for index, owner in enumerate(meta.get("ownerReferences") or []):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                causes.invalid(f"metadata.ownerReferences[{index}].{field}", "", f"{field} must not be empty")


def _check_label(value, pattern, text, field, causes):
    if len(value) > 63:
        causes.invalid(field, value, "must be no more than 63 characters")
    elif not pattern.match(value):
        causes.invalid(field, value, text)


def _labels(labels, field, causes):
    for key, value in (labels or {}).items():
        if not _QUALIFIED.match(key.rpartition("/")[2]):
            causes.invalid(field, key, _LABEL_KEY_TEXT)
        if len(value) > 63:
            causes.invalid(field, value, "must be no more than 63 characters")
        elif value and not _QUALIFIED.match(value):
            causes.invalid(field, value, _LABEL_VALUE_TEXT)


# Pods


def _pod_spec(spec, at, causes, restart=("Always", "OnFailure", "Never"), claims=()):
    """`claims`: names of volumes that a stateful set adds."""
    if not spec.get("containers"):
        causes.required(f"{at}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or []} | set(claims)
    seen = set()
    for group in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(group) or []):
            _container(container, f"{at}.{group}[{index}]", volumes, seen, causes)
    if spec.get("restartPolicy") not in restart:
        causes.unsupported(f"{at}.restartPolicy", spec.get("restartPolicy"), restart)


def _container(container, at, volumes, seen, causes):
    name = container.get("name")
    if not name:
        causes.required(f"{at}.name")
    elif name in seen:
        causes.duplicate(f"{at}.name", name)
    else:
        seen.add(name)
        _check_label(name, _LABEL_1123, _LABEL_1123_TEXT, f"{at}.name", causes)
    if not container.get("image"):
        causes.required(f"{at}.image")
    elif container["image"] != container["image"].strip():
        causes.invalid(f"{at}.image", container["image"], "must not have leading or trailing whitespace")
    for index, port in enumerate(container.get("ports") or []):
        _port(port.get("containerPort"), f"{at}.ports[{index}].containerPort", causes)
    for index, variable in enumerate(container.get("env") or []):
        if not variable.get("name"):
            causes.required(f"{at}.env[{index}].name")
        elif not _ENV_NAME.match(variable["name"]):
            causes.invalid(f"{at}.env[{index}].name", variable["name"], "must be a valid environment variable name")
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            field = f"{at}.volumeMounts[{index}].name"
            causes.append((field, "FieldValueNotFound", f"Not found: {show(mount.get('name'))}"))
    _resources(container.get("resources") or {}, f"{at}.resources", causes)


def _resources(resources, at, causes):
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if quantity.parse(amount) is None:
                causes.invalid(f"{at}.{kind}[{name}]", amount, quantity.PROBLEM)
    for name, amount in requests.items():
        asked, most = quantity.parse(amount), quantity.parse(limits.get(name))
        if asked is not None and most is not None and asked > most:
            causes.invalid(f"{at}.requests", str(amount),
                           f"must be less than or equal to {name} limit of {limits[name]}")


def _port(number, field, causes):
    if number is None or number == 0:
        causes.required(field)
    elif not isinstance(number, int) or not 1 <= number <= 65535:
        causes.invalid(field, number, "must be between 1 and 65535, inclusive")


def _pod(obj, causes):
    _pod_spec(obj["spec"], "spec", causes)


def _pod_update(old, new, causes):
    mutable = ("image",)
    _ephemeral_containers(old["spec"], new["spec"], causes)

    def frozen(spec):
        spec = {key: value for key, value in spec.items()
                if key not in ("tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds",
                               "ephemeralContainers", "nodeName")}
        for group in ("containers", "initContainers"):
            if group in spec:
                spec[group] = [{key: value for key, value in container.items() if key not in mutable}
                               for container in spec[group]]
        return spec
    if frozen(old["spec"]) != frozen(new["spec"]):
        causes.forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`,"
                         "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                         "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
                         "set to 1 if it was previously negative)")


def _ephemeral_containers(old, new, causes):
    field = "spec.ephemeralContainers"
    wanted = new.get("ephemeralContainers") or []
    for before in old.get("ephemeralContainers") or []:
        if before not in wanted:
            causes.forbidden(field, f"existing ephemeral containers \"{before['name']}\" may not be removed or changed")
    others = [each["name"] for group in ("initContainers", "containers") for each in new.get(group) or []]
    for index, container in enumerate(wanted):
        target = container.get("targetContainerName")
        if target and target not in others:
            causes.not_found(f"{field}[{index}].targetContainerName", target)


# Workloads


def _selector_and_template(obj, causes, restart=("Always",)):
    spec = obj["spec"]
    selector = spec.get("selector")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if selector is None:
        causes.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.invalid("spec.selector", selector, "empty selector is invalid for deployment")
    elif any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        causes.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    claims = [claim["metadata"].get("name") for claim in spec.get("volumeClaimTemplates") or []]
    _pod_spec(spec["template"]["spec"], "spec.template.spec", causes, restart, claims)
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        causes.invalid("spec.replicas", replicas, "must be greater than or equal to 0")


def _same_selector(old, new, causes):
    if old["spec"].get("selector") != new["spec"].get("selector"):
        selector = new["spec"].get("selector") or {}
        labels = ", ".join(f'{_quote(k)}:{_quote(v)}' for k, v in sorted((selector.get("matchLabels") or {}).items()))
        shown = f"&v1.LabelSelector{{MatchLabels:map[string]string{{{labels}}}, " \
                "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"
        causes.append(("spec.selector", "FieldValueInvalid", f"Invalid value: {shown}: field is immutable"))


_STATEFUL_SET_MUTABLE = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                         "persistentVolumeClaimRetentionPolicy", "minReadySeconds")


def _stateful_set_update(old, new, causes):
    changed = [key for key in {**old["spec"], **new["spec"]}
               if key not in _STATEFUL_SET_MUTABLE and old["spec"].get(key) != new["spec"].get(key)]
    if changed:
        causes.forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', "
                         "'template', 'updateStrategy', 'revisionHistoryLimit', "
                         "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")


def _job(obj, causes):
    _pod_spec(obj["spec"]["template"]["spec"], "spec.template.spec", causes, ("OnFailure", "Never"))


def _job_update(old, new, causes):
    _same_selector(old, new, causes)
    if old["spec"]["template"] != new["spec"]["template"] and not old["spec"].get("suspend"):
        causes.append(("spec.template", "FieldValueInvalid", "Invalid value: core.PodTemplateSpec{...}: "
                       "field is immutable"))


# Services and the rest


_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def _service(obj, causes):
    spec = obj["spec"]
    ports = spec.get("ports") or []
    if spec["type"] not in _SERVICE_TYPES:
        causes.unsupported("spec.type", spec["type"], _SERVICE_TYPES)
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            causes.required("spec.externalName")
    elif not ports and spec.get("clusterIP") != "None":
        causes.required("spec.ports")
    seen = set()
    for index, port in enumerate(ports):
        at = f"spec.ports[{index}]"
        name = port.get("name", "")
        if len(ports) > 1 and not name:
            causes.required(f"{at}.name")
        elif name in seen:
            causes.duplicate(f"{at}.name", name)
        seen.add(name)
        number = port.get("port")
        if not isinstance(number, int) or not 1 <= number <= 65535:
            causes.invalid(f"{at}.port", number or 0, "must be between 1 and 65535, inclusive")
        if port["protocol"] not in ("SCTP", "TCP", "UDP"):
            causes.unsupported(f"{at}.protocol", port["protocol"], ("SCTP", "TCP", "UDP"))
        target = port.get("targetPort")
        if isinstance(target, int) and not 1 <= target <= 65535 and number:
            causes.invalid(f"{at}.targetPort", target, "must be between 1 and 65535, inclusive")


def _service_update(old, new, causes):
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if before and before != after and "ExternalName" not in (old["spec"]["type"], new["spec"]["type"]):
        causes.append(("spec.clusterIPs[0]", "FieldValueInvalid",
                       f"Invalid value: {json.dumps(new['spec'].get('clusterIPs') or [], separators=(',', ':'))}: "
                       "may not change once set"))


def _role_reference_update(old, new, causes):
    if old.get("roleRef") != new.get("roleRef"):
        reference = new.get("roleRef") or {}
        shown = (f'rbac.RoleRef{{APIGroup:"{reference.get("apiGroup")}", Kind:"{reference.get("kind")}", '
                 f'Name:"{reference.get("name")}"}}')
        causes.append(("roleRef", "FieldValueInvalid", f"Invalid value: {shown}: cannot change roleRef"))


def _role(obj, causes):
    for index, rule in enumerate(obj.get("rules") or []):
        if not rule.get("verbs"):
            causes.required(f"rules[{index}].verbs", "verbs must contain at least one value")
        elif not rule.get("nonResourceURLs") and not rule.get("apiGroups"):
            causes.required(f"rules[{index}].apiGroups", "resource rules must supply at least one api group")
        elif not rule.get("nonResourceURLs") and not rule.get("resources"):
            causes.required(f"rules[{index}].resources", "resource rules must supply at least one resource")


def _immutable_data(old, new, causes):
    if old.get("immutable") and (old.get("data"), old.get("binaryData")) != (new.get("data"), new.get("binaryData")):
        causes.forbidden("data", "field is immutable when `immutable` is set")


def _secret(obj, causes):
    if obj.get("type") == "kubernetes.io/service-account-token":
        key = "kubernetes.io/service-account.name"
        if not (obj["metadata"].get("annotations") or {}).get(key):
            causes.required(f"metadata.annotations[{key}]")


def _secret_update(old, new, causes):
    if old.get("type") != new.get("type"):
        causes.invalid("type", new.get("type"), "field is immutable")
    _immutable_data(old, new, causes)


_RULES = {
    "ClusterRole": _role,
    "DaemonSet": _selector_and_template,
    "Deployment": _selector_and_template,
    "Job": _job,
    "Pod": _pod,
    "ReplicaSet": _selector_and_template,
    "Role": _role,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _selector_and_template,
}

_IMMUTABLE = {
    "ClusterRoleBinding": _role_reference_update,
    "ConfigMap": _immutable_data,
    "DaemonSet": _same_selector,
    "Deployment": _same_selector,
    "Job": _job_update,
    "Pod": _pod_update,
    "ReplicaSet": _same_selector,
    "RoleBinding": _role_reference_update,
    "Secret": _secret_update,
    "Service": _service_update,
    "StatefulSet": _stateful_set_update,
}
