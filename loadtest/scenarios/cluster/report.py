"""What the runs of cluster.sh found out: "report.py print FOLDER [--json]", for people or for programs, and
"report.py rate FOLDER SYSTEM", the requests a second at which latency is measured."""

import collections
import glob
import json
import os
import re
import statistics
import sys

SATURATION_PERCENT = 30
PARTS = ("gateway", "ledger", "limiter", "redis", "postgres")
KINDS = {
    "json": "JSON of about 600 bytes, many accounts",
    "one": "JSON of about 600 bytes, one account",
    "stream": "streams of about 50 chunks, many accounts",
}
BUCKET = re.compile(r'^(ledger_drain_lag_seconds_bucket)\{.*\ble="([^"]+)".*\} (\S+)')
MOMENTS = {"saturation": (0, 1), f"{SATURATION_PERCENT} %": (1, 2)}


def middle(values):
    return statistics.median(list(values))


def name(system):
    return system.replace("-", "/")


def read_runs(folder):
    """Reports of the load generator, by kind and system."""
    runs = collections.defaultdict(list)
    for path in sorted(glob.glob(os.path.join(folder, "run.*.json"))):
        _, kind, _, system, _ = os.path.basename(path).split(".")
        with open(path) as file:
            runs[kind, system].append(json.load(file))
    return runs


def served_at_most(runs, system):
    return middle(run["requests_per_second"] for run in runs["json", system])


def spent(runs, part):
    """CPU time that a part spends for a request; none where it is no part of the system."""
    entries = [entry["us_per_request"] for run in runs for entry in run["cpu"] if entry["name"] == part]
    return middle(entries) if entries else None


def failed(runs):
    return sum(sum(run["errors"].values()) for run in runs)


def costs(runs, systems):
    found = []
    for kind in KINDS:
        base = None
        for system in systems:
            these = runs[kind, system]
            parts = {part: us for part in PARTS if (us := spent(these, part)) is not None}
            total = sum(parts.values())
            base = base or total
            found.append({
                "load": kind, "system": name(system), "us": parts, "total_us": total, "times_embedded": total / base,
                "requests_per_second": middle(run["requests_per_second"] for run in these),
                "body_bytes": these[0]["body_bytes"], "failed": failed(these),
            })
    return found


def latencies(runs, systems):
    """Each system at a part of its own saturation, and what it adds to the same requests sent directly."""
    found = []
    for system in systems:
        at = {other: runs[f"at-{system}", other] for other in dict.fromkeys(("direct", "embedded", system))}
        direct = {}
        for other, these in at.items():
            row = {"at": name(system), "system": name(other), "failed": failed(these)}
            row["requests_per_second"] = middle(run["requests_per_second"] for run in these)
            for share in ("p50_us", "p99_us"):
                row[share] = middle(run["latency"][share] for run in these)
                direct.setdefault(share, row[share])
                row[f"added_{share}"] = row[share] - direct[share]
            found.append(row)
    return found


def read_buckets(folder, moment, system):
    """The cumulative counts of the ledgers' histogram, summed over shards and ledgers."""
    counts = collections.Counter()
    with open(os.path.join(folder, f"drain.{moment}.{system}")) as file:
        for line in file:
            if found := BUCKET.match(line):
                counts[float(found[2].replace("+Inf", "inf"))] += float(found[3])
    return counts


def quantile(buckets, share):
    """Within its bucket a quantile is interpolated, as Prometheus does; beyond the last bound that bound is told."""
    bounds = sorted(buckets)
    wanted, below, low = share * buckets[bounds[-1]], 0, 0.0
    for bound in bounds:
        if wanted <= buckets[bound]:
            if bound == float("inf") or buckets[bound] == below:
                return low
            return low + (bound - low) * (wanted - below) / (buckets[bound] - below)
        below, low = buckets[bound], bound
    return low


