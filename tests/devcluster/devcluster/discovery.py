"""Discovery: which groups, versions and resources there are; /version; OpenAPI as far as clients need it."""

from . import kinds

VERSION = {
    "major": "1", "minor": "33", "emulationMajor": "1", "emulationMinor": "33", "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "32", "gitVersion": "v1.33.13+devcluster",
    "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
    "buildDate": "2026-08-20T00:00:00Z", "goVersion": "go1.24.4", "compiler": "gc", "platform": "linux/amd64",
}

_AGGREGATED = ("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList")


def _groups():
    """{(group, version): resources}, the groups in the order of the table."""
    found = {}
    for resource in kinds.all_resources():
        found.setdefault((resource.group, resource.version), []).append(resource)
    return found


def known_group(group, version):
    return (group, version) in _groups()


def answer(path, accept, address):
    """(content type, body) for a discovery path; None for any other."""
    parts = [part for part in path.split("/") if part]
    if parts in (["api"], ["apis"]):
        for version in ("v2", "v2beta1"):
            wanted = f"v={version};as=APIGroupDiscoveryList"
            if wanted in accept.replace(" ", ""):
                return _AGGREGATED.format(version=version), _aggregated(parts[0], version)
        return "application/json", _api_versions(address) if parts == ["api"] else _group_list()
    if len(parts) == 2 and parts[0] == "api" and known_group("", parts[1]):
        return "application/json", _resource_list("", parts[1])
    if len(parts) == 2 and parts[0] == "apis":
        group = next((each for each in _group_list()["groups"] if each["name"] == parts[1]), None)
        if group:
            return "application/json", {"kind": "APIGroup", "apiVersion": "v1", **group}
    if len(parts) == 3 and parts[0] == "apis" and known_group(parts[1], parts[2]):
        return "application/json", _resource_list(parts[1], parts[2])
    return None


def _api_versions(address):
    return {"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]}


def _group_list():
    groups = []
    for group, version in _groups():
        if group:
            reference = {"groupVersion": f"{group}/{version}", "version": version}
            groups.append({"name": group, "versions": [reference], "preferredVersion": reference})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _resource_list(group, version):
    rows = []
    for resource in _groups()[(group, version)]:
        row = {"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
               "kind": resource.kind, "verbs": list(resource.verbs)}
        if resource.short:
            row["shortNames"] = list(resource.short)
        if resource.categories:
            row["categories"] = list(resource.categories)
        rows.append(row)
        for name, (kind, where, verbs) in resource.subresources.items():
            row = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
            if where:
                row["group"], _, row["version"] = where.rpartition("/")
            rows.append({**row, "kind": kind, "verbs": list(verbs)})
    return {"kind": "APIResourceList", "groupVersion": f"{group}/{version}" if group else version,
            **({"apiVersion": "v1"} if group else {}), "resources": sorted(rows, key=lambda row: row["name"])}


def _aggregated(root, version):
    items = []
    for (group, group_version), resources in _groups().items():
        if bool(group) == (root == "apis"):
            rows = [_aggregated_row(resource) for resource in resources]
            items.append({"metadata": {**({"name": group} if group else {}), "creationTimestamp": None},
                          "versions": [{"version": group_version, "resources": rows, "freshness": "Current"}]})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{version}", "metadata": {},
            "items": items}


def _aggregated_row(resource):
    row = {"resource": resource.plural, "responseKind": {"group": "", "version": "", "kind": resource.kind},
           "scope": "Namespaced" if resource.namespaced else "Cluster", "singularResource": resource.singular,
           "verbs": list(resource.verbs)}
    if resource.short:
        row["shortNames"] = list(resource.short)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.subresources:
        row["subresources"] = []
        for name, (kind, where, verbs) in resource.subresources.items():
            group, _, version = where.rpartition("/")
            row["subresources"].append({"subresource": name, "verbs": list(verbs),
                                        "responseKind": {"group": group, "version": version, "kind": kind}})
    return row
