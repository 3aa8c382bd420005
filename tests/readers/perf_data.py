#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""perf_data.py FILE <SYMBOLS - a perf.data with samples of a guest's kernel

SYMBOLS are as in /proc/kallsyms. Of the functions that have a name and an address of
their own every hundredth gets a sample, 8 bytes behind its beginning, as 'perf kvm
record' writes it; their names are printed. No machine of the lab has a counter that
could take such samples. The layout is that of tools/perf/Documentation/
perf.data-file-format.txt and include/uapi/linux/perf_event.h.
"""
import collections
import struct
import sys

MMAP, SAMPLE = 1, 9		# PERF_RECORD_*
GUEST_KERNEL = 4		# PERF_RECORD_MISC_GUEST_KERNEL
SOFTWARE, CPU_CLOCK = 1, 0	# PERF_TYPE_*, PERF_COUNT_SW_*
IP, TID, TIME, CPU, PERIOD = 1, 2, 4, 1 << 7, 1 << 8	# PERF_SAMPLE_*
SAMPLE_ID_ALL = 1 << 18
ATTR_SIZE = 112
HEADER_SIZE = 104


def record(kind, body):
    return struct.pack("<IHH", kind, GUEST_KERNEL, 8 + len(body)) + body


def sample_id():
    return struct.pack("<IIQII", 0, 0, 0, 0, 0)


def data(text, addresses):
    name = b"[guest.kernel.kallsyms]_text".ljust(32, b"\0")
    yield record(MMAP, struct.pack("<IIQQQ", 0, 0, text, 2**64 - 1 - text, text) +
                 name + sample_id())
    for i, address in enumerate(addresses):
        yield record(SAMPLE, struct.pack("<QIIQIIQ", address, 0, 0, i, 0, 0, 1))


def read_symbols(lines):
    """The kernel's own, as (address, name)"""
    for line in lines:
        address, kind, name, *module = line.split()
        if not module and kind in "tT":
            yield int(address, 16), name


def choose(symbols):
    """Every hundredth that cannot be taken for another one"""
    names = collections.Counter(name for _, name in symbols)
    symbols = sorted(symbols)
    alone = [this for before, this, after in zip(symbols, symbols[1:], symbols[2:])
             if names[this[1]] == 1 and before[0] < this[0] and
             this[0] + 16 <= after[0]]
    return alone[::100]


def write(path, text, addresses):
    records = b"".join(data(text, addresses))
    attr = struct.pack("<IIQQQQQ", SOFTWARE, ATTR_SIZE, CPU_CLOCK, 1000,
                       IP | TID | TIME | CPU | PERIOD, 0,
                       SAMPLE_ID_ALL).ljust(ATTR_SIZE, b"\0") + struct.pack("<QQ", 0, 0)
    header = b"PERFILE2" + struct.pack(
        "<QQQQQQQQ", HEADER_SIZE, len(attr), HEADER_SIZE, len(attr),
        HEADER_SIZE + len(attr), len(records), 0, 0) + bytes(32)
    with open(path, "wb") as out:
        out.write(header + attr + records)


def main():
    symbols = list(read_symbols(sys.stdin))
    text = next(address for address, name in symbols if name == "_text")
    chosen = choose(symbols)
    write(sys.argv[1], text, [address + 8 for address, _ in chosen])
    print(*(name for _, name in chosen), sep="\n")


main()
