#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Names and stacks out of a guest's memory: with nothing of ours in it, while it
# runs, against what its own kernel says.
# needs: linux-guest
# rows: bookworm-amd
# silence: 600
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

GUEST_TIMEOUT=180
TRACING=/sys/kernel/tracing

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
# Its threads spin for as long as that takes to be seen: no fault of the guest's kernel.
GUEST_APPEND="lab.nomod nosoftlockup rcupdate.rcu_cpu_stall_suppress=1" check "a guest without our module boots" guest_start lab || exit 1

guest_run lab 'echo 0 >/proc/sys/kernel/kptr_restrict'
vcpu-info symbols lab >/tmp/symbols
is "vcpu-info symbols finds a kernel" $? 0
is "all symbols are those of the guest's /proc/kallsyms" \
	"$(sha256sum </tmp/symbols)" \
	"$(guest_run lab 'cat /proc/kallsyms | sha256sum')"
diag "$(wc -l </tmp/symbols) symbols, $(grep -c '\[' /tmp/symbols) of modules"
is "modules are among them" "$(sed -n 's/.*\[\(.*\)\]$/\1/p' /tmp/symbols | sort -u | xargs)" \
	"$(guest_run lab 'cat /proc/modules' | cut -d ' ' -f 1 | sort | xargs)"

# Its messages, as it prints them itself; it may have more by then.
guest_run lab 'dmesg -s 1000000' | tr '\t' ' ' >/tmp/dmesg.guest
vcpu-info dmesg lab >/tmp/dmesg
is "vcpu-info dmesg reads the guest's messages" $? 0
check "there are many" test "$(wc -l </tmp/dmesg.guest)" -gt 100
is "all are those that the guest prints" \
	"$(head -n "$(wc -l </tmp/dmesg.guest)" /tmp/dmesg | sha256sum)" \
	"$(sha256sum </tmp/dmesg.guest)"
diff /tmp/dmesg.guest /tmp/dmesg | head -n 10 | diag
is "the last one alone" "$(vcpu-info dmesg --last 1 lab)" "$(vcpu-info dmesg lab | tail -n 1)"
vcpu-info dmesg --json lab >/tmp/dmesg.json
check "JSON is as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/dmesg.json
is "with numbers without a gap" "$(jq .seq /tmp/dmesg.json | awk 'NR > 1 && $1 != last + 1 {
	print "after", last } { last = $1 }')" ""

for vcpu in 0 1; do
	check "an idle vCPU $vcpu: exact, complete, in do_idle" \
		poll_until 60 idle $vcpu
	is "its task" "$(jq -r '"\(.task.comm) \(.task.pid)"' /tmp/idle)" \
		"swapper/$vcpu 0"
	is "its kernel" "$(jq -r .kernel /tmp/idle | cut -d ' ' -f 3)" \
		"$(guest_run lab 'uname -r')"
	diag "$(chain </tmp/idle)"
done
# One that its timer wakes meanwhile is not exact.
exact()
{
	vcpu-info "$@" --vcpu 1 lab >/tmp/text && grep -q 'task swapper/1/0/0 exact$' /tmp/text
}
check "an exact one as text" poll_until 60 exact stack
like "text is as the kernel prints it" \
	"$(tr '\n' '|' </tmp/text)" \
	'vCPU 1 halted task swapper/1/0/0 exact\|   <TASK>\|.*    do_idle\+0x[0-9a-f]+/0x[0-9a-f]+\|.*   </TASK>\|  complete: '

# The same in the other commands, which need no files for it.
vcpu-info sample --json --stack lab >/tmp/sample.json
check "sample --stack: JSON is as the schema has it" python3 /lab/check_schema.py \
	--valid /lab/record.schema.json /tmp/sample.json
is "each vCPU's RIP has a name, that of its innermost frame" \
	"$(jq -r '.rip_symbol' /tmp/sample.json)" \
	"$(jq -r '.stack.frames[0] | "\(.symbol)+\(.offset)"' /tmp/sample.json |
		awk -F + '{ printf "%s+0x%x\n", $1, $2 }')"
