# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests of what only a debugging kernel can see.

KMEMLEAK=/sys/kernel/debug/kmemleak

# leaks - what kmemleak finds
#
# It passes over what is not 5 seconds old, and over what it has not seen
# before with the same contents.
leaks()
{
	sleep 6
	if echo scan >$KMEMLEAK && echo scan >$KMEMLEAK; then
		cat $KMEMLEAK
	else
		echo "kmemleak does not scan"
	fi
}

# lockdep_on - it has not met a fault, after which it no longer looks
lockdep_on()
{
	grep -qE '^ *debug_locks: +1$' /proc/lockdep_stats
}
