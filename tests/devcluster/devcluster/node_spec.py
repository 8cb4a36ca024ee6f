"""From a container of a pod's spec to what the runtime needs to start it."""

import os

from . import node_environment as env

# What the container runtime leaves to a container that doesn't ask for more or less.
_CAPABILITIES = {"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP",
                 "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"}
_NOBODY = 65532  # who runs where the pod says "not root" and the image doesn't say who


def runtime_spec(worker, container, image):
    """The spec for `node_runtime.Runtime.container`; env.ConfigError when something that it names is missing."""
    variables = env.environment(worker.node.store, worker.pod, container, worker.addresses())
    user, group, groups, context = _identity(worker.pod["spec"], container)
    return {
        "command": env.command_line(container, image, variables),
        "environment": {"HOSTNAME": worker.hostname, **variables},
        "directory": container.get("workingDir") or "/", "user": user, "group": group, "groups": groups,
        "no_new_privileges": context.get("allowPrivilegeEscalation") is False,
        "capabilities": _capabilities(context), "read_only": bool(context.get("readOnlyRootFilesystem")),
        "tty": bool(container.get("tty")), "target": worker.process_of(container.get("targetContainerName")),
        "root": worker.directory(f"root-{container['name']}"), "hostname": worker.hostname, "links": image.links,
        "mounts": image.mounts + worker.file_mounts() + [_message_mount(worker, container)]
        + worker.volumes.mounts(container),
    }


def _identity(pod_spec, container):
    """(user or None for root, group, further groups, the security context that holds)"""
    context = {**(pod_spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
    user = context.get("runAsUser", _NOBODY if context.get("runAsNonRoot") else None)
    group = context.get("runAsGroup", user if user == _NOBODY else 0)
    groups = list(context.get("supplementalGroups") or [])
    if context.get("fsGroup"):
        groups.append(context["fsGroup"])
    return user, group, groups, context


def _capabilities(context):
    """The names to be kept; None for a privileged container, which keeps all."""
    if context.get("privileged"):
        return None
    wanted = context.get("capabilities") or {}
    dropped = set(wanted.get("drop") or [])
    kept = set() if "ALL" in dropped else _CAPABILITIES - dropped
    return sorted(kept | set(wanted.get("add") or []))


def _message_file(worker, container):
    return os.path.join(worker.directory("messages"), container["name"])


def _message_mount(worker, container):
    path = _message_file(worker, container)
    with open(path, "w"):
        pass
    os.chmod(path, 0o666)
    return {"source": path, "read_only": False,
            "target": container.get("terminationMessagePath", "/dev/termination-log")}


def termination_message(worker, container, code, log):
    """What the program has left to be read in its pod's status; the end of its log if it is to be so."""
    with open(_message_file(worker, container), errors="replace") as file:
        text = file.read(4096)
    if not text and code != 0 and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        text = b"".join(line for _, _, line in log.lines()[-80:])[-2048:].decode(errors="replace")
    return text
