"""The measurements as a table, as JSON, as a chart; and which of Ferry's own figures they reach."""

import contextlib
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
LESS_IS_BETTER = ("ms", "bytes", "MiB", "failed")
STEP = 40  # ms: what a delayed acknowledgement and Nagle's algorithm make together


def best_of(rows, key="median", better=max):
    """Of the TLS peers among the rows of a scenario: the name of the best."""
    peers = {row["path"]: row[key] for row in rows if row["path"] in TLS_PEERS and key in row}
    return better(peers, key=peers.get) if peers else None


def summary(scenarios, rounds):
    """A row for each scenario and path."""
    rows = []
    for scenario in scenarios:
        own = []
        for path in rounds[0][scenario.name]:
            if any(path not in each[scenario.name] for each in rounds):
                continue
            runs = [each[scenario.name][path] for each in rounds]
            values = sorted(run[scenario.figure] for run in runs)
            row = {"scenario": scenario.name, "path": path, "unit": scenario.unit,
                   "median": statistics.median(values), "min": values[0], "max": values[-1]}
            if "direct" in rounds[0][scenario.name] and scenario.unit in ("MB/s", "per s"):
                row["ratio_to_direct"] = median_ratio(rounds, scenario, path, "direct")
            for key in sorted({key for run in runs for key in run} - {scenario.figure}):
                row[key] = statistics.median(run[key] for run in runs if key in run)
            own.append(row)
        peer = best_of(own, better=min if scenario.unit in LESS_IS_BETTER else max)
        for row in own:
            if peer and row["path"] == "ferry":
                row |= {"best_peer": peer, "ratio_to_best_peer": median_ratio(rounds, scenario, "ferry", peer)}
        rows.extend(own)
    return rows


def median_ratio(rounds, scenario, path, other):
    """Of what one path and another had in the same round."""
    return statistics.median(each[scenario.name][path][scenario.figure] / each[scenario.name][other][scenario.figure] for each in rounds)


def cpu(row):
    """Or what went on beside it."""
    if "beside_mb_per_s" in row:
        return f"beside {row['beside_mb_per_s']:.0f} MB/s"
    if row["path"] == "direct":
        return ""
    if "cpu_s_per_gib" in row:
        return f"{row['cpu_s_per_gib']:.2f} s/GiB ({row['cpu_user_s_per_gib']:.2f} user)"
    return f"{row['cpu_us_per_request']:.0f} us each" if "cpu_us_per_request" in row else ""


def print_table(rows):
    print(f"{'scenario':<41}{'path':<22}{'median':>10} {'unit':<6}{'(min-max)':>20}{'/direct':>9}{'/best peer':>11}{'CPU':>25}"
          f"{'MiB':>6}{'p50 ms':>9}{'p99 ms':>9}")
    for row in rows:
        digits = 3 if row["unit"] in ("ms", "s/GiB") and row["median"] < 100 else 0
        spread = f"({row['min']:.{digits}f}-{row['max']:.{digits}f})"
        ratios = "".join(f"{row[key]:>{width}.3f}" if key in row else " " * width
                         for key, width in (("ratio_to_direct", 9), ("ratio_to_best_peer", 11)))
        memory = f"{row['memory_mib']:>6.0f}" if row.get("memory_mib") else " " * 6
        delays = "".join(f"{row[key]:>9.3f}" if key in row else " " * 9 for key in ("p50_ms", "p99_ms"))
        print(f"{row['scenario']:<41}{row['path']:<22}{row['median']:>10.{digits}f} {row['unit']:<6}{spread:>20}{ratios}"
              f"{cpu(row):>25}{memory}{delays}")


