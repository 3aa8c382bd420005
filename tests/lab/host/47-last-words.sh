#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A guest speaks by itself: oops, lockup, hung task, SysRq key, and panics of all
# kinds; and what the host finds of a guest that has died.
# needs: linux-guest
# rows: bookworm-amd
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

RUN=/sys/module/last_words/parameters/run
PARAMETERS=/sys/module/vcpu_info_guest/parameters

# told REASON - both vCPUs were recorded for that reason
told()
{
	records " reason=$1 " >/tmp/told
	grep -q ' vcpu_id=0 ' /tmp/told && grep -q ' vcpu_id=1 ' /tmp/told
}

# tells WHAT REASON CALLER - all is recorded, and by whom
tells()
{
	check "$1: both vCPUs are recorded" poll_until 120 told "$2"
	is "$1: by vCPU $3" "$(field caller_id "$(cat /tmp/told)" | sort -u)" "$3"
	is "$1: with one cookie" "$(cut -d ' ' -f 1 <<<"$(field cookie "$(cat /tmp/told)")" |
		sort -u | wc -l)" 1
	diag "$(sed -E 's/.*(vcpu_id=[0-9]+).*(state=[a-z-]+).*(reason.*)/\1 \2 \3/' /tmp/told)"
}

# set_up - the guest's programs stay on CPU 0
set_up()
{
	check "$1: a guest boots" guest_start lab || exit 1
	guest_run lab 'taskset -p 1 1 >/dev/null'
	check "$1: a module that has bad days loads" \
		guest_run lab insmod /lab/last_words.ko || exit 1
}

# panics WHAT CALLER FUNCTION VCPU FUNCTION... - both are recorded, and the stack that
# each vCPU has been left with has these functions
panics()
{
	local what=$1 caller=$2

	shift 2
	tells "$what" panic "$caller"
	check "$what: each is recorded once" test "$(records ' reason=panic ' | wc -l)" = 2
	while [ $# -gt 0 ]; do
		is_in "$what" "$1" "$2"
		shift 2
	done
}

# in_stack VCPU FUNCTION - it, or its part that the compiler has put elsewhere
in_stack()
{
	vcpu-info stack --json --vcpu "$1" lab >/tmp/stack &&
		jq -e --arg f "$2" 'any(.frames[].symbol; . == $f or startswith($f + "."))' \
			/tmp/stack >/dev/null
}

is_in()
{
	check "$1: vCPU $2 is in $3()" poll_until 60 in_stack "$2" "$3" ||
		jq -r '[.frames[].symbol] | join(" <- ")' /tmp/stack | diag
}

check "the module loads" module_load || exit 1
export GUEST_APPEND="panic=0 lab.nokmsg rcupdate.rcu_cpu_stall_suppress=1"
set_up "what it survives"
is "panic and oops are told of, nothing else, unless asked for" \
	"$(guest_run lab "cd $PARAMETERS; grep . panic oops soft_lockup hung_task sysrq reboot" |
		xargs)" \
	"panic:Y oops:Y soft_lockup:N hung_task:N sysrq:N reboot:N"
check "all of them can be had" guest_run lab 'rmmod vcpu_info_guest &&
	modprobe vcpu_info_guest soft_lockup=1 hung_task=1 sysrq=1 reboot=1'
is "the kernel has what they need" \
	"$(guest_run lab 'dmesg | grep "vcpu_info_guest:.*error"')" ""

# First of all: after an oops the kernel looks for hung tasks no more.
clear_records
guest_run lab "echo 2 >/proc/sys/kernel/hung_task_timeout_secs; echo hang >$RUN"
check "hung task: both vCPUs are recorded" poll_until 240 told hung-task
is "the cookie is the task's PID" \
	"$(($(field cookie "$(head -n 1 /tmp/told)")))" \
	"$(guest_run lab 'grep -lx last_words /proc/[0-9]*/comm' | cut -d / -f 3)"
guest_run lab "echo 0 >/proc/sys/kernel/hung_task_timeout_secs"

clear_records
guest_run lab "echo 1 >/proc/sys/kernel/watchdog_thresh; echo lockup >$RUN"
tells "soft lockup" soft-lockup 1
guest_run lab "echo 10 >/proc/sys/kernel/watchdog_thresh"

