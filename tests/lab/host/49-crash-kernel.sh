#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest that has a crash kernel (kdump): what is recorded before it starts.
# needs: linux-guest
# asked
# silence: 900
. /lab/host/lib.sh
. /lab/host/module.sh

CONSOLE=$GUEST_LOGS/guest-lab.faults

# told REASON - both vCPUs were recorded for that reason
told()
{
	[ "$(records " reason=$1 " | sed -E 's/.* vcpu_id=([0-9]+) .*/\1/' | sort -u |
		xargs)" = "0 1" ]
}

# starts WHAT [KERNEL ARGUMENT...] - a guest with a crash kernel
starts()
{
	local what=$1

	shift
	rm -f "$CONSOLE"
	clear_records
	GUEST_EXTRA=/tmp/crash GUEST_APPEND="panic=0 lab.nokmsg crashkernel=128M $*" \
		check "$what: a guest boots" guest_start lab -m 512 || exit 1
	guest_run lab 'taskset -p 1 1 >/dev/null'
	check "$what: it has a crash kernel" guest_run lab \
		'/bin/crash_kernel /vmlinuz "console=ttyS0 panic=0 nr_cpus=1 lab.second" &&
		grep -qx 1 /sys/kernel/kexec_crash_loaded' || exit 1
}

# The first kernel is quiet, and the second has no initramfs.
second_runs()
{
	grep -q 'Command line:.* lab.second' "$CONSOLE"
}

check "the module loads" module_load || exit 1
mkdir -p /tmp/crash
cp /usr/lib/vcpu-info-lab/vmlinuz /tmp/crash/

starts "usual order"
guest_run lab '(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &'
check "usual order: the crash kernel runs" poll_until 300 second_runs
is "usual order: it comes before all that a module is told of" "$(records)" ""
guest_stop lab

starts "oops"
check "oops: a module that has bad days loads" guest_run lab \
	'echo 1 >/proc/sys/kernel/panic_on_oops; insmod /lab/last_words.ko'
guest_run lab '(sleep 1; echo oops >/sys/module/last_words/parameters/run) >/dev/null 2>&1 &'
check "oops: the crash kernel runs" poll_until 300 second_runs
check "oops: it is told of before that" told oops
is "oops: of the panic nothing" "$(records ' reason=panic ')" ""
guest_stop lab

starts "crash_kexec_post_notifiers" crash_kexec_post_notifiers
guest_run lab '(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &'
check "crash_kexec_post_notifiers: the crash kernel runs" poll_until 300 second_runs
check "crash_kexec_post_notifiers: the panic is told of before that" told panic
guest_stop lab
tap_end
