#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VMX, with a kernel that is preempted anywhere: vCPUs that are preempted where KVM
# says that it knows RFLAGS, just before it reads them. Records say nothing of
# RFLAGS then.
# rows: bookworm-intel
# silence: 1800
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

preempt=/sys/kernel/debug/sched/preempt
probed=/sys/module/rescheduler/parameters/hits

check "the module loads" module_unlimited
usual=$(sed 's/.*(\(.*\)).*/\1/' $preempt)
echo full >$preempt
like "the kernel may be preempted anywhere" "$(cat $preempt)" '\(full\)'
check "whoever reads RFLAGS will be" insmod /lab/modules/rescheduler.ko
diag "$(dmesg | grep rescheduler: | tail -n 1)"
tap_relay "" /lab/bin/oracle --state kicked --count 40
[ $? -le 1 ] || not_ok "the oracle can test"
diag "preempted $(cat $probed) times"
check "that happened" test "$(cat $probed)" -gt 0
like "and vCPUs were found there" "$(cat "$TAP_RELAYED")" 'no RFLAGS [1-9]'
rmmod rescheduler
echo "$usual" >$preempt
tap_end
