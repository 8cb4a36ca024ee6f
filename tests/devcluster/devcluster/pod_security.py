"""Pod Security admission: the levels baseline and restricted, asked for by labels of the namespace.

Rules and wording: k8s.io/pod-security-admission, 1.33 (kubernetes.io/docs/concepts/security/pod-security-standards).
`enforce` refuses pods; `warn` warns of pods and of what makes pods.
"""

from . import errors, node_sysctls

_PREFIX = "pod-security.kubernetes.io/"
_BASELINE_CAPABILITIES = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
                          "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
_RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
                       "projected", "secret"}
_SECCOMP = {"RuntimeDefault", "Localhost"}


def enforce(namespace, pod):
    """ApiError 403 for a pod that its namespace doesn't let in."""
    level, version = _level(namespace, "enforce")
    found = violations(level, pod["spec"])
    if found:
        raise errors.forbidden("Pod", pod["metadata"]["name"],
                               f'violates PodSecurity "{level}:{version}": {", ".join(found)}')


def warnings(namespace, obj):
    """What the client that made the object is to be warned of."""
    level, version = _level(namespace, "warn")
    spec = obj.get("spec", {})
    if obj.get("kind") != "Pod":
        spec = (spec.get("template") or {}).get("spec")
    found = violations(level, spec) if isinstance(spec, dict) and spec.get("containers") else []
    return [f'would violate PodSecurity "{level}:{version}": {", ".join(found)}'] if found else []


def _level(namespace, mode):
    labels = namespace["metadata"].get("labels") or {}
    return labels.get(_PREFIX + mode, "privileged"), labels.get(f"{_PREFIX}{mode}-version", "latest")


def violations(level, spec):
    """Texts, in the order of the server's checks."""
    checks = {"baseline": _BASELINE, "restricted": _BASELINE + _RESTRICTED}.get(level, [])
    containers = [each for group in ("initContainers", "containers", "ephemeralContainers")
                  for each in spec.get(group) or []]
    return [text for check in checks for text in [check(spec, containers)] if text]


def _security(container):
    return container.get("securityContext") or {}


def _pod_security(spec):
    return spec.get("securityContext") or {}


def _names(items, kind="container"):
    """container "a"; containers "a", "b" """
    quoted = ", ".join(f'"{each["name"]}"' for each in items)
    return f"{kind}{'s' if len(items) > 1 else ''} {quoted}"


# Baseline


def _host_namespaces(spec, _containers):
    used = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return f"host namespaces ({', '.join(used)})" if used else None


def _privileged(_spec, containers):
    bad = [each for each in containers if _security(each).get("privileged")]
    return f"privileged ({_names(bad)} must not set securityContext.privileged=true)" if bad else None


def _default_capabilities(_spec, containers):
    added = {each["name"]: set((_security(each).get("capabilities") or {}).get("add") or []) - _BASELINE_CAPABILITIES
             for each in containers}
    bad = [each for each in containers if added[each["name"]]]
    if not bad:
        return None
    which = ", ".join(f'"{name}"' for name in sorted(set().union(*added.values())))
    return f"non-default capabilities ({_names(bad)} must not include {which} in securityContext.capabilities.add)"


def _host_paths(spec, _containers):
    bad = [each for each in spec.get("volumes") or [] if each.get("hostPath") is not None]
    return f"hostPath volumes ({_names(bad, 'volume')})" if bad else None


def _host_ports(_spec, containers):
    bad = [each for each in containers if any(port.get("hostPort") for port in each.get("ports") or [])]
    if not bad:
        return None
    ports = sorted({port["hostPort"] for each in bad for port in each["ports"] if port.get("hostPort")})
    which = ", ".join(str(port) for port in ports)
    return (f"hostPort ({_names(bad)} {'use' if len(bad) > 1 else 'uses'} "
            f"hostPort{'s' if len(ports) > 1 else ''} {which})")


def _sysctls(spec, _containers):
    bad = [name for name, _ in node_sysctls.asked(spec) if name not in node_sysctls.SAFE]
    return f"forbidden sysctls ({', '.join(bad)})" if bad else None


# Restricted


def _volume_types(spec, _containers):
    bad = [each for each in spec.get("volumes") or [] if not _RESTRICTED_VOLUMES & set(each)]
    if not bad:
        return None
    kinds = ", ".join(sorted({f'"{kind}"' for each in bad for kind in each if kind != "name"}))
    return (f"restricted volume types ({_names(bad, 'volume')} {'use' if len(bad) > 1 else 'uses'} restricted volume "
            f"type{'s' if ',' in kinds else ''} {kinds})")


def _escalation(_spec, containers):
    bad = [each for each in containers if _security(each).get("allowPrivilegeEscalation") is not False]
    return (f"allowPrivilegeEscalation != false ({_names(bad)} must set "
            "securityContext.allowPrivilegeEscalation=false)") if bad else None


def _capabilities(_spec, containers):
    def of(container, what):
        return (_security(container).get("capabilities") or {}).get(what) or []
    texts = []
    undropped = [each for each in containers if "ALL" not in of(each, "drop")]
    if undropped:
        texts.append(f'{_names(undropped)} must set securityContext.capabilities.drop=["ALL"]')
    adding = [each for each in containers if set(of(each, "add")) - {"NET_BIND_SERVICE"}]
    if adding:
        which = ", ".join(f'"{name}"' for name in sorted(
            set().union(*(of(each, "add") for each in adding)) - {"NET_BIND_SERVICE"}))
        texts.append(f"{_names(adding)} must not include {which} in securityContext.capabilities.add")
    return f"unrestricted capabilities ({'; '.join(texts)})" if texts else None


def _non_root(spec, containers):
    """The pod's setting holds for containers without one of their own."""
    default = _pod_security(spec).get("runAsNonRoot")
    explicit = [each for each in containers if _security(each).get("runAsNonRoot") is False]
    if explicit:
        return f"runAsNonRoot != true ({_names(explicit)} must not set securityContext.runAsNonRoot=false)"
    if default is False:
        return "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"
    bad = [each for each in containers if not default and _security(each).get("runAsNonRoot") is not True]
    return f"runAsNonRoot != true (pod or {_names(bad)} must set securityContext.runAsNonRoot=true)" if bad else None


def _user(spec, containers):
    if _pod_security(spec).get("runAsUser") == 0:
        return "runAsUser=0 (pod must not set runAsUser=0)"
    bad = [each for each in containers if _security(each).get("runAsUser") == 0]
    return f"runAsUser=0 ({_names(bad)} must not set runAsUser=0)" if bad else None


def _seccomp(spec, containers):
    def kind(security):
        return (security.get("seccompProfile") or {}).get("type")
    default = kind(_pod_security(spec)) in _SECCOMP
    bad = [each for each in containers if kind(_security(each)) not in _SECCOMP
           and not (default and kind(_security(each)) is None)]
    return (f"seccompProfile (pod or {_names(bad)} must set securityContext.seccompProfile.type to "
            '"RuntimeDefault" or "Localhost")') if bad else None


_BASELINE = [_host_namespaces, _privileged, _default_capabilities, _host_paths, _host_ports, _sysctls]
_RESTRICTED = [_volume_types, _escalation, _capabilities, _non_root, _user, _seccomp]