def figures(rows, rounds):
    """What Ferry means to reach: {"name", "ferry", "peer", "ratio", "target", "met"}, as far as it was measured."""
    table = {(row["scenario"], row["path"]): row for row in rows}
    measured = {name for each in rounds for name in each}
    made = []

    def ferry(scenario, key="median"):
        return table.get((scenario, "ferry"), {}).get(key)

    def best_peer(scenario, key="median", better=max):
        peer = best_of([row for row in rows if row["scenario"] == scenario], key, better)
        return table[scenario, peer][key] if peer else None

    def add(scenario, name, own, peer, target, met):
        """met(own); a scenario that did not come to an end has no figure of Ferry's, and isn't met."""
        if scenario in measured:
            made.append({"name": name, "ferry": own, "peer": peer, "ratio": own / peer if own is not None and peer else None,
                         "target": target, "met": own is not None and bool(met(own))})

    for scenario in ("download, 1 stream", "upload, 1 stream"):
        most = best_peer(scenario)
        add(scenario, f"{scenario}, MB/s", ferry(scenario), most, "2 x the best of ssh, stunnel, HAProxy TLS",
            lambda own, most=most: most is not None and own >= 2 * most)
    for scenario in ("download, 1 stream", "download, 8 streams", "upload, 1 stream", "upload, 8 streams"):
        relays = table.get((scenario, "socat pair"), {}).get("cpu_s_per_gib")
        cipher = next((row["median"] for row in rows if row["unit"] == "s/GiB"), None)
        for times in (1.5, 1.25):
            most = times * (relays + 2 * cipher) if relays and cipher else 0
            add(scenario, f"{scenario}, CPU-s per GiB, {times} x the floor", ferry(scenario, "cpu_s_per_gib"),
                best_peer(scenario, "cpu_s_per_gib", min), f"at most {most:.2f}", lambda own, most=most: own <= most)
    scenario = "requests, 1 connection"
    least = best_peer(scenario, "p50_ms", min)
    add(scenario, f"{scenario}, p50 ms", ferry(scenario, "p50_ms"), least, "no worse than the best TLS peer",
        lambda own: least is not None and own <= least)
    for scenario in [f"{kind}, {words}" for kind, words in (("requests", "1 connection"), ("requests", "50 connections"),
                                                            ("new connections", "1 at a time"), ("new connections", "50 at a time"))]:
        add(scenario, f"{scenario}, p99 ms", ferry(scenario, "p99_ms"), best_peer(scenario, "p99_ms", min), f"no step of {STEP} ms",
            lambda own: own < STEP)
    for width, least in ((1, 0.30), (50, 0.50)):
        scenario = f"new connections, {width} at a time"
        add(scenario, f"{scenario}, part of direct", ferry(scenario, "ratio_to_direct"), best_peer(scenario, "ratio_to_direct"),
            f"at least {least:.2f}", lambda own, least=least: own >= least)
    scenario = "download at 100 ms, 1 stream"
    most = min(FAR_LIMIT, table.get((scenario, "direct"), {}).get("median", FAR_LIMIT))
    add(scenario, f"{scenario}, MB/s", ferry(scenario), best_peer(scenario), f"0.9 of plain TCP, up to ring / round trip: {0.9 * most:.0f}",
        lambda own: own >= 0.9 * most)
    scenario = "requests beside a download"
    add(scenario, f"{scenario}, p50 ms", ferry(scenario), best_peer(scenario, better=min), "at most 1 ms", lambda own: own <= 1)
    for count in (1000, 10000):
        scenario = f"idle connections, {count}"
        add(scenario, f"{scenario}, bytes each of the larger side", ferry(scenario, "bytes_of_a_side"),
            best_peer(scenario, "bytes_of_a_side", min), "at most 4 KiB", lambda own: own <= 4096)
        add(scenario, f"{scenario}, the last to open against the first", ferry(scenario, "slower"), None, "as fast: at most 1.25",
            lambda own: own <= 1.25)
    least = "download among 1 idle"
    for scenario in ("download among 100 idle", "download among 10000 idle") if least in measured else ():
        ratio = None
        with contextlib.suppress(KeyError):  # not to its end
            ratio = statistics.median(each[scenario]["ferry"]["mb_per_s"] / each[least]["ferry"]["mb_per_s"] for each in rounds)
        add(scenario, f"{scenario}, of that among 1", ratio, None, "no decay: at least 0.90", lambda own: own >= 0.9)
    few, many = (f"memory after {count} connections" for count in (1000, 100000))
    if few in measured:
        ends = ferry(few), ferry(many)
        add(many, f"{many}, MiB more than after 1000", None if None in ends else ends[1] - ends[0], None, "none: less than 1",
            lambda own: own < 1)
    for scenario in ("tunnel cut", "packets dropped for 3 s"):
        add(scenario, f"{scenario}, longest wait, ms", ferry(scenario, "max"), None, "at most 1,000 after it is back; no byte lost or doubled",
            lambda own: own <= 1000)
    scenario = "reverse: swaps and restores under load"
    add(scenario, "swaps and restores under load, failed requests", ferry(scenario, "max"), None, "none", lambda own: own == 0)
    return made


def print_figures(made):
    print()
    print(f"{'figure':<62}{'ferry':>10}{'best peer':>11}{'ratio':>8}   target")
    for one in made:
        own, peer, ratio = ("-" if one[key] is None else f"{one[key]:.2f}" for key in ("ferry", "peer", "ratio"))
        print(f"{one['name']:<62}{own:>10}{peer:>11}{ratio:>8}   {one['target']}: {'met' if one['met'] else 'NOT MET'}")


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
