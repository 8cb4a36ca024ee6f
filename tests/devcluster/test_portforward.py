#!/usr/bin/python3
"""pods/portforward over WebSocket: exchanges recorded from a real cluster are played again, and then some."""

import asyncio
import base64
import hashlib
import json
import os
import re
import struct
import time

import node_test_support as support

# Heads that differ from answer to answer.
_VARYING = ("date", "audit-id", "sec-websocket-accept", "content-length", "server")


class Client:
    """A WebSocket client that knows frames only: what it is to send, and what has come."""

    def __init__(self):
        self.head = []
        self.body = b""
        self.frames = []  # (seconds since the answer, opcode, payload)
        self.closed_at = None
        self.changed = asyncio.Event()

    async def connect(self, path, headers):
        self.reader, self.writer = await asyncio.open_connection(
            *support.harness.address, ssl=support.harness.tls, limit=1 << 22)
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        self.began = time.monotonic()
        if " 101 " in self.head[0]:
            self.task = asyncio.ensure_future(self._read())
            return self
        length = next((int(line.split(":")[1]) for line in self.head if line.lower().startswith("content-length")), 0)
        self.body = await self.reader.readexactly(length)
        return self

    async def _read(self):
        try:
            while True:
                head = await self.reader.readexactly(2)
                length = head[1] & 127
                if length > 125:
                    length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
                payload = await self.reader.readexactly(length)
                self.frames.append((self.now(), head[0], payload))
                self.changed.set()
        except (EOFError, OSError):
            self.closed_at = self.now()
            self.changed.set()

    def now(self):
        return time.monotonic() - self.began

    def send(self, payload, opcode=2):
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | length]) if length < 126 else
                                         struct.pack(">BH", 0xFE, length) if length < 65536 else
                                         struct.pack(">BQ", 0xFF, length))
        pad = mask * (length // 4 + 1)
        masked = int.from_bytes(payload, "little") ^ int.from_bytes(pad[:length], "little")
        self.writer.write(head + mask + masked.to_bytes(length, "little"))

    def channel(self, number):
        """What has come on a channel after its announcement."""
        return b"".join(payload[1:] for _, opcode, payload in self.frames
                        if opcode & 15 == 2 and payload[0] == number)[2:]

    async def until(self, condition, seconds=10):
        deadline = time.monotonic() + seconds
        while not condition():
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), max(0.01, deadline - time.monotonic()))

    async def close(self):
        self.writer.close()
        await self.until(lambda: self.closed_at is not None)


