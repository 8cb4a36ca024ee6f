"""A client of the Debug Adapter Protocol, as much of it as it takes to stop at a breakpoint.

https://microsoft.github.io/debug-adapter-protocol/specification
"""

import contextlib
import json
import socket
import time


class DebugAdapter:
    """`with DebugAdapter(port) as adapter:`; waits until somebody listens there."""

    def __init__(self, port, timeout=60):
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
                self._stream = self._socket.makefile("rwb")
                self._number = 0
                self._seen = []
                self.request("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
                break
            except (OSError, EOFError):  # a forward link accepts before the program listens
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()

    def send(self, command, **arguments):
        self._number += 1
        body = json.dumps({"seq": self._number, "type": "request", "command": command, "arguments": arguments})
        self._stream.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self._stream.flush()
        return self._number

    def _next(self):
        length = 0
        while (line := self._stream.readline()) != b"\r\n":
            if not line:
                raise EOFError
            length = int(line.partition(b":")[2]) if line.lower().startswith(b"content-length") else length
        return json.loads(self._stream.read(length))

    def _wait(self, wanted):
        for message in list(self._seen):
            if wanted(message):
                self._seen.remove(message)
                return message
        while not wanted(message := self._next()):
            self._seen.append(message)
        return message

    def response(self, number):
        answer = self._wait(lambda message: message["type"] == "response" and message["request_seq"] == number)
        assert answer["success"], answer
        return answer.get("body") or {}

    def request(self, command, **arguments):
        return self.response(self.send(command, **arguments))

    def event(self, name):
        return self._wait(lambda message: message["type"] == "event" and message["event"] == name).get("body")

    def attach(self, path, line, **arguments):
        """Attaches with a breakpoint there, and lets the program run."""
        attaching = self.send("attach", **arguments)
        self.event("initialized")
        answer = self.request("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        assert answer["breakpoints"][0]["verified"], answer
        self.request("configurationDone")
        self.response(attaching)

    def stopped(self):
        """Waits for the breakpoint; the thread, and where its topmost frame is."""
        stop = self.event("stopped")
        frame = self.request("stackTrace", threadId=stop["threadId"])["stackFrames"][0]
        assert stop["reason"] == "breakpoint", stop
        return stop["threadId"], frame
