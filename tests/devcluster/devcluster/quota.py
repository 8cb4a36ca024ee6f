"""ResourceQuotas: what a namespace may hold, checked when objects are created, and shown in the quota's status.

`pods`, `count/RESOURCE[.GROUP]`, the old names of counts (services, secrets, configmaps), and the sums of
requests and limits of cpu and memory (kubernetes.io/docs/concepts/policy/resource-quotas). Scopes are not known here.
"""

import fractions

from . import controllers, errors, kinds, quantity

_OLD_NAMES = ("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets",
              "services")
_SUMS = {"cpu": ("requests", "cpu"), "memory": ("requests", "memory"),
         **{f"{kind}.{name}": (kind, name) for kind in ("requests", "limits") for name in ("cpu", "memory")}}


def enforce(store, kind, obj):
    """ApiError 403 for an object that some quota of its namespace has no room for."""
    meta = obj["metadata"]
    if not kinds.of(kind).namespaced or kind == "ResourceQuota":
        return
    for found in store.list("ResourceQuota", meta["namespace"]):
        hard = (found.get("spec") or {}).get("hard") or {}
        asked = {name: _asks(name, kind, obj) for name in hard if _concerns(name, kind)}
        unsaid = sorted(name for name, amount in asked.items() if amount is None)
        if unsaid:
            texts = [f"{name} for: {','.join(_silent(obj, name))}" for name in unsaid]
            raise errors.forbidden(kind, meta["name"], f"failed quota: {found['metadata']['name']}: must specify "
                                   + "; ".join(texts))
        used = {name: _used(store, meta["namespace"], name) for name in asked}
        over = sorted(name for name, amount in asked.items()
                      if amount and used[name] + amount > quantity.parse(hard[name]))
        if over:
            shown = [",".join(f"{name}={_show(source[name], name)}" for name in over) for source in (asked, used)]
            limited = ",".join(f"{name}={hard[name]}" for name in over)
            raise errors.forbidden(kind, meta["name"], f"exceeded quota: {found['metadata']['name']}, requested: "
                                   f"{shown[0]}, used: {shown[1]}, limited: {limited}")


class QuotaController(controllers.Controller):
    """Writes into each quota's status what is used."""

    kind = "ResourceQuota"

    def __init__(self, store):
        super().__init__(store)
        self.watches = {"ResourceQuota": "itself"}
        for resource in kinds.RESOURCES:
            if resource.namespaced and "watch" in resource.verbs and resource.kind not in ("ResourceQuota", "Event"):
                self.watches[resource.kind] = "quotas_of"

    def quotas_of(self, obj):
        return [(each["metadata"]["namespace"], each["metadata"]["name"])
                for each in self.store.list("ResourceQuota", obj["metadata"]["namespace"])]

    def reconcile(self, namespace, name):
        found = self.store.find("ResourceQuota", namespace, name)
        if found is not None:
            hard = (found.get("spec") or {}).get("hard") or {}
            used = {each: _show(_used(self.store, namespace, each), each) for each in hard}
            self.store.patch_status("ResourceQuota", namespace, name, {"hard": hard, "used": used})


def _counted(name):
    """The kind that a quota's name counts, or None."""
    if name.startswith("count/"):
        plural, _, group = name[len("count/"):].partition(".")
    else:
        plural, group = (name, "") if name in _OLD_NAMES else ("", "")
    return next((each.kind for each in kinds.RESOURCES if (each.plural, each.group) == (plural, group)), None)


def _concerns(name, kind):
    return _counted(name) == kind or (kind == "Pod" and name in _SUMS)


def _asks(name, kind, obj):
    """How much of `name` the object takes; None for a pod that has to say so and doesn't."""
    if _counted(name) == kind:
        return 1
    if _silent(obj, name):
        return None
    return sum((_amount(container, name) for container in obj["spec"]["containers"]), fractions.Fraction(0))


def _amount(container, name):
    which, resource = _SUMS[name]
    return quantity.parse(((container.get("resources") or {}).get(which) or {}).get(resource))


def _silent(pod, name):
    """The containers that don't say how much they want."""
    return [container["name"] for container in pod["spec"]["containers"] if _amount(container, name) is None]


def _used(store, namespace, name):
    kind = _counted(name) or ("Pod" if name in _SUMS else None)
    if kind is None:
        return 0
    return sum(_asks(name, kind, each) or 0 for each in store.list(kind, namespace)
               if name.startswith("count/") or (each.get("status") or {}).get("phase") not in ("Succeeded", "Failed"))


def _show(amount, name):
    """Counts and bytes as they are, processors in thousandths where they aren't whole."""
    if amount == int(amount):
        return str(int(amount))
    return f"{int(amount * 1000)}m" if name.endswith("cpu") else str(int(amount) + 1)
