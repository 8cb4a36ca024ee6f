#!/usr/bin/python3
"""The small programs in images/, each in a pod."""

import asyncio
import hashlib
import json

import node_test_support as support


class ImagesTest(support.ClusterTest):
    async def connect(self, image, port, **environment):
        """(reader, writer) to a pod that runs the image."""
        probe = {"tcpSocket": {"port": port}, "periodSeconds": 1}
        variables = [{"name": name, "value": value} for name, value in environment.items()]
        self.pod(image, image=image, container={"readinessProbe": probe, "env": variables})
        address = (await self.until_ready(image))["status"]["podIP"]
        return await asyncio.open_connection(address, port, limit=1 << 24)

    async def ask(self, streams, request, body=b""):
        """(status, body) of one HTTP exchange; the connection stays open."""
        reader, writer = streams
        writer.write(f"{request} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "transfer-encoding: chunked" in head:
            text = b""
            while size := int(await reader.readline(), 16):
                text += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            text = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        return int(head.split()[1]), text

    async def test_http_echo_says_who_it_is_and_moves_bytes(self):
        streams = await self.connect("http-echo", 8080, TEXT="good day from")
        self.assertEqual(await self.ask(streams, "GET /"), (200, b"good day from http-echo\n"))
        _, data = await self.ask(streams, "GET /bytes?n=100000")
        self.assertEqual(data, (bytes(range(256)) * 391)[:100000])
        _, answer = await self.ask(streams, "POST /sha", data)
        self.assertEqual(json.loads(answer), {"bytes": 100000, "sha256": hashlib.sha256(data).hexdigest(),
                                              "pod": "http-echo"})
        self.assertEqual(await self.ask(streams, "GET /slow?s=0.1"), (200, b"slow http-echo\n"))
        self.assertEqual((await self.ask(streams, "GET /drip?n=3&s=0.01"))[1], b"".join(
            b"%d http-echo\n" % number for number in range(3)))
        streams[1].write(b"POST /sha HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        await streams[0].readuntil(b"\r\n\r\n")
        self.assertIn(hashlib.sha256(b"abc").hexdigest().encode(), await streams[0].readline())
        streams[1].write(b"GET /close HTTP/1.1\r\n\r\n")
        self.assertEqual(await streams[0].read(), b"")
        streams[1].close()

    async def test_web_counts_its_pages(self):
        streams = await self.connect("web", 8080, TITLE="A <title>")
        self.assertIn(b"It has made 1 page so far", (await self.ask(streams, "GET /"))[1])
        page = (await self.ask(streams, "GET /"))[1]
        for part in (b"It has made 2 pages so far", b"pod <code>web</code>", b"<h1>A &lt;title&gt;</h1>"):
            self.assertIn(part, page)
        streams[1].close()

    async def test_echo_answers_after_the_half_close(self):
        reader, writer = await self.connect("echo", 7)
        writer.write(b"x" * 1000000)
        writer.write_eof()
        self.assertEqual(await reader.read(), b"x" * 1000000)
        writer.close()

    async def test_tcp_sink_counts_and_hashes(self):
        reader, writer = await self.connect("tcp-sink", 9)
        writer.write(b"abc")
        writer.write_eof()
        self.assertEqual(await reader.read(), f"3 {hashlib.sha256(b'abc').hexdigest()}\n".encode())
        writer.close()

    async def test_tcp_source_sends_as_much_as_it_is_told(self):
        reader, writer = await self.connect("tcp-source", 19, BYTES="300000")
        self.assertEqual(len(await reader.read()), 300000)
        writer.close()

    async def test_crash_ends_as_it_is_told(self):
        self.pod("crash", image="crash", restartPolicy="Never",
                 container={"env": [{"name": "CODE", "value": "42"}]})
        await self.until_ended("crash")
        self.assertEqual(self.state("crash")["terminated"]["exitCode"], 42)


if __name__ == "__main__":
    support.main()
