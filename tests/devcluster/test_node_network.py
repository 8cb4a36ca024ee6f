#!/usr/bin/python3
"""Services, DNS, and pods on the test cluster's network."""

import asyncio
import collections
import socket
import struct
import re
import time

import node_test_support as support
from devcluster import dns, netns, services


PORT = {"ports": [{"name": "http", "containerPort": 8080}]}


class Helpers(support.ClusterTest):
    def deployment(self, name="web", replicas=2, image="http-echo", ports=None, **container):
        ports = ports or [{"name": "http", "containerPort": 8080}]
        return self.create("Deployment", {"metadata": {"name": name}, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "main", "image": image, "ports": ports, "readinessProbe": {
                    "tcpSocket": {"port": ports[0]["containerPort"]}, "periodSeconds": 1}, **container}]}}}})

    def service(self, name="web", ports=None, **spec):
        return self.create("Service", {"metadata": {"name": name}, "spec": {
            "selector": {"app": name}, "ports": ports or [{"port": 80, "targetPort": "http"}], **spec}})

    def ready_endpoints(self, name="web"):
        return [endpoint for item in self.store.list("EndpointSlice", self.namespace,
                                                     {"kubernetes.io/service-name": name})
                for endpoint in item.get("endpoints") or [] if endpoint["conditions"]["ready"]]

    async def until_endpoints(self, count, name="web"):
        await self.until(lambda: len(self.ready_endpoints(name)) == count, what=f"{count} endpoints of {name}")

    async def ask(self, address, port=80):
        """What http-echo says, asked from the node; OSError if nobody is there."""
        reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 3)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            return (await reader.read()).split()[-1].decode()
        finally:
            writer.close()

    async def answers(self, address, count=40):
        return collections.Counter([await self.ask(address) for _ in range(count)])

    async def settled(self, address, pods):
        """Waits until the rules are loaded: the endpoints' objects are there a moment earlier."""
        deadline = time.monotonic() + 5
        while True:
            try:
                if set(await self.answers(address, 10)) <= set(pods):
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline, "the rules don't follow the endpoints")

    def pods(self, name="web"):
        return [pod["metadata"]["name"] for pod in self.store.list("Pod", self.namespace, {"app": name})]

    async def until_answer(self, address):
        for _ in range(200):
            try:
                return await self.ask(address, 8080)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)


