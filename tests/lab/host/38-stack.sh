#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Names and stacks out of a guest's memory: with nothing of ours in it, while it
# runs, against what its own kernel says.
# needs: linux-guest
# rows: bookworm-amd
# silence: 600
. /lab/host/lib.sh
. /lab/host/module.sh

GUEST_TIMEOUT=180

# chain - the functions of JSON stacks from the innermost outwards, a line each
chain()
{
	jq -r '[.frames[].symbol // "?"] | join(" ")'
}

# idle VCPU - it is found in the idle loop, exactly
idle()
{
	vcpu-info stack --json --vcpu "$1" lab >/tmp/idle || return 1
	jq -e '.exact and .complete and .state == "halted" and
		([.frames[].symbol] | index("do_idle"))' /tmp/idle >/dev/null
}

check "the module loads" module_load || exit 1
GUEST_APPEND=lab.nomod check "a guest without our module boots" guest_start lab || exit 1

guest_run lab 'echo 0 >/proc/sys/kernel/kptr_restrict'
vcpu-info symbols lab >/tmp/symbols
is "vcpu-info symbols finds a kernel" $? 0
is "all symbols are those of the guest's /proc/kallsyms" \
	"$(sha256sum </tmp/symbols)" \
	"$(guest_run lab 'cat /proc/kallsyms | sha256sum')"
diag "$(wc -l </tmp/symbols) symbols, $(grep -c '\[' /tmp/symbols) of modules"
check "modules are among them" grep -q '\[virtio_console\]' /tmp/symbols

for vcpu in 0 1; do
	check "an idle vCPU $vcpu: exact, complete, in do_idle" \
		poll_until 60 idle $vcpu
	is "its task" "$(jq -r '"\(.task.comm) \(.task.pid)"' /tmp/idle)" \
		"swapper/$vcpu 0"
	like "its kernel" "$(jq -r .kernel /tmp/idle)" \
		"^Linux version $(guest_run lab 'uname -r') "
	diag "$(chain </tmp/idle)"
done
like "text is as the kernel prints it" \
	"$(vcpu-info stack --vcpu 1 lab | tr '\n' '|')" \
	'vCPU 1 halted task swapper/1/0/0 exact\|   <TASK>\|.*    do_idle\+0x[0-9a-f]+/0x[0-9a-f]+\|.*   </TASK>\|  complete: '

# A vCPU that runs: read(2) of /dev/zero is a known chain of functions.
running()
{
	pid=$(guest_run lab 'taskset 2 dd if=/dev/zero of=/dev/null bs=1M \
		>/dev/null 2>&1 & echo $!')
	check "a vCPU runs dd" poll_until 60 eval \
		'vcpu-info stack --json --vcpu 1 lab | jq -e ".task.pid == $pid" >/dev/null'
	n=10000
	vcpu-info stack --json --count "$n" --interval 10ms --vcpu 1 lab >/tmp/running
	is "$n stacks while it runs: each is there" "$(wc -l </tmp/running)" "$n"
	jq -r 'select(.task.comm == "dd") | "\(.mode) \(.complete) \(.end)"' \
		/tmp/running | sort | uniq -c | diag
	jq -c 'select(.mode == "kernel" and .complete and
		([.frames[].symbol] | index("read_zero") or index("read_iter_zero")))' \
		/tmp/running >/tmp/reading
	check "some are in the middle of read()" test -s /tmp/reading
	# It runs on between its registers and its stack, so that single ones may differ.
	chain </tmp/reading | grep -oE '\<read_(iter_)?zero .*' | sort | uniq -c |
		sort -rn >/tmp/ways
	diag </tmp/ways
	like "the most frequent way there is that of a system call" \
		"$(head -n 1 /tmp/ways)" \
		'read_(iter_)?zero vfs_read ksys_read .*do_syscall_64 entry_SYSCALL_64'
	# How many are complete is up to how long it takes from the registers to the stack,
	# which is long where the host is emulated; but none may claim more than it is.
	is "a stack of a vCPU that runs on is not called exact" \
		"$(jq -c 'select(.exact and .state == "guest")' /tmp/running | wc -l)" 0
	guest_run lab "kill $pid"
}

# How much of a running stack fits together is up to how long it takes from the
# registers to the memory: on a busy machine too long for a test of every day.
if [ "${SIZE:-check}" = long ]; then
	running
else
	skip "stacks of a vCPU that runs on" "with VCPU_INFO_LONG=1"
fi

vcpu-info stack no-such-vm >/tmp/out 2>&1
is "no such VM: exit status 9" $? 9
like "and which there are" "$(cat /tmp/out)" 'vcpu-info vms'
tap_end