is "frames are those of stack" \
	"$(jq -c 'select(.vcpu_id == 0) | [.stack.frames[].symbol]' /tmp/sample.json)" \
	"$(vcpu-info stack --json --vcpu 0 lab | jq -c '[.frames[].symbol]')"
check "an exact one as text" poll_until 60 exact sample --stack
like "as text" "$(tr '\n' '|' </tmp/text)" \
	'\|  at [a-z_]+\+0x.*\|  stack task swapper/1/0/0 exact\|.*    do_idle\+0x'
# when its timer has not woken it
idle_line()
{
	vcpu-info sample --stack --vcpu 1 --format line lab |
		grep -qE ' stack [a-z_]+ <- .* do_idle <- '
}
check "as a line" poll_until 60 idle_line
is "without guests' memory there is no name" \
	"$(vcpu-info sample --json --no-guest-memory lab | jq -r .rip_symbol | sort -u)" null
vcpu-info top --batch --count 2 --interval 1s lab >/tmp/top
check "top: RIP is a name" eval '[ "$(grep -c "^lab .* [a-z_]*+0x[0-9a-f]*$" /tmp/top)" -ge 2 ]'
diag </tmp/top
vcpu-info follow --json --count 5 --duration 120 lab >/tmp/follow.json 2>/tmp/follow.err &
follow=$!
poll_until 30 pgrep -f 'vcpu-info follow' >/dev/null
followed()
{
	vcpu-info sample --trace --vcpu 1 lab >/dev/null
	! kill -0 "$follow" 2>/dev/null
}
check "follow ends after five records" poll_until 120 followed
is "where there is a RIP, it has a name, too" \
	"$(jq -r 'select(.rip) | has("rip_symbol")' /tmp/follow.json | sort -u)" true

# What it costs, by what is read of the guest's memory: times are the emulator's.
READS=$TRACING/events/syscalls/sys_exit_process_vm_readv

# reads COMMAND... - how many reads of memory it makes, and of how many bytes
reads()
{
	echo 'hist:keys=common_pid.execname:vals=ret' >"$READS/trigger"
	"$@" >/dev/null
	sed -nE 's/.*vcpu-info.* hitcount: +([0-9]+) +ret: +([0-9]+).*/\1 \2/p' "$READS/hist" |
		awk '{ n += $1; bytes += $2 } END { print n + 0, bytes + 0 }'
	echo '!hist:keys=common_pid.execname:vals=ret' >"$READS/trigger"
}

read -r n bytes <<<"$(reads vcpu-info symbols lab)"
diag "symbols: $bytes bytes in $n reads"
# What it takes depends on where the kernel is, and little on where its page tables are.
check "a first look takes 1 to 40 MB" test "$bytes" -gt 1000000 -a "$bytes" -lt 40000000
check "in no more than 1000 reads" test "$n" -gt 0 -a "$n" -le 1000
read -r n bytes <<<"$(reads vcpu-info stack --count 1 --vcpu 0 lab)"
read -r more more_bytes <<<"$(reads vcpu-info stack --count 21 --interval 10ms --vcpu 0 lab)"
diag "a stack: $(((more_bytes - bytes) / 20)) bytes in $(((more - n) / 20)) reads;" \
	"the first with all tables: $bytes bytes in $n reads"
check "each further stack takes no more than 20 reads" \
	test $((more - n)) -gt 20 -a $((more - n)) -le 400
check "of no more than 8 KiB" test $((more_bytes - bytes)) -le $((20 * 8192))

# A known chain in a module of the guest, frame for frame.
WANT=
for i in 10 9 8 7 6 5 4 3 2 1; do
	WANT+="chain_${i}[stack_chain] "
done
WANT+='chain_thread[stack_chain] kthread ret_from_fork'

