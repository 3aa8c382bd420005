#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ftrace shuts itself down under the module, which can then not be unloaded. The
# last test of all: nothing can be traced or hooked after it.
# asked
. /lab/host/hostile.sh

event=/sys/kernel/tracing/instances/vcpu_info/events/vcpu_info/vcpu_info

log_says()
{
	dmesg | grep -q "vcpu_info: ftrace $1 (error -19)"
}

# sampled WHAT - the first vCPU of each of the storm's VMs is, and that ends
sampled()
{
	vcpu-info sample --no-guest-memory --json --vcpu 0 "$STORM" >/tmp/sample &
	sample=$!
	check "$1: sampling ends" poll_until 60 eval '! kill -0 $sample 2>/dev/null' ||
		return
	wait $sample
	is "$1: exit status" $? 0
	is "$1: the vCPU is there" "$(jq .vcpu_id /tmp/sample | sort -u)" 0
}

check "the module loads" module_load
storm_start
check "ftrace dies" eval '! insmod /lab/modules/ftrace_killer.ko 2>/dev/null &&
	dmesg | grep -q "ftrace_killer: ftrace is dead"'

# Nobody needs vCPUs at rest to be read any more, and then somebody does.
echo 0 >$event/enable
for function in kvm_vcpu_halt kvm_sched_out; do
	check "the log says that $function() stays hooked" \
		poll_until 60 log_says "leaves the hook of $function() in place"
done
sampled "nobody listens"
echo 1 >$event/enable
sampled "somebody listens"
check "who listens gets records" goes_on records
storm_stop

rmmod vcpu_info </dev/null >/dev/null 2>&1 &
unload=$!
check "the log says that the module stays" poll_until 60 log_says "cannot remove a hook"
check "unloading does not end" kill -0 $unload
like "the module is going, and there" "$(grep '^vcpu_info ' /proc/modules)" \
	' Unloading '
like "a guest that asks is answered" "$(/lab/bin/fleet callers 1)" \
	'vCPU 0 is told -22'
check "and so is another" /lab/bin/hostile ask --count 8
quiet_log
tap_end
