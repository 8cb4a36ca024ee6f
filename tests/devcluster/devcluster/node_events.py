"""Events as kubelet, scheduler and controllers write them."""

import datetime
import time

from . import errors, kinds, store as store_


class Recorder:
    """Writes events of one component. The same event again raises the count of the one that is there."""

    def __init__(self, store, component, host=None):
        self._store = store
        self._component = component
        self._host = host
        self._seen = {}  # what makes an event the same -> (namespace, name)

    def normal(self, obj, reason, message, field_path=None):
        self._record("Normal", obj, reason, message, field_path)

    def warning(self, obj, reason, message, field_path=None):
        self._record("Warning", obj, reason, message, field_path)

    def _record(self, event_type, obj, reason, message, field_path):
        same = (obj["metadata"]["uid"], event_type, reason, message, field_path)
        if same in self._seen and self._again(*self._seen[same]):
            return
        event = _new_event(event_type, obj, reason, message)
        if field_path:
            event["involvedObject"]["fieldPath"] = field_path
        event["source"] = {"component": self._component, **({"host": self._host} if self._host else {})}
        event["firstTimestamp"] = event["lastTimestamp"] = store_.now()
        event["count"] = 1
        event["eventTime"] = None
        event["reportingComponent"] = self._component
        event["reportingInstance"] = self._host or ""
        if _create(self._store, event):
            self._seen[same] = (event["metadata"]["namespace"], event["metadata"]["name"])

    def _again(self, namespace, name):
        def change(event):
            event["count"] += 1
            event["lastTimestamp"] = store_.now()
        return self._store.modify("Event", namespace, name, change) is not None


class SchedulerRecorder:
    """The scheduler's events: of the newer form, with eventTime and action instead of a count."""

    def __init__(self, store, host):
        self._store = store
        self._host = host

    def record(self, event_type, pod, reason, message, action):
        event = _new_event(event_type, pod, reason, message)
        event["source"] = {}
        event["firstTimestamp"] = event["lastTimestamp"] = None
        event["eventTime"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        event["action"] = action
        event["reportingComponent"] = "default-scheduler"
        event["reportingInstance"] = f"default-scheduler-{self._host}"
        _create(self._store, event)


def _new_event(event_type, obj, reason, message):
    meta, kind = obj["metadata"], obj["kind"]
    namespace = meta.get("namespace") or "default"
    return {
        "metadata": {"name": f"{meta['name']}.{time.time_ns():x}", "namespace": namespace},
        "involvedObject": {"kind": kind, "namespace": namespace, "name": meta["name"], "uid": meta["uid"],
                           "apiVersion": kinds.of(kind).group_version, "resourceVersion": meta["resourceVersion"]},
        "reason": reason, "message": message, "type": event_type,
    }


def _create(store, event):
    """False where the namespace is being deleted: an event is not worth an error."""
    try:
        store.create("Event", event)
        return True
    except errors.ApiError:
        return False
