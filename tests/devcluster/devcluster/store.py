"""The cluster's state: an in-memory object store with Kubernetes' rules of concurrency.

Objects are plain dicts as in JSON. Kinds are named as in `kinds.py` ("Pod"). **Every call is synchronous and
atomic** (one event loop, no await inside); only a watch waits. What a call returns is the caller's own copy;
what a watch delivers is shared and must not be changed.

    store.create("Pod", pod, manager="kubelet")            -> the object with uid, resourceVersion, defaults
    store.get("Pod", "ns", "name")                         -> object, or ApiError 404
    store.find("Pod", "ns", "name")                        -> object or None
    store.list("Pod", "ns" or None, labels={"app": "x"})   -> objects, in the order of their keys
    store.update("Pod", pod)                               -> stale resourceVersion: ApiError 409; status is kept
    store.update("Pod", pod, subresource="status")         -> only status (and metadata's own rules) changes
    store.modify("Pod", "ns", "name", change)              -> change(obj) edits a fresh copy in place; None if gone
    store.patch_status("Pod", "ns", "name", {...})         -> top-level fields of status replaced; None if gone
    store.delete("Pod", "ns", "name", grace=None, uid=None)-> as DELETE does: grace and finalizers are honoured
    store.remove_finalizer("Pod", "ns", "name", finalizer) -> the last one gone and deletion asked for: object gone

    async with store.watch("Pod") as events:               # the existing objects first, as ADDED, then changes
        async for event in events:                         # event.type, event.object, event.old, event.version
            ...

Cluster-scoped kinds take namespace "" or None. Admission (defaults, validation, allocation of ClusterIPs,
namespace lifecycle) is the strategy's, and applies to everybody who writes, controllers included.

Deleting a pod that runs on a node only sets `deletionTimestamp` and `deletionGracePeriodSeconds`; the node calls
`delete(..., grace=0)` when the processes have ended. `Foreground` and `Orphan` propagation leave the finalizers
`foregroundDeletion` and `orphan` for the garbage collector to act on and remove. A namespace being deleted keeps
`spec.finalizers == ["kubernetes"]` until the namespace controller has emptied it and calls `remove_namespace`.
"""

import asyncio
import bisect
import collections
import datetime
import uuid

from . import errors, kinds, managedfields

Event = collections.namedtuple("Event", "type kind object old version")


def clone(value):
    """A deep copy of JSON-like data (much faster than copy.deepcopy)."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def now(seconds_ahead=0):
    """The time as the API writes it, in whole seconds."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds_ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def matches_labels(obj, labels):
    """Whether the object has all of these labels (a plain dict of equalities)."""
    have = obj["metadata"].get("labels") or {}
    return all(have.get(key) == value for key, value in (labels or {}).items())


def _content(obj):
    """What metadata.generation counts the changes of."""
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}


class Watch:
    """A subscription. Iterate over it; `close()` (or leaving `async with`) ends it."""

    def __init__(self, store, kind, namespace, backlog):
        self._store = store
        self._kind = kind
        self._namespace = namespace or None
        self._queue = asyncio.Queue()
        for event in backlog:
            self.offer(event)

    def offer(self, event):
        if self._namespace is None or event.object["metadata"].get("namespace") == self._namespace:
            self._queue.put_nowait(event)

    def close(self):
        self._store.unsubscribe(self._kind, self)
        self._queue.put_nowait(None)

    def empty(self):
        """Whether everything so far has been taken."""
        return self._queue.empty()

    async def next(self, timeout=None):
        """The next event; None after close() or when `timeout` seconds have passed."""
        try:
            return await asyncio.wait_for(self._queue.get(), timeout)
        except asyncio.TimeoutError:
            return None

    def __aiter__(self):
        return self

    async def __anext__(self):
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()


