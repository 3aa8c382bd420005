#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 1800
# What commands that look at all VMs again and again spend on it, by how many VMs of
# eight vCPUs there are: their CPU time, which here counts instructions.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

ROUNDS=20
# each_round NAME COMMAND... - the command takes the number of rounds as its last
# argument; the figure is what one more of them takes
each_round()
{
	local name=$1 one more

	shift
	one=$(cpu_ns "$@" 1)
	more=$(cpu_ns "$@" $((ROUNDS + 1)))
	is "$name: errors" "$(cat /tmp/errors)" ""
	diag "$name: 1 round $one, $((ROUNDS + 1)) rounds $more"
	figure "$name" $(((more - one) / ROUNDS))
}

# on_screen N - top on a terminal, for N refreshes
on_screen()
{
	TERM=xterm script -qec "vcpu-info top --counters --interval 1s --count $1" \
		/dev/null </dev/null
}

check "the module loads" module_generous || exit 1
for nr in 100 250 500; do
	rm -f /tmp/held
	/lab/bin/fleet hold $nr >/tmp/held &
	fleet=$!
	check "there are $nr VMs" poll_until 600 grep -q held /tmp/held
	each_round "top_counters_$nr" vcpu-info top --counters --batch \
		--interval 1s --count
	is "top had a row for each vCPU" "$(awk '/^ *$/ { n = 0 }
		$2 $3 ~ /^[0-9]+$/ { n++; last = n } END { print last }' \
		/tmp/output)" $((8 * nr))
	each_round "top_screen_$nr" on_screen
	each_round "watch_$nr" vcpu-info watch --interval 1s --count
	kill $fleet
	wait $fleet
done
tap_end
