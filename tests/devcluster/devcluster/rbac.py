"""May they: roles and bindings, as the RBAC authorizer reads them (rbac.authorization.k8s.io/v1)."""

SUPERUSERS = "system:masters"


def _resource_matches(rule, info):
    if "*" not in rule.get("apiGroups", []) and info.group not in rule.get("apiGroups", []):
        return False
    wanted = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    resources = rule.get("resources", [])
    if "*" not in resources and wanted not in resources:
        if not info.subresource or f"*/{info.subresource}" not in resources:
            return False
    names = rule.get("resourceNames", [])
    return not names or info.name in names


def _path_matches(rule, path):
    for pattern in rule.get("nonResourceURLs", []):
        if pattern == path or (pattern.endswith("*") and path.startswith(pattern[:-1])):
            return True
    return False


def _matches(rule, info):
    verbs = rule.get("verbs", [])
    if "*" not in verbs and info.verb not in verbs:
        return False
    return _resource_matches(rule, info) if info.is_resource else _path_matches(rule, info.path)


def _is_subject(subject, user, namespace):
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "User":
        return name == user.name
    if kind == "Group":
        return name in user.groups
    home = subject.get("namespace") or namespace
    return kind == "ServiceAccount" and user.name == f"system:serviceaccount:{home}:{name}"


def _describe(subject):
    if subject["kind"] == "ServiceAccount":
        return f'ServiceAccount "{subject["name"]}/{subject.get("namespace", "")}"'
    return f'{subject["kind"]} "{subject["name"]}"'


class Authorizer:
    def __init__(self, store):
        self._store = store

    def allows(self, user, info):
        return self.reason(user, info) is not None

    def reason(self, user, info):
        """Why it is allowed, in the server's words ("" for superusers); None if it isn't."""
        if SUPERUSERS in user.groups:
            return ""
        for binding, subject, rules in self._grants(user, info.namespace if info.is_resource else ""):
            if any(_matches(rule, info) for rule in rules):
                return _because(binding, subject)
        return None

    def rules(self, user, namespace):
        """Every rule that holds for the user there: cluster-wide ones, then the namespace's."""
        if SUPERUSERS in user.groups:
            yield {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            yield {"verbs": ["*"], "nonResourceURLs": ["*"]}
            return
        for _, _, rules in self._grants(user, namespace):
            yield from rules

    def _grants(self, user, namespace):
        """(binding, the subject by which it means the user, rules of its role)"""
        bindings = self._store.list("ClusterRoleBinding")
        if namespace:
            bindings += self._store.list("RoleBinding", namespace)
        for binding in bindings:
            home = binding["metadata"].get("namespace", "")
            subject = next((each for each in binding.get("subjects") or [] if _is_subject(each, user, home)), None)
            if subject is not None:
                yield binding, subject, self._rules_of(binding["roleRef"], home)

    def _rules_of(self, reference, namespace):
        where = namespace if reference["kind"] == "Role" else ""
        role = self._store.find(reference["kind"], where, reference["name"])
        return (role or {}).get("rules") or []


def _because(binding, subject):
    meta, role = binding["metadata"], binding["roleRef"]
    name = f"{meta['name']}/{meta['namespace']}" if meta.get("namespace") else meta["name"]
    return f'RBAC: allowed by {binding["kind"]} "{name}" of {role["kind"]} "{role["name"]}" to {_describe(subject)}'


def refusal(user, info):
    """The reason of a 403, in the server's words."""
    if not info.is_resource:
        return f'User "{user.name}" cannot {info.verb} path "{info.path}"'
    what = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    text = f'User "{user.name}" cannot {info.verb} resource "{what}" in API group "{info.group}"'
    if info.namespace:
        return f'{text} in the namespace "{info.namespace}"'
    return f"{text} at the cluster scope"
