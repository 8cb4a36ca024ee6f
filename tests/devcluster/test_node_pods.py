#!/usr/bin/python3
"""Pods on the test cluster's node: their lives, their probes, what they see, and how they end."""

import asyncio
import gc
import os
import time

import node_test_support as support
from devcluster import node_runtime


class LifeTest(support.ClusterTest):
    async def test_what_waits_is_not_collected_as_garbage(self):
        read_end, write_end = os.pipe()
        waits, read = asyncio.Event(), []

        async def wait():
            pipe = await node_runtime.reader(read_end)
            waits.set()
            read.append(await pipe.read())

        asyncio.ensure_future(wait())
        await waits.wait()
        await asyncio.sleep(0)
        gc.collect()
        os.write(write_end, b"x")
        os.close(write_end)
        await self.until(lambda: read == [b"x"])

    async def test_a_pod_without_probes_is_ready_at_once(self):
        began = time.monotonic()
        self.pod("quick", "exec sleep 100")
        await self.until_ready("quick")
        self.assertLess(time.monotonic() - began, 2)

    async def test_exit_code_decides_between_succeeded_and_failed(self):
        self.pod("good", "exit 0", restartPolicy="Never")
        self.pod("bad", "exit 9", restartPolicy="Never")
        self.assertEqual((await self.until_ended("good"))["phase"], "Succeeded")
        self.assertEqual((await self.until_ended("bad"))["phase"], "Failed")
        self.assertEqual(self.state("bad")["terminated"]["exitCode"], 9)

    async def test_sigterm_gives_a_program_the_time_to_finish(self):
        self.pod("polite", "trap 'echo bye; sleep 0.3; exit 3' TERM; echo up; while :; do sleep 0.05; done",
                 terminationGracePeriodSeconds=5)
        pod = await self.until_ready("polite")
        await self.until(lambda: "up" in self.log("polite"))
        worker = self.node.workers[pod["metadata"]["uid"]]
        self.store.delete("Pod", self.namespace, "polite")
        self.assertIn("deletionTimestamp", self.store.get("Pod", self.namespace, "polite")["metadata"])
        await self.until_gone("Pod", "polite")
        self.assertEqual(worker.containers[0].exit_code, 3)
        self.assertIn(("Normal", "Killing", "Stopping container main"), self.events("polite"))

    async def test_after_the_grace_period_comes_sigkill(self):
        self.pod("deaf", "exec sleep 100")  # as PID 1 it has no default action for SIGTERM
        pod = await self.until_ready("deaf")
        worker = self.node.workers[pod["metadata"]["uid"]]
        began = time.monotonic()
        self.store.delete("Pod", self.namespace, "deaf", grace=1)
        await self.until_gone("Pod", "deaf")
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual(worker.containers[0].exit_code, 137)

    async def test_grace_period_zero_ends_everything_at_once(self):
        self.pod("gone", "sleep 100 & exec sleep 100")
        pod = await self.until_ready("gone")
        container = self.node.workers[pod["metadata"]["uid"]].containers[0]
        process = container.process
        self.store.delete("Pod", self.namespace, "gone", grace=0)
        self.assertIsNone(self.store.find("Pod", self.namespace, "gone"))
        self.assertEqual(await asyncio.wait_for(process.wait(), 5), 137)

    async def test_a_container_that_fails_is_restarted_and_counted(self):
        self.pod("restless", "echo run; exit 1")
        await self.until(lambda: self.status("restless").get("containerStatuses", [{}])[0].get("restartCount", 0) >= 2)
        status = self.status("restless")["containerStatuses"][0]
        self.assertEqual(status["lastState"]["terminated"]["exitCode"], 1)

    async def test_on_failure_restarts_failures_only(self):
        self.pod("retry", "if [ -e /data/once ]; then exit 0; fi; touch /data/once; exit 1", restartPolicy="OnFailure",
                 volumes=[{"name": "data", "emptyDir": {}}],
                 container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]})
        self.assertEqual((await self.until_ended("retry"))["phase"], "Succeeded")
        self.assertEqual(self.status("retry")["containerStatuses"][0]["restartCount"], 1)

    async def test_init_containers_run_one_after_the_other_before_the_rest(self):
        def init(name, command):
            return {"name": name, "image": "busybox", "command": ["sh", "-c", command],
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        output = await self.output(
            "ordered", "cat /data/steps", volumes=[{"name": "data", "emptyDir": {}}],
            initContainers=[init("first", "sleep 0.2; echo first >> /data/steps"),
                            init("second", "echo second >> /data/steps")],
            container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]})
        self.assertEqual(output, "first\nsecond\n")

    async def test_containers_of_a_pod_share_its_network(self):
        self.create("Pod", {"metadata": {"name": "pair"}, "spec": {
            "restartPolicy": "Never", "containers": [
                {"name": "server", "image": "http-echo"},
                {"name": "main", "image": "busybox", "command": [
                    "sh", "-c", "until curl -sSf localhost:8080/healthz; do sleep 0.05; done"]}]}})
        await self.until(lambda: "terminated" in self.state("pair", 1))
        self.assertIn("ok\n", self.log("pair"))
        self.assertIn("running", self.state("pair", 0))

    async def test_the_termination_message_is_in_the_status(self):
        self.pod("last-words", "echo why > /dev/termination-log; exit 2", restartPolicy="Never")
        await self.until_ended("last-words")
        self.assertEqual(self.state("last-words")["terminated"]["message"], "why\n")

    async def test_a_pod_past_its_deadline_has_failed(self):
        self.pod("late", "exec sleep 100", activeDeadlineSeconds=1, restartPolicy="Never")
        self.assertEqual((await self.until_ended("late"))["reason"], "DeadlineExceeded")

    async def test_a_freed_node_takes_the_pod_that_waited(self):
        self.store.modify("Node", None, "node1", lambda node: node["spec"].update(unschedulable=True))
        self.pod("waiting", "exec sleep 100")
        await self.until(lambda: self.condition("waiting", "PodScheduled").get("reason") == "Unschedulable")
        self.store.modify("Node", None, "node1", lambda node: node["spec"].pop("unschedulable"))
        await self.until_ready("waiting")


