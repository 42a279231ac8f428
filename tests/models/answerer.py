"""Runs inside the Unix port: answers one JSON line for each that it reads, by calling the firmware.

A line is {"call": name, …arguments}; the answer is {"result": …} or {"error": the exception in words}.
"""

import json
import sys

from access.zone import Zone
from access.zone_rule import parse


def zone(rule, times):
    """Local seconds for each of the times."""
    local = Zone(parse(rule)).local
    return [local(now) for now in times]


CALLS = {"zone": zone}


def main():
    """Answer until there is nothing more to read."""
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        question = json.loads(line)
        try:
            answer = {"result": CALLS[question.pop("call")](**question)}
        except Exception as error:
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")


main()