class Store:
    """See the module's text. `strategy` has the hooks of `strategy.Strategy`; None admits everything."""

    def __init__(self, strategy=None, history=5000):
        self.strategy = strategy
        self._objects = collections.defaultdict(dict)  # kind -> {(namespace, name): object}
        self._watches = collections.defaultdict(set)   # kind -> {Watch}
        self._history = collections.deque(maxlen=history)
        self._version = 1000
        self._oldest = self._version  # a watch from before this one gets 410

    @property
    def version(self):
        return self._version

    @property
    def oldest_version(self):
        return self._oldest

    # Reading

    def find(self, kind, namespace, name):
        obj = self._objects[kind].get((namespace or "", name))
        return clone(obj) if obj is not None else None

    def get(self, kind, namespace, name):
        obj = self.find(kind, namespace, name)
        if obj is None:
            raise errors.not_found(kind, name)
        return obj

    def list(self, kind, namespace=None, labels=None):
        found = self._objects[kind]
        keys = sorted(key for key in found if not namespace or key[0] == namespace)
        return [clone(found[key]) for key in keys if matches_labels(found[key], labels)]

    # Writing

    def create(self, kind, obj, manager=None, dry_run=False):
        resource = kinds.of(kind)
        obj = clone(obj)
        meta = obj.setdefault("metadata", {})
        self._name(kind, meta, resource)
        obj["apiVersion"], obj["kind"] = resource.group_version, kind
        for key in ("resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
            meta.pop(key, None)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = now()
        if resource.has_generation:
            meta["generation"] = 1
        if self.strategy:
            self.strategy.admit_create(self, kind, obj)
        key = (meta.get("namespace") or "", meta["name"])
        if key in self._objects[kind]:
            raise errors.already_exists(kind, meta["name"])
        if manager:
            managedfields.track(None, obj, manager)
        if self.strategy:
            self.strategy.allocate(self, kind, obj)
        if dry_run:
            return obj
        self._put("ADDED", kind, key, obj, None)
        if self.strategy:
            self.strategy.created(self, kind, obj)
        return clone(obj)

    def update(self, kind, obj, subresource=None, manager=None, dry_run=False, tracked=False):
        """Replaces an object. `tracked`: the caller has set managedFields itself (server-side apply)."""
        namespace, name = obj["metadata"].get("namespace"), obj["metadata"]["name"]
        old = self.get(kind, namespace, name)
        new = self._merge_for_update(kind, old, clone(obj), subresource)
        if self.strategy:
            self.strategy.admit_update(self, kind, old, new, subresource)
        resource = kinds.of(kind)
        if resource.has_generation and _content(new) != _content(old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        if manager and not tracked:
            managedfields.track(old, new, manager, subresource)
        if managedfields.same(old, new):
            return old
        if dry_run:
            return new
        key = (namespace or "", name)
        if self._is_finished(kind, new):
            return self._remove(kind, key, old)  # as it was last stored, its last finalizer included
        self._put("MODIFIED", kind, key, new, old)
        return clone(new)

    def modify(self, kind, namespace, name, change, subresource=None, manager=None):
        obj = self.find(kind, namespace, name)
        if obj is None:
            return None
        change(obj)
        return self.update(kind, obj, subresource, manager)

    def patch_status(self, kind, namespace, name, status, manager=None):
        def change(obj):
            obj.setdefault("status", {}).update(clone(status))
            for field in [key for key, value in status.items() if value is None]:
                del obj["status"][field]
        return self.modify(kind, namespace, name, change, "status", manager)

    def remove_finalizer(self, kind, namespace, name, finalizer):
        def change(obj):
            left = [item for item in obj["metadata"].get("finalizers", []) if item != finalizer]
            obj["metadata"]["finalizers"] = left
        return self.modify(kind, namespace, name, change)

    def remove_namespace(self, name):
        """Ends a namespace that has been emptied."""
        obj = self.find("Namespace", None, name)
        if obj is not None:
            self._remove("Namespace", ("", name), obj)

    # Deleting

    def delete(self, kind, namespace, name, grace=None, propagation=None, uid=None, version=None, dry_run=False):
        """As the DELETE verb. Returns the object as last stored, and whether it is gone (True) or going (False)."""
        obj = self.get(kind, namespace, name)
        meta = obj["metadata"]
        self._check_preconditions(kind, meta, uid, version)
        key = (namespace or "", name)
        before = clone(obj)
        seconds = self._grace_of(kind, obj, grace)
        if propagation in ("Foreground", "Orphan") and "deletionTimestamp" not in meta:
            finalizer = "foregroundDeletion" if propagation == "Foreground" else "orphan"
            if finalizer not in meta.get("finalizers", []):
                meta.setdefault("finalizers", []).append(finalizer)
        waits = seconds > 0 or meta.get("finalizers") or kind == "Namespace"
        if not waits:
            return (obj if dry_run else self._remove(kind, key, obj)), True
        self._mark_deleted(kind, obj, seconds)
        if not managedfields.same(before, obj) and not dry_run:
            self._put("MODIFIED", kind, key, obj, before)
        return clone(obj), False

    @staticmethod
    def _check_preconditions(kind, meta, uid, version):
        if uid and uid != meta["uid"]:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {meta['uid']}"
            raise errors.conflict(kind, meta["name"], why)
        if version and version != meta["resourceVersion"]:
            why = ("Precondition failed: ResourceVersion in precondition: "
                   f"{version}, ResourceVersion in object meta: {meta['resourceVersion']}")
            raise errors.conflict(kind, meta["name"], why)

    @staticmethod
    def _grace_of(kind, obj, grace):
        """The seconds to wait for the node; 0 for all but pods that run on one."""
        if not kinds.of(kind).graceful:
            return 0
        phase = obj.get("status", {}).get("phase")
        if not obj.get("spec", {}).get("nodeName") or phase in ("Succeeded", "Failed"):
            return 0
        default = obj["spec"].get("terminationGracePeriodSeconds", 30)
        return max(0, default if grace is None else grace)

    @staticmethod
    def _mark_deleted(kind, obj, seconds):
        meta = obj["metadata"]
        if kind == "Namespace":
            obj.setdefault("status", {})["phase"] = "Terminating"
        if "deletionTimestamp" not in meta or seconds < meta.get("deletionGracePeriodSeconds", 0):
            meta["deletionTimestamp"] = now(seconds)
            meta["deletionGracePeriodSeconds"] = seconds
            if kinds.of(kind).has_generation:
                meta["generation"] = meta.get("generation", 1) + 1

    @staticmethod
    def _is_finished(kind, obj):
        """Deletion was asked for and nothing holds the object any more."""
        meta = obj["metadata"]
        if "deletionTimestamp" not in meta or meta.get("finalizers"):
            return False
        return kind != "Namespace" and meta.get("deletionGracePeriodSeconds", 0) == 0

    # Watching

    def watch(self, kind, namespace=None, since=None):
        """Without `since`: the existing objects as ADDED first. With it: everything after that version, or 410."""
        if since is None:
            backlog = [Event("ADDED", kind, obj, None, int(obj["metadata"]["resourceVersion"]))
                       for obj in self.list(kind, namespace)]
        else:
            if since < self._oldest:
                raise errors.expired(f"too old resource version: {since} ({self._oldest})")
            start = bisect.bisect_right([event.version for event in self._history], since)
            backlog = [event for event in list(self._history)[start:] if event.kind == kind]
        watch = Watch(self, kind, namespace, backlog)
        self._watches[kind].add(watch)
        return watch

    def unsubscribe(self, kind, watch):
        self._watches[kind].discard(watch)

    def forget_history(self):
        """Makes every version so far too old to watch from, as compaction does."""
        self._history.clear()
        self._oldest = self._version

    # Inside

    def _name(self, kind, meta, resource):
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5].translate(_NAME_ALPHABET)
        if not meta.get("name"):
            raise errors.invalid(kind, "", [
                ("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")])
        if not resource.namespaced:
            meta.pop("namespace", None)

    def _merge_for_update(self, kind, old, new, subresource):
        """What a client may not change stays as it was."""
        given, kept = new.setdefault("metadata", {}), old["metadata"]
        if given.get("resourceVersion") not in (None, "", kept["resourceVersion"]):
            raise errors.conflict(kind, kept["name"])
        if given.get("uid") not in (None, "", kept["uid"]):
            why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {kept['uid']}"
            raise errors.conflict(kind, kept["name"], why)
        new["apiVersion"], new["kind"] = old["apiVersion"], old["kind"]
        if subresource == "status":
            merged = clone(old)
            merged["status"] = new.get("status", {})
            if "managedFields" in given:
                merged["metadata"]["managedFields"] = given["managedFields"]
            return merged
        for field in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
                      "generateName", "resourceVersion", "namespace", "name"):
            given.pop(field, None)
            if field in kept:
                given[field] = kept[field]
        for field in ("labels", "annotations", "finalizers", "ownerReferences"):
            if not given.get(field):
                given.pop(field, None)
        if "status" in kinds.of(kind).subresources and subresource is None:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        return new

    def _put(self, event_type, kind, key, obj, old):
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        stored = clone(obj)
        self._objects[kind][key] = stored
        self._publish(Event(event_type, kind, stored, old, self._version))

    def _remove(self, kind, key, obj):
        old = self._objects[kind].pop(key)
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        self._publish(Event("DELETED", kind, clone(obj), old, self._version))
        return obj

    def _publish(self, event):
        if len(self._history) == self._history.maxlen:
            self._oldest = self._history[0].version
        self._history.append(event)
        for watch in list(self._watches[event.kind]):
            watch.offer(event)


# The server draws generated names from letters and digits without vowels and look-alikes.
_NAME_ALPHABET = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
