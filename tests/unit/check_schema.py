#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_schema.py [--valid] SCHEMA FILE... - validate each line of each file

Prints TAP. So that a schema that takes anything does not pass, every line must
also be refused when it is spoilt anywhere: a key gone or new, a value of
another kind. --valid leaves that out. Lines that differ only in numbers and texts are
spoilt once.
"""
import json
import re
import sys

import jsonschema

# keys that may be left out; what is in the first may have any name
ANY_KEYS = "unknown_fields"
OPTIONAL = (ANY_KEYS, "rip_symbol", "rip_module", "delta", "userspace_exit")
# and these in a record, but not elsewhere
OPTIONAL_IN_RECORD = ("task", "stack")


def shape(value, name=""):
    """Return what decides how a line can be spoilt, and which variant it is."""
    if isinstance(value, dict):
        return tuple((key, shape(item, key)) for key, item in value.items())
    if isinstance(value, list):
        return frozenset(shape(item) for item in value)
    return value if name == "type" or isinstance(value, bool) else type(value)


def spoilt(value, name=""):
    """Yield how, and variants of the value that the schema has to refuse."""
    if isinstance(value, list):
        alike = set()
        for number, item in enumerate(value):
            if shape(item) in alike:
                continue
            alike.add(shape(item))
            for how, bad in spoilt(item, f"{name}[{number}]"):
                yield how, value[:number] + [bad] + value[number + 1:]
    if not isinstance(value, dict):
        return
    if name != ANY_KEYS:
        yield f"{name} with a new key", dict(value, new_key=1)
    optional = OPTIONAL
    if value.get("type") == "record":
        optional += OPTIONAL_IN_RECORD
    for key, item in value.items():
        if key not in optional and name != ANY_KEYS:
            yield (f"{name} without {key}",
                   {k: v for k, v in value.items() if k != key})
        yield f"{name} with {key} a list", dict(value, **{key: [[item]]})
        for how, bad in spoilt(item, key):
            yield how, dict(value, **{key: bad})


def check(validator, name, seen):
    """Return what is wrong with a file of lines; seen has the shapes to pass over."""
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
            if seen is None or shape(line) in seen:
                continue
            seen.add(shape(line))
            for how, bad in spoilt(line):
                if validator.is_valid(bad):
                    return f"line {lines}{how} is taken, too"
    return None if lines else "it is empty"


def main():
    """Validate all files."""
    only_valid = sys.argv[1] == "--valid"
    if only_valid:
        del sys.argv[1]
    with open(sys.argv[1], encoding="ascii") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    seen = None if only_valid else set()
    failed = False
    for number, name in enumerate(sys.argv[2:], 1):
        wrong = check(validator, name, seen)
        result = f"not ok {number}" if wrong else f"ok {number}"
        print(f"{result} - schema: {name.rsplit('/', 1)[-1]}")
        if wrong:
            print(f"# {wrong}")
            failed = True
    print(f"1..{len(sys.argv) - 2}")
    sys.exit(failed)


main()