clear_records
guest_run lab "echo y >/proc/sysrq-trigger"
tells "SysRq key" sysrq 0

clear_records
guest_run lab 'vcpu-info-guest mark 4711' >/tmp/mark
like "a mark's record" "$(records)" ' caller_id=0 vcpu_id=0 .* reason=mark cookie=0x1267$'

# What it says while it is profiled is in the timeline. On CPU 1 a program computes between
# marks 1 and 2, and sleeps between 2 and 3.
TIMELINE=/tmp/timeline.json
profiled()
{
	[ "$(count samples)" -ge "$1" ]
}
start=$(count samples)
vcpu-info profile --no-guest-memory --frequency 20 --duration 1h \
	--timeline $TIMELINE lab 2>/tmp/profile.notes &
profile=$!
check "it is profiled" poll_until 120 profiled $((start + 20))
read -r before _ </proc/uptime
guest_run lab "taskset 2 sh -c 'vcpu-info-guest mark 1; timeout 3 sh -c \"while :; do :; done\"
	vcpu-info-guest mark 2; sleep 5; vcpu-info-guest mark 3'; vcpu-info-guest mark 4" >/tmp/mark
read -r after _ </proc/uptime

clear_records
guest_run lab "for i in 1 2 3 4; do echo oops >$RUN; done"
tells "oops" oops 1
check "the guest goes on" guest_run lab true
# It is told of after the registers are printed, and before the trace's end is.
oopses()
{
	[ "$(guest_run lab 'dmesg | grep -c "BUG: kernel NULL pointer"')" = 4 ] &&
		[ "$(guest_run lab 'dmesg | grep -c "end trace"')" -ge 4 ]
}
check "it has had four" poll_until 60 oopses
check "it is profiled until after that" poll_until 120 profiled $(($(count samples) + 10))
kill -TERM $profile
wait $profile
is "the profile ends" $? 0
is "it has nothing to remark on marks" "$(grep mark /tmp/profile.notes)" ""
check "its trace instance is gone" eval \
	'! ls /sys/kernel/tracing/instances | grep -q "^vcpu_info.profile"'

# marks FILTER - of what is said in the timeline, by jq: vCPU, reason, cookie
marks()
{
	jq -r "[.traceEvents[] | select(.name == \"thread_name\")] as \$lanes |
		.traceEvents[] | select(.ph == \"i\") | . as \$mark |
		(\$lanes[] | select(.tid == \$mark.tid) | .args.name) as \$lane |
		select($1) | \"\(\$lane) \(.args.reason) \(.args.cookie)\"" $TIMELINE
}
is "the timeline has the marks in their vCPUs' lanes" "$(marks '.name == "mark"' | xargs)" \
	"vCPU 0 mark 0x4 vCPU 1 mark 0x1 vCPU 1 mark 0x2 vCPU 1 mark 0x3"
is "and the oopses, once for each vCPU" "$(marks '.name == "oops"' | sort)" \
	"$(records ' reason=oops ' |
		sed -E 's/.* vcpu_id=([0-9]+) .* reason=oops cookie=(0x[0-9a-f]+).*/vCPU \1 oops \2/' | sort)"
# halted FROM TO - of the time between these marks, how much CPU 1 was halted, in percent
halted_between()
{
	jq -r '[.traceEvents[] | select(.ph == "i" and .name == "mark")] as $marks |
		def at(n): $marks[] | select(.args.cookie == n);
		at($from) as $a | at($to) as $b |
		[.traceEvents[] | select(.ph == "X" and .tid == $a.tid and (.name | test("^halted"))) |
			([.ts + .dur, $b.ts] | min) - ([.ts, $a.ts] | max) | select(. > 0)] |
		(add // 0) * 100 / ($b.ts - $a.ts) | floor' --arg from "$1" --arg to "$2" $TIMELINE
}
busy=$(halted_between 0x1 0x2)
idle=$(halted_between 0x2 0x3)
check "it was halted for $busy % of the time from mark 1 to 2: it computed" test "$busy" -lt 30
check "and for $idle % from mark 2 to 3: it slept" test "$idle" -gt 50
check "by CLOCK_MONOTONIC mark 1 is from when it was made" \
	awk -v before="$before" -v after="$after" \
	-v mark="$(jq '[.traceEvents[] | select(.ph == "i" and .args.cookie == "0x1") |
		.ts * 1000] + [.otherData.start_ns] | add / 1e9' $TIMELINE)" \
	'BEGIN { exit !(mark > before - 0.02 && mark < after + 0.02) }'