class NetworkTest(Helpers):
    async def test_connections_are_spread_over_the_ready_pods(self):
        self.deployment(replicas=3)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(3)
        await self.settled(address, self.pods())
        self.assertEqual(set(await self.answers(address, 60)), set(self.pods()))

    async def test_a_service_without_endpoints_refuses_at_once(self):
        address = self.service("empty")["spec"]["clusterIP"]
        began = time.monotonic()
        with self.assertRaises(ConnectionRefusedError):
            await self.ask(address)
        output = await self.output("client", f"curl -sS {address} 2>&1")
        self.assertIn("Couldn't connect", output)
        self.assertLess(time.monotonic() - began, 5)

    async def test_a_port_that_the_service_does_not_have_refuses(self):
        self.deployment(replicas=1)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        await self.settled(address, self.pods())
        with self.assertRaises(ConnectionRefusedError):
            await self.ask(address, 81)

    async def test_scaling_to_zero_and_back_is_followed(self):
        self.deployment(replicas=1)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        await self.settled(address, self.pods())
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(replicas=0))
        await self.until(lambda: not self.pods())
        await self.until_endpoints(0)
        for _ in range(100):
            try:
                await self.ask(address)
            except ConnectionRefusedError:
                break
        with self.assertRaises(ConnectionRefusedError):
            await self.ask(address)
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(replicas=1))
        await self.until_endpoints(1)
        await self.settled(address, self.pods())

    async def test_rules_that_stay_are_not_touched(self):
        one, other = ("10.96.0.21", "tcp", 80), ("10.96.0.22", "tcp", 80)
        first, second = services.Backend("10.244.9.1", 8080), services.Backend("10.244.9.2", 8080)
        before = {one: [first], other: [first]}
        self.assertEqual(services.changes(before, before).strip(), "")
        text = services.changes(before, {one: [first], other: [first, second]})
        self.assertNotIn("10.96.0.21", text.replace("_", "."))
        self.assertIn("1 : 10.244.9.2 . 8080", text)

    async def test_what_happened_is_told(self):
        self.deployment(replicas=1)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        await self.settled(address, self.pods())
        pod = self.store.get("Pod", self.namespace, self.pods()[0])
        self.store.modify("Deployment", self.namespace, "web", lambda obj: obj["spec"].update(replicas=0))
        await self.until(lambda: not self.pods())
        own = pod["status"]["podIP"]
        rules = re.compile(rf"{address} tcp 80 -> {own}:8080\n(.*\n)*.*{address} tcp 80 -> nobody")
        await self.until(lambda: rules.search(self.node.report.text([])), what="the rules are told")
        told = await self.node.faults["network"](None, [])
        self.assertRegex(told, rf"  {own}, begun [0-9.]+, asked to end [0-9.]+, ended [0-9.]+, {self.namespace}/web-")

    async def test_a_pod_reaches_itself_through_its_service(self):
        self.deployment(replicas=1)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        await self.settled(address, self.pods())
        pod = self.store.get("Pod", self.namespace, self.pods()[0])
        code, output = await self.node.workers[pod["metadata"]["uid"]].containers[0].execute(
            ["curl", "-sS", "-m", "2", "http://web"])
        self.assertEqual((code, output.split()[-1].decode()), (0, self.pods()[0]))

    async def test_named_ports_may_differ_from_pod_to_pod(self):
        self.deployment("one", 1)
        self.deployment("two", 1, ports=[{"name": "http", "containerPort": 9090}],
                        env=[{"name": "PORT", "value": "9090"}])
        for name in ("one", "two"):
            self.store.modify("Deployment", self.namespace, name, lambda obj: obj["spec"]["template"]["metadata"][
                "labels"].update(side="both"))
        address = self.create("Service", {"metadata": {"name": "both"}, "spec": {
            "selector": {"side": "both"}, "ports": [{"name": "web", "port": 80, "targetPort": "http"}]}}
        )["spec"]["clusterIP"]
        await self.until_endpoints(2, "both")
        slices = self.store.list("EndpointSlice", self.namespace, {"kubernetes.io/service-name": "both"})
        self.assertEqual({item["ports"][0]["port"] for item in slices}, {8080, 9090})
        await self.settled(address, {endpoint["targetRef"]["name"] for endpoint in self.ready_endpoints("both")})
        self.assertEqual(len(await self.answers(address)), 2)

    async def test_a_terminating_pod_is_serving_but_not_ready(self):
        self.pod("leaving", image="slow-start", labels={"app": "web"}, terminationGracePeriodSeconds=5, container={
            "env": [{"name": "DELAY", "value": "0"}, {"name": "DELAY_STOP", "value": "1"}],
            "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1}})
        self.service(ports=[{"port": 80, "targetPort": 8080}])
        await self.until_endpoints(1)
        self.store.delete("Pod", self.namespace, "leaving")
        await self.until_endpoints(0)
        conditions = self.store.list("EndpointSlice", self.namespace)[0]["endpoints"][0]["conditions"]
        self.assertEqual(conditions, {"ready": False, "serving": True, "terminating": True})
        await self.until_gone("Pod", "leaving")
        await self.until(lambda: self.store.list("EndpointSlice", self.namespace)[0]["endpoints"] is None)

    async def talk(self, address):
        """A connection to http-echo that stays open: (reader, writer, the pod at the other end)."""
        reader, writer = await asyncio.open_connection(address, 80)
        return reader, writer, await self.ask_again(reader, writer)

    async def ask_again(self, reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
        return (await reader.readexactly(length)).decode().split()[-1]

    async def test_another_selector_moves_new_connections_and_leaves_the_old(self):
        self.deployment(replicas=1)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        old = self.pods()[0]
        await self.settled(address, [old])
        reader, writer, name = await self.talk(address)
        self.assertEqual(name, old)
        self.pod("stand-in", image="http-echo", labels={"app": "web", "stand-in": "x"}, container=PORT)
        await self.until_endpoints(2)
        self.store.modify("Service", self.namespace, "web",
                          lambda obj: obj["spec"]["selector"].update({"stand-in": "x"}))
        await self.until_endpoints(1)
        began = time.monotonic()
        await self.settled(address, ["stand-in"])
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(set(await self.answers(address, 30)), {"stand-in"})
        self.assertEqual(await self.ask_again(reader, writer), old)
        writer.close()

    async def test_the_rules_can_come_late(self):
        """As where many nodes have to follow: a pod that has left the endpoints still gets connections."""
        faults, cluster = support.harness.cluster.faults, support.harness.cluster
        self.pod("first", image="http-echo", labels={"app": "web"}, container=PORT)
        address = self.service()["spec"]["clusterIP"]
        await self.until_endpoints(1)
        await self.settled(address, ["first"])
        await faults["lag"](cluster, ["0.5"])
        try:
            self.store.modify("Service", self.namespace, "web",
                              lambda obj: obj["spec"].update(selector={"app": "none"}))
            await self.until_endpoints(0)
            self.assertEqual(await self.ask(address), "first")
        finally:
            await faults["clear"](cluster, [])

    async def test_slices_and_endpoints_have_the_recorded_shape(self):
        self.deployment(replicas=2)
        self.service(ports=[{"name": "http", "port": 80, "targetPort": "http"},
                            {"name": "numeric", "port": 8080, "targetPort": 8080}])
        await self.until_endpoints(2)

        def shape(value):
            if isinstance(value, dict):
                return {key: shape(item) for key, item in value.items() if key != "managedFields"}
            if isinstance(value, list):
                return [shape(item) for item in value]
            return type(value).__name__
        ours = self.store.list("EndpointSlice", self.namespace)[0]
        recorded = support.fixture("endpointslices-ready")["response"]["body"]["items"][0]
        self.assertEqual(shape({**ours, "apiVersion": 0, "kind": 0}), shape({**recorded, "apiVersion": 0, "kind": 0}))
        self.assertEqual({port["name"] for port in ours["ports"]}, {"http", "numeric"})
        recorded = support.fixture("endpoints-ready")["response"]["body"]
        self.assertEqual(shape(self.store.get("Endpoints", self.namespace, "web")), shape(recorded))

    async def test_endpoints_written_by_hand_are_followed(self):
        self.pod("alone", image="http-echo")
        backend = (await self.until_ready("alone"))["status"]["podIP"]
        await self.until_answer(backend)
        address = self.create("Service", {"metadata": {"name": "by-hand"}, "spec": {"ports": [
            {"port": 80, "targetPort": 8080}]}})["spec"]["clusterIP"]
        self.create("Endpoints", {"metadata": {"name": "by-hand"}, "subsets": [
            {"addresses": [{"ip": backend}], "ports": [{"port": 8080}]}]})
        await self.settled(address, ["alone"])
        self.store.delete("Endpoints", self.namespace, "by-hand")
        await self.until(lambda: not self.store.list("EndpointSlice", self.namespace))

    async def test_the_api_servers_service_comes_back_when_it_is_deleted(self):
        self.store.delete("Service", "default", "kubernetes")
        await self.until(lambda: self.store.find("Service", "default", "kubernetes")
                         and self.store.find("Endpoints", "default", "kubernetes"))
        output = await self.output("client", "until curl -sk https://kubernetes.default/version; do :; done")
        self.assertIn("gitVersion", output)

    async def test_the_relay_does_what_nftables_does(self):
        """The same table, carried out by the stand-in, on addresses of a network of its own."""
        from devcluster import services, services_relay
        self.deployment(replicas=1)
        await self.until(lambda: any(self.condition(pod, "Ready").get("status") == "True" for pod in self.pods()))
        pod = self.store.get("Pod", self.namespace, self.pods()[0])
        relay = services_relay.Relay()
        key = ("127.77.0.1", "tcp", 8099)
        await relay.apply({key: [services.Backend(pod["status"]["podIP"], 8080)]})
        self.assertEqual(await self.ask(*key[::2]), self.pods()[0])
        await relay.apply({key: []})
        with self.assertRaises(ConnectionRefusedError):
            await self.ask(*key[::2])

    async def test_a_pod_can_be_taken_off_the_network_and_brought_back(self):
        faults, cluster = support.harness.cluster.faults, support.harness.cluster
        self.pod("island", image="http-echo")
        address = (await self.until_ready("island"))["status"]["podIP"]
        await self.until_answer(address)
        reader, writer = await asyncio.open_connection(address, 8080)
        await faults["drop-pod"](cluster, [f"{self.namespace}/island"])
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        silent = asyncio.ensure_future(reader.read())
        with self.assertRaises(asyncio.TimeoutError):  # no answer, and no refusal either
            await asyncio.wait_for(self.ask(address, 8080), 0.5)
        self.assertFalse(silent.done())
        await faults["restore-pod"](cluster, [f"{self.namespace}/island"])
        self.assertEqual(await self.ask(address, 8080), "island")
        self.assertIn(b"island", await silent)  # what was lost is sent again
        writer.close()

    async def test_a_pod_can_be_slowed_down(self):
        faults, cluster = support.harness.cluster.faults, support.harness.cluster
        self.pod("far", image="http-echo")
        address = (await self.until_ready("far"))["status"]["podIP"]
        await self.until_answer(address)
        try:
            await faults["delay-pod"](cluster, [f"{self.namespace}/far", "100"])
        except OSError as error:
            self.assertIn("qdisc kind is unknown", str(error))
            self.skipTest("this kernel can't delay packets")
        began = time.monotonic()
        await self.ask(address, 8080)
        self.assertGreater(time.monotonic() - began, 0.19)  # the handshake, and the question

    async def test_a_frozen_pod_accepts_but_does_not_answer(self):
        faults, cluster = support.harness.cluster.faults, support.harness.cluster
        self.pod("ice", image="http-echo")
        address = (await self.until_ready("ice"))["status"]["podIP"]
        await self.until_answer(address)
        await faults["freeze-pod"](cluster, [f"{self.namespace}/ice"])
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.ask(address, 8080), 0.3)
        await faults["thaw-pod"](cluster, [f"{self.namespace}/ice"])
        self.assertEqual(await self.ask(address, 8080), "ice")

    async def test_a_moved_pod_is_another_pod_elsewhere(self):
        self.deployment(replicas=1)
        await self.until(lambda: any(self.condition(pod, "Ready").get("status") == "True" for pod in self.pods()))
        old = self.store.get("Pod", self.namespace, self.pods()[0])
        cluster = support.harness.cluster
        await cluster.faults["move-pod"](cluster, [f"{self.namespace}/{old['metadata']['name']}"])
        await self.until(lambda: any(self.condition(pod, "Ready").get("status") == "True" for pod in self.pods()))
        new = self.store.get("Pod", self.namespace, self.pods()[0])
        self.assertNotEqual(new["metadata"]["uid"], old["metadata"]["uid"])
        self.assertNotEqual(new["status"]["podIP"], old["status"]["podIP"])


class DnsTest(Helpers):
    async def test_names_resolve_with_and_without_the_domain(self):
        address = self.service()["spec"]["clusterIP"]
        output = await self.output("client", f"getent hosts web web.{self.namespace} web.{self.namespace}.svc "
                                   f"web.{self.namespace}.svc.cluster.local kubernetes.default.svc")
        self.assertEqual([line.split()[0] for line in output.splitlines()], [address] * 4 + ["10.96.0.1"])

    async def test_a_headless_service_is_the_addresses_of_its_pods(self):
        self.deployment(replicas=2)
        self.service(clusterIP="None")
        await self.until_endpoints(2)
        output = await self.output("client", "getent ahostsv4 web | cut -d' ' -f1 | sort -u")
        wanted = sorted(self.store.get("Pod", self.namespace, pod)["status"]["podIP"] for pod in self.pods())
        self.assertEqual(sorted(output.split()), wanted)

    async def test_an_external_name_is_an_alias(self):
        address = self.service()["spec"]["clusterIP"]
        self.create("Service", {"metadata": {"name": "alias"}, "spec": {
            "type": "ExternalName", "externalName": f"web.{self.namespace}.svc.cluster.local"}})
        output = await self.output("client", "getent hosts alias")
        self.assertEqual(output.split()[0], address)
        self.assertEqual(await self.query(f"alias.{self.namespace}.svc.cluster.local", dns.CNAME),
                         (0, [(dns.CNAME, dns._encode_name(f"web.{self.namespace}.svc.cluster.local"))]))

    async def test_ports_have_srv_records(self):
        self.service(ports=[{"name": "http", "port": 80, "targetPort": "http"}])
        name = f"web.{self.namespace}.svc.cluster.local"
        self.assertEqual(await self.query(f"_http._tcp.{name}", dns.SRV),
                         (0, [(dns.SRV, struct.pack(">HHH", 0, 100, 80) + dns._encode_name(name))]))

    async def test_what_is_not_there_does_not_exist(self):
        self.service()
        name = f"web.{self.namespace}.svc.cluster.local"
        self.assertEqual(await self.query(f"absent.{self.namespace}.svc.cluster.local", dns.A), (3, []))
        self.assertEqual(await self.query("example.com", dns.A), (3, []))
        self.assertEqual(await self.query(name, dns.AAAA), (0, []))

    async def test_many_addresses_come_whole_over_tcp(self):
        addresses = [f"10.244.77.{number}" for number in range(1, 101)]
        self.create("Service", {"metadata": {"name": "many"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}})
        self.create("EndpointSlice", {
            "metadata": {"name": "many-1", "labels": {"kubernetes.io/service-name": "many"}}, "addressType": "IPv4",
            "endpoints": [{"addresses": [address]} for address in addresses], "ports": [{"port": 80}]})
        output = await self.output("client", "getent ahostsv4 many | cut -d' ' -f1 | sort -u")
        self.assertEqual(sorted(output.split()), sorted(addresses))

    async def query(self, name, kind):
        """(code, [(type, data)]) of the answer to one question over UDP."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.connect((netns.DNS_SERVICE_ADDRESS, 53))
            channel.send(struct.pack(">HHHHHH", 77, 0x100, 1, 0, 0, 0) + dns._encode_name(name)
                         + struct.pack(">HH", kind, 1))
            answer = await asyncio.wait_for(loop.sock_recv(channel, 4096), 2)
        number, flags, _, count = struct.unpack(">HHHH", answer[:8])
        self.assertEqual(number, 77)
        at, found = 12 + len(dns._encode_name(name)) + 4, []
        for _ in range(count):
            _, at = dns._read_name(answer, at)
            record, _, _, length = struct.unpack(">HHIH", answer[at:at + 10])
            found.append((record, answer[at + 10:at + 10 + length]))
            at += 10 + length
        return flags & 15, [each for each in found if each[0] == kind]


if __name__ == "__main__":
    support.main()
