#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""check_completion_tty.py VCPU-INFO COMPLETIONS - press TAB in a real bash

The shell runs on a terminal of its own. A stub in place of vcpu-info lists VMs
with hostile names and reports the arguments that it gets. For each name, what
TAB inserts has to reach the command as exactly that name, and nothing in it may
run. Prints TAP.
"""
import os
import pty
import select
import shlex
import subprocess
import sys
import tempfile

TIMEOUT_S = 60      # only so that a broken shell does not hang the tests

STUB = """#!/bin/bash
case $* in
*--help) exec {program} "$@" ;;
vms) exec cat vms.txt ;;
esac
printf '%s\\0' "$@" >args
"""

# (what is typed before TAB, the name that has to come out)
NAMES = (
    ("plain", "plain-name"),
    ("gue", "guest=$(touch${IFS}RAN)"),
    ("tick", "tick`touch RAN`"),
    ("two", "two words  and `touch RAN`"),
    ("dq", 'dq"$(touch RAN)"'),
    ("sq", "sq'$(touch RAN)'"),
    ("glob", "glob*[a-z]?{a,b}~"),
    ("semi", "semi;touch RAN|touch RAN&touch RAN>RAN"),
    ("bs", "bs\\$(touch RAN)\\\\"),
    ("hist", "hist!!!$"),
    ("-lea", "-leading --dash"),
    ("~ti", "~tilde"),
    ("ümL", "ümLaut-名前"),
    ("12345678-9", "12345678-9abc-def0-1234-56789abcdef0"),
    (".do", ".dot"),
)

# A number would be taken for a PID: what is typed, the rest of the name
NUMBERS = (
    ("name:47", "4711"),
    ("name:4", "4711"),
)

# Nothing may be inserted that a quote before it turns into something else.
QUOTED = (
    ("'qsq", "qsq'$(touch RAN)'"),
    ('"qdq', 'qdq"$(touch RAN)"'),
    ("'qpl", "qplain"),
    ('"qpl', "qplain"),
)

# 'vms' prints no newline; if it did, nothing may run all the same
BROKEN = ("lin", "new\nline$(touch RAN)")

FILES = (
    ("dollar\\$", "dollar$(touch RAN)"),
    ("spa", "space `touch RAN`.dat"),
)


class Shell:
    """An interactive bash with the completion, in a directory of its own."""

    def __init__(self, directory, completions):
        self.fifo = os.path.join(directory, "args")
        os.mkfifo(self.fifo)
        self.reader = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK)
        self.master, slave = pty.openpty()
        env = dict(os.environ, PATH=f"{directory}/bin:{os.environ['PATH']}",
                   LC_ALL="C.UTF-8", TERM="dumb", HOME=directory,
                   INPUTRC="/dev/null", PS1="")
        self.bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"], stdin=slave,
            stdout=slave, stderr=slave, cwd=directory, env=env,
            start_new_session=True, close_fds=True)
        os.close(slave)
        self.send(f". {shlex.quote(completions)}\n")

    def send(self, text):
        """Type something."""
        os.write(self.master, text.encode())

    def arguments(self):
        """Return what the stub was called with, the last NUL cut off."""
        data = b""
        while not data.endswith(b"\0"):
            ready, _, _ = select.select([self.reader, self.master], [], [],
                                        TIMEOUT_S)
            if self.master in ready:
                os.read(self.master, 4096)
            if self.reader in ready:
                data += os.read(self.reader, 65536)
            if not ready:
                return ["(nothing came)"]
        return data[:-1].decode().split("\0")

    def close(self):
        """End the shell."""
        self.bash.kill()
        self.bash.wait()
        os.close(self.master)
        os.close(self.reader)


class Tap:
    """Results, one a line."""

    def __init__(self):
        self.number = 0
        self.failed = False

    def result(self, good, what, why=""):
        """Print one."""
        self.number += 1
        print(f"{'ok' if good else 'not ok'} {self.number} - "
              f"completion on a terminal: {what}")
        if not good:
            self.failed = True
            print(f"# {why}")


def write_vms(directory, names):
    """Write what the stub prints for 'vms'."""
    with open(f"{directory}/vms.txt", "w", encoding="utf-8") as file:
        file.write("NAME VMM  PID FD VCPU THREAD\n")
        for number, name in enumerate(names):
            for vcpu in range(2):
                file.write(f"{name:40} qemu {1000 + number} 11 {vcpu} -\n")


def main():
    """Try all of them."""
    program, completions = map(os.path.realpath, sys.argv[1:3])
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/bin")
        with open(f"{directory}/bin/vcpu-info", "w", encoding="ascii") as file:
            file.write(STUB.format(program=shlex.quote(program)))
        os.chmod(f"{directory}/bin/vcpu-info", 0o755)
        write_vms(directory, sorted({name for _, name in
                                     NAMES + NUMBERS + QUOTED + (BROKEN,)}))
        for _, name in FILES:
            with open(f"{directory}/{name}", "w", encoding="ascii"):
                pass
        shell = Shell(directory, completions)

        def try_line(typed, want):
            shell.send(typed + "\t\n")
            got = shell.arguments()
            ran = os.path.exists(f"{directory}/RAN")
            if ran:
                os.unlink(f"{directory}/RAN")
            tap.result(got == want and not ran, repr(typed),
                       f"got {got}, wanted {want}"
                       f"{'; code in a name was run' if ran else ''}")

        for typed, name in NAMES:
            try_line(f"vcpu-info show --vm {typed}", ["show", "--vm", name])
        for typed, name in NAMES:
            if not typed.startswith("-"):
                try_line(f"vcpu-info policy {typed}", ["policy", name])
        for typed, name in NUMBERS:
            try_line(f"vcpu-info show --vm {typed}",
                     ["show", "--vm", f"name:{name}"])
            try_line(f"vcpu-info policy deny web {typed}",
                     ["policy", "deny", "web", f"name:{name}"])
        for typed, name in QUOTED:
            # a name that cannot be had this way is finished by hand
            plain = "$" not in name
            shell.send(f"vcpu-info show --vm {typed}\t")
            shell.send("\n" if plain else f"{typed[0]}\n")
            got = shell.arguments()
            want = ["show", "--vm", name if plain else typed[1:]]
            tap.result(got == want and not os.path.exists(f"{directory}/RAN"),
                       repr(typed), f"got {got}, wanted {want}")
        try_line(f"vcpu-info show --vm {BROKEN[0]}",
                 ["show", "--vm", BROKEN[1].split("\n")[1]])
        for typed, name in FILES:
            try_line(f"vcpu-info report {typed}", ["report", name])
        shell.close()
    print(f"1..{tap.number}")
    sys.exit(tap.failed)


main()
