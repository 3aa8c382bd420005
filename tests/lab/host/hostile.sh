# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the tests of hostile guests and of bad days: sizes, and VMs that storm.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /lab/host/lib.sh
# shellcheck source-path=SCRIPTDIR source=module.sh
. /lab/host/module.sh

STORM_OUT=/tmp/storm.out
STORM=
LOG_START=$(cut -d ' ' -f 1 /proc/uptime)

# What emulation is too slow for, or has no clock for
EMULATOR_SAYS='clocksource|[Tt][Ss][Cc]|interrupt took|sched_clock|workqueue: .* hogged'

# sized CHECK HOSTILE LONG - how many, for this run; an emulated Intel host is
# some forty times slower than an AMD one
sized()
{
	local nr

	case ${SIZE:-check} in
	long) nr=$3 ;;
	hostile) nr=$2 ;;
	*) nr=$1 ;;
	esac
	[ "$VENDOR" = amd ] || nr=$(((nr + 39) / 40))
	echo "$nr"
}

# hostile COMMAND ARGUMENT... - its results as ours
hostile()
{
	local status

	tap_relay "" /lab/bin/hostile "$@"
	status=$?
	[ $status -le 1 ] ||
		not_ok "hostile $1 can test (exit status $status)"
}

# told NAME - a figure that the last one told
told()
{
	sed -nE "s/^# .*\b$1=([0-9]+).*/\1/p" "$TAP_RELAYED" | tail -n 1
}

# storm_start [ARGUMENT...] - VMs that ask all the time
storm_start()
{
	/lab/bin/hostile storm "$@" >$STORM_OUT 2>&1 &
	STORM=$!
	check "a storm begins" poll_until 120 grep -q 'storm runs' $STORM_OUT
}

# storm_stop - each vCPU has to have asked until now
storm_stop()
{
	kill -TERM "$STORM"
	wait "$STORM"
	is "the storm went on to its end" $? 0 || diag <$STORM_OUT
	grep '^# storm hypercalls' $STORM_OUT
	STORM=
}

# more_than COUNT NUMBER
more_than()
{
	[ "$(count "$1")" -gt "$2" ]
}

# goes_on COUNT - whether it still grows
goes_on()
{
	poll_until 60 more_than "$1" "$(count "$1")"
}

# served WHAT [COUNT] - a VM is served, and its records are right
served()
{
	if /lab/bin/hostile victim --count "${2:-4}" >/tmp/served.out 2>&1; then
		ok "$1: a VM is served"
	else
		not_ok "$1: a VM is served"
		diag </tmp/served.out
	fi
}

# quiet_log [ERE] - the kernel has logged no warning since the test began, but for
# those of the modules under test, and what the test has it say
quiet_log()
{
	local others mark="lab: up to here the log is looked through"

	echo "<4>$mark" >/dev/kmsg
	others=$(dmesg --level=emerg,alert,crit,err,warn |
		awk -F '[][]' -v start="$LOG_START" '$2 + 0 >= start' |
		grep -vE "\] (vcpu_info|neighbour): |$EMULATOR_SAYS${1:+|$1}")
	like "the kernel's warnings can be read" "$others" "$mark"
	others=$(grep -vF "$mark" <<<"$others")
	is "no other log lines" "$others" ""
	diag "other log lines: $(grep -c . <<<"$others")"
}
