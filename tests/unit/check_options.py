#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_options.py VCPU-INFO VCPU-INFO-GUEST MAN - compare the options of all commands

What a command's --help lists is what its manual page and the completion have, and
the page has no other; the program's page has each command. A letter means the same
wherever it is, in both programs, and an option has the same letter wherever it has
one. Prints TAP.
"""
import os
import re
import subprocess
import sys

# "  -c, --cpu LIST  ..." or "      --self  ..."
LINE = re.compile(r"^ +(?:-(.), )?--([a-z-]+)(?: ([A-Z]+))?(?:  |$)", re.M)


class Tap:
    """Results, one a line."""

    def __init__(self):
        self.number = 0
        self.failed = False

    def result(self, what, faults):
        """Print one; it is good if there are no faults."""
        self.number += 1
        print(f"{'not ok' if faults else 'ok'} {self.number} - options: {what}")
        for fault in faults:
            print(f"# {fault}")
        self.failed |= bool(faults)


def output(*words):
    """What a command prints."""
    return subprocess.run(words, stdout=subprocess.PIPE, check=True,
                          encoding="utf-8").stdout


def commands_of(program):
    """The commands that the program's own help lists."""
    listed = output(program, "--help").split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()
            if line.split()[0] not in ("help", "version")]


def options_of(program, command):
    """Letter (or "") and name of each option in a command's help."""
    return {name: letter for letter, name, _ in
            LINE.findall(output(program, command, "--help"))}


def rendered(page):
    """The text of a manual page, without its examples and what it refers to."""
    text = output("mandoc", "-T", "utf8", page)
    text = re.sub(r".\x08", "", text)
    # a dash of the page is a dash that can be typed
    return text.replace("‐", "-").replace("−", "-")


def section(text, *names):
    """The sections of those names."""
    parts = re.split(r"^([A-Z][A-Z ]+)$", text, flags=re.M)
    return "\n".join(body for name, body in zip(parts[1::2], parts[2::2])
                     if name in names)


def headings(text):
    """Options with which an entry of a page begins: the letter (or "") and the name."""
    found = {}
    for line in re.findall(r"^ +(?:[A-Z]+(?: or|,) )?(-.*)$", text, re.M):
        letter = ""
        for word in re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", line):
            if not word.startswith("--"):
                letter = word[1:]
            else:
                found.setdefault(word[2:], letter)
                letter = ""
    return found


def compare(help_options, page):
    """What is wrong with a page."""
    text = section(page, "OPTIONS", "COMMANDS", "DESCRIPTION")
    entries = headings(text)
    faults = []
    for name, letter in help_options.items():
        if name not in entries:
            faults.append(f"--{name} is in the help and not in the page")
        elif letter and entries[name] not in ("", letter):
            faults.append(f"-{letter} of --{name} is -{entries[name]} in the page")
    return faults


def unknown(names, page):
    """What a page has as an option and the help has not."""
    return [f"--{name} is in the page and not in the help"
            for name in sorted(headings(section(page, "OPTIONS")))
            if name not in names]


def check_letters(tap, options):
    """One letter, one idea."""
    names, letters = {}, {}
    for (program, command), found in options.items():
        for name, letter in found.items():
            if letter:
                names.setdefault(letter, {}).setdefault(name, []).append(
                    f"{program} {command}")
            letters.setdefault(name, {}).setdefault(letter, []).append(
                f"{program} {command}")
    tap.result("a letter means one thing",
               [f"-{letter}: {meanings}" for letter, meanings in names.items()
                if len(meanings) > 1 and
                (letter, set(meanings)) not in ALIKE])
    tap.result("an option has one letter",
               [f"--{name}: {used}" for name, used in letters.items()
                if len(used) > 1])


# A guest's CPUs by Linux's number, and its vCPUs: the same thing from two sides
ALIKE = [("c", {"cpu", "vcpu"})]


def main():
    """Check all."""
    host, guest, man = sys.argv[1:4]
    tap = Tap()
    options = {}
    for program in (host, guest):
        name = os.path.basename(program)
        for command in commands_of(program):
            options[name, command] = options_of(program, command)
    every_name = {name for found in options.values() for name in found}
    tap.result("there are commands and options",
               [] if len(options) > 15 and len(every_name) > 30 else [options])
    own = {name: rendered(f"{man}/{name}.1") for name in
           map(os.path.basename, (host, guest))}
    for (program, command), found in options.items():
        path = f"{man}/{program}-{command}.1"
        page, names = own[program], every_name
        if os.path.exists(path):
            page, names = rendered(path), found
        faults = compare(found, page)
        if not re.search(rf"^ +{command}\b", section(own[program], "COMMANDS"),
                         re.M):
            faults.append(f"no {command} in {program}(1)")
        tap.result(f"{program} {command}",
                   faults + unknown(names, page))
    check_letters(tap, options)
    print(f"1..{tap.number}")
    sys.exit(tap.failed)


main()
