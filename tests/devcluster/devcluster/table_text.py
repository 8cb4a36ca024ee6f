"""Small pieces of text that tables are made of."""

import datetime


def parse_time(text):
    """A time of the API, with or without fractions of a second."""
    text = text.rstrip("Z").split(".")[0]
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)


def age(obj, since=None):
    """How long ago, as people read it; by default since the object was made."""
    since = since or obj["metadata"].get("creationTimestamp")
    if not since:
        return "<unknown>"
    return duration(since, None)


def duration(start, end):
    last = parse_time(end) if end else datetime.datetime.now(datetime.timezone.utc)
    return human(int((last - parse_time(start)).total_seconds()))


def human(seconds):
    """k8s.io/apimachinery/pkg/util/duration.HumanDuration."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(0, seconds)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days % 365 else f"{days // 365}y"


def owner_ready(status, spec):
    return f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
