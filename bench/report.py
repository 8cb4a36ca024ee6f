"""The measurements as a table, as JSON, as a chart; and which of Ferry's own figures they reach."""

import json
import os
import pathlib
import platform
import re
import ssl
import statistics
import subprocess

TLS_PEERS = ("ssh -L", "ssh -R", "stunnel pair", "HAProxy TLS pair")
FAR_LIMIT = 32 * 2**20 / 0.1 / 1e6  # MB/s: what a busy session may have on its way (tunnel/README.md, "Memory of a process"), in 100 ms
FLOOR = 1.11  # CPU-seconds for a GiB: a pair of plain relays, and AES-GCM once at each end


def summary(scenarios, rounds):
    """A row for each scenario and path."""
    rows = []
    for scenario in scenarios:
        for path in rounds[0][scenario.name]:
            if any(path not in each[scenario.name] for each in rounds):
                continue
            runs = [each[scenario.name][path] for each in rounds]
            values = sorted(run[scenario.figure] for run in runs)
            row = {"scenario": scenario.name, "path": path, "unit": scenario.unit,
                   "median": statistics.median(values), "min": values[0], "max": values[-1]}
            if "direct" in rounds[0][scenario.name] and scenario.unit in ("MB/s", "per s"):
                row["ratio_to_direct"] = statistics.median(
                    each[scenario.name][path][scenario.figure] / each[scenario.name]["direct"][scenario.figure] for each in rounds)
            for key in ("cpu_s_per_gib", "cpu_us_per_request", "p50_ms", "p99_ms", "slower"):
                if key in runs[0]:
                    row[key] = statistics.median(run[key] for run in runs)
            rows.append(row)
    return rows


def print_table(rows):
    print(f"{'scenario':<40}{'path':<22}{'median':>10} {'unit':<6}{'(min-max)':>20}{'/direct':>9}{'CPU':>14}{'p50 ms':>9}{'p99 ms':>9}")
    for row in rows:
        cpu = ""
        if row["path"] != "direct":
            cpu = f"{row['cpu_s_per_gib']:.2f} s/GiB" if "cpu_s_per_gib" in row else ""
            cpu = f"{row['cpu_us_per_request']:.0f} us/req" if "cpu_us_per_request" in row else cpu
        digits = 3 if row["unit"] == "ms" and row["median"] < 100 else 0
        spread = f"({row['min']:.{digits}f}-{row['max']:.{digits}f})"
        ratio = f"{row['ratio_to_direct']:>9.3f}" if "ratio_to_direct" in row else " " * 9
        delays = "".join(f"{row[key]:>9.3f}" if key in row else " " * 9 for key in ("p50_ms", "p99_ms"))
        print(f"{row['scenario']:<40}{row['path']:<22}{row['median']:>10.{digits}f} {row['unit']:<6}{spread:>20}{ratio}{cpu:>14}{delays}")


def figures(rows):
    """What Ferry means to reach: {"name", "ferry", "peer", "ratio", "target", "met"}, as far as it was measured."""
    table = {(row["scenario"], row["path"]): row for row in rows}
    made = []

    def ferry(scenario, key="median"):
        return table.get((scenario, "ferry"), {}).get(key)

    def best_peer(scenario, key="median", better=max):
        values = [table[scenario, peer][key] for peer in TLS_PEERS if key in table.get((scenario, peer), {})]
        return better(values) if values else None

    def add(name, own, peer, target, met, ratio=None):
        """met(own, ratio)"""
        if own is None:
            return
        if ratio is None and peer:
            ratio = own / peer
        made.append({"name": name, "ferry": own, "peer": peer, "ratio": ratio, "target": target, "met": bool(met(own, ratio))})

    for scenario in ("download, 1 stream", "upload, 1 stream"):
        add(f"{scenario}, MB/s", ferry(scenario), best_peer(scenario), "2 x the best of ssh, stunnel, HAProxy TLS",
            lambda _, ratio: ratio is not None and ratio >= 2)
        add(f"{scenario}, CPU-s per GiB", ferry(scenario, "cpu_s_per_gib"), best_peer(scenario, "cpu_s_per_gib", min),
            f"at most 1.25 x the floor, {1.25 * FLOOR:.2f}", lambda own, _: own <= 1.25 * FLOOR)
    scenario = "requests, 1 connection"
    add(f"{scenario}, p50 ms", ferry(scenario, "p50_ms"), best_peer(scenario, "p50_ms", min), "no worse than the best TLS peer",
        lambda _, ratio: ratio is not None and ratio <= 1)
    add(f"{scenario}, p99 ms", ferry(scenario, "p99_ms"), best_peer(scenario, "p99_ms", min), "no step of 40 ms", lambda own, _: own < 40)
    for width, least in ((1, 0.30), (50, 0.50)):
        scenario = f"new connections, {width} at a time"
        add(f"{scenario}, per s", ferry(scenario), best_peer(scenario), f"{least:.2f} of direct", lambda _, ratio, least=least: ratio >= least,
            ferry(scenario, "ratio_to_direct"))
    scenario = "download at 100 ms, 1 stream"
    add(f"{scenario}, MB/s", ferry(scenario), best_peer(scenario), f"0.9 of plain TCP, or of ring / round trip, {FAR_LIMIT:.0f}",
        lambda own, ratio: ratio >= 0.9 or own >= 0.9 * FAR_LIMIT, ferry(scenario, "ratio_to_direct"))
    scenario = "requests beside a download"
    add(f"{scenario}, p50 ms", ferry(scenario), best_peer(scenario, better=min), "at most 1 ms", lambda own, _: own <= 1)
    for count in (1000, 10000):
        scenario = f"idle connections, {count}"
        add(f"{scenario}, bytes each, both sides", ferry(scenario), best_peer(scenario, better=min), "at most 4 KiB each and side",
            lambda own, _: own <= 8192)
        add(f"{scenario}, the last to open against the first", ferry(scenario, "slower"), best_peer(scenario, "slower", min),
            "as fast: at most 1.25", lambda own, _: own <= 1.25)
    for count in (100, 10000):
        among_many, among_one = (ferry(f"download among {number} idle") for number in (count, 1))
        if among_many and among_one:
            add(f"download among {count} idle, of that among 1", among_many / among_one, None, "no decay: at least 0.90", lambda own, _: own >= 0.9)
    few, many = (ferry(f"memory after {count} connections") for count in (1000, 100000))
    if few and many:
        add("memory after 100000 connections, of that after 1000", many / few, None, "equal: at most 1.10", lambda own, _: own <= 1.1)
    for scenario in ("tunnel cut", "network away for 1 s"):
        add(f"{scenario}, longest wait, ms", ferry(scenario, "max"), None, "at most 1,000 after it is back; no byte lost or doubled",
            lambda own, _: own <= 1000)
    add("swaps and restores under load, failed requests", ferry("reverse: swaps and restores under load", "max"), None, "none",
        lambda own, _: own == 0)
    return made


