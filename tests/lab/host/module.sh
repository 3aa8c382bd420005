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

# hooks - what ftrace has at kvm_emulate_hypercall
hooks()
{
	grep '^kvm_emulate_hypercall ' /sys/kernel/tracing/enabled_functions
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
	grep ' vcpu_info: ' $TRACE | grep -E -e "${1:-.}"
}

# errors [ERE] - those of vcpu_info_error
errors()
{
	grep ' vcpu_info_error: ' $TRACE | grep -E -e "${1:-.}"
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
