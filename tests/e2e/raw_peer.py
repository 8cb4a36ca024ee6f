"""A daemon made of bytes, for a ferry-proxy: says what no daemon would say (tunnel/README.md is the protocol)."""

import contextlib
import socket
import ssl
import struct
import time

OPEN, OPEN_FAIL, DATA, RST = 0x01, 0x03, 0x04, 0x06
HELLO, RESUME, RESUME_FAIL, ACK, PING, ABORT = 0x80, 0x81, 0x83, 0x84, 0x86, 0x89


def frame(kind, stream=0, payload=b""):
    return struct.pack(">BBHI", kind, 0, len(payload), stream) + payload


def hello(protocol=1, version=b"0.0.1"):
    payload = b"FRRY" + struct.pack(">HB", protocol, len(version)) + version + struct.pack(">IIQB", 0, 100, 1 << 20, 0)
    return frame(HELLO, payload=payload)


def opening(stream, port, claim=0, host=b"127.0.0.1", grant=65536):
    return frame(OPEN, stream, struct.pack(">BIIHB", 0, claim, grant, port, len(host)) + host)


def client_context(keys):
    """TLS as a daemon with these keys does it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(keys / "tls.crt", keys / "tls.key")
    context.load_verify_locations(keys / "ca.crt")
    return context


class RawPeer:
    """A carrier on which HELLO has been exchanged, unless told otherwise."""

    def __init__(self, port, keys, greets=True):
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._tls = client_context(keys).wrap_socket(raw)
        self._heard = b""
        if greets:
            self.say(hello())
            assert self.next_frame()[0] == HELLO

    def say(self, *frames):
        self._tls.sendall(b"".join(frames))

    def next_frame(self):
        """(type, stream, payload), or None at the end."""
        while len(self._heard) < 8 or len(self._heard) < 8 + struct.unpack(">H", self._heard[2:4])[0]:
            part = self._tls.recv(65536)
            if not part:
                return None
            self._heard += part
        kind, _, length, stream = struct.unpack(">BBHI", self._heard[:8])
        payload, self._heard = self._heard[8 : 8 + length], self._heard[8 + length :]
        return kind, stream, payload

    def frames_to_the_end(self):
        """Everything that is said until the connection ends, which it has to."""
        frames = []
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
            while one := self.next_frame():
                frames.append(one)
        return frames

    def read_until_silence(self, seconds=0.5):
        """Takes what comes until nothing has come for so long, and says nothing to it; how many bytes."""
        self._tls.settimeout(seconds)
        size = 0
        with contextlib.suppress(TimeoutError):
            while part := self._tls.recv(1 << 20):
                size += len(part)
        return size

    def flood(self, chunk, seconds=30):
        """Says it again and again until the other side has had enough; whether it had."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self._tls.sendall(chunk)
        except (OSError, ssl.SSLError):
            return True
        return False

    def close(self):
        self._tls.close()
