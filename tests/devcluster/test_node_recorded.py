#!/usr/bin/python3
"""Pods that go wrong, held against the same pods recorded from a real cluster: states, conditions, events."""

import asyncio
import collections
import glob
import os
import re

import node_test_support as support

# busybox' applets that a Debian system doesn't have, and what comes closest.
_REPLACED = {"httpd -f -p 8080 -h /etc": ["/usr/bin/python3", "-m", "http.server", "8080", "--directory", "/etc"]}
# That recording is about an option of busybox' nc.
_NOT_FOR_US = {"sick-never-ready-timeout"}


def normal(text):
    """A message without what differs from run to run."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", text or "")
    text = re.sub(r"10\.244\.\d+\.\d+", "ADDRESS", text)
    text = re.sub(r"back-off \S+ restarting", "back-off TIME restarting", text)
    text = re.sub(r"test-\d+|fixtures", "NAMESPACE", text)
    return text.replace("cat: can't open '/tmp/healthy'", "cat: /tmp/healthy").strip()


def in_short(state):
    if "waiting" in state:
        return f"waiting {state['waiting']['reason']} {normal(state['waiting'].get('message'))}"
    if "terminated" in state:
        ended = state["terminated"]
        return f"terminated {ended['exitCode']} {ended['reason']} {normal(ended.get('message'))}"
    return "running"


def sights(status):
    """What can be seen of a pod at one moment: its conditions, in their order, and each container's state."""
    seen = {("conditions", *((each["type"], each["status"], each.get("reason"), normal(each.get("message")))
                             for each in status.get("conditions") or []))}
    for field in ("containerStatuses", "initContainerStatuses"):
        seen |= {(field, each["name"], in_short(each["state"])) for each in status.get(field) or []}
    return seen


class RecordedTest(support.ClusterTest):
    async def test_sick_pods_look_as_they_did_on_a_real_cluster(self):
        recorded = {os.path.basename(path)[:-5] for path in glob.glob(f"{support.FIXTURES}/sick-*.json")}
        self.assertEqual(len(recorded), 18)
        exchanges = [support.fixture(name) for name in sorted(recorded - _NOT_FOR_US)]
        self._seen = collections.defaultdict(set)  # pod name -> what has been seen of it, however shortly
        watching = asyncio.ensure_future(self._watch())
        for exchange in exchanges:
            self._create(exchange["pod"])
        for exchange in exchanges:
            name = exchange["pod"]["metadata"]["name"]
            with self.subTest(name):
                await self._compare(name, exchange)
        watching.cancel()

    async def _watch(self):
        async with self.store.watch("Pod", self.namespace) as events:
            async for event in events:
                self._seen[event.object["metadata"]["name"]] |= sights(event.object.get("status") or {})

    def _create(self, pod):
        spec = dict(pod["spec"])
        for field in ("nodeName", "volumes"):
            spec.pop(field, None)
        spec["volumes"] = [volume for volume in pod["spec"].get("volumes") or [] if "projected" not in volume]
        for group in ("containers", "initContainers"):
            for container in spec.get(group) or []:
                container["volumeMounts"] = [mount for mount in container.get("volumeMounts") or []
                                             if not mount["name"].startswith("kube-api-access")]
                command = " ".join(container.get("command") or [])
                container["command"] = _REPLACED.get(command, container.get("command"))
        self.create("Pod", {"metadata": {"name": pod["metadata"]["name"]}, "spec": spec})

    async def _compare(self, name, exchange):
        status = exchange["pod"]["status"]
        expected = {(event["type"], event["reason"], normal(event["message"])) for event in exchange["events"]}

        def events():
            return {(kind, reason, normal(message)) for kind, reason, message in self.events(name)}
        await self.until(lambda: expected <= events(), what=f"{name}: {expected - events()}")
        self.assertEqual(events() - expected, set())
        await self.until(lambda: sights(status) <= self._seen[name],
                         what=f"{name}: {sights(status) - self._seen[name]} not in {self._seen[name]}")
        self.assertEqual(self.status(name)["phase"], status["phase"])
        self.assertEqual(set(self.status(name)), set(status))


if __name__ == "__main__":
    support.main()
