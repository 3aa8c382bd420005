#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Records against the truth: VMs whose registers are known, in every state a
# vCPU can be in. ORACLE_COUNT in the lab's configuration: snapshots per state.
# silence: 10800
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/conf

count=${ORACLE_COUNT:-200}
parameters=/sys/module/vcpu_info/parameters

# oracle WHAT ARGUMENT... - its results as ours
oracle()
{
	local what=$1 status

	shift
	diag "oracle $what:"
	tap_relay "$what: " /lab/bin/oracle "$@"
	status=$?
	case $status in
	0) ;;
	1) not_ok "$what: the oracle finds nothing wrong" ;;
	*) not_ok "$what: the oracle can test (exit status $status)" ;;
	esac
}

# hold_vm PID - keep a VM for as long as the process lives
#
# KVM patches the scheduler (a static key) with the first VM and with the last
# one that goes. TCG on several CPUs now and then executes the INT3 of such a
# patch when it is gone already, which the kernel takes for a fault of its own.
hold_vm()
{
	perl -e 'open(my $kvm, "+<", "/dev/kvm") or die "/dev/kvm: $!";
		my $create_vm = 0xae01;
		my $vm = ioctl($kvm, $create_vm, 0) or die "create: $!";
		sleep 1 while kill 0, $ARGV[0];' "$1"
}

hold_vm $$ >/dev/null &
check "the host module loads" module_load || exit 1
for name in vm_rate host_rate; do
	declare "$name=$(cat $parameters/$name)"
	echo 0 >$parameters/$name
done
torn=$(count torn)
diag "preemption: $(cat /sys/kernel/debug/sched/preempt 2>&1)"

oracle "in all states" --all --count "$count"
oracle "nested guests" --count "$count" --state nested --state nested-user \
	--state nested-halted --state nested-paused --state nested-preempted \
	--state nested-exits --state nested-call
oracle "in a PID namespace" --pidns 2 --count "$count" --state self \
	--state halted --state user --state never-run --state isolation

check "records that may be torn were marked so" \
	test "$(count torn)" -gt "$torn"
for name in vm_rate host_rate; do
	echo "${!name}" >$parameters/$name
done
tap_end
