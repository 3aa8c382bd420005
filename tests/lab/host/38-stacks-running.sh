#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Stacks of a vCPU that runs: the module copies them together with the registers, so
# nearly all of them are exact, and no exact one is wrong. What is read later, of a vCPU
# that was preempted and runs again, may be torn; how much of that there is is up to the
# time from the registers to the memory, so that it is printed, not judged.
# needs: linux-guest
# asked
# silence: 1800
. /lab/host/lib.sh
. /lab/host/module.sh

GUEST_TIMEOUT=180
COUNT=10000

# stacks_of TASK - vCPU 1, COUNT times, a thousand in one command; those of the task in
# /tmp/stacks, how they ended
stacks_of()
{
	local done_before status=0

	: >/tmp/all
	for ((done_before = 0; done_before < COUNT && !status; done_before += 1000)); do
		vcpu-info stack --json --count 1000 --interval 10ms --vcpu 1 lab >>/tmp/all
		status=$?
		diag "$1: $(wc -l </tmp/all) stacks"
	done
	is "$1: the command succeeds" $status 0
	is "$1: $COUNT stacks, each is there" "$(wc -l </tmp/all)" $COUNT
	jq -c "select(.task.comm == \"$1\")" /tmp/all >/tmp/stacks
	jq -r '"\(.state) \(.mode) exact=\(.exact) complete=\(.complete) \(.end) \(.reason)"' \
		/tmp/stacks | sort | uniq -c | sort -rn | diag
	diag "$1: $(jq -s -r '"\(length) stacks, \(map(select(.complete)) | length) complete"' \
		/tmp/stacks)"
	jq -s -r 'map(select(.state == "guest" and .mode == "kernel")) |
		"\(length) \(map(select(.exact)) | length)"' /tmp/stacks >/tmp/running
	read -r runs exact </tmp/running
	check "$1: nine in ten of those in the kernel's code are exact" \
		test "$runs" -ge 100 -a $((exact * 10)) -ge $((runs * 9))
	is "$1: an exact one of a vCPU that runs is complete" "$(jq -r \
		'select(.exact and .state == "guest" and (.complete | not)) | .end' \
		/tmp/stacks | sort | uniq -c)" ""
}

check "the module loads" module_load || exit 1
# Its threads spin for as long as that takes to be seen: no fault of the guest's kernel.
GUEST_APPEND="lab.nomod nosoftlockup rcupdate.rcu_cpu_stall_suppress=1" check "a guest without our module boots" guest_start lab || exit 1
guest_run lab 'taskset -p 1 1'
check "a module with known chains loads" guest_run lab insmod /lab/stack_chain.ko
guest_run lab 'echo walk >/sys/kernel/debug/stack_chain/run'
walks()
{
	[ "$(vcpu-info stack --json --vcpu 1 lab | jq -r .task.comm)" = stack_chain ]
}
check "its thread walks" poll_until 60 walks

# A line a stack that is complete: exact or not, and its functions of the chains.
stacks_of stack_chain
jq -r 'select(.complete) | "\(.exact) \([.frames[].symbol // "?" |
	select(test("^(left|right)_[0-9]+$"))] | join(" "))"' /tmp/stacks >/tmp/ways
check "stack_chain: in most of them is a chain" test \
	"$(grep -c _ /tmp/ways)" -gt $(($(wc -l </tmp/ways) / 2))
# right: numbers go down to 1 without a gap, all of one side
awk '{
	why = "right"
	for (i = 2; i <= NF; i++) {
		split($i, at, "_")
		split($(i + 1), next_at, "_")
		if (i < NF && at[1] != next_at[1])
			why = "two-sides"
		else if (at[2] != (i < NF ? next_at[2] + 1 : 1))
			why = "gap"
		if (why != "right")
			break
	}
	print "exact=" $1, why
	if (why != "right")
		print >"/tmp/wrong"
}' /tmp/ways | sort | uniq -c >/tmp/walked
diag </tmp/walked
[ ! -e /tmp/wrong ] || sort /tmp/wrong | uniq -c | sort -rn | head -n 20 | diag
is "stack_chain: of the exact ones none is wrong" \
	"$(grep exact=true /tmp/walked | grep -vc ' right$')" 0
guest_run lab 'echo stop >/sys/kernel/debug/stack_chain/run'

# read(2) of /dev/zero is a known chain of functions of the kernel itself.
pid=$(guest_run lab 'taskset 2 dd if=/dev/zero of=/dev/null bs=1M >/dev/null 2>&1 & echo $!')
check "a vCPU runs dd" poll_until 60 eval \
	'vcpu-info stack --json --vcpu 1 lab | jq -e ".task.pid == $pid" >/dev/null'
stacks_of dd
# ways EXACT - how read_zero() was called, by how often
ways()
{
	jq -r "select(.complete and .exact == $1)"' | [.frames[].symbol // "?"] | join(" ")' \
		/tmp/stacks | grep -oE '\<read_(iter_)?zero .*' | sort | uniq -c | sort -rn
}
diag "those that are not exact:"
ways false | diag
ways true >/tmp/ways
diag "exact ones:"
diag </tmp/ways
check "dd: hundreds are in the middle of read()" \
	test "$(awk '{ n += $1 } END { print n }' /tmp/ways)" -ge 200
is "dd: each of these came there by the system call" "$(sed -E 's/^ *[0-9]+ //' /tmp/ways |
	grep -vE '^(.*asm_sysvec_[a-z_]+ )?read_(iter_)?zero vfs_read ksys_read (__x64_sys_read )?(x64_sys_call )?do_syscall_64 entry_SYSCALL_64_after_hwframe$')" ""
guest_run lab "kill $pid"
tap_end
