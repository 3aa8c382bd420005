#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_trace.py FILE - whether a file is as the Trace Event Format has it

The format's rules for the events that are used, and what a timeline promises: in a lane no
two states at a time, and no time between them without one; what a guest says is in a lane.
"""
import json
import sys

NEEDED = {
    "M": {"name": str, "pid": int, "tid": int, "args": dict},
    "X": {"name": str, "cat": str, "pid": int, "tid": int,
          "ts": (int, float), "dur": (int, float)},
    "i": {"name": str, "s": str, "pid": int, "tid": int, "ts": (int, float),
          "args": dict},
    "C": {"name": str, "pid": int, "ts": (int, float), "args": dict},
}


def check_event(event):
    """Return what is wrong with one event."""
    needed = NEEDED.get(event.get("ph"))
    if needed is None:
        return "unknown phase"
    for key, kind in needed.items():
        if not isinstance(event.get(key), kind):
            return f"{key} is missing, or of a wrong type"
    if event.get("ts", 0) < 0 or event.get("dur", 0) < 0:
        return "negative time"
    if event["ph"] == "M" and (
            event["name"] not in ("process_name", "thread_name") or
            not isinstance(event["args"].get("name"), str)):
        return "no name"
    if event["ph"] == "C" and (not event["args"] or not all(
            isinstance(value, (int, float)) for value in event["args"].values())):
        return "counters that are no numbers"
    if event["ph"] == "i" and (event["s"] not in ("g", "p", "t") or not all(
            isinstance(event["args"].get(key), str) for key in ("reason", "cookie"))):
        return "an instant without a scope, reason or cookie"
    return None


def check_lane(lane, states):
    """Check that states follow each other."""
    end = 0
    for event in sorted(states, key=lambda event: event["ts"]):
        if abs(event["ts"] - end) > 0.01 and end:
            sys.exit(f"lane {lane}: a gap or overlap at {event['ts']} us")
        end = event["ts"] + event["dur"]
    return end


def main():
    """Check the file."""
    with open(sys.argv[1], encoding="utf-8") as file:
        trace = json.load(file)
    if trace.get("displayTimeUnit") not in ("ms", "ns") or \
            not isinstance(trace.get("otherData", {}), dict):
        sys.exit("wrong keys beside the events")
    events = trace["traceEvents"]
    for number, event in enumerate(events):
        wrong = check_event(event)
        if wrong:
            sys.exit(f"event {number}: {wrong}: {event}")
    lanes = {}
    for event in events:
        if event["ph"] == "X":
            lanes.setdefault((event["pid"], event["tid"]), []).append(event)
    named = {(event["pid"], event["tid"]) for event in events
             if event["name"] == "thread_name"}
    if not lanes or set(lanes) - named:
        sys.exit("there is no lane, or one without a name")
    ends = {}
    for lane, states in lanes.items():
        end = ends[lane] = check_lane(lane, states)
        print(f"lane {lane}: {len(states)} states, {end / 1e6:.3f} s")
    instants = [event for event in events if event["ph"] == "i"]
    for event in instants:
        lane = (event["pid"], event["tid"])
        # the last sample may be a little older
        if lane not in lanes or event["ts"] > ends[lane] + 1e6:
            sys.exit(f"an instant in no lane, or after its end: {event}")
    print(sum(event["ph"] == "C" for event in events), "counts of exits,",
          len(instants), "instants")


main()
