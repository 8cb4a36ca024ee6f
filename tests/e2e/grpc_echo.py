"""gRPC, as far as a stream of messages in both directions goes: a server that sends each message back, and a client.

Just enough HTTP/2 for it (RFC 9113; github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): header fields are literals
(RFC 7541, 6.2.2), and no more is sent at a time than the window that every connection begins with lets through.
"""

import contextlib
import socketserver
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END, ACK, END_HEADERS = 1, 1, 4


class Peer:
    """One end of a connection: frames out, frames in; settings and pings are answered on the way."""

    def __init__(self, reads, writes):
        self._reads, self._writes = reads, writes

    def send(self, kind, flags=0, stream=0, payload=b""):
        self._writes(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

    def frames(self):
        """(kind, flags, stream, payload) of each frame that somebody else has to deal with."""
        while len(head := self._reads(9)) == 9:
            payload = self._reads(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind in (SETTINGS, PING):
                if not flags & ACK:
                    self.send(kind, ACK, 0, payload if kind == PING else b"")
            else:
                yield kind, flags, int.from_bytes(head[5:], "big"), payload


def fields(**each):
    pairs = [(name.replace("_", "-").replace("--", ":"), value) for name, value in each.items()]
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in pairs)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.read(len(PREFACE)) != PREFACE:
            return
        peer = Peer(self.rfile.read, self.wfile.write)
        peer.send(SETTINGS)
        for kind, flags, stream, payload in peer.frames():
            if kind == HEADERS:
                peer.send(HEADERS, END_HEADERS, stream, fields(__status="200", content_type="application/grpc"))
            elif kind == DATA and payload:
                peer.send(DATA, 0, stream, payload)
            if kind in (HEADERS, DATA) and flags & END:
                peer.send(HEADERS, END_HEADERS | END, stream, fields(grpc_status="0"))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextlib.contextmanager
def serving(port):
    with Server(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def call(connection, messages):
    """Sends each message when the answer to the one before is there; the answers, and whether the call ended well."""
    stream = connection.makefile("rb")
    peer = Peer(stream.read, connection.sendall)
    connection.sendall(PREFACE)
    peer.send(SETTINGS)
    peer.send(HEADERS, END_HEADERS, 1, fields(
        __method="POST", __scheme="http", __path="/test.Echo/Talk", __authority="web", te="trailers",
        content_type="application/grpc"))
    answers, frames, ended = [], peer.frames(), None
    for message in messages:
        peer.send(DATA, 0, 1, struct.pack(">BI", 0, len(message)) + message)
        answer = b""
        while len(answer) < 5 + len(message):
            kind, _, _, payload = next(frames)
            answer += payload if kind == DATA else b""
        answers.append(answer[5:])
    peer.send(DATA, END, 1)
    for kind, flags, _, payload in frames:
        if kind == HEADERS and flags & END:
            ended = payload == fields(grpc_status="0")
            break
    return answers, ended