# chains FILE - of each stack from chain_10() on, without the suffix of
# ret_from_fork_asm(), and how many there are of each
chains()
{
	jq -r '[.frames[] | "\(.symbol)\(if .module then "[\(.module)]" else "" end)"] |
		join(" ")' "$1" | sed -E 's/.*(chain_10\[)/\1/; s/_asm$//;
			s/ ret_from_fork ret_from_fork$/ ret_from_fork/' | sort | uniq -c
}

in_chain()
{
	[ "$(vcpu-info stack --json --vcpu 1 lab | jq -r .task.comm)" = stack_chain ]
}

# has_chains COUNT - after so many more stacks, a third of that are of the thread
has_chains()
{
	vcpu-info stack --json --count "$1" --interval 10ms --vcpu 1 lab >>/tmp/stacks
	jq -c 'select(.task.comm == "stack_chain")' /tmp/stacks >/tmp/chains
	[ "$(wc -l </tmp/chains)" -ge $(($1 / 3)) ]
}

# chain_is MODE COUNT - the thread does that, and all its stacks are right
chain_is()
{
	guest_run lab "echo $1 >/sys/kernel/debug/stack_chain/run"
	check "$1: the thread is there" poll_until 60 in_chain
	: >/tmp/stacks
	# A busy emulator has the vCPU in exits for most of the time, and other threads
	# run there, too.
	check "$1: it is found $(($2 / 3)) times" poll_until 120 has_chains "$2"
	jq -r '"\(.state) \(.task.comm) \(.exact) \(.end) \(.reason)"' /tmp/stacks |
		sort | uniq -c | diag
	diag "$1: $(jq -s -c '[length, (map(select(.complete)) | length),
		(map(select(.exact)) | length)]' /tmp/chains) stacks, complete, exact"
	jq -c 'select(.complete)' /tmp/chains >/tmp/complete
	check "$1: nearly all are complete" test "$(wc -l </tmp/complete)" -ge \
		$(($(wc -l </tmp/chains) * 9 / 10))
	is "$1: those are the chain, frame for frame" \
		"$(chains /tmp/complete | sed 's/^ *[0-9]* //')" "$WANT"
}

# found WORD - what diagnose says of vCPU 1
found()
{
	vcpu-info diagnose --json lab >/tmp/diagnosis &&
		[[ $(jq -r '.vcpus[1].word' /tmp/diagnosis) =~ ^($1)$ ]]
}

guest_run lab 'taskset -p 1 1'
check "a module with a known chain loads" guest_run lab insmod /lab/stack_chain.ko
chain_is halt 15
chain_is spin 15
# Which word it gets is up to the CPU time that an emulated host has for it, and to
# how often PAUSE exits.
in_evidence()
{
	found 'spinning|running|starved|exit-loop' &&
		[ "$(jq -r '.vcpus[1] | "\(.function) \(.task.comm) \(.frames[1].symbol)"' \
			/tmp/diagnosis)" = "chain_10 stack_chain chain_9" ]
}
check "diagnose: function, task and stack" poll_until 60 in_evidence
check "as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/diagnosis
chain_is lock 15
# The VM's word needs another vCPU that is idle for a second, which an emulated one
# hardly is: unit tests have that rule.
lock_in_evidence()
{
	vcpu-info diagnose --json lab >/tmp/diagnosis &&
		[ "$(jq -r '.vcpus[1] | "\(.task.comm) \([.frames[].symbol] |
			index("chain_10") - index("_raw_spin_lock"))"' \
			/tmp/diagnosis)" = "stack_chain 1" ]
}
check "diagnose: it waits for a lock, of the last function" \
	poll_until 60 lock_in_evidence
diag "$(vcpu-info diagnose lab)"
guest_run lab 'echo stop >/sys/kernel/debug/stack_chain/run'
guest_run lab 'taskset 2 sh -c "while :; do :; done" >/dev/null 2>&1 & echo $!' >/tmp/pid
busy()
{
	found running && [ "$(jq -r '.vcpus[1] | "\(.task.pid) \(.mode)"' /tmp/diagnosis)" = \
		"$(cat /tmp/pid) user" ]
}
check "a busy process is running, and named" poll_until 60 busy
diag "$(vcpu-info diagnose lab)"
guest_run lab "kill $(cat /tmp/pid)"

vcpu-info stack no-such-vm >/tmp/out 2>&1
is "no such VM: exit status 9" $? 9
like "and which there are" "$(cat /tmp/out)" 'vcpu-info vms'
tap_end
