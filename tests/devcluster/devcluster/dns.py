"""The cluster's DNS: names of Services and pods, as CoreDNS' kubernetes plugin gives them.

Answers come straight from the store, so that a name is right as soon as the object is. Names outside
`cluster.local` don't exist: the cluster has no way out. (RFC 1035; specification: kubernetes/dns.)
"""

import asyncio
import ipaddress
import struct

from . import netns

A, CNAME, SOA, PTR, TXT, AAAA, SRV, ANY = 1, 5, 6, 12, 16, 28, 33, 255
_NXDOMAIN, _NOTIMP, _FORMERR = 3, 4, 1
_TTL = 5
_ZONE = ["cluster", "local"]


class NoSuchName(Exception):
    """The name doesn't exist (as opposed to: has no record of the type asked for)."""


class Records:
    """What the names stand for. `resolve` returns [(name, type, value)]; NoSuchName."""

    def __init__(self, store):
        self._store = store

    def resolve(self, name, kind):
        labels = name.lower().rstrip(".").split(".")
        if labels[-2:] == ["in-addr", "arpa"]:
            return self._reverse(name, labels)
        if labels[-2:] != _ZONE:
            raise NoSuchName(name)
        labels = labels[:-2]
        if labels in ([], ["svc"], ["pod"]):
            return []
        if labels[-1] == "svc":
            return self._service_name(name, labels[:-1], kind)
        if labels[-1] == "pod" and len(labels) == 3:
            return self._pod_name(name, labels[0], kind)
        raise NoSuchName(name)

    def _service_name(self, name, labels, kind):
        if len(labels) == 1:
            self._require(self._store.find("Namespace", None, labels[0]), name)
            return []
        service = self._store.find("Service", labels[-1], labels[-2])
        self._require(service, name)
        rest = labels[:-2]
        if service["spec"].get("type") == "ExternalName":
            return self._external(name, service["spec"]["externalName"], kind)
        if not rest:
            return self._of_service(name, service, kind)
        if len(rest) == 2 and rest[0].startswith("_") and rest[1].startswith("_"):
            return self._ports(name, service, rest[0][1:], rest[1][1:], kind)
        if len(rest) == 1:
            found = [endpoint["addresses"][0] for endpoint, _ in self._endpoints(service)
                     if self._host(endpoint) == rest[0]]
            self._require(found, name)
            return [(name, A, address) for address in found] if kind in (A, ANY) else []
        raise NoSuchName(name)

    @staticmethod
    def _require(found, name):
        if not found:
            raise NoSuchName(name)

    def _external(self, name, target, kind):
        answers = [(name, CNAME, target)]
        if kind != CNAME:
            try:
                answers += self.resolve(target, kind)
            except NoSuchName:
                pass  # the alias exists; what it points to is somebody else's
        return answers

    def _of_service(self, name, service, kind):
        address = service["spec"].get("clusterIP")
        if address and address != "None":
            found = [address]
        else:
            found = sorted({endpoint["addresses"][0] for endpoint, _ in self._endpoints(service)})
            self._require(found, name)
        return [(name, A, each) for each in found] if kind in (A, ANY) else []

    def _ports(self, name, service, port_name, protocol, kind):
        answers = []
        base = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local"
        if service["spec"].get("clusterIP") != "None":
            answers = [(name, SRV, (port["port"], base)) for port in service["spec"].get("ports") or []
                       if port.get("name") == port_name and port.get("protocol", "TCP").lower() == protocol]
        else:
            for endpoint, ports in self._endpoints(service):
                answers += [(name, SRV, (port["port"], f"{self._host(endpoint)}.{base}")) for port in ports
                            if port.get("name") == port_name and port.get("protocol", "TCP").lower() == protocol]
        self._require(answers, name)
        return answers if kind in (SRV, ANY) else []

    @staticmethod
    def _host(endpoint):
        return endpoint.get("hostname") or endpoint["addresses"][0].replace(".", "-")

    def _endpoints(self, service):
        """[(endpoint, ports)] that are to be found: the ready ones."""
        meta = service["metadata"]
        return [(endpoint, item.get("ports") or [])
                for item in self._store.list("EndpointSlice", meta["namespace"],
                                             {"kubernetes.io/service-name": meta["name"]})
                for endpoint in item.get("endpoints") or []
                if (endpoint.get("conditions") or {}).get("ready", True)]

    def _pod_name(self, name, dashed, kind):
        try:
            address = str(ipaddress.IPv4Address(dashed.replace("-", ".")))
        except ValueError:
            raise NoSuchName(name) from None
        return [(name, A, address)] if kind in (A, ANY) else []

    def _reverse(self, name, labels):
        address = ".".join(reversed(labels[:-2]))
        for service in self._store.list("Service"):
            meta = service["metadata"]
            base = f"{meta['name']}.{meta['namespace']}.svc.cluster.local"
            if service["spec"].get("clusterIP") == address:
                return [(name, PTR, base)]
            if service["spec"].get("clusterIP") == "None":
                for endpoint, _ in self._endpoints(service):
                    if endpoint["addresses"][0] == address:
                        return [(name, PTR, f"{self._host(endpoint)}.{base}")]
        raise NoSuchName(name)