def print_figures(made):
    print()
    print(f"{'figure':<54}{'ferry':>10}{'best peer':>11}{'ratio':>8}   target")
    for one in made:
        peer = f"{one['peer']:.2f}" if one["peer"] is not None else "-"
        ratio = f"{one['ratio']:.2f}" if one["ratio"] is not None else "-"
        print(f"{one['name']:<54}{one['ferry']:>10.2f}{peer:>11}{ratio:>8}   {one['target']}: {'met' if one['met'] else 'NOT MET'}")


def about(options):
    """What was measured on what."""
    models = re.findall(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=pathlib.Path(__file__).parent, capture_output=True, text=True)
    return {"processors": os.cpu_count(), "processor": models[0] if models else platform.machine(), "linux": platform.release().partition("-")[0],
            "openssl": ssl.OPENSSL_VERSION, "commit": commit.stdout.strip(), "rounds": options.rounds, "bytes": options.bytes,
            "seconds": options.seconds}


def short(value):
    """With as many digits as mean something."""
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    return float(f"{value:.5g}") if isinstance(value, float) else value


def lines(items, ends="[]"):
    return ends[0] + "\n" + ",\n".join(items) + "\n" + ends[1]


def write_json(path, told, made, rows, rounds):
    """A line for each figure, each row of the table, and each scenario of each round."""
    parts = {"about": json.dumps(told), "figures": lines(json.dumps(short(one)) for one in made),
             "summary": lines(json.dumps(short(row)) for row in rows),
             "rounds": lines(lines((f"{json.dumps(name)}: {json.dumps(short(found))}" for name, found in each.items()), "{}")
                             for each in rounds)}
    path.write_text(lines((f"{json.dumps(name)}: {part}" for name, part in parts.items()), "{}") + "\n")


CHARTED = ("download, 1 stream", "upload, 1 stream", "download at 100 ms, 1 stream", "new connections, 50 at a time",
           "requests, 1 connection")
COLOURS = {"direct": "#9aa0a6", "ferry": "#0b6bcb", "socat": "#c0c4c8"}
PEER = "#e0a458"


def chart(rows):
    """Bars, a group for each scenario, each bar a path's part of the group's best."""
    width, bar, gap, left = 760, 16, 26, 250
    parts, y = [], 20
    for scenario in CHARTED:
        group = [row for row in rows if row["scenario"] == scenario]
        if not group:
            continue
        best = max(row["median"] for row in group)
        parts.append(f'<text x="10" y="{y + 12}" font-weight="bold">{scenario}</text>')
        y += 20
        for row in group:
            length = max(1, (width - left - 110) * row["median"] / best)
            colour = COLOURS.get(row["path"], PEER)
            parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{row["path"]}</text>'
                         f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{bar - 3}" fill="{colour}"/>'
                         f'<text x="{left + length + 6:.0f}" y="{y + 11}">{row["median"]:.0f} {row["unit"]}</text>')
            y += bar
        y += gap
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
