"""A gRPC health check (grpc.health.v1.Health/Check), with just enough HTTP/2 for one call.

RFC 9113 for the frames, RFC 7541 for the headers (sent as literals without indexing; of the answer only the DATA is
read), and the message of health.proto: request field 1 is the service's name, answer field 1 its status, 1 = SERVING.
"""

import asyncio
import struct

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4


async def is_serving(host, port, service):
    """Asks once. OSError, EOFError or ValueError when there is no proper answer."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        name = service.encode()
        message = (b"\x0a" + bytes([len(name)]) + name) if name else b""
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, 0, b"")
                     + _frame(_HEADERS, _END_HEADERS, 1, _headers(f"{host}:{port}"))
                     + _frame(_DATA, _END_STREAM, 1, struct.pack(">BI", 0, len(message)) + message))
        return _status(await _answer(reader, writer)) == 1
    finally:
        writer.close()


def _frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _headers(authority):
    fields = [(":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"),
              (":authority", authority), ("content-type", "application/grpc"), ("te", "trailers"),
              ("user-agent", "kube-probe/1.33")]
    return b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
                    for name, value in fields)


async def _answer(reader, writer):
    """The bytes of the stream's DATA frames."""
    data = b""
    while True:
        head = await reader.readexactly(9)
        length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        payload = await reader.readexactly(length)
        if kind == _SETTINGS and not flags & _ACK:
            writer.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind in (_RST_STREAM, _GOAWAY):
            raise ValueError("stream terminated by the server")
        elif kind == _DATA:
            data += payload
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return data


def _status(data):
    """The status in the first message; 0 (UNKNOWN) if the field was left out."""
    if len(data) < 5:
        raise ValueError("rpc error: no health status in the answer")
    message = data[5:]
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0
