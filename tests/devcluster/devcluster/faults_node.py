"""Faults on order: what can go wrong with pods.

Each is `async (cluster, arguments) -> text`; arguments are words, the first is NAMESPACE/POD.
"""

import os
import signal

from . import controllers, netns

_NOBODY = "02:00:00:00:00:00"  # a hardware address that no pod has


def table(node):
    """{name: function}, for the control socket."""
    async def drop_pod(_, arguments):
        """Packets to and from the pod vanish without a word, as behind a broken switch."""
        worker = _worker(node, arguments)
        netns.ip_batch([f"neigh replace {worker.address} lladdr {_NOBODY} nud permanent dev {worker.device}",
                        f"rule add iif {worker.device} blackhole"])
        return f"{worker.name} is off the network"

    async def restore_pod(_, arguments):
        worker = _worker(node, arguments)
        netns.ip_batch([f"neigh del {worker.address} dev {worker.device}", f"rule del iif {worker.device} blackhole"])
        return f"{worker.name} is on the network again"

    async def kill_process(_, arguments):
        """arguments: NAMESPACE/POD [CONTAINER]"""
        worker = _worker(node, arguments)
        for container in _containers(worker, arguments):
            container.process.kill()
        return f"killed in {worker.name}"

    async def freeze_pod(_, arguments):
        return _signal_all(_worker(node, arguments), arguments, signal.SIGSTOP, "frozen")

    async def thaw_pod(_, arguments):
        return _signal_all(_worker(node, arguments), arguments, signal.SIGCONT, "running again")

    async def move_pod(_, arguments):
        return await _move(node, _worker(node, arguments))

    async def delay_pod(_, arguments):
        """arguments: NAMESPACE/POD MILLISECONDS (0 ends it)"""
        worker, delay = _worker(node, arguments), int(arguments[1])
        command = (f"qdisc replace dev {worker.device} root netem delay {delay}ms" if delay
                   else f"qdisc del dev {worker.device} root")
        netns.tc(command)
        return f"{worker.name}: {delay} ms"

    async def lag(_, arguments):
        """lag SECONDS: the rules for Services follow the endpoints so much later, as on a busy cluster (0 ends it)"""
        node.services.lag = float(arguments[0])
        return f"Services follow after {node.services.lag:g} s"

    async def network(_, arguments):
        """network [PORT ...]: pods and rules of late, and the kernel's entries of connections from those ports"""
        return node.report.text(arguments)

    return {"network": network, "lag": lag, "drop-pod": drop_pod, "restore-pod": restore_pod, "kill-process": kill_process,
            "freeze-pod": freeze_pod, "thaw-pod": thaw_pod, "move-pod": move_pod, "delay-pod": delay_pod}


def _worker(node, arguments):
    if not arguments:
        raise ValueError("which pod? NAMESPACE/POD")
    namespace, _, name = arguments[0].rpartition("/")
    for worker in node.workers.values():
        if (worker.namespace, worker.name) == (namespace or "default", name) and worker.network is not None:
            return worker
    raise ValueError(f"no such pod runs here: {arguments[0]}")


def _containers(worker, arguments):
    wanted = arguments[1:] or [container.name for container in worker.containers]
    return [container for container in worker.init + worker.containers
            if container.name in wanted and container.process is not None]


def _signal_all(worker, arguments, number, word):
    """To every process of the containers, not only the first."""
    for container in _containers(worker, arguments):
        namespace = os.readlink(f"/proc/{container.process.pid}/ns/pid")
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == namespace:
                    os.kill(int(name), number)
            except (FileNotFoundError, ProcessLookupError):
                pass
    return f"{worker.name} is {word}"


async def _move(node, worker):
    """A new pod object of the same kind elsewhere: the old one is deleted at once, as when its node has died."""
    pod = node.store.get("Pod", worker.namespace, worker.name)
    node.store.delete("Pod", worker.namespace, worker.name, grace=0)
    if controllers.controller_of(pod) is not None:
        return f"{worker.name} is gone; its controller makes another"
    meta = {key: pod["metadata"][key] for key in ("name", "namespace", "labels", "annotations")
            if key in pod["metadata"]}
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    node.store.create("Pod", {"metadata": meta, "spec": spec})
    return f"{worker.name} is gone and there is another"
