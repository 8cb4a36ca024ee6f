"""What happened in the network, for whoever has to explain a connection that failed.

    report = Report()                        the node's and the Services' diary
    life = report.pod(namespace, name)       notes of a pod: life["network"] = time.time()
    report.rules(table)                      the rules for Services, as they are from now on
    report.text(["40123", ...])              everything, and the kernel's entries of connections from these ports

It keeps the latest of each; times are seconds since 1970.
"""

import collections
import time

PODS, RULES = 200, 100  # as many are kept


class Report:
    def __init__(self):
        self._pods = collections.deque(maxlen=PODS)
        self._rules = collections.deque(maxlen=RULES)
        self._last = {}

    def pod(self, namespace, name):
        self._pods.append({"name": f"{namespace}/{name}"})
        return self._pods[-1]

    def rules(self, table):
        """What has changed is kept."""
        for key in sorted(set(table) | set(self._last)):
            if table.get(key) != self._last.get(key):
                self._rules.append((time.time(), key, table.get(key)))
        self._last = table

    def text(self, ports):
        lines = [f"now {time.time():.3f}", "pods:"]
        for life in self._pods:
            words = [f"{key} {value:.3f}" if isinstance(value, float) else str(value) for key, value in life.items()]
            lines.append("  " + ", ".join(words[1:] + words[:1]))
        lines.append("rules:")
        for when, (address, protocol, port), backends in self._rules:
            targets = " ".join(f"{backend.address}:{backend.port}" for backend in backends or []) or "nobody"
            lines.append(f"  {when:.3f} {address} {protocol} {port} -> {targets}")
        return "\n".join(lines + ["connections:"] + [f"  {line}" for line in _connections(ports)]) + "\n"


def _connections(ports):
    try:
        with open("/proc/net/nf_conntrack") as file:
            lines = [line.strip() for line in file]
    except OSError as error:  # a kernel without the list, or without the right to read it
        return [str(error)]
    return [line for line in lines if any(f" sport={port} " in line for port in ports)]
