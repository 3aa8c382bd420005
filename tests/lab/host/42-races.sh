#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Races that are lost once in a while elsewhere, and here every time: KVM is held up,
# and so is the module, a test build, just where a vCPU must not move unseen. With what
# the module did before each was thought of, the oracle has to find it out.
# rows: bookworm-amd
# silence: 900
# rest
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /lab/host/lib.sh
# shellcheck source-path=SCRIPTDIR source=module.sh
. /lab/host/module.sh

params=/sys/module/vcpu_info/parameters
preempt=/sys/kernel/debug/sched/preempt
probed=/sys/module/rescheduler/parameters/hits
poll=/sys/module/kvm/parameters/halt_poll_ns

# hold_up MODEL FUNCTION [PARAMETER...] - threads of vCPUs where that function begins,
# with that preemption of the kernel
hold_up()
{
	echo "$1" >$preempt
	like "$2(): preemption of the kernel is $1" "$(cat $preempt)" "\($1\)"
	check "$2(): vCPUs are held up there" insmod /lab/modules/rescheduler.ko \
		function="$2" at_entry=1 "${@:3}"
}

let_go()
{
	check "they were held up" test "$(cat $probed)" -gt 0
	diag "$(cat $probed) times"
	rmmod rescheduler
}

# race NAME STATE COUNT - lost by the module as it was and as it is
race()
{
	local name=$1 status

	echo "$name" >$params/test_race
	echo 1 >$params/test_race_old
	/lab/bin/oracle --state "$2" --count "$3" >/tmp/oracle.out 2>&1
	status=$?
	diag </tmp/oracle.out
	check "$name: as it was, records are wrong" eval "[ $status -eq 1 ] &&
		grep -qE '^not ok [0-9]+ - .*: [0-9]+ snapshots, none wrong$' /tmp/oracle.out &&
		grep -q '^# wrong: ' /tmp/oracle.out"
	echo 0 >$params/test_race_old
	echo "$name" >$params/test_race
	tap_relay "$name, as it is: " /lab/bin/oracle --state "$2" --count "$3"
	[ $? -le 1 ] || not_ok "the oracle can test"
}

# lost NAME - the module itself waited until a vCPU had moved
lost()
{
	check "$1: vCPUs moved while it looked" test "$(cat $params/test_race_lost)" -gt 0
	diag "$(cat $params/test_race_lost) times"
}

# A vCPU in guest mode is on another CPU when the IPI comes. Interrupts take long, so
# that what KVM says of them is there long enough. VMX reads nothing but of the vCPU that
# is loaded on this CPU.
race_probe()
{
	hold_up voluntary hrtimer_interrupt spin_us=300
	race probe moving 40
	lost probe
	let_go
}

# A vCPU is preempted where KVM reads a page of its VMM, before SVM copies CR0 and CR3.
race_control()
{
	hold_up voluntary kvm_read_guest_cached
	race control vapic 100
	let_go
	echo none >$params/test_race
}

# A VMCB is read by who holds the vCPU alone: nobody frees it then.
race_vmcb()
{
	vmcbs="--count 20 --state halted --state preempted --state nested-halted --state nested-preempted"
	guard=/sys/module/vmcb_guard/parameters
	for old in 1 0; do
		echo vmcb >$params/test_race
		echo $old >$params/test_race_old
		check "reads of VMCBs are counted" insmod /lab/modules/vmcb_guard.ko
		# shellcheck disable=SC2086
		/lab/bin/oracle $vmcbs >/tmp/oracle.out 2>&1
		check "vmcb, old=$old: vCPUs are asked for" test $? -le $old ||
			diag </tmp/oracle.out
		check "vmcb, old=$old: VMCBs were read" test "$(cat $guard/held)" -gt 0
		diag "held $(cat $guard/held), unheld $(cat $guard/unheld)"
		if [ $old = 1 ]; then
			check "vmcb: as it was, by others, too" test "$(cat $guard/unheld)" -gt 0
		else
			is "vmcb: as it is, by nobody else" "$(cat $guard/unheld)" 0
		fi
		rmmod vmcb_guard
	done
}

usual=$(sed 's/.*(\(.*\)).*/\1/' $preempt)
usual_poll=$(cat $poll)
module_unload
check "a module that can lose races loads" \
	insmod /lab/modules/vcpu_info.ko vm_rate=0 host_rate=0 || exit 1
is "it does not do so until it is told" "$(cat $params/test_race{,_old} | xargs)" "none N"

# A vCPU in HLT steps out of KVM_RUN, gets new registers, and halts again.
echo 0 >$poll
usual_ms=$(cat $params/test_race_ms)
echo 10 >$params/test_race_ms
race rest resumed 40
lost rest
echo "$usual_poll" >$poll
echo "$usual_ms" >$params/test_race_ms

# A vCPU is preempted in the middle of its INIT.
set_rflags=svm_set_rflags
[ "$VENDOR" = amd ] || set_rflags=vmx_set_rflags
hold_up full $set_rflags spin_us=20000
race init reset 10
let_go

# These are ways of SVM alone.
[ "$VENDOR" = intel ] || {
	race_probe
	race_control
	race_vmcb
}

echo "$usual" >$preempt
check "the module unloads" module_unload
tap_end
