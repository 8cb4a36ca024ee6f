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
                    await _load(_ruleset(table))
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
    """The whole table, replaced in one transaction."""
    chains, entries, addresses = [], [], set()
    for number, ((address, protocol, port), backends) in enumerate(sorted(table.items())):
        if not backends:
            continue
        targets = ", ".join(f"{position} : {backend.address} . {backend.port}"
                            for position, backend in enumerate(backends))
        chains.append(f"chain service_{number} {{ meta l4proto {protocol} dnat ip to numgen random mod "
                      f"{len(backends)} map {{ {targets} }}; }}")
        entries.append(f"{address} . {protocol} . {port} : goto service_{number}")
        addresses.update(backend.address for backend in backends)
    lookup = (f"ip daddr . meta l4proto . th dport vmap {{ {', '.join(entries)} }}" if entries else "")
    # A pod that reaches itself through a Service must see another source address, or it would answer itself.
    loops = ", ".join(f"{address} . {address}" for address in sorted(addresses))
    hairpin = f"ip saddr . ip daddr {{ {loops} }} masquerade" if loops else ""
    refuse = (f"ip daddr {netns.DNS_SERVICE_ADDRESS} accept; "
              f"ip daddr {netns.SERVICE_NETWORK} meta l4proto tcp reject with tcp reset; "
              f"ip daddr {netns.SERVICE_NETWORK} reject;")
    nl = "\n  "
    return f"""table ip services
delete table ip services
table ip services {{
  {nl.join(chains)}
  chain lookup {{ {lookup}; }}
  chain from_pods {{ type nat hook prerouting priority -100; jump lookup; }}
  chain from_node {{ type nat hook output priority -100; jump lookup; }}
  chain leaving {{ type nat hook postrouting priority 100; {hairpin}; }}
  chain refuse_pods {{ type filter hook forward priority 0; {refuse} }}
  chain refuse_node {{ type filter hook output priority 0; {refuse} }}
}}
"""


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
