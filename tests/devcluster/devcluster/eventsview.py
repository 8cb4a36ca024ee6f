"""Events of events.k8s.io/v1: the same objects under other field names."""

_RENAMED = {"message": "note", "involvedObject": "regarding", "count": "deprecatedCount",
            "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp",
            "source": "deprecatedSource", "reportingComponent": "reportingController"}


def outward(event):
    """A stored event as events.k8s.io/v1 shows it."""
    shown = {_RENAMED.get(key, key): value for key, value in event.items()}
    shown["apiVersion"] = "events.k8s.io/v1"
    return shown


def inward(event):
    back = {new: old for old, new in _RENAMED.items()}
    stored = {back.get(key, key): value for key, value in event.items()}
    stored["apiVersion"] = "v1"
    return stored
