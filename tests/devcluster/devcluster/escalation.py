"""Nobody grants what they don't have: the check on whoever writes roles and bindings.

As k8s.io/kubernetes/pkg/registry/rbac (policybased storage, validation.Covers): writing a role needs every right in it,
or the verb `escalate` on roles; writing a binding every right of the role that it refers to, or the verb `bind`.
"""

import dataclasses
import itertools

from . import errors, rbac

_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def check(call, user, authorizer, new):
    """ApiError 403 for an object that would grant more than its writer holds. `call` is the rest.Call."""
    if call.kind not in _ROLES + _BINDINGS or rbac.SUPERUSERS in user.groups:
        return
    old = call.store.find(call.kind, call.info.namespace, new["metadata"].get("name", ""))
    if call.kind in _ROLES:
        if old is not None and old.get("rules") == new.get("rules"):
            return
        granted, excuse = new.get("rules") or [], _about(call.info, "escalate", call.resource.plural, "")
    else:
        granted, excuse = _of_binding(call, new)
    if authorizer.allows(user, excuse):
        return
    missing = _missing(list(authorizer.rules(user, call.info.namespace)), granted)
    if missing:
        groups = " ".join(f'"{group}"' for group in user.groups)
        raise errors.forbidden(call.kind, new["metadata"].get("name", ""), (
            f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
            + "\n".join(sorted(missing))))


def _of_binding(call, binding):
    """(the rules of the role that it refers to, the right that makes the check unnecessary)"""
    reference = binding.get("roleRef") or {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    role = call.store.get(kind, call.info.namespace if kind == "Role" else "", name)
    plural = "roles" if kind == "Role" else "clusterroles"
    return role.get("rules") or [], _about(call.info, "bind", plural, name)


def _about(info, verb, resource, name):
    return dataclasses.replace(info, verb=verb, resource=resource, subresource="", name=name)


def _missing(held, granted):
    """The granted rules of which some part isn't held, in the server's words: only the missing part of each."""
    texts = set()
    for rule in granted:
        lacking = [part for part in _parts(rule) if not any(_covers(each, part) for each in held)]
        texts.update(_compact(lacking))
    return texts


def _parts(rule):
    """One verb on one thing each: (verb, group, resource, name or None), or (verb, path)."""
    verbs = rule.get("verbs") or []
    yield from itertools.product(verbs, rule.get("nonResourceURLs") or [])
    yield from itertools.product(verbs, rule.get("apiGroups") or [], rule.get("resources") or [],
                                 rule.get("resourceNames") or [None])


def _covers(rule, part):
    if not {"*", part[0]} & set(rule.get("verbs") or []):
        return False
    if len(part) == 2:
        return any(each == part[1] or each.endswith("*") and part[1].startswith(each[:-1])
                   for each in rule.get("nonResourceURLs") or [])
    _, group, resource, name = part
    resources, names = rule.get("resources") or [], rule.get("resourceNames") or []
    wanted = {"*", resource} | ({f"*/{resource.partition('/')[2]}"} if "/" in resource else set())
    return (bool({"*", group} & set(rule.get("apiGroups") or [])) and bool(wanted & set(resources))
            and (not names or name in names))


def _compact(parts):
    """The verbs on one thing in one text."""
    for _, found in itertools.groupby(sorted(parts, key=_thing), key=_thing):
        found = list(found)
        verbs, part = [each[0] for each in found], found[0]
        if len(part) == 2:
            fields = [("NonResourceURLs", [part[1]])]
        else:
            fields = [("APIGroups", [part[1]]), ("Resources", [part[2]])]
            fields += [("ResourceNames", [part[3]])] if part[3] is not None else []
        yield "{" + ", ".join(f"{name}:[{_quoted(values)}]" for name, values in fields + [("Verbs", verbs)]) + "}"


def _thing(part):
    return tuple(each or "" for each in part[1:])


def _quoted(values):
    return " ".join(f'"{value}"' for value in values)
