#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_schema.py SCHEMA FILE... - validate each line of each file; prints TAP

So that a schema that takes anything does not pass, every line must also be
refused when it is spoilt: a key gone, a value of another kind.
"""
import json
import re
import sys

import jsonschema


def spoilt(line):
    """Yield variants of the object that the schema has to refuse."""
    for key, value in line.items():
        if key in ("unknown_fields", "rip_symbol", "delta"):
            continue
        if key not in OPEN:
            yield f"without {key}", {k: v for k, v in line.items() if k != key}
            yield f"{key} a list", dict(line, **{key: [[value]]})


# keys of a status that the schema leaves open
OPEN = ("vcpu_info_version", "vcpu_info_abi", "kernel", "kvm_loaded",
        "kvm_vendor", "ftrace_enabled")


def check(validator, name):
    """Return what is wrong with a file of lines."""
    lines = 0
    with open(name, encoding="ascii") as file:
        for text in file:
            # the time of day is hidden in some
            line = json.loads(re.sub("#", "0", text))
            lines += 1
            error = jsonschema.exceptions.best_match(
                validator.iter_errors(line))
            if error:
                return f"line {lines}: {error.message}"
            for how, bad in spoilt(line):
                if validator.is_valid(bad):
                    return f"line {lines} {how} is taken, too"
    return None if lines else "it is empty"


def main():
    """Validate all files."""
    with open(sys.argv[1], encoding="ascii") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failed = False
    for number, name in enumerate(sys.argv[2:], 1):
        wrong = check(validator, name)
        result = f"not ok {number}" if wrong else f"ok {number}"
        print(f"{result} - schema: {name.rsplit('/', 1)[-1]}")
        if wrong:
            print(f"# {wrong}")
            failed = True
    print(f"1..{len(sys.argv) - 2}")
    sys.exit(failed)


main()
