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

# extracted FILE [OPTION]... - have trace-cmd trace while two vCPUs ask, and write
# what is in its buffers then to FILE. (Of trace-cmd record the recorders now and
# then leave what is in the buffers when they are told to end.)
extracted()
{
	local file=$1

	shift
	{
		trace-cmd start "$@" -e vcpu_info && trigger &&
			trace-cmd stop "$@" && trace-cmd extract -o "$file" "$@"
	} >/tmp/recording 2>&1 || {
		diag </tmp/recording
		return 1
	}
}
