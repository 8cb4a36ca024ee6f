"""Answers gRPC health checks on PORT (8080): SERVING for the server as a whole, NOT_SERVING for any named service.

Only what a single call on stream 1 needs of HTTP/2 (RFC 9113); written apart from the node's client on purpose.
"""

import os
import signal
import socketserver

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        if self.rfile.read(len(_PREFACE)) != _PREFACE:
            return
        self.send(_SETTINGS, 0, 0, b"")
        while head := self.rfile.read(9):
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = self.rfile.read(length)
            if kind == _SETTINGS and not flags & 1:
                self.send(_SETTINGS, 1, 0, b"")
            elif kind == _DATA and flags & 1:
                self.answer(named=len(payload) > 5, stream=int.from_bytes(head[5:9], "big"))

    def answer(self, named, stream):
        status = 2 if named else 1
        # 0x88 is ":status: 200" of HPACK's static table; the others are literals.
        self.send(_HEADERS, 4, stream, b"\x88" + _literal("content-type", "application/grpc"))
        self.send(_DATA, 0, stream, b"\0\0\0\0\x02\x08" + bytes([status]))
        self.send(_HEADERS, 5, stream, _literal("grpc-status", "0"))

    def send(self, kind, flags, stream, payload):
        self.wfile.write(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)


def _literal(name, value):
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("0.0.0.0", int(os.environ.get("PORT", 8080))), Handler).serve_forever()
