"""The kinds that the cluster knows: names, scopes, verbs, subresources.

One table, from which come the routes, discovery, the RBAC names and the wording of errors.
Inside the program a kind is named by its Kind ("Pod", "Deployment"): they are unique here.
"""

from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One row of the table. `subresources` maps a name to (kind, group/version or "", verbs)."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple = ()
    categories: tuple = ()
    verbs: tuple = ALL_VERBS
    subresources: dict = field(default_factory=dict, hash=False, compare=False)
    graceful: bool = False      # deletion waits for a grace period (pods)
    has_generation: bool = False  # metadata.generation counts changes of spec

    @property
    def singular(self):
        return self.kind.lower()

    @property
    def qualified(self):
        """deployments.apps; pods."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version


_STATUS = ("get", "patch", "update")


def _status(kind):
    return {"status": (kind, "", _STATUS)}


def _scale():
    return {"scale": ("Scale", "autoscaling/v1", _STATUS)}


_POD_SUBRESOURCES = {
    "attach": ("PodAttachOptions", "", ("create", "get")),
    "binding": ("Binding", "", ("create",)),
    "ephemeralcontainers": ("Pod", "", _STATUS),
    "eviction": ("Eviction", "policy/v1", ("create",)),
    "exec": ("PodExecOptions", "", ("create", "get")),
    "log": ("Pod", "", ("get",)),
    "portforward": ("PodPortForwardOptions", "", ("create", "get")),
    "status": ("Pod", "", _STATUS),
}

RESOURCES = [
    Resource("", "v1", "ConfigMap", "configmaps", short=("cm",)),
    Resource("", "v1", "Endpoints", "endpoints", short=("ep",)),
    Resource("", "v1", "Event", "events", short=("ev",)),
    Resource("", "v1", "Namespace", "namespaces", namespaced=False, short=("ns",),
             verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
             subresources={"finalize": ("Namespace", "", ("update",)), **_status("Namespace")}),
    Resource("", "v1", "Node", "nodes", namespaced=False, short=("no",), subresources=_status("Node")),
    Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",),
             subresources=_status("PersistentVolumeClaim")),
    Resource("", "v1", "Pod", "pods", short=("po",), categories=("all",), subresources=_POD_SUBRESOURCES,
             graceful=True),
    Resource("", "v1", "Secret", "secrets"),
    Resource("", "v1", "Service", "services", short=("svc",), categories=("all",),
             subresources=_status("Service")),
    Resource("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",),
             subresources={"token": ("TokenRequest", "authentication.k8s.io/v1", ("create",))}),
    Resource("", "v1", "ReplicationController", "replicationcontrollers", short=("rc",), categories=("all",),
             subresources={**_scale(), **_status("ReplicationController")}, has_generation=True),
    Resource("", "v1", "LimitRange", "limitranges", short=("limits",)),
    Resource("", "v1", "ResourceQuota", "resourcequotas", short=("quota",), subresources=_status("ResourceQuota")),
    Resource("apps", "v1", "ControllerRevision", "controllerrevisions"),
    Resource("apps", "v1", "DaemonSet", "daemonsets", short=("ds",), categories=("all",),
             subresources=_status("DaemonSet"), has_generation=True),
    Resource("apps", "v1", "Deployment", "deployments", short=("deploy",), categories=("all",),
             subresources={**_scale(), **_status("Deployment")}, has_generation=True),
    Resource("apps", "v1", "ReplicaSet", "replicasets", short=("rs",), categories=("all",),
             subresources={**_scale(), **_status("ReplicaSet")}, has_generation=True),
    Resource("apps", "v1", "StatefulSet", "statefulsets", short=("sts",), categories=("all",),
             subresources={**_scale(), **_status("StatefulSet")}, has_generation=True),
    Resource("batch", "v1", "CronJob", "cronjobs", short=("cj",), categories=("all",),
             subresources=_status("CronJob"), has_generation=True),
    Resource("batch", "v1", "Job", "jobs", categories=("all",), subresources=_status("Job"), has_generation=True),
    Resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",),
             categories=("all",), subresources=_status("HorizontalPodAutoscaler")),
    Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",),
             subresources=_status("PodDisruptionBudget"), has_generation=True),
    Resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short=("netpol",), has_generation=True),
    Resource("networking.k8s.io", "v1", "Ingress", "ingresses", short=("ing",), subresources=_status("Ingress"),
             has_generation=True),
    Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", has_generation=True),
    Resource("coordination.k8s.io", "v1", "Lease", "leases"),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    Resource("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    Resource("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False,
             verbs=("create",)),
    Resource("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False,
             verbs=("create",)),
    Resource("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False,
             verbs=("create",)),
    Resource("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews",
             verbs=("create",)),
    Resource("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", namespaced=False, verbs=("create",)),
    Resource("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False,
             verbs=("create",)),
]

# The same events under a second group: a view, converted on the way in and out, not a second store.
EVENTS_V1 = Resource("events.k8s.io", "v1", "Event", "events", short=("ev",))

_BY_KIND = {resource.kind: resource for resource in RESOURCES}
_BY_PATH = {(r.group, r.version, r.plural): r for r in RESOURCES + [EVENTS_V1]}


def of(kind):
    """The row of a Kind; KeyError for one that isn't in the table."""
    return _BY_KIND[kind]


def known(kind):
    return kind in _BY_KIND


def at(group, version, plural):
    """The row that a path names, or None."""
    return _BY_PATH.get((group, version, plural))


def all_resources():
    return RESOURCES + [EVENTS_V1]