class ProbeTest(support.ClusterTest):
    async def test_readiness_follows_the_probe(self):
        probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 1}
        pod = self.pod("moody", "exec sleep 100", container={"readinessProbe": probe})
        await self.until(lambda: "running" in self.state("moody"))
        self.assertEqual(self.condition("moody", "Ready")["status"], "False")
        container = self.node.workers[pod["metadata"]["uid"]].containers[0]
        await container.execute(["touch", "/tmp/ready"])
        await self.until_ready("moody")
        await container.execute(["rm", "/tmp/ready"])
        await self.until(lambda: self.condition("moody", "Ready")["status"] == "False")

    async def test_http_tcp_and_grpc_probes_pass_where_somebody_answers(self):
        for name, image, probe in (("by-http", "http-echo", {"httpGet": {"path": "/healthz", "port": "web"}}),
                                   ("by-tcp", "http-echo", {"tcpSocket": {"port": 8080}}),
                                   ("by-grpc", "grpc-health", {"grpc": {"port": 8080}})):
            self.pod(name, image=image, container={"readinessProbe": {**probe, "periodSeconds": 1},
                                                   "ports": [{"name": "web", "containerPort": 8080}]})
        for name in ("by-http", "by-tcp", "by-grpc"):
            await self.until_ready(name)

    async def test_a_grpc_service_that_does_not_serve_is_not_ready(self):
        probe = {"grpc": {"port": 8080, "service": "absent"}, "periodSeconds": 1, "failureThreshold": 1}
        self.pod("sleepy", image="grpc-health", container={"readinessProbe": probe})
        await self.until(lambda: any("NOT_SERVING" in message for _, _, message in self.events("sleepy")))
        self.assertEqual(self.condition("sleepy", "Ready")["status"], "False")

    async def test_the_startup_probe_holds_the_others_back(self):
        self.pod("slow", image="slow-start", container={
            "env": [{"name": "DELAY", "value": "1.5"}],
            "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 10},
            "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}})
        await self.until_ready("slow")
        self.assertEqual(self.status("slow")["containerStatuses"][0]["restartCount"], 0)


class InsideTest(support.ClusterTest):
    async def test_variables_come_from_everywhere(self):
        self.create("ConfigMap", {"metadata": {"name": "settings"}, "data": {"COLOUR": "blue", "other": "x"}})
        self.create("Secret", {"metadata": {"name": "hidden"}, "stringData": {"password": "s3cret"}})
        output = await self.output("variables", "env; echo $0", container={
            "args": ["zero-$(COLOUR)-$(UNKNOWN)-$$(COLOUR)"],
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "password"}}},
                    {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                    {"name": "GREETING", "value": "$(ME) is $(COLOUR)"}]})
        lines = output.splitlines()
        for line in ("COLOUR=blue", "PASSWORD=s3cret", "ME=variables", "GREETING=variables is blue",
                     f"ADDRESS={self.status('variables')['podIP']}", "zero-blue-$(UNKNOWN)-$(COLOUR)",
                     "KUBERNETES_SERVICE_HOST=10.96.0.1", "HOSTNAME=variables"):
            self.assertIn(line, lines)

    async def test_a_low_port_needs_a_right_or_a_sysctl(self):
        listen = "import socket; socket.create_server(('', 80)); print('listening')"
        unprivileged = {"command": ["python3", "-I", "-c", listen],
                        "securityContext": {"capabilities": {"drop": ["ALL"]}}}
        sysctls = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]}
        for name, context, said in (("without", {}, "Permission denied"), ("with", sysctls, "listening")):
            self.pod(name, container=unprivileged, securityContext=context, restartPolicy="Never")
            await self.until_ended(name)
            self.assertIn(said, self.log(name))

    async def test_an_unsafe_sysctl_is_refused_by_the_node(self):
        self.pod("unsafe", "true", securityContext={"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]})
        status = await self.until_ended("unsafe")
        self.assertEqual((status["reason"], status["message"]),
                         ("SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted'))

    async def test_volumes_are_mounted_and_follow_their_objects(self):
        self.create("ConfigMap", {"metadata": {"name": "page"}, "data": {"index.html": "one"}})
        self.create("Secret", {"metadata": {"name": "key"}, "stringData": {"tls.key": "private"}})
        pod = self.pod("mounts", "exec sleep 100", volumes=[
            {"name": "page", "configMap": {"name": "page"}},
            {"name": "key", "secret": {"secretName": "key", "defaultMode": 0o400}},
            {"name": "about", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        ], container={"volumeMounts": [
            {"name": "page", "mountPath": "/usr/share/page"}, {"name": "key", "mountPath": "/etc/keys/deep"},
            {"name": "page", "mountPath": "/srv/single.html", "subPath": "index.html"},
            {"name": "about", "mountPath": "/about"}]})
        await self.until_ready("mounts")
        container = self.node.workers[pod["metadata"]["uid"]].containers[0]
        read = ["sh", "-c", "cat /usr/share/page/index.html /etc/keys/deep/tls.key /srv/single.html /about/name; "
                "stat -L -c %a /etc/keys/deep/tls.key; ls /usr/bin/env"]
        _, output = await container.execute(read)
        self.assertEqual(output, b"oneprivateonemounts400\n/usr/bin/env\n")
        self.store.modify("ConfigMap", self.namespace, "page", lambda obj: obj["data"].update({"index.html": "two"}))

        async def seen():
            return (await container.execute(["cat", "/usr/share/page/index.html"]))[1]
        for _ in range(100):
            if await seen() == b"two":
                break
        self.assertEqual(await seen(), b"two")

    async def test_the_service_account_token_opens_the_api(self):
        output = await self.output(
            "api", "cd /var/run/secrets/kubernetes.io/serviceaccount && curl -sS --cacert ca.crt -H \"Authorization: "
            "Bearer $(cat token)\" https://kubernetes.default.svc/api/v1/namespaces/$(cat namespace)/pods")
        self.assertIn(f'system:serviceaccount:{self.namespace}:default\\" cannot list resource', output)

    async def test_pods_of_the_restricted_profile_run_as_somebody_else(self):
        output = await self.output(
            "restricted", "id -u; id -g; touch /cache/file && stat -c %g /cache/file; (: > /etc/x) 2>&1 | tail -1",
            volumes=[{"name": "cache", "emptyDir": {}}],
            securityContext={"runAsNonRoot": True, "runAsUser": 1234, "runAsGroup": 5678, "fsGroup": 99,
                             "seccompProfile": {"type": "RuntimeDefault"}},
            container={"volumeMounts": [{"name": "cache", "mountPath": "/cache"}], "securityContext": {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]}}})
        lines = output.splitlines()
        if support.real_root():
            self.assertEqual(lines[:3], ["1234", "5678", "99"])
            self.assertIn("Read-only file system", lines[3])
        else:
            self.assertEqual(lines[0], "0")  # the only user that an ordinary user's namespace has

    async def test_a_read_only_root_leaves_the_volumes_writable(self):
        output = await self.output(
            "sealed", "for f in /new /tmp/new /etc/new /cache/new /dev/shm/new; do (: > $f) 2>/dev/null && echo $f; "
            "done; echo why > /dev/termination-log", volumes=[{"name": "cache", "emptyDir": {}}],
            container={"volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
                       "securityContext": {"readOnlyRootFilesystem": True}})
        self.assertEqual(output.split(), ["/cache/new", "/dev/shm/new"])
        self.assertEqual(self.state("sealed")["terminated"]["message"], "why\n")

    async def test_root_in_a_pod_has_no_power_over_the_machine(self):
        command = "grep CapEff /proc/self/status; mount -t tmpfs none /mnt 2>&1"
        output = await self.output("usual", command)
        self.assertIn("00000000a80425fb", output)  # the container runtime's usual set
        self.assertIn("permission denied", output)
        output = await self.output("powerless", command, container={
            "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}})
        self.assertIn("0000000000000400", output)

    async def test_the_host_is_out_of_sight(self):
        output = await self.output("alone", "ps ax | wc -l; ls /tmp /run/secrets; touch /new; ls -d /new; hostname")
        lines = output.split()
        self.assertLess(int(lines[0]), 6)
        self.assertEqual(lines[-2:], ["/new", "alone"])

    async def test_exec_has_streams_and_an_exit_code(self):
        pod = self.pod("target", "exec sleep 100")
        await self.until_ready("target")
        process = await self.node.exec(pod, "main", ["sh", "-c", "cat; echo err >&2; exit 5"], stdin=True)
        process.stdin.write(b"in")
        process.stdin.close()
        self.assertEqual((await process.stdout.read(), await process.stderr.read(), await process.wait()),
                         (b"in", b"err\n", 5))
        with self.assertRaises(FileNotFoundError):
            await self.node.exec(pod, "main", ["no-such-command"])

    async def test_exec_can_have_a_terminal(self):
        pod = self.pod("screen", "exec sleep 100")
        await self.until_ready("screen")
        process = await self.node.exec(pod, "main", ["sh", "-c", "read x; tty; stty size"], stdin=True, tty=True)
        process.resize(100, 30)
        process.stdin.write(b"\n")
        output = await process.stdout.read()
        self.assertIn(b"/dev/pts/0", output)
        self.assertIn(b"30 100", output)
        self.assertEqual(await process.wait(), 0)


if __name__ == "__main__":
    support.main()
