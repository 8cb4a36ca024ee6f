"""The node: what kubelet, scheduler, kube-proxy and cluster DNS do, and the controllers beside them.

    node = Node(cluster)                     cluster: store, pki, run_dir, options, inside_port
    await node.start()                       network, DNS, controllers, kubelet; returns when pods can be started
    await node.stop()                        ends every process
    node.services.lag                        seconds by which the node's rules for Services come late (0)
    node.report                              network_report.Report: what happened, for explanations
    node.faults                              {"name": async function(cluster, arguments) -> text}

    await node.portforward(pod, port)        -> (reader, writer) to localhost:port in the pod's network namespace
    await node.attach(pod, container)        -> a running container's streams, as of a process: node_streams.Attached
    await node.exec(pod, container, command, stdin=False, tty=False) -> node_runtime.Process
        .stdin  asyncio StreamWriter or None; .stdout, .stderr  asyncio StreamReader (no stderr with a tty);
        .resize(columns, rows); .kill(); await .wait() -> exit code (128 + signal). FileNotFoundError, PermissionError.

The WebSocket routes of portforward, exec and log are in `portforward.serve`, `exec.serve` and `logs.serve`:
`async serve(cluster, request, pod)`. The API server routes to them after authentication, authorization and having
found the pod; it does the SPDY variants with the two functions above.

Options used: `images` {name: command}; `backoff` seconds of the first restart back-off (default 10, as in life).
"""

import asyncio
import resource
import socket
import traceback

from . import (controllers_deployment, controllers_endpoints, controllers_gc, controllers_job,
               controllers_replicaset, controllers_statefulset, controllers_tokens, dns, faults_node,
               netns, network_report, node_events, node_images, node_object, node_pod, node_runtime, node_scheduler, quota, services)

NAME = "node1"
_CONTROLLERS = (controllers_deployment.DeploymentController, controllers_replicaset.ReplicaSetController,
                controllers_statefulset.StatefulSetController,
                controllers_endpoints.EndpointsController, controllers_endpoints.MirroringController,
                controllers_gc.GarbageCollector, controllers_gc.NamespaceController, quota.QuotaController)


class Node:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self.backoff = getattr(cluster.options, "backoff", None) or 10.0
        self.images = node_images.Images(getattr(cluster.options, "images", None))
        self.runtime = node_runtime.Runtime()
        self.events = node_events.Recorder(self.store, "kubelet", NAME)
        self.workers = {}   # pod uid -> node_pod.PodWorker
        self.faults = faults_node.table(self)
        self._scheduler = node_scheduler.Scheduler(
            self.store, NAME, node_events.SchedulerRecorder(self.store, socket.gethostname()), self._bound_pods)
        self._dns = dns.Server(self.store)
        self.report = network_report.Report()
        self.services = services.ServiceProxy(self.store, self.report)
        self._controllers = [make(self.store) for make in _CONTROLLERS]
        self._controllers += [controllers_job.JobController(self.store, self.backoff),
                              controllers_tokens.TokenController(self.store, cluster.pki),
                              controllers_endpoints.ApiServerController(self.store, cluster.inside_port)]
        self._tasks = []
        self._last_address = 1  # 10.244.0.1 is the gateway

    async def start(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # also of the pods, as the container runtime does it
        netns.set_up_node()
        node_object.register(self.store, NAME)
        await self.runtime.start()
        await self.services.start()
        await self._dns.start()
        for controller in self._controllers:
            controller.start()
        self._tasks = [asyncio.ensure_future(self._watch_pods()), asyncio.ensure_future(self._watch_nodes())]
        self._tasks += [asyncio.ensure_future(self._watch_sources(kind)) for kind in ("ConfigMap", "Secret")]

    async def stop(self):
        for controller in self._controllers:
            controller.stop()
        for task in self._tasks:
            task.cancel()
        await self.services.stop()
        await self._dns.stop()
        for worker in self.workers.values():
            worker.removed()
        await self.runtime.stop()

    def next_address(self):
        """(name of the node's device, address) for a new pod."""
        self._last_address += 1
        number = self._last_address
        return f"pod{number}", f"10.244.{number >> 8 & 255}.{number & 255}"

    # Pods

    async def _watch_pods(self):
        async with self.store.watch("Pod") as events:
            async for event in events:
                try:
                    self._pod_changed(event)
                except Exception:
                    traceback.print_exc()

    def _pod_changed(self, event):
        pod = event.object
        uid = pod["metadata"]["uid"]
        worker = self.workers.get(uid)
        if event.type == "DELETED":
            if worker is not None:
                worker.removed()
            self._scheduler.reconsider()
        elif not pod["spec"].get("nodeName"):
            self._scheduler.consider(pod)
        elif worker is not None:
            worker.update(pod)
        elif pod["spec"]["nodeName"] == NAME:
            self._adopt(pod)

    def _adopt(self, pod):
        worker = node_pod.PodWorker(self, pod)
        uid = worker.uid
        self.workers[uid] = worker
        worker.update(pod)
        task = asyncio.ensure_future(worker.run())

        def done(_):
            self.workers.pop(uid, None)
            if not task.cancelled() and task.exception() is not None:
                traceback.print_exception(task.exception())
        task.add_done_callback(done)

    def _bound_pods(self):
        return [worker.pod for worker in self.workers.values() if not worker.finished]

    async def _watch_nodes(self):
        async with self.store.watch("Node") as events:
            async for _ in events:
                self._scheduler.reconsider()

    async def _watch_sources(self, kind):
        """Mounted ConfigMaps and Secrets follow their objects."""
        async with self.store.watch(kind) as events:
            async for event in events:
                if event.type == "MODIFIED":
                    meta = event.object["metadata"]
                    for worker in list(self.workers.values()):
                        if worker.namespace == meta["namespace"]:
                            worker.volumes.refresh(kind, meta["name"])

    # What the API server asks for

    def worker_of(self, pod):
        """The worker of a pod that runs here; None if it doesn't (any more)."""
        worker = self.workers.get(pod["metadata"]["uid"])
        return worker if worker is not None and worker.network is not None else None

    async def connect(self, pod, port):
        """A connected, non-blocking socket to localhost:port in the pod. OSError; ConnectionError if it isn't here."""
        worker = self.worker_of(pod)
        if worker is None:
            raise ConnectionError("the pod has no network")
        loop = asyncio.get_running_loop()
        problem = None
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            connection = netns.socket_inside(
                worker.network, lambda family=family: socket.socket(family, socket.SOCK_STREAM))
            connection.setblocking(False)
            try:
                await loop.sock_connect(connection, (address, port))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
            except OSError as error:
                connection.close()
                problem = problem or error
        raise problem

    async def portforward(self, pod, port):
        return await asyncio.open_connection(sock=await self.connect(pod, port), limit=1 << 20)

    async def exec(self, pod, container, command, stdin=False, tty=False):
        return await self._running(pod, container).exec(command, stdin, tty)

    async def attach(self, pod, container):
        found = self._running(pod, container)
        return found.streams.attach(bool(found.spec.get("stdinOnce")) and not found.spec.get("tty"))

    def _running(self, pod, container):
        worker = self.worker_of(pod)
        found = worker.container(container) if worker is not None else None
        if found is None or not found.running:
            raise ConnectionError(f"container {container} is not running")
        return found
