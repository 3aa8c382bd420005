#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Profiles of a guest with loads of its own tools, as docs/profile.md makes them. The
# files stay with the logs, for tests/check-readers.sh and for pictures.
# needs: linux-guest
# rows: bookworm-amd
# guest: shared
# silence: 900
# asked
. /lab/host/lib.sh
. /lab/host/module.sh

OUT=$GUEST_LOGS/profile
mkdir -p "$OUT"

# profile NAME... - of 20 seconds (tests/lab/bench/23-profile-load.sh: less), as these files
profile()
{
	vcpu-info profile --frequency "${HZ:-49}" --duration "${LENGTH:-20}" "$@" lab \
		2>>"$OUT/notes"
}

# has FILE NAME - a frame of that name is in folded stacks
has()
{
	check "$1: $2 is there" grep -q "[;]$2[; ]" "$OUT/$1"
}

check "the module loads" module_load || exit 1
check "a guest boots" guest_share || exit 1

vcpu-info symbols lab >"$OUT/symbols"

# Files in memory, and random numbers
disk=$(guest_run lab 'taskset 2 sh -c "while :; do dd if=/dev/urandom of=/tmp/f bs=1M count=8; done" \
	>/dev/null 2>&1 & echo $!')
check "a load that writes files" profile --output "$OUT/files.folded"
has files.folded "dd/[0-9]*"
has files.folded ksys_write
has files.folded get_random_bytes_user
check "a table of it" profile --output "$OUT/files.txt"
diag <"$OUT/files.txt"
check "a flame graph of it" profile --output "$OUT/files.svg"
guest_run lab "kill $disk; killall dd; rm -f /tmp/f"

# TCP through the loopback device
guest_run lab 'ip link set lo up
	taskset 2 sh -c "tail -f /dev/null | nc -l -p 5000" >/dev/null 2>/tmp/nc-l &
	taskset 2 sh -c "until dd if=/dev/zero bs=64k | nc 127.0.0.1 5000; do :; done" \
		>/dev/null 2>/tmp/nc &' 2>&1 | diag
# received BYTES - so many have gone through it
received()
{
	[ "$(guest_run lab "sed -n 's/^ *lo: *\\([0-9]*\\).*/\\1/p' /proc/net/dev")" -gt "$1" ]
}
check "a guest sends to itself" poll_until 60 received 1000000 ||
	guest_run lab 'tail -n 3 /tmp/nc /tmp/nc-l; ip addr; ps' | diag
check "a load of a network: folded stacks and a timeline" \
	profile --output "$OUT/net.folded" --timeline "$OUT/timeline.svg"
has net.folded "nc/[0-9]*"
has net.folded tcp_sendmsg
check "a flame graph, and a timeline for Perfetto" \
	profile --output "$OUT/net.svg" --timeline "$OUT/timeline.json"
check "for pprof" profile --output "$OUT/net.pb.gz"
check "what differs" vcpu-info profile --diff "$OUT/files.folded" \
	"$OUT/net.folded" --output "$OUT/diff.svg"
guest_run lab 'killall nc dd tail'
diag <"$OUT/notes"
for file in symbols files.folded files.svg net.folded net.svg net.pb.gz timeline.svg timeline.json diff.svg; do
	check "$file has something in it" test -s "$OUT/$file"
done
tap_end