check "it is as the trace format has it" python3 /lab/check_trace.py $TIMELINE
is "one in ten seconds is told of" "$(field cookie "$(records ' reason=oops ')" |
	sort -u | while read -r ns; do echo $((ns)); done | sort -n |
	awk 'NR > 1 && $1 - last < 9.9e9 { print last, $1 } { last = $1 }')" ""

# It panics while CPU 1 takes no interrupts: only an NMI stops that.
clear_records
guest_run lab "(sleep 1; echo spin >$RUN; sleep 1
	echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &"
panics "SysRq c, a CPU spins" 0 0 sysrq_handle_crash 0 panic 1 last_words_spin
like "the guest's log says why" "$(vcpu-info dmesg lab | grep 'not syncing')" \
	'Kernel panic - not syncing: sysrq triggered crash'
{
	echo "\$ vcpu-info show --last 1 --format line lab"
	vcpu-info show --last 1 --format line lab
	echo "\$ vcpu-info show --last 1 --vcpu 0 lab"
	vcpu-info show --last 1 --vcpu 0 lab
	echo "\$ vcpu-info stack lab"
	vcpu-info stack lab
	echo "\$ vcpu-info dmesg --last 5 lab"
	vcpu-info dmesg --last 5 lab
} 2>&1 | diag
guest_stop lab

set_up "NULL pointer"
clear_records
guest_run lab "echo 1 >/proc/sys/kernel/panic_on_oops
	(sleep 1; echo oops >$RUN) >/dev/null 2>&1 &"
panics "NULL dereference in a module" 1 1 last_words_oops
tells "the oops before it" oops 1
like "NULL dereference: the guest's log" "$(vcpu-info dmesg lab | grep 'not syncing')" \
	'Kernel panic - not syncing: Fatal exception'
guest_stop lab

set_up "NMI"
clear_records
guest_run lab "echo nmi >$RUN"
guest_qmp lab '{"execute":"inject-nmi"}' >/dev/null
panics "in an NMI" 0 0 last_words_nmi 0 panic
like "in an NMI: the guest's log" "$(vcpu-info dmesg lab | grep 'not syncing')" \
	'Kernel panic - not syncing: in an NMI'
guest_stop lab

# first WHAT [PARAMETER...] - a guest whose first program loads the guest module, and
# then ends, restarts or powers off the guest
first()
{
	local what=$1

	shift
	mkdir -p /tmp/first
	cat >/tmp/first/first <<INIT
#!/bin/sh
modprobe vcpu_info_guest $*
case "$what" in
"early boot") exit 3 ;;
*) $what -f ;;
esac
INIT
	chmod 755 /tmp/first/first
	clear_records
	GUEST_EXTRA=/tmp/first GUEST_APPEND="panic=0 lab.nokmsg rdinit=/first" \
		check "$what: a guest is launched" guest_launch lab
	guest_qmp lab '{"execute":"qmp_capabilities"}' >/dev/null
}

# As early as there are modules: the first program ends.
first "early boot"
check "early boot: both vCPUs are recorded" poll_until 300 told panic
like "early boot: the guest's log" "$(vcpu-info dmesg lab | grep 'not syncing')" \
	'Attempted to kill init! exitcode=0x00000300'
guest_stop lab

# halted - the guest has stopped all its CPUs, and its VM is still there
halted()
{
	vcpu-info diagnose --json --no-guest-memory "$1" >/tmp/halted &&
		[ "$(jq -r ".vcpus[].word" /tmp/halted | xargs)" = \
			"halted-off halted-off" ]
}

# ends COMMAND REASON CHECK - the guest ends itself so, and that is recorded
ends()
{
	first "$1" reboot=1
	check "$1: both vCPUs are recorded" poll_until 300 told "$2"
	check "$1: each is recorded once, with nothing else" \
		test "$(records | wc -l)" = 2
	is "$1: with one cookie" "$(field cookie "$(records)" | sort -u | wc -l)" 1
	check "$1: the guest has ended" poll_until 60 "$3" lab
	guest_stop lab
}

ends reboot reboot guest_dead
ends poweroff halt guest_dead
ends halt halt halted
tap_end