def headers(protocol="v4.channel.k8s.io"):
    key = base64.b64encode(os.urandom(16)).decode()
    return [("Host", "cluster"), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Protocol", protocol)]


class PortForwardTest(support.ClusterTest):
    async def ready(self, name, image="http-echo", **spec):
        self.pod(name, image=image, container={"readinessProbe": {
            "tcpSocket": {"port": spec.pop("port", 8080)}, "periodSeconds": 1}, **spec})
        await self.until_ready(name)
        return name

    async def forward(self, pod, *ports, protocol="v4.channel.k8s.io"):
        query = "&".join(f"ports={port}" for port in ports)
        return await Client().connect(
            f"/api/v1/namespaces/{self.namespace}/pods/{pod}/portforward?{query}", headers(protocol))

    # Played again

    async def play(self, name, pod):
        """Sends what the recording's client sent, when it did; until the recorded end."""
        recorded = support.fixture(name)
        path = re.sub(r"/namespaces/fixtures/pods/[^/]*/", f"/namespaces/{self.namespace}/pods/{pod}/",
                      recorded["request"][0].split()[1])
        own = [("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode())]
        client = await Client().connect(path, [line.split(": ", 1) for line in recorded["request"][1:]] + own)
        for frame in recorded["sent"]:
            await asyncio.sleep(max(0, frame["at"] - client.now()))
            client.send(bytes.fromhex(frame["hex"]), frame["opcode"])
        self.compare_head(recorded, client)
        return recorded, client

    def compare_head(self, recorded, client):
        def kept(lines):
            return {line.rstrip() for line in lines if line.split(":")[0].lower() not in _VARYING}
        self.assertEqual(kept(client.head), kept(recorded["response_head"]))

    async def compare_end(self, recorded, client):
        end = recorded["received"][-1]
        if end["end"] == "still open":
            await asyncio.sleep(max(0, min(end["at"], 2.5) - client.now()))
            self.assertIsNone(client.closed_at)
            await client.close()
        else:
            await client.until(lambda: client.closed_at is not None)
            self.assertAlmostEqual(client.closed_at, end["at"], delta=0.7)

    def compare_frames(self, recorded, client):
        """Announcements and control frames are the same; data begins the same and comes on the same channels."""
        def shape(frames):
            order, announced = [], set()
            for opcode, payload in frames:
                channel = payload[:1]
                is_data = opcode & 15 != 8 and channel in announced
                announced.add(channel)
                if not is_data:
                    order.append((opcode & 15, payload))
                elif order[-1][1][:1] != channel or len(order[-1][1]) < 7:  # data comes in pieces of any size
                    order.append((opcode & 15, payload[:7]))
            return order
        expected = [(frame["opcode"], bytes.fromhex(frame.get("hex") or frame["first16"]))
                    for frame in recorded["received"] if "opcode" in frame]
        self.assertEqual(shape((opcode, payload.replace(b"HTTP/1.0", b"HTTP/1.1"))
                               for _, opcode, payload in client.frames), shape(expected))

    async def test_recorded_exchanges_go_as_they_did(self):
        await self.ready("web")

        async def play(name):
            recorded, client = await self.play(f"portforward-{name}", "web")
            with self.subTest(name):
                await self.compare_end(recorded, client)
                self.compare_frames(recorded, client)
        await asyncio.gather(*map(play, ("http", "refused", "two-ports", "channel-close", "client-close",
                                         "no-subprotocol", "idle", "base64")))

    async def test_recorded_refusals_go_as_they_did(self):
        await self.ready("web")
        self.pod("done", "exit 0", restartPolicy="Never")
        await self.until_ended("done")
        self.pod("nowhere", "exit 0", nodeSelector={"disk": "ssd"})
        for name, pod, was in (("bad-port", "web", None), ("no-ports", "web", None), ("no-pod", "nobody", None),
                               ("unknown-subprotocol", "web", None), ("pod-completed", "done", "completed"),
                               ("pod-not-running", "nowhere", "pending-selector")):
            with self.subTest(name):
                recorded, client = await self.play(f"portforward-{name}", pod)
                body = client.body.decode().replace(self.namespace, "fixtures").replace(pod, was or pod)
                try:
                    self.assertEqual(json.loads(body), json.loads(recorded["response_body"]))
                except ValueError:
                    self.assertEqual(body.strip(), recorded["response_body"].strip())

    async def test_the_refusal_is_in_containerds_words(self):
        await self.ready("web")
        client = await self.forward("web", 9)
        await client.until(lambda: client.closed_at is not None)
        self.assertRegex(client.channel(1).decode(), r"^error forwarding port 9 to pod [0-9a-f]{64}, uid : failed to "
                         r'execute portforward in network namespace "[^"]+": failed to connect to localhost:9 inside '
                         r'namespace "[0-9a-f]{64}", IPv4: dial tcp4 127.0.0.1:9: connect: connection refused IPv6 ')

    # Data

    async def test_large_transfers_arrive_whole_in_both_directions(self):
        await self.ready("web")
        client = await self.forward("web", 8080)
        size = 8 << 20
        data = hashlib.sha256(b"seed").digest() * (size // 32)
        client.send(b"\0POST /sha HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for start in range(0, size, 100_000):
            client.send(b"\0" + data[start:start + 100_000])
            await client.writer.drain()
        await client.until(lambda: b"sha256" in client.channel(0))
        self.assertIn(hashlib.sha256(data).hexdigest().encode(), client.channel(0))
        before = len(client.channel(0))
        client.send(b"\0GET /bytes?n=%d HTTP/1.0\r\n\r\n" % size)
        await client.until(lambda: client.closed_at is not None)
        body = client.channel(0)[before:].split(b"\r\n\r\n", 1)[1]
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(bytes(range(256)) * (size // 256)).digest())
        self.assertLessEqual(max(len(payload) for _, _, payload in client.frames), 32769)

    async def test_a_client_that_does_not_read_stops_the_pod(self):
        await self.ready("source", image="tcp-source", port=19, env=[{"name": "BYTES", "value": "0"}])
        path = f"/api/v1/namespaces/{self.namespace}/pods/source/portforward?ports=19"
        client = Client()
        client._read = lambda: asyncio.sleep(0)  # nobody reads
        await client.connect(path, headers())
        rss = []
        for _ in range(4):
            await asyncio.sleep(0.25)
            with open("/proc/self/statm") as file:
                rss.append(int(file.read().split()[1]) * 4096)
        self.assertLess(rss[-1] - rss[0], 16 << 20)
        client.writer.transport.abort()

    async def test_a_ping_is_answered_and_a_continuation_is_a_message_of_its_own(self):
        await self.ready("echo", image="echo", port=7)
        client = await self.forward("echo", 7)
        client.send(b"are you there", 9)
        client.send(b"\0one", 0)
        await client.until(lambda: client.channel(0) == b"one")
        self.assertIn((0x8A, b"are you there"), [(opcode, payload) for _, opcode, payload in client.frames])
        await client.close()

    async def test_a_killed_container_ends_the_connection(self):
        await self.ready("echo", image="echo", port=7)
        client = await self.forward("echo", 7)
        client.send(b"\0x")
        await client.until(lambda: client.channel(0) == b"x")
        await support.harness.cluster.faults["kill-process"](support.harness.cluster, [f"{self.namespace}/echo"])
        await client.until(lambda: client.closed_at is not None, 3)


class ExecTest(support.ClusterTest):
    async def connect(self, query, protocol):
        self.pod("web", "echo out; exec sleep 100")
        await self.until_ready("web")
        return await Client().connect(f"/api/v1/namespaces/{self.namespace}/pods/web/exec?{query}", headers(protocol))

    async def test_the_recorded_exec_goes_as_it_did(self):
        recorded = support.fixture("exec-v5")
        query = recorded["request"][0].split()[1].split("?")[1].replace("container=httpd", "container=main")
        client = await self.connect(query, "v5.channel.k8s.io")
        for frame in recorded["sent"]:
            client.send(bytes.fromhex(frame["hex"]))
        await client.until(lambda: client.closed_at is not None)
        self.assertEqual([payload for _, _, payload in client.frames],
                         [bytes.fromhex(frame["hex"]) for frame in recorded["received"] if "hex" in frame])

    async def test_a_missing_command_is_an_internal_error(self):
        client = await self.connect("command=nope&stdout=true", "v4.channel.k8s.io")
        await client.until(lambda: client.closed_at is not None)
        status = json.loads(client.frames[-2][2][1:])
        self.assertEqual((status["reason"], status["code"]), ("InternalError", 500))
        self.assertIn('exec: "nope": executable file not found in $PATH', status["message"])

    async def test_a_container_that_does_not_run_is_not_found(self):
        self.pod("over", "exit 0", restartPolicy="Never")
        await self.until_ended("over")
        client = await Client().connect(f"/api/v1/namespaces/{self.namespace}/pods/over/exec?command=ls", headers())
        self.assertIn(" 500 ", client.head[0])
        self.assertEqual(client.body, b'container not found ("main")')

    async def test_a_terminal_is_resized_by_its_channel(self):
        client = await self.connect("command=sh&command=-c&command=read+x%3B+stty+size&stdin=true&stdout=true&tty=true",
                                    "v4.channel.k8s.io")
        client.send(b'\x04{"Width":99,"Height":33}')
        client.send(b"\0\n")
        await client.until(lambda: client.closed_at is not None)
        self.assertIn(b"33 99", b"".join(payload[1:] for _, _, payload in client.frames if payload[0] == 1))

    async def test_a_command_that_does_not_read_stops_its_client(self):
        client = await self.connect("command=sh&command=-c&command=sleep+1%3B+wc+-c&stdin=true&stdout=true",
                                    "v5.channel.k8s.io")
        sent, waited = 32 << 20, 0.0
        for _ in range(sent >> 16):
            client.send(b"\0" + bytes(65536))
            began = time.monotonic()
            await client.writer.drain()
            waited = max(waited, time.monotonic() - began)
        client.send(b"\xff\0")
        await client.until(lambda: client.closed_at is not None)
        self.assertIn(str(sent).encode(), b"".join(payload[1:] for _, _, payload in client.frames))
        self.assertGreater(waited, 0.2)

    async def test_the_command_ends_with_its_client(self):
        client = await self.connect("command=sleep&command=1234&stdout=true", "v5.channel.k8s.io")
        worker = self.node.worker_of(self.store.get("Pod", self.namespace, "web"))

        async def running():
            _, output = await worker.containers[0].execute(["ps", "ax"])
            return b"sleep 1234" in output
        while not await running():
            pass
        await client.close()
        for _ in range(100):
            if not await running():
                break
        self.assertFalse(await running())


class LogTest(support.ClusterTest):
    async def get(self, pod, query=""):
        client = await Client().connect(f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log?{query}",
                                        [("Host", "cluster"), ("Connection", "close")])
        if client.body:
            return client.head[0], client.body.decode()
        data = await client.reader.read()
        return client.head[0], "".join(data.decode().split("\r\n")[1::2])

    async def test_lines_are_selected_and_stamped(self):
        self.pod("talk", "for i in 1 2 3 4 5; do echo line $i; done; echo -n rest >&2", restartPolicy="Never")
        await self.until_ended("talk")
        self.assertEqual((await self.get("talk", "tailLines=2"))[1].replace("rest", ""), "line 5\n")
        self.assertEqual((await self.get("talk", "limitBytes=10"))[1], "line 1\nlin")
        self.assertEqual((await self.get("talk", "sinceTime=2099-01-01T00:00:00Z"))[1], "")
        self.assertRegex((await self.get("talk", "timestamps=true&limitBytes=37"))[1],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$")

    async def test_following_ends_with_the_container(self):
        self.pod("count", "for i in 1 2 3; do echo $i; sleep 0.2; done", restartPolicy="Never")
        await self.until(lambda: "running" in self.state("count"))
        self.assertEqual((await self.get("count", "follow=true"))[1], "1\n2\n3\n")

    async def test_the_log_of_the_run_before_is_kept(self):
        self.pod("again", "echo run; exit 1")
        await self.until(lambda: self.status("again").get("containerStatuses", [{}])[0].get("restartCount", 0) >= 1)
        self.assertEqual((await self.get("again", "previous=true"))[1], "run\n")

    async def test_a_waiting_container_has_no_log_and_says_why(self):
        recorded = support.fixture("log-waiting")["response"]
        self.pod("image-never", "true", image="localhost/absent:1", container={"imagePullPolicy": "Never"})
        await self.until(lambda: self.state("image-never").get("waiting", {}).get("reason") == "ErrImageNeverPull")
        head, body = await self.get("image-never")
        self.assertIn(" 400 ", head)
        self.assertEqual(json.loads(body), recorded["body"])


if __name__ == "__main__":
    support.main()