def drain_lags(folder, systems):
    found = []
    for system in systems[1:]:
        for load, (before, after) in MOMENTS.items():
            first, last = (read_buckets(folder, moment, system) for moment in (before, after))
            buckets = {bound: last[bound] - first[bound] for bound in last}
            row = {"system": name(system), "load": load, "observed": max(buckets.values(), default=0)}
            if row["observed"]:
                row |= {"p50_s": quantile(buckets, 0.5), "p99_s": quantile(buckets, 0.99)}
            found.append(row)
    return found


def recoveries(folder):
    found = []
    for path in glob.glob(os.path.join(folder, "recovery.*.json")):
        with open(path) as file:
            system, report = os.path.basename(path).split(".")[1], json.load(file)
        figures = [key for key in report["rounds"][0] if key.endswith("_s")]
        medians = {key: middle(each[key] for each in report["rounds"]) for key in figures}
        found.append({"system": name(system), **report, "medians": medians})
    return found


def print_costs(rows):
    print("CPU µs a request" + " " * 16 + "".join(f"{part:>10}" for part in (*PARTS, "total")), end="")
    print(f"{'× embedded':>12}{'requests/s':>12}{'failed':>8}")
    for load in KINDS:
        print(KINDS[load])
        for row in (row for row in rows if row["load"] == load):
            cells = "".join(f"{row['us'][part]:10.1f}" if part in row["us"] else " " * 10 for part in PARTS)
            print(f"  {row['system']:30}{cells}{row['total_us']:10.1f}{row['times_embedded']:12.2f}", end="")
            print(f"{row['requests_per_second']:12.0f}{row['failed']:8}")


def print_latencies(rows):
    title = f"Latency at {SATURATION_PERCENT} % of saturation, µs"
    print(f"\n{title:34}{'requests/s':>12}{'p50':>9}{'p99':>9}{'added p50':>12}{'added p99':>12}{'failed':>8}")
    for row in rows:
        if row["system"] == "direct":
            print(f"of {row['at']}")
        print(f"  {row['system']:32}{row['requests_per_second']:12.0f}{row['p50_us']:9.0f}{row['p99_us']:9.0f}", end="")
        print(f"{row['added_p50_us']:12.0f}{row['added_p99_us']:12.0f}{row['failed']:8}")


def print_drain_lags(rows):
    print("\nDrain lag, of the oldest charge of a transaction")
    for row in rows:
        figures = f"p50 {row['p50_s'] * 1000:.1f} ms, p99 {row['p99_s'] * 1000:.1f} ms" if row["observed"] else "not told"
        print(f"  {row['system'] + ' at ' + row['load']:32}{figures}")


def print_recoveries(rows):
    for row in rows:
        medians, count = row["medians"], row["accounts"]
        print(f"\nRedis wiped under {count} accounts in {row['shards']} shards, {row['system']}; seconds since, medians of "
              f"{len(row['rounds'])}")
        print(f"  {'a completion succeeds':32}{medians['first_completion_s']:8.3f}")
        print(f"  {'all shards are open':32}{medians['all_shards_open_s']:8.3f}")
        print(f"  {'half of the accounts have a hold':32}{medians['half_of_the_accounts_s']:8.3f}")
        print(f"  {'all of them have':32}{medians['all_accounts_s']:8.3f}")
        print(f"  {'(the same before the wipe':32}{row['all_accounts_warm_s']:8.3f})")


def main():
    command, folder, *rest = sys.argv[1:]
    runs = read_runs(folder)
    if command == "rate":
        print(max(1, round(served_at_most(runs, *rest) * SATURATION_PERCENT / 100)))
        return
    systems = ["embedded", *sorted({system for _, system in runs} - {"direct", "embedded"})]
    report = {
        "cost": costs(runs, systems), "latency": latencies(runs, systems),
        "drain_lag": drain_lags(folder, systems), "recovery": recoveries(folder),
    }
    if "--json" in rest:
        print(json.dumps(report, indent=2, ensure_ascii=False))
        return
    print_costs(report["cost"])
    print_latencies(report["latency"])
    print_drain_lags(report["drain_lag"])
    print_recoveries(report["recovery"])


main()
