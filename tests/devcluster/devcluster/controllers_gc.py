"""What goes with something else: garbage collection by owner references, and the contents of namespaces."""

import asyncio
import collections
import traceback

from . import controllers, errors, kinds


class GarbageCollector:
    """Deletes objects whose owners are all gone; carries out foreground and orphan deletion.

    It watches every kind, and keeps who depends on whom. Works on uids: a new object of the same name is no owner.
    """

    def __init__(self, store):
        self._store = store
        self._alive = {}                                  # uid -> (kind, namespace, name)
        self._owned = collections.defaultdict(set)        # owner's uid -> uids of its dependents
        self._going = set()                               # uids of owners that wait for their dependents
        self._tasks = []

    def start(self):
        every = [resource.kind for resource in kinds.RESOURCES if "watch" in resource.verbs]
        self._tasks = [asyncio.ensure_future(self._watch(kind)) for kind in every]

    def stop(self):
        for task in self._tasks:
            task.cancel()

    async def _watch(self, kind):
        async with self._store.watch(kind) as events:
            async for event in events:
                try:
                    if event.type == "DELETED":
                        self._gone(event.object)
                    else:
                        self._seen(kind, event.object)
                except errors.ApiError:
                    traceback.print_exc()  # one object's trouble must not leave the others' garbage

    def _seen(self, kind, obj):
        meta = obj["metadata"]
        uid = meta["uid"]
        self._alive[uid] = (kind, meta.get("namespace"), meta["name"])
        owners = meta.get("ownerReferences") or []
        for reference in owners:
            self._owned[reference["uid"]].add(uid)
        if owners:
            self._check_owners(obj)
        finalizers = meta.get("finalizers") or []
        if "deletionTimestamp" in meta and "orphan" in finalizers:
            self._orphan(kind, obj)
        elif "deletionTimestamp" in meta and "foregroundDeletion" in finalizers:
            self._going.add(uid)
            self._delete_dependents(uid, "Foreground")
            self._finish(uid)

    def _check_owners(self, obj):
        """An object that names only owners which don't exist is garbage from its first day."""
        namespace = obj["metadata"].get("namespace")
        for reference in obj["metadata"]["ownerReferences"]:
            if not kinds.known(reference["kind"]):
                return
            scope = namespace if kinds.of(reference["kind"]).namespaced else None
            owner = self._store.find(reference["kind"], scope, reference["name"])
            if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
                return
        self._delete(obj["metadata"]["uid"], None)

    def _gone(self, obj):
        uid = obj["metadata"]["uid"]
        self._alive.pop(uid, None)
        self._going.discard(uid)
        for reference in obj["metadata"].get("ownerReferences") or []:
            self._owned[reference["uid"]].discard(uid)
            self._finish(reference["uid"])
        for dependent in list(self._owned.pop(uid, ())):
            found = self._object(dependent)
            if found is not None:
                self._check_owners(found)

    def _finish(self, uid):
        """The owner may go once nothing is left that blocks it."""
        if uid not in self._going:
            return
        blocking = [dependent for dependent in map(self._object, self._owned[uid]) if dependent is not None
                    and any(reference["uid"] == uid and reference.get("blockOwnerDeletion")
                            for reference in dependent["metadata"].get("ownerReferences") or [])]
        if not blocking and uid in self._alive:
            self._going.discard(uid)
            kind, namespace, name = self._alive[uid]
            self._store.remove_finalizer(kind, namespace, name, "foregroundDeletion")

    def _orphan(self, kind, owner):
        uid, meta = owner["metadata"]["uid"], owner["metadata"]
        for dependent in list(self._owned.pop(uid, ())):
            if dependent in self._alive:
                def change(obj):
                    obj["metadata"]["ownerReferences"] = [
                        reference for reference in obj["metadata"].get("ownerReferences") or []
                        if reference["uid"] != uid]
                self._store.modify(*self._alive[dependent], change)
        self._store.remove_finalizer(kind, meta.get("namespace"), meta["name"], "orphan")

    def _delete_dependents(self, uid, propagation):
        for dependent in list(self._owned.get(uid, ())):
            self._delete(dependent, propagation)

    def _object(self, uid):
        if uid not in self._alive:
            return None
        found = self._store.find(*self._alive[uid])
        return found if found is not None and found["metadata"]["uid"] == uid else None

    def _delete(self, uid, propagation):
        found = self._object(uid)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        kind, namespace, name = self._alive[uid]
        has_dependents = any(self._object(dependent) for dependent in self._owned.get(uid, ()))
        try:
            self._store.delete(kind, namespace, name, uid=uid, propagation=propagation if has_dependents else None)
        except errors.ApiError:
            pass  # gone in the meantime


class NamespaceController(controllers.Controller):
    """Empties a namespace that is being deleted, and then lets it go."""

    def __init__(self, store):
        super().__init__(store)
        self.watches = {"Namespace": "itself"}
        for resource in kinds.RESOURCES:
            if resource.namespaced and "watch" in resource.verbs:
                self.watches[resource.kind] = "namespace_of"

    def namespace_of(self, obj):
        namespace = obj["metadata"]["namespace"]
        found = self.store.find("Namespace", None, namespace)
        return [("", namespace)] if found is not None and "deletionTimestamp" in found["metadata"] else []

    def reconcile(self, _, name):
        namespace = self.store.find("Namespace", None, name)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        left = 0
        for resource in kinds.RESOURCES:
            if resource.namespaced and "watch" in resource.verbs:
                for obj in self.store.list(resource.kind, name):
                    if "deletionTimestamp" not in obj["metadata"]:
                        self.store.delete(resource.kind, name, obj["metadata"]["name"])
                left += len(self.store.list(resource.kind, name))
        if not left:
            self.store.remove_namespace(name)
