"""ClusterIPs: connections to a Service go to one of its ready endpoints, chosen anew for each connection.

As kube-proxy does it: nftables rewrites the destination; a Service without endpoints, or a port that it doesn't
have, refuses at once. Where nftables can't be used, `services_relay` does it in this process.
"""

import asyncio
import collections
import shutil
import subprocess
import traceback

from . import netns, services_relay

Backend = collections.namedtuple("Backend", "address port")


class ServiceProxy:
    def __init__(self, store, report):
        self._store = store
        self._report = report
        self._tasks = []
        self._dirty = asyncio.Event()
        self._applied = None
        self._relay = None
        self.lag = 0.0  # a fault: seconds by which the rules follow the endpoints late, as on a busy cluster

    async def start(self):
        if not _nftables_works():
            self._relay = services_relay.Relay()
            self._relay.start()
        self._tasks = [asyncio.ensure_future(self._watch(kind)) for kind in ("Service", "EndpointSlice")]
        self._tasks.append(asyncio.ensure_future(self._apply_changes()))

    async def stop(self):
        for task in self._tasks:
            task.cancel()

    async def _watch(self, kind):
        async with self._store.watch(kind) as events:
            async for _ in events:
                self._dirty.set()

    async def _apply_changes(self):
        while True:
            await self._dirty.wait()
            await asyncio.sleep(self.lag)
            self._dirty.clear()
            table = routes(self._store)
            if table == self._applied:
                continue
            try:
                if self._relay is not None:
                    await self._relay.apply(table)
                else:
                    await _load(_ruleset(table) if self._applied is None else changes(self._applied, table))
                self._applied = table
                self._report.rules(table)
            except OSError:
                traceback.print_exc()
                self._dirty.set()  # the old rules stay for a second, as with kube-proxy
                await asyncio.sleep(1)


def routes(store):
    """{(address, protocol, port): [Backend]} for every port of every Service that has an address."""
    slices = collections.defaultdict(list)
    for item in store.list("EndpointSlice"):
        labels = item["metadata"].get("labels") or {}
        slices[item["metadata"]["namespace"], labels.get("kubernetes.io/service-name")].append(item)
    table = {}
    for service in store.list("Service"):
        spec, meta = service["spec"], service["metadata"]
        address = spec.get("clusterIP")
        if not address or address in ("None", netns.DNS_SERVICE_ADDRESS):
            continue
        for port in spec.get("ports") or []:
            key = (address, port.get("protocol", "TCP").lower(), port["port"])
            table[key] = _backends(slices[meta["namespace"], meta["name"]], port)
    return table


def _backends(slices, port):
    """The ready endpoints; if there is none, those that still serve while they terminate."""
    ready, last_resort = [], []
    for item in slices:
        for slice_port in item.get("ports") or []:
            if (slice_port.get("name") or "") != (port.get("name") or ""):
                continue
            for endpoint in item.get("endpoints") or []:
                backend = Backend(endpoint["addresses"][0], slice_port["port"])
                conditions = endpoint.get("conditions") or {}
                if conditions.get("ready", True):
                    ready.append(backend)
                elif conditions.get("serving") and conditions.get("terminating"):
                    last_resort.append(backend)
    return sorted(ready or last_resort)


def _ruleset(table):
    """A new table."""
    refuse = (f"ip daddr {netns.DNS_SERVICE_ADDRESS} accept; "
              f"ip daddr {netns.SERVICE_NETWORK} meta l4proto tcp reject with tcp reset; "
              f"ip daddr {netns.SERVICE_NETWORK} reject;")
    lookup = "ip daddr . meta l4proto . th dport vmap @services;"
    # A pod that reaches itself through a Service must see another source address, or it would answer itself.
    return f"""table ip services
delete table ip services
table ip services {{
  map services {{ type ipv4_addr . inet_proto . inet_service : verdict; }}
  set loops {{ type ipv4_addr . ipv4_addr; }}
  chain from_pods {{ type nat hook prerouting priority -100; {lookup} }}
  chain from_node {{ type nat hook output priority -100; {lookup} }}
  chain leaving {{ type nat hook postrouting priority 100; ip saddr . ip daddr @loops masquerade; }}
  chain refuse_pods {{ type filter hook forward priority 0; {refuse} }}
  chain refuse_node {{ type filter hook output priority 0; {refuse} }}
}}
{changes({}, table)}"""


def changes(before, after):
    """What makes one table of the other, as one transaction.

    As kube-proxy does it, nothing is touched that stays as it is: a packet that is looked up in a set while that is
    replaced finds neither the old one nor the new one, and its connection is refused.
    """
    lines = []
    for key in sorted(set(before) | set(after)):
        old, new = before.get(key), after.get(key)
        if old == new or not (old or new):
            continue
        chain = "_".join(["service", *map(str, key)]).replace(".", "_")
        element = " . ".join(map(str, key))
        if old and not new:
            lines.append(f"delete element ip services services {{ {element} }}")
        lines += [f"add chain ip services {chain}", f"flush chain ip services {chain}"]
        if new:
            targets = ", ".join(f"{position} : {backend.address} . {backend.port}"
                                for position, backend in enumerate(new))
            lines.append(f"add rule ip services {chain} meta l4proto {key[1]} dnat ip to numgen random mod {len(new)} "
                         f"map {{ {targets} }}")
        if new and not old:
            lines.append(f"add element ip services services {{ {element} : goto {chain} }}")
    old, new = _addresses(before), _addresses(after)
    for command, addresses in (("delete", old - new), ("add", new - old)):
        lines += [f"{command} element ip services loops {{ {address} . {address} }}" for address in sorted(addresses)]
    return "\n".join(lines) + "\n"


def _addresses(table):
    return {backend.address for backends in table.values() for backend in backends or []}


def _nftables_works():
    if shutil.which("nft") is None:
        return False
    return subprocess.run(["nft", "-f", "-"], input=_ruleset({("10.96.0.1", "tcp", 1): [Backend("10.244.0.2", 1)]}),
                          text=True, capture_output=True, check=False).returncode == 0


async def _load(rules):
    process = await asyncio.create_subprocess_exec(
        "nft", "-f", "-", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate(rules.encode())
    if process.returncode != 0:
        raise OSError(f"nft: {errors.decode().strip()}")
