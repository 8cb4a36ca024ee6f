"""The Node object."""

import os
import platform

from . import netns
from . import store as store_


def register(store, name):
    """Creates the node's object, ready from the start."""
    store.create("Node", {
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": _architecture(),
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": _architecture(),
            "node-role.kubernetes.io/control-plane": ""}},
        "spec": {"podCIDR": netns.POD_NETWORK, "podCIDRs": [netns.POD_NETWORK]}}, manager="kubelet")
    store.patch_status("Node", None, name, _status(name), manager="kubelet")


def _architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _status(name):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
    resources = {"cpu": str(os.cpu_count()), "memory": f"{memory}Ki", "pods": "110", "ephemeral-storage": "10Gi"}
    return {
        "addresses": [{"type": "InternalIP", "address": netns.NODE_ADDRESS}, {"type": "Hostname", "address": name}],
        "capacity": resources, "allocatable": resources, "conditions": _conditions(),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {"architecture": _architecture(), "operatingSystem": "linux", "osImage": "Ferry test cluster",
                     "kernelVersion": platform.release(), "kubeletVersion": "v1.33.0", "kubeProxyVersion": "v1.33.0",
                     "containerRuntimeVersion": "containerd://0.0.0-devcluster", "machineID": "", "bootID": "",
                     "systemUUID": ""},
    }


def _conditions():
    now = store_.now()
    conditions = []
    for kind, status, reason, message in (
            ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "True", "KubeletReady", "kubelet is posting ready status")):
        conditions.append({"type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now,
                           "reason": reason, "message": message})
    return conditions
