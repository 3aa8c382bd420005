# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests of the host module: loading it, its log, its records.

TRACE=/sys/kernel/tracing/instances/vcpu_info/trace
HC_NR=0x56435055

module_unload()
{
	[ ! -d /sys/module/vcpu_info ] || rmmod vcpu_info
}

# module_load [PARAMETER...] - afresh
module_load()
{
	module_unload
	modprobe vcpu_info "$@"
}

# module_unlimited - afresh, and as many requests as a test likes
module_unlimited()
{
	module_load vm_rate=0 host_rate=0 "$@"
}

# lines_of_file FILE ERE - what of it matches; what cannot be read has something
# to say, too, so that no test takes it for empty
lines_of_file()
{
	if [ -r "$1" ]; then
		grep -E -e "$2" "$1"
	else
		echo "cannot read $1"
	fi
}

# hooks [FUNCTION] - what ftrace has there
hooks()
{
	lines_of_file /sys/kernel/tracing/enabled_functions \
		"^${1:-kvm_emulate_hypercall} "
}

log_lines()
{
	dmesg | wc -l
}

# log_since N - what the kernel logged after line N
log_since()
{
	dmesg | tail -n +$(($1 + 1))
}

# count NAME - one of the module's counts
count()
{
	cat "/sys/kernel/vcpu_info/stats/$1"
}

# records [ERE] - the instance's lines of the event vcpu_info
records()
{
	lines_of_file $TRACE ' vcpu_info: ' |
		grep -E -e "${1:-.}|^cannot read"
}

# errors [ERE] - those of vcpu_info_error
errors()
{
	lines_of_file $TRACE ' vcpu_info_error: ' |
		grep -E -e "${1:-.}|^cannot read"
}

clear_records()
{
	echo >$TRACE
}

# field NAME LINE - the value of a field of an event
field()
{
	sed -nE "s/.*[ :]$1=([^ ]*).*/\1/p" <<<"$2"
}

# hypercall GUEST NR [A0 [A1 [A2 [A3]]]] - "rax=... changed=..." from CPL 0 of
# the guest's CPU 0
hypercall()
{
	local guest=$1

	shift
	guest_run "$guest" "taskset 1 sh -c '
		echo $* >/sys/kernel/debug/hc_test/run'
		cat /sys/kernel/debug/hc_test/run"
}

# records_in DIRECTORY PID - a trace-cmd record is at work: tracing is on, with
# the events, and a recorder for each CPU has its buffer open and waits in its
# loop, for what depends on its version: clock_nanosleep, pselect6 or splice. One
# that is told to end before leaves what is in the buffer.
records_in()
{
	local pid nr recorders=0

	[ "$(cat "$1/events/vcpu_info/vcpu_info/enable" "$1/tracing_on" |
		xargs)" = "1 1" ] || return 1
	for pid in $(pgrep -P "$2"); do
		readlink "/proc/$pid/fd/"* 2>/dev/null |
			grep -qE "^$1/per_cpu/cpu[0-9]+/trace_pipe_raw" || continue
		{ read -r nr _ <"/proc/$pid/syscall"; } 2>/dev/null || continue
		case $nr in
		230 | 270 | 275) recorders=$((recorders + 1)) ;;
		esac
	done
	[ "$recorders" -eq "$(nproc)" ]
}

# reported FILE - how many records trace-cmd finds in it
reported()
{
	trace-cmd report -i "$1" 2>/dev/null | grep -c ' vcpu_info: '
}

# trigger - two records of the guest lab
trigger()
{
	guest_run lab 'vcpu-info-guest trigger' >/dev/null
}

# interrupt PID - until it ends; trace-cmd may not listen at once
interrupt()
{
	if ! poll_until 60 sh -c "! kill -INT $1 2>/dev/null"; then
		diag <"/proc/$1/stack"
		kill -KILL "$1"
	fi
	wait "$1"
}

# recording FILE WANT DIRECTORY COMMAND... - have trace-cmd record to FILE in that
# directory of tracefs, until Ctrl-C, while vCPUs ask: WANT records, two a trigger
#
# Its recorders now and then leave what is in the buffer when they are told to
# end. That is no fault of ours: then it is done again, five times at most.
recording()
{
	local file=$1 want=$2 dir=$3 status i try pid

	shift 3
	for try in 1 2 3 4 5; do
		rm -f "$file"
		"$@" >/tmp/recording 2>&1 &
		pid=$!
		poll_until 60 records_in "$dir" $pid ||
			diag "not at work: $* ($(cat /tmp/recording))"
		for ((i = 0; i < want; i += 2)); do
			trigger
		done
		interrupt $pid
		status=$?
		[ "$(reported "$file")" != "$want" ] || return $status
		diag "try $try: $(reported "$file") of $want records: $*"
	done
	return 1
}
