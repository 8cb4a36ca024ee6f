"""A pod's sysctls: which ones a node sets without its administrator's word.

As of 1.33 (kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster, "Safe and Unsafe Sysctls").
"""

SAFE = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"}


def asked(spec):
    """[(name, value)] of a pod's spec; a name may be written with slashes."""
    return [(each["name"].replace("/", "."), each["value"])
            for each in (spec.get("securityContext") or {}).get("sysctls") or []]


def of(pod):
    """{name: value} that a pod's network namespace gets."""
    return {name: value for name, value in asked(pod["spec"]) if name.startswith("net.")}


def forbidden(pod):
    """kubelet's refusal, or None."""
    name = next((name for name, _ in asked(pod["spec"]) if name not in SAFE), None)
    return f'forbidden sysctl: "{name}" not allowlisted' if name else None
