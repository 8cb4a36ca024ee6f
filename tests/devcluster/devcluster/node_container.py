"""One container of a pod: pulled, created, started, probed, restarted, stopped."""

import asyncio
import hashlib
import os
import signal
import time

from . import node_environment as env
from . import node_images, node_logs, node_probes, node_spec, node_streams
from . import store as store_

_LONGEST_BACKOFF = 300.0
_BACKOFF_FORGOTTEN = 600.0   # a container that ran this long starts anew with its back-off
_CONFIG_RETRY = 2.0          # seconds between attempts while something that the spec names is missing


class Container:
    """`worker` is the pod's `node_pod.PodWorker`; `kind` is the list of the pod's spec that it is in."""

    def __init__(self, worker, spec, kind):
        self.worker = worker
        self.spec = spec
        self.name = spec["name"]
        self.is_init = kind == "initContainers"
        self.is_ephemeral = kind == "ephemeralContainers"
        self.streams = None  # node_streams.Streams of the present run
        self.state = {"waiting": {"reason": "PodInitializing" if worker.has_init or self.is_init
                                  else "ContainerCreating"}}
        self.last_state = {}
        self.restarts = 0
        self.ready = self.started = False
        self.ever_started = asyncio.Event()
        self.process = None
        self.log = self.previous_log = None
        self._field = f"spec.{kind}{{{self.name}}}"
        self._image = None
        self._id = ""
        self._stopping = asyncio.Event()
        self._probers = []
        self._killing = None
        self._quick_failures = 0  # restarts that count for the back-off

    # What the pod's status says

    def status(self):
        result = {"name": self.name, "state": self.state, "lastState": self.last_state, "ready": self.ready,
                  "restartCount": self.restarts, "image": self.spec["image"],
                  "imageID": self._image.id if self._id else "", "started": self.started}
        if self._id:
            result["containerID"] = self._id
            result["resources"] = self.spec.get("resources") or {}
        mounts = [{"name": mount["name"], "mountPath": mount["mountPath"],
                   **({"readOnly": True, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else {})}
                  for mount in self.spec.get("volumeMounts") or []]
        if mounts:
            result["volumeMounts"] = mounts
        return result

    @property
    def exit_code(self):
        """The exit code of the last run; None while it runs, or when it never ran."""
        return self.state.get("terminated", {}).get("exitCode")

    @property
    def running(self):
        return "running" in self.state

    # The life of the container

    async def run(self):
        """Until it has ended for good: as its restart policy says, or because `stop` was called."""
        while not self._stopping.is_set():
            process = await self._get_started()
            if process is not None:
                code = await process.wait()
                await self._ended(code)
            if self._stopping.is_set() or not self._to_be_restarted():
                return
            await self._back_off()

    def _to_be_restarted(self):
        if self.is_ephemeral:
            return False
        policy = self.spec.get("restartPolicy") if self.is_init else None
        policy = policy or self.worker.pod["spec"].get("restartPolicy", "Always")
        code = self._last_exit_code()
        if self.is_init and self.spec.get("restartPolicy") != "Always":
            return code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    def _last_exit_code(self):
        if self.exit_code is not None:
            return self.exit_code
        return self.last_state.get("terminated", {}).get("exitCode", 1)

    async def _get_started(self):
        """The process; None when it could not be run (the state says so), or when the pod is being stopped."""
        spec = None
        while spec is None and not self._stopping.is_set():
            self._image = await self._pull()
            if self._image is None:
                return None
            spec = await self._configure()
        return await self._start(spec) if spec is not None else None

    async def _pull(self):
        attempt = 0
        while not self._stopping.is_set():
            try:
                return self._look_for_image()
            except node_images.PullError as error:
                self._event("Warning", "Failed", f'Failed to pull image "{self.spec["image"]}": {error}')
                self._event("Warning", "Failed", "Error: ErrImagePull")
                self._wait("ErrImagePull", str(error))
                await self._pause(0.2)
                text = f'Back-off pulling image "{self.spec["image"]}"'
                self._event("Normal", "BackOff", text)
                self._event("Warning", "Failed", "Error: ImagePullBackOff")
                self._wait("ImagePullBackOff", f"{text}: ErrImagePull: {error}")
                await self._pause(min(self.worker.node.backoff * 2 ** attempt, _LONGEST_BACKOFF))
                attempt += 1
            except _NoImage as error:
                self._event("Warning", error.event, error.text)
                self._event("Warning", "Failed", f"Error: {error.reason}")
                self._wait(error.reason, error.text)
                await self._pause(self.worker.node.backoff)
        return None

    def _look_for_image(self):
        name, images = self.spec["image"], self.worker.node.images
        try:
            image = images.find(name)
        except node_images.InvalidName as error:
            raise _NoImage("InspectFailed", "InvalidImageName", str(error)) from error
        policy = self.spec.get("imagePullPolicy", "IfNotPresent")
        if policy == "Never" and image is None:
            raise _NoImage("ErrImageNeverPull", "ErrImageNeverPull",
                           f'Container image "{name}" is not present with pull policy of Never')
        if image is not None and policy != "Always":
            self._event("Normal", "Pulled", f'Container image "{name}" already present on machine')
            return image
        self._event("Normal", "Pulling", f'Pulling image "{name}"')
        image = images.pull(name)
        self._event("Normal", "Pulled", f'Successfully pulled image "{name}" in 1ms (1ms including waiting). '
                    "Image size: 1048576 bytes.")
        return image

    async def _configure(self):
        """What the runtime needs; None after a pause when something is missing."""
        try:
            return node_spec.runtime_spec(self.worker, self.spec, self._image)
        except env.ConfigError as error:
            self._event("Warning", "Failed", f"Error: {error}")
            self._wait("CreateContainerConfigError", str(error))
            await self._pause(_CONFIG_RETRY)
            return None

    async def _start(self, spec):
        self._id = "containerd://" + hashlib.sha256(os.urandom(32)).hexdigest()
        self._event("Normal", "Created", f"Created container: {self.name}")
        self.previous_log, self.log = self.log, node_logs.Log()
        self._spec_of_exec = spec
        began = store_.now()
        try:
            process = await self._launch(spec)
        except OSError as error:
            self.log.close()
            text = ("failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
                    f"create failed: unable to start container process: {error.strerror}: unknown")
            self._event("Warning", "Failed", f"Error: {text}")
            self.last_state = {"terminated": {
                "exitCode": 128, "reason": "StartError", "message": text, "startedAt": "1970-01-01T00:00:00Z",
                "finishedAt": store_.now(), "containerID": self._id}}
            self._quick_failures += 1
            self._wait("RunContainerError", text)
            return None
        self.process = process
        self._began = time.monotonic()
        self._event("Normal", "Started", f"Started container {self.name}")
        self.state = {"running": {"startedAt": began}}
        self.started = "startupProbe" not in self.spec
        self.ready = self.started and "readinessProbe" not in self.spec and not self.is_ephemeral
        self._start_probes()
        self.ever_started.set()
        self.worker.publish()
        if self._stopping.is_set():
            process.kill()
        return process

    async def _launch(self, spec):
        self.streams = await node_streams.launch(
            self.worker.node.runtime, self.worker.network, spec, bool(self.spec.get("stdin")), self.log)
        return self.streams.process

    async def _ended(self, code):
        for prober in self._probers:
            prober.stop()
        self._probers = []
        await self.streams.drain(1)  # a program that left may have left its output to a child
        self.log.close()
        self.process = None
        self.ready = self.started = False
        terminated = {"exitCode": code, "reason": "Completed" if code == 0 else "Error",
                      "startedAt": self.state["running"]["startedAt"], "finishedAt": store_.now(),
                      "containerID": self._id}
        message = node_spec.termination_message(self.worker, self.spec, code, self.log)
        if message:
            terminated["message"] = message
        if self._killing is not None:
            self._killing.cancel()
            self._killing = None
        self.state = {"terminated": terminated}
        if time.monotonic() - self._began > _BACKOFF_FORGOTTEN:
            self._quick_failures = 0
        self._quick_failures += 1
        self.worker.publish()

    async def _back_off(self):
        """The first restart comes at once, the others after 10, 20, 40 ... seconds."""
        if self._quick_failures > 1:
            pod, node = self.worker.pod, self.worker.node
            await self._pause(node.backoff / 10)  # kubelet takes a second to see the end, and shows it meanwhile
            delay = min(node.backoff * 2 ** (self._quick_failures - 2), _LONGEST_BACKOFF)
            full_name = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({pod['metadata']['uid']})"
            self._event("Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {full_name}")
            if "terminated" in self.state:
                self.last_state = self.state
            self._wait("CrashLoopBackOff", f"back-off {_go_duration(delay)} restarting failed "
                       f"container={self.name} pod={full_name}")
            await self._pause(delay * 0.9)
        if not self._stopping.is_set():
            if "terminated" in self.state:
                self.last_state = self.state
            self.restarts += 1

    # Probes

    def _start_probes(self):
        ports = {port["name"]: port["containerPort"] for port in self.spec.get("ports") or [] if "name" in port}
        checks = node_probes.Checks(self.worker.address, ports, self.execute)
        if "startupProbe" in self.spec:
            def passed():
                if not self.started:
                    self.started = True
                    self._probers[0].stop()
                    self._start_regular_probes(checks)
                    self._set_ready("readinessProbe" not in self.spec)
            self._start_prober(checks, "startupProbe", "Startup", passed, lambda: self._unhealthy("startup"))
        else:
            self._start_regular_probes(checks)

    def _start_regular_probes(self, checks):
        if "livenessProbe" in self.spec:
            self._start_prober(checks, "livenessProbe", "Liveness", lambda: None,
                               lambda: self._unhealthy("liveness"))
        if "readinessProbe" in self.spec:
            self._start_prober(checks, "readinessProbe", "Readiness", lambda: self._set_ready(True),
                               lambda: self._set_ready(False))

    def _start_prober(self, checks, field, title, passed, failed):
        def report(text):
            if self._killing is None:  # else it is the end of the container that the probe has seen
                self._event("Warning", "Unhealthy", f"{title} probe failed: {text}")
        self._probers.append(node_probes.Prober(checks.check, self.spec[field], passed, failed, report))

    def _set_ready(self, ready):
        if self.running:
            self.ready = ready
            self.worker.publish()

    def _unhealthy(self, which):
        if self._killing is None and self.running:
            self._event("Normal", "Killing", f"Container {self.name} failed {which} probe, will be restarted")
            grace = self.spec[f"{which}Probe"].get("terminationGracePeriodSeconds", self.worker.grace())
            self._killing = asyncio.ensure_future(self._terminate(grace))

    async def execute(self, command):
        """Runs a command in the container: (exit code, output with errors)."""
        process = await self.exec(command)
        try:
            output, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
            return await process.wait(), output + errors
        finally:
            process.kill()

    async def exec(self, command, stdin=False, tty=False):
        """Starts a command in the container; FileNotFoundError or PermissionError if it can't be run."""
        variables = dict(self._spec_of_exec["environment"])
        if tty:
            variables["TERM"] = "xterm"
        spec = {**self._spec_of_exec, "command": list(command), "environment": variables}
        return await self.worker.node.runtime.exec(self.process.pid, spec, stdin, tty)

    # Stopping

    async def stop(self, grace):
        """Ends the container within `grace` seconds, for good. `run` returns then."""
        self._stopping.set()
        if self.running:
            self._event("Normal", "Killing", f"Stopping container {self.name}")
            await self._terminate(grace)

    def kill_now(self):
        self._stopping.set()
        if self.process is not None:
            self.process.kill()

    async def _terminate(self, grace):
        process = self.process
        deadline = time.monotonic() + grace
        hook = (self.spec.get("lifecycle") or {}).get("preStop")
        if hook:
            try:
                await asyncio.wait_for(self._pre_stop(hook), max(0.1, grace))
            except (asyncio.TimeoutError, OSError, node_probes.ProbeFailed):
                pass  # the program is told to end all the same
        process.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), max(0.05, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            process.kill()

    async def _pre_stop(self, hook):
        if "exec" in hook:
            await self.execute(hook["exec"]["command"])
        elif "sleep" in hook:
            await asyncio.sleep(hook["sleep"]["seconds"])
        elif "httpGet" in hook:
            ports = {port["name"]: port["containerPort"] for port in self.spec.get("ports") or [] if "name" in port}
            checks = node_probes.Checks(self.worker.address, ports, self.execute)
            await checks.check({"httpGet": hook["httpGet"], "timeoutSeconds": 30})

    # Small things

    def _wait(self, reason, message):
        self.state = {"waiting": {"reason": reason, "message": message}}
        self.worker.publish()

    async def _pause(self, seconds):
        """Sleeps, but not beyond the call of `stop`."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except asyncio.TimeoutError:
            pass

    def _event(self, kind, reason, message):
        recorder = self.worker.node.events
        record = recorder.normal if kind == "Normal" else recorder.warning
        record(self.worker.pod, reason, message, self._field)


class _NoImage(Exception):
    def __init__(self, event, reason, text):
        super().__init__(text)
        self.event = event
        self.reason = reason
        self.text = text


def _go_duration(seconds):
    """20s, 1m20s, 5m0s, 500ms: as Go prints a time.Duration."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
