"""Peers made of bytes, for a ferry-proxy and for a ferryd: they say what nobody would say (tunnel/README.md is the protocol)."""

import contextlib
import socket
import ssl
import struct
import threading
import time

OPEN, OPEN_OK, OPEN_FAIL, DATA, RST = 0x01, 0x02, 0x03, 0x04, 0x06
HELLO, RESUME, RESUME_FAIL, ACK, CREDIT, PING, PONG, ABORT = 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x89


def frame(kind, stream=0, payload=b""):
    return struct.pack(">BBHI", kind, 0, len(payload), stream) + payload


def hello(protocol=1, version=b"0.0.1", keys=b""):
    limits = struct.pack(">IIQB", 1, 100, 1 << 20, 1 if keys else 0)
    return frame(HELLO, payload=b"FRRY" + struct.pack(">HB", protocol, len(version)) + version + limits + keys)


def opening(stream, port, claim=0, host=b"127.0.0.1", grant=65536, kind=0):
    return frame(OPEN, stream, struct.pack(">BIIHB", kind, claim, grant, port, len(host)) + host)


def client_context(keys):
    """TLS as a daemon with these keys does it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(keys / "tls.crt", keys / "tls.key")
    context.load_verify_locations(keys / "ca.crt")
    return context


class Carrier:
    def __init__(self, tls):
        self._tls = tls
        self._heard = b""

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

    def only_answers_pings(self):
        """Takes what comes until the other side has had enough, and acknowledges none of it."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
            while one := self.next_frame():
                if one[0] == PING:
                    self.say(frame(PONG, payload=one[2]))

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


class RawPeer(Carrier):
    """A daemon that has exchanged HELLO, unless told otherwise."""

    def __init__(self, port, keys, greets=True):
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        super().__init__(client_context(keys).wrap_socket(raw))
        if greets:
            self.say(hello())
            assert self.next_frame()[0] == HELLO


class HostileProxy:
    """A proxy with the right keys. It knows no session of old; what it does to each new one is `misbehave(carrier)`."""

    def __init__(self, port, keys, misbehave):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_cert_chain(keys / "tls.crt", keys / "tls.key")
        self._context.load_verify_locations(keys / "ca.crt")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._misbehave = misbehave
        self.words = []  # with which daemons ended their sessions
        self._listener = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError, ssl.SSLError):
                raw.settimeout(20)
                carrier = Carrier(self._context.wrap_socket(raw, server_side=True))
                self._greet(carrier)
                carrier.close()

    def _greet(self, carrier):
        kind, _, _ = carrier.next_frame()
        if kind == RESUME:
            carrier.say(frame(RESUME_FAIL, payload=b"there is no such session"))
        else:
            self._misbehave(carrier)
        self.words += [payload.decode() for kind, _, payload in carrier.frames_to_the_end() if kind == ABORT]

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
