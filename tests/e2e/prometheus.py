"""Prometheus' text format, version 0.0.4, and the conventions for names and units in it."""

import re

LINE = re.compile(r'(?P<name>[a-z_:][a-z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)')
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)')
# https://prometheus.io/docs/practices/naming/: seconds and bytes, never these.
OTHER_UNITS = {"ms", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "kb", "kib", "kilobytes", "mb",
               "mib", "megabytes", "bits", "percent"}


def parse(text):
    """{name: (type, help, {labels: value})}; whatever the format forbids is an AssertionError."""
    assert text.endswith("\n")
    families, current = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current, words = line[7:].split(" ", 1)
            assert current not in families, f"{current} comes twice"
            families[current] = (None, words, {})
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == current and families[name][0] is None and not families[name][2], line
            families[name] = (kind, *families[name][1:])
        else:
            match = LINE.fullmatch(line)
            assert match and match["name"] == current and families[current][0], line
            labels = tuple(LABEL.findall(match["labels"] or ""))
            assert LABEL.sub("", match["labels"] or "") == "", line
            assert labels not in families[current][2], f"{line} comes twice"
            families[current][2][labels] = float(match["value"])
    return families


def check(text, prefix):
    """Parses it, and asserts that the conventions are kept."""
    families = parse(text)
    for name, (kind, words, samples) in families.items():
        assert name.startswith(prefix), name
        assert kind in ("counter", "gauge"), f"{name} is a {kind}"
        assert re.fullmatch(r"[A-Z0-9].*\.", words), f"{name}: {words!r} is no sentence"
        assert name.endswith("_total") == (kind == "counter"), f"{name} is a {kind}"
        assert name.removesuffix("_total") not in families or kind == "gauge", f"{name} and a gauge share a name"
        parts = name.removesuffix("_total").split("_")
        assert not OTHER_UNITS & set(parts), f"{name} is in no base unit"
        assert not {"seconds", "bytes"} & set(parts[:-1]), f"{name}: the unit goes last"
        assert samples, f"{name} has no sample"
        for labels, value in samples.items():
            assert value >= 0, f"{name}{labels} {value}"
            names = [label for label, _ in labels]
            assert len(names) == len(set(names)) and not {"le", "quantile"} & set(names), f"{name}{labels}"
            assert not any(label in name.split("_") for label in names if label not in ("link", "tunnel")), name
        if name.endswith("_info"):
            assert kind == "gauge" and set(samples.values()) == {1} and all(samples), name
        if name.endswith("_timestamp_seconds") or "start_time" in name:
            assert all(value == 0 or value > 1e9 for value in samples.values()), name
    return families
