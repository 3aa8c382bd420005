#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host sleeps and wakes while guests ask.
# hostile
# timeout: 600
. /lab/host/hostile.sh

check "the module loads" module_unlimited
alarm=/sys/class/rtc/rtc0/wakealarm
if [ -w $alarm ] && grep -qw freeze /sys/power/state; then
	storm_start
	slept=0
	for ((i = 0; i < $(sized 1 2 20); i++)); do
		echo 0 >$alarm
		echo +5 >$alarm || break
		echo freeze >/sys/power/state || break
		goes_on records || break
		slept=$((slept + 1))
	done
	is "suspended to idle and resumed under a storm" $slept $i
	storm_stop
	served "after suspend"
else
	skip "suspend" "no clock that wakes, or no such sleep"
fi
check "the module unloads" module_unload
quiet_log
