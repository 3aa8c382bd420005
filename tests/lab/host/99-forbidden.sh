#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info sample where the kernel forbids it to everybody. There is no way back
# from either but a reboot.
# asked
. /lab/host/lib.sh
. /lab/host/module.sh

says()
{
	local what=$1 status=$2 message=$3 out

	shift 3
	out=$("$@" 2>&1)
	is "$what: exit status $status" $? "$status"
	like "$what: says why" "$out" "$message"
}

check "the module loads" module_load
/lab/bin/hostile storm >/tmp/storm.out 2>&1 &
storm=$!
check "a VM runs" poll_until 120 grep -q 'storm runs' /tmp/storm.out
vcpu-info sample "$storm" >/dev/null
is "it can be asked for: exit status" $? 0
echo 3 >/proc/sys/kernel/yama/ptrace_scope
says "ptrace_scope 3" 5 'ptrace_scope is 3' vcpu-info sample "$storm"
echo confidentiality >/sys/kernel/security/lockdown
says "lockdown" 5 'locked down' vcpu-info sample "$storm"
kill "$storm"
wait "$storm"
tap_end