def answer(records, query, size=None):
    """The bytes of the answer to the bytes of a query; None for what isn't one. `size`: the most a datagram holds."""
    if len(query) < 12:
        return None
    number, flags, questions = struct.unpack(">HHH", query[:6])
    if flags & 0x8000:
        return None
    try:
        name, end = _read_name(query, 12)
        kind, = struct.unpack(">H", query[end:end + 2])
        question = query[12:end + 4]
    except (IndexError, struct.error, UnicodeDecodeError):
        return struct.pack(">HHHHHH", number, 0x8180 | _FORMERR, 0, 0, 0, 0)
    code, found = 0, []
    if flags & 0x7800 or questions != 1:
        code = _NOTIMP
    else:
        try:
            found = records.resolve(name, kind)
        except NoSuchName:
            code = _NXDOMAIN
    body = b"".join(_record(*each) for each in found)
    authority = b"" if found else _record("cluster.local", SOA, None)
    head = struct.pack(">HHHHHH", number, 0x8580 | code, 1, len(found), 0 if found else 1, 0)
    message = head + question + body + authority
    if size is not None and len(message) > size:
        return struct.pack(">HHHHHH", number, 0x8780 | code, 1, 0, 0, 0) + question
    return message


def _read_name(data, at):
    labels = []
    while data[at]:
        length = data[at]
        if length > 63:
            raise IndexError(at)
        labels.append(data[at + 1:at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), at + 1


def _encode_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def _record(name, kind, value):
    if kind == A:
        data = ipaddress.IPv4Address(value).packed
    elif kind in (CNAME, PTR):
        data = _encode_name(value)
    elif kind == SRV:
        data = struct.pack(">HHH", 0, 100, value[0]) + _encode_name(value[1])
    else:
        data = (_encode_name("ns.dns.cluster.local") + _encode_name("hostmaster.cluster.local")
                + struct.pack(">IIIII", 1, 7200, 1800, 86400, _TTL))
    return _encode_name(name) + struct.pack(">HHIH", kind, 1, _TTL, len(data)) + data


class Server:
    """Listens on the DNS Service's address, UDP and TCP."""

    def __init__(self, store):
        self._records = Records(store)
        self._transport = self._server = None

    async def start(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._records), (netns.DNS_SERVICE_ADDRESS, 53))
        self._server = await asyncio.start_server(self._serve, netns.DNS_SERVICE_ADDRESS, 53)

    async def stop(self):
        self._transport.close()
        self._server.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                length, = struct.unpack(">H", await reader.readexactly(2))
                message = answer(self._records, await reader.readexactly(length))
                if message is None:
                    break
                writer.write(struct.pack(">H", len(message)) + message)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, records):
        self._records = records

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, address):
        message = answer(self._records, data, size=_room(data))
        if message is not None:
            self._transport.sendto(message, address)


def _room(query):
    """512 bytes, unless the query's OPT record (EDNS, RFC 6891) allows more."""
    marker = query.find(b"\0\0\x29", 12)
    if marker < 0 or len(query) < marker + 5:
        return 512
    return max(512, struct.unpack(">H", query[marker + 3:marker + 5])[0])
