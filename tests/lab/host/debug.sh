# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests of what only a debugging kernel can see.

KMEMLEAK=/sys/kernel/debug/kmemleak

# use_stacks - have each CPU use the stacks again that it keeps of processes which
# have ended: kmemleak takes what they have left there for pointers
use_stacks()
{
	local cpu

	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		taskset -c "$cpu" bash -c 'for ((i = 0; i < 8; i++)); do
				sleep 0.2 &
			done
			wait'
	done
}

# leaks - what kmemleak finds
#
# It passes over what is not 5 seconds old, and over what it has not seen
# before with the same contents.
leaks()
{
	sleep 6
	for _ in 1 2; do
		use_stacks
		echo scan >$KMEMLEAK
		echo scan >$KMEMLEAK
	done
	cat $KMEMLEAK
}

# lockdep_on - it has not met a fault, after which it no longer looks
lockdep_on()
{
	grep -qE '^ *debug_locks: +1$' /proc/lockdep_stats
}
