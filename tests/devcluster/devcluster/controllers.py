"""What all controllers share: they watch, queue what has changed, and make the state what the specs ask for.

A controller's `reconcile(namespace, name)` is synchronous: the store's calls don't wait, so nothing changes while it
runs. It is called again after every change that concerns the object, and may ask to be called later.
"""

import asyncio
import traceback

from . import errors, kinds, selectors


class Controller:
    """Subclasses set `watches`: {kind: name of a method (object) -> [(namespace, name)]}, and define reconcile."""

    watches = {}

    def __init__(self, store):
        self.store = store
        self._tasks = []
        self._queue = {}     # keys to be looked at, in the order of their arrival
        self._wake = asyncio.Event()
        self._timers = {}    # key -> (when, handle)

    def start(self):
        self._tasks = [asyncio.ensure_future(self._watch(kind, getattr(self, method)))
                       for kind, method in self.watches.items()]
        self._tasks.append(asyncio.ensure_future(self._work()))

    def stop(self):
        for task in self._tasks:
            task.cancel()
        for _, handle in self._timers.values():
            handle.cancel()

    def enqueue(self, namespace, name):
        self._queue[namespace or "", name] = True
        self._wake.set()

    def enqueue_later(self, namespace, name, seconds):
        """Once more after so many seconds, or earlier if that has been asked for already."""
        loop, key = asyncio.get_running_loop(), (namespace or "", name)
        when = loop.time() + max(0.0, seconds)
        known = self._timers.get(key)
        if known is not None:
            if known[0] <= when:
                return
            known[1].cancel()
        self._timers[key] = (when, loop.call_at(when, self._due, key))

    def _due(self, key):
        del self._timers[key]
        self.enqueue(*key)

    async def _watch(self, kind, keys_of):
        async with self.store.watch(kind) as events:
            async for event in events:
                for obj in (event.object, event.old):
                    if obj is not None:
                        for key in keys_of(obj):
                            self.enqueue(*key)

    async def _work(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                key = next(iter(self._queue))
                del self._queue[key]
                self._reconcile(key)
                await asyncio.sleep(0)

    def _reconcile(self, key):
        try:
            self.reconcile(*key)
        except errors.ApiError:
            self.enqueue_later(*key, 1)
        except Exception:
            traceback.print_exc()
            self.enqueue_later(*key, 5)

    # Usual ways from an object to the keys to be queued

    def itself(self, obj):
        return [(obj["metadata"].get("namespace") or "", obj["metadata"]["name"])]

    def owner(self, obj):
        """The controlling owner, if it is of the kind that this controller is for."""
        reference = controller_of(obj)
        if reference and reference["kind"] == self.kind:
            return [(obj["metadata"]["namespace"], reference["name"])]
        return []

    def owner_or_selecting(self, obj):
        """The owner, or for an orphan whatever selects it."""
        if controller_of(obj):
            return self.owner(obj)
        return [(each["metadata"]["namespace"], each["metadata"]["name"])
                for each in self.store.list(self.kind, obj["metadata"]["namespace"])
                if selectors.of_object(each["spec"].get("selector"))(obj["metadata"].get("labels"))]


def controller_of(obj):
    for reference in obj["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return reference
    return None


def controlled_by(obj, owner):
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def reference_to(owner):
    """The owner reference that makes `owner` the controller."""
    return {"apiVersion": kinds.of(owner["kind"]).group_version, "kind": owner["kind"],
            "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": True,
            "blockOwnerDeletion": True}


def claim_pods(store, owner):
    """The pods that belong to `owner`; orphans that its selector matches are adopted."""
    matches = selectors.of_object(owner["spec"].get("selector"))
    result = []
    for pod in store.list("Pod", owner["metadata"]["namespace"]):
        if controlled_by(pod, owner):
            result.append(pod)
        elif (controller_of(pod) is None and matches(pod["metadata"].get("labels"))
              and "deletionTimestamp" not in pod["metadata"] and "deletionTimestamp" not in owner["metadata"]):
            def adopt(obj):
                obj["metadata"].setdefault("ownerReferences", []).append(reference_to(owner))
            adopted = store.modify("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"], adopt)
            if adopted is not None:
                result.append(adopted)
    return result


def is_active(pod):
    """Neither ended nor being deleted."""
    return ("deletionTimestamp" not in pod["metadata"]
            and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"))


def condition(obj, kind):
    for each in (obj.get("status") or {}).get("conditions") or []:
        if each["type"] == kind:
            return each
    return None


def is_ready(pod):
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def pod_from_template(owner, template, generate_name=None, name=None):
    """A pod as the controllers make it from a template."""
    source = template.get("metadata") or {}
    meta = {key: dict(source[key]) for key in ("labels", "annotations") if source.get(key)}
    meta["namespace"] = owner["metadata"]["namespace"]
    meta["ownerReferences"] = [reference_to(owner)]
    if name:
        meta["name"] = name
    else:
        meta["generateName"] = generate_name
    return {"metadata": meta, "spec": template["spec"]}
