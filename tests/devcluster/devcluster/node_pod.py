"""A pod on the node, from the moment it is bound to it until it is gone."""

import asyncio
import os
import shutil
import time

from . import errors, netns, node_container, node_sysctls, node_volumes
from . import store as store_


class PodWorker:
    """`pod` is the object as last seen; `run` is the pod's life, one task."""

    def __init__(self, node, pod):
        self.node = node
        self.pod = pod
        self.namespace, self.name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        self.uid = pod["metadata"]["uid"]
        self.hostname = (pod["spec"].get("hostname") or self.name)[:63]
        self.has_init = bool(pod["spec"].get("initContainers"))
        self.address = None   # the pod's, once it has a network
        self.device = None    # the node's end of its veth pair
        self.network = None   # descriptor of its network namespace
        self.finished = False
        self.init = [node_container.Container(self, spec, "initContainers")
                     for spec in pod["spec"].get("initContainers") or []]
        self.ephemeral = []   # containers added for debugging, as they came
        self.containers = [node_container.Container(self, spec, "containers") for spec in pod["spec"]["containers"]]
        self.volumes = node_volumes.Volumes(node.cluster, pod, self.directory("volumes"), self.addresses)
        self._deleting = asyncio.Event()
        self._conditions = {}
        self._failure = {}    # reason and message, where the pod as a whole has failed
        self._sidecars = []
        self._ephemeral_lives = []
        self._times = node.report.pod(self.namespace, self.name)

    # What the others ask

    def container(self, name):
        """The Container of this name, or None."""
        for container in self.init + self.containers + self.ephemeral:
            if container.name == name:
                return container
        return None

    def process_of(self, name):
        """The first process of the container of this name, while it runs; None also for no name."""
        container = self.container(name)
        return container.process.pid if container is not None and container.process is not None else None

    def addresses(self):
        """What the downward API knows of the pod's status."""
        return {"podIP": self.address or "", "hostIP": netns.NODE_ADDRESS}

    def directory(self, name):
        path = os.path.join(self.node.cluster.run_dir, "pods", self.uid, name)
        os.makedirs(path, exist_ok=True)
        return path

    def grace(self):
        """Seconds that the pod's programs have between SIGTERM and SIGKILL."""
        meta = self.pod["metadata"]
        if "deletionGracePeriodSeconds" in meta:
            return meta["deletionGracePeriodSeconds"]
        return self.pod["spec"].get("terminationGracePeriodSeconds", 30)

    def update(self, pod):
        """The object has changed."""
        self.pod = pod
        if "deletionTimestamp" in pod["metadata"]:
            self._deleting.set()
        self._start_ephemeral_containers()

    def removed(self):
        """The object is gone, without waiting for the node (grace period 0)."""
        self._deleting.set()
        for container in self.init + self.containers + self.ephemeral:
            container.kill_now()

    # The pod's life

    async def run(self):
        life = asyncio.ensure_future(self._live())
        deletion = asyncio.ensure_future(self._deleting.wait())
        try:
            await asyncio.wait([life, deletion], return_when=asyncio.FIRST_COMPLETED,
                               timeout=self.pod["spec"].get("activeDeadlineSeconds"))
            if not life.done():
                if not deletion.done():
                    self._failure = {"reason": "DeadlineExceeded",
                                     "message": "Pod was active on the node longer than the specified deadline"}
                    self.node.events.normal(self.pod, "DeadlineExceeded", self._failure["message"])
                await self._stop_all(life)
            life.result()
            self.finished = True
            self._release_network()
            self.publish()
            await deletion
            self._remove_object()
        finally:
            life.cancel()
            deletion.cancel()
            self._release_network()
            shutil.rmtree(os.path.join(self.node.cluster.run_dir, "pods", self.uid), ignore_errors=True)

    async def _live(self):
        forbidden = node_sysctls.forbidden(self.pod)
        if forbidden:
            self._failure = {"reason": "SysctlForbidden", "message": forbidden}
            self.node.events.warning(self.pod, "SysctlForbidden", forbidden)
        self.publish()
        if forbidden or not await self._set_up_volumes():
            return
        await self._set_up_network()
        self._write_files()
        self._start_ephemeral_containers()
        self.publish()
        if not await self._run_init_containers():
            return
        await asyncio.gather(*(container.run() for container in self.containers))
        for container, task in self._sidecars:
            await container.stop(self.grace())
            await task
        await asyncio.gather(*(container.stop(self.grace()) for container in self.ephemeral), *self._ephemeral_lives)

    def _start_ephemeral_containers(self):
        if self.network is None or self._deleting.is_set():
            return
        for spec in self.pod["spec"].get("ephemeralContainers") or []:
            if self.container(spec["name"]) is None:
                self.ephemeral.append(node_container.Container(self, spec, "ephemeralContainers"))
                self._ephemeral_lives.append(asyncio.ensure_future(self.ephemeral[-1].run()))

    async def _set_up_volumes(self):
        pause = 0.25
        while not self._deleting.is_set():
            try:
                self.volumes.set_up()
                return True
            except node_volumes.VolumeError as error:
                self.node.events.warning(self.pod, "FailedMount", str(error))
                pause = min(pause * 2, 8)
                try:
                    await asyncio.wait_for(self._deleting.wait(), pause)
                except asyncio.TimeoutError:
                    pass
        return False

    async def _set_up_network(self):
        self.device, self.address = self.node.next_address()
        self.network = await self.node.runtime.sandbox(self.device, self.address, node_sysctls.of(self.pod))
        self._times.update({"address": self.address, "begun": time.time()})

    def _write_files(self):
        directory = self.directory("etc")
        spec, namespace = self.pod["spec"], self.namespace
        full = self.hostname
        if spec.get("subdomain"):
            full = f"{self.hostname}.{spec['subdomain']}.{namespace}.svc.cluster.local\t{self.hostname}"
        hosts = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost",
                 "::1\tlocalhost ip6-localhost ip6-loopback", f"{self.address}\t{full}"]
        hosts += [f"{alias['ip']}\t{' '.join(alias.get('hostnames') or [])}"
                  for alias in spec.get("hostAliases") or []]
        for name, lines in (("hosts", hosts), ("hostname", [self.hostname]), ("resolv.conf", self._resolver())):
            with open(os.path.join(directory, name), "w") as file:
                file.write("\n".join(lines) + "\n")

    def _resolver(self):
        spec = self.pod["spec"]
        config = spec.get("dnsConfig") or {}
        servers, searches, options = [], [], []
        if spec.get("dnsPolicy", "ClusterFirst") != "None":
            servers = [netns.DNS_SERVICE_ADDRESS]
            searches = [f"{self.namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local"]
            options = ["ndots:5"]
        servers += config.get("nameservers") or []
        searches += config.get("searches") or []
        for option in config.get("options") or []:
            options = [known for known in options if known.split(":")[0] != option["name"]]
            options.append(f"{option['name']}:{option['value']}" if option.get("value") else option["name"])
        return ([f"search {' '.join(searches)}"] if searches else []) + [
            f"nameserver {server}" for server in servers] + ([f"options {' '.join(options)}"] if options else [])

    def file_mounts(self):
        directory = self.directory("etc")
        return [{"source": os.path.join(directory, name), "target": f"/etc/{name}", "read_only": False}
                for name in ("hosts", "hostname", "resolv.conf")]

    async def _run_init_containers(self):
        for container in self.init:
            task = asyncio.ensure_future(container.run())
            if container.spec.get("restartPolicy") == "Always":
                self._sidecars.append((container, task))
                await asyncio.wait([task, asyncio.ensure_future(container.ever_started.wait())],
                                   return_when=asyncio.FIRST_COMPLETED)
            else:
                await task
                if container.exit_code != 0:
                    return False
                container.ready = True
            if self._deleting.is_set():
                return False
        for container in self.containers:
            container.state = {"waiting": {"reason": "PodInitializing"}} if self.init else container.state
        return True

    async def _stop_all(self, life):
        """Containers first, then the sidecars; `life` ends by itself when all have."""
        grace = self.grace()
        self._times["asked to end"] = time.time()
        running = self.containers + self.ephemeral + [container for container in self.init
                                     if container not in [sidecar for sidecar, _ in self._sidecars]]
        self._deleting.set() if not self._failure else None
        await asyncio.gather(*(container.stop(grace) for container in running))
        await life

    def _release_network(self):
        if self.network is not None:
            os.close(self.network)
            self.network = None
            self._times["ended"] = time.time()

    def _remove_object(self):
        try:
            self.node.store.delete("Pod", self.namespace, self.name, grace=0, uid=self.uid)
        except errors.ApiError:
            pass  # gone already, or another pod of the same name

    # Status

    def publish(self):
        """Writes the status, if the object is still there and still this pod."""
        stored = self.node.store.find("Pod", self.namespace, self.name)
        if stored is None or stored["metadata"]["uid"] != self.uid:
            return
        self._load_conditions(stored)
        status = {"phase": self._phase(), "hostIP": netns.NODE_ADDRESS, "hostIPs": [{"ip": netns.NODE_ADDRESS}],
                  "startTime": (stored.get("status") or {}).get("startTime") or store_.now(),
                  "containerStatuses": [container.status() for container in self.containers]}
        if self.address:
            status.update({"podIP": self.address, "podIPs": [{"ip": self.address}]})
        if self.init:
            status["initContainerStatuses"] = [container.status() for container in self.init]
        if self.ephemeral:
            status["ephemeralContainerStatuses"] = [container.status() for container in self.ephemeral]
        status.update(self._failure)
        status["conditions"] = self._all_conditions(status["phase"])
        self.node.store.patch_status("Pod", self.namespace, self.name, status, manager="kubelet")

    def _load_conditions(self, stored):
        for condition in (stored.get("status") or {}).get("conditions") or []:
            self._conditions.setdefault(condition["type"], condition)

    def _phase(self):
        if self._failure:
            return "Failed"
        policy = self.pod["spec"].get("restartPolicy", "Always")
        regular = [container for container in self.init if container.spec.get("restartPolicy") != "Always"]
        if any(container.exit_code not in (None, 0) for container in regular) and policy == "Never":
            return "Failed"
        if self.init and not all(container.exit_code == 0 for container in regular):
            return "Failed" if self.finished else "Pending"
        codes = [container.exit_code for container in self.containers]
        if any(code is None and not container.running and not container.last_state
               for container, code in zip(self.containers, codes)):
            return "Failed" if self.finished else "Pending"
        ended = all(code is not None for code in codes)
        if self.finished or (ended and self._none_will_restart(policy, codes)):
            return "Succeeded" if all(code == 0 for code in codes) else "Failed"
        return "Running"

    def _none_will_restart(self, policy, codes):
        if self._deleting.is_set() or policy == "Never":
            return True
        return policy == "OnFailure" and all(code == 0 for code in codes)

    def _all_conditions(self, phase):
        over = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase)
        incomplete = [container.name for container in self.init
                      if container.exit_code != 0 and not container.started]
        unready = [container.name for container in self.containers if not container.ready]
        ready = (None, None)
        if over:
            ready = (over, None)
        elif unready:
            ready = ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
        initialized = ("PodCompleted" if over == "PodCompleted" else None, None)
        if incomplete:
            initialized = ("ContainersNotInitialized",
                           f"containers with incomplete status: [{' '.join(incomplete)}]")
        gates = [gate["conditionType"] for gate in self.pod["spec"].get("readinessGates") or []]
        gated = [gate for gate in gates if self._conditions.get(gate, {}).get("status") != "True"]
        pod_ready = ready
        if gated and not any(ready):
            pod_ready = ("ReadinessGatesNotReady", f'the status of pod readiness gate "{gated[0]}" is not "True", '
                         f"but False")
        self._condition("PodReadyToStartContainers", self.network is not None)
        self._condition("Initialized", not incomplete, *initialized)
        self._condition("Ready", not any(pod_ready), *pod_ready)
        self._condition("ContainersReady", not any(ready), *ready)
        self._condition("PodScheduled", True)
        order = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
        others = [kind for kind in self._conditions if kind not in order]
        return [self._conditions[kind] for kind in others + order]

    def _condition(self, kind, true, reason=None, message=None):
        before = self._conditions.get(kind, {})
        status = "True" if true else "False"
        condition = {"type": kind, "status": status, "lastProbeTime": None,
                     "lastTransitionTime": before.get("lastTransitionTime") if before.get("status") == status
                     else store_.now()}
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        self._conditions[kind] = condition
