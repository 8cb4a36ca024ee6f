"""Plain HTTP and TCP clients for the tests."""

import contextlib
import hashlib
import http.client
import socket

PERIOD = bytes(range(251))


def get(port, path="/", timeout=20):
    """(status, body) of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def post(port, path, body=b"", timeout=60, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def name_of(port):
    """The name of the pod that answers, or None when nobody does."""
    try:
        status, body = get(port, timeout=5)
    except (OSError, http.client.HTTPException):
        return None
    return body.decode().strip() if status == 200 else None


def pattern(n):
    """The first n bytes of what /bytes sends."""
    return (PERIOD * (n // len(PERIOD) + 1))[:n]


def hash_of_pattern(n):
    """SHA-256 of pattern(n), for n too large to hold."""
    block = PERIOD * 4096
    digest = hashlib.sha256()
    whole, rest = divmod(n, len(block))
    for _ in range(whole):
        digest.update(block)
    digest.update(block[:rest])
    return digest.hexdigest()


def download_hash(port, n, timeout=300):
    """SHA-256 of /bytes?n=N as it arrives, and how many bytes that were."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", f"/bytes?n={n}")
        answer = connection.getresponse()
        digest, total = hashlib.sha256(), 0
        while chunk := answer.read(1 << 20):
            digest.update(chunk)
            total += len(chunk)
        return digest.hexdigest(), total
    finally:
        connection.close()


def rest_hashed(connection):
    """(SHA-256, length) of the body of the HTTP/1.0 answer that comes on a connection."""
    with connection.makefile("rb") as answer:
        while answer.readline().strip():
            pass
        digest, total = hashlib.sha256(), 0
        while chunk := answer.read(1 << 20):
            digest.update(chunk)
            total += len(chunk)
    return digest.hexdigest(), total


def upload(port, n, timeout=300):
    """Posts n bytes of the pattern to /hash; what the server counted and hashed: (length, SHA-256)."""
    block = PERIOD * 4096

    def body():
        left = n
        while left > 0:
            yield block[:left]
            left -= min(left, len(block))

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/hash", body(), {"Content-Length": str(n)})
        length, digest = connection.getresponse().read().decode().split()
        return int(length), digest
    finally:
        connection.close()


def connect(port):
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def read_to_end(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def accept_with(listener, first):
    """The connection that begins so; others come to see whether somebody listens (a link's tests, a port's check)."""
    listener.settimeout(20)
    while True:
        accepted, _ = listener.accept()
        accepted.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            if accepted.recv(len(first)) == first:
                return accepted
        accepted.close()
