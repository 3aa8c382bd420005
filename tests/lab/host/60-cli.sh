#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host's commands with real guests: follow, vms, record and report.
# needs: linux-guest
# rows: bookworm-amd trixie-bpo-amd
# guest: shared
# silence: 900
# rest: trixie-bpo-amd
. /lab/host/lib.sh
. /lab/host/module.sh

TRACING=/sys/kernel/tracing

instances()
{
	(cd $TRACING/instances && echo vcpu_info.*.*)
}

follow_is_on()
{
	[ "$(cat $TRACING/instances/vcpu_info.follow.*/events/vcpu_info/enable \
		2>/dev/null)" = 1 ]
}

# lines_of FILE N - wait for that many lines
lines_of()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

module_unlimited
check "the shared guest is there" guest_share || exit 1
pid=$(guest_pid lab)

# follow

# A shell has its background jobs ignore SIGINT, and follow keeps it so.
env --default-signal=INT vcpu-info follow --no-guest-memory --json --vm lab >/tmp/follow.json 2>/tmp/follow.err &
follow=$!
check "follow makes an instance and enables the events" \
	poll_until 30 follow_is_on
trigger
check "follow prints both vCPUs while it runs" \
	poll_until 30 lines_of /tmp/follow.json 2
trigger
check "and those of the next trigger" poll_until 30 lines_of /tmp/follow.json 4
kill -INT $follow
wait $follow
is "Ctrl-C ends it well" $? 0
diag "$(cat /tmp/follow.err)"
like "its summary counts" "$(cat /tmp/follow.err)" \
	'^vcpu-info: 4 records and 0 failed requests in .* s; 0 events lost$'
is "its instance is gone" "$(instances)" 'vcpu_info.*.*'
all_but_clock()
{
	jq -c 'del(.age_ns, .time, .ts) | select(.type == "record")' |
		sort
}
is "show has the same records, of an instance left alone" \
	"$(vcpu-info show --all --json | all_but_clock)" \
	"$(all_but_clock </tmp/follow.json)"
is "follow names the thread that asked" \
	"$(jq -r .caller_comm /tmp/follow.json | cut -c1-3 | sort -u)" \
	"$(vcpu-info show --json | jq -r .caller_comm | cut -c1-3 | sort -u)"
is "it tells when, in order" "$(jq .ts /tmp/follow.json)" \
	"$(jq .ts /tmp/follow.json | sort -n)"
like "and the time of day" "$(jq -r .time /tmp/follow.json)" "^$(date -u +%Y)-"

vcpu-info follow --duration 300ms --count 1 >/tmp/out 2>/tmp/err
is "follow without a record in time: exit status 8" $? 8
vcpu-info follow --count 3 --rates --json >/tmp/out 2>/tmp/err &
follow=$!
poll_until 30 follow_is_on
trigger
trigger
wait $follow
is "follow --count ends by itself" $? 0
is "after so many records" "$(wc -l </tmp/out)" 3
is "whose deltas are known from the second of a vCPU on" \
	"$(jq -r .delta.state /tmp/out | xargs)" "first first ok"
check "exits have grown" test "$(tail -n 1 /tmp/out | jq .delta.exits)" -gt 0

vcpu-info follow >/tmp/out 2>/tmp/err &
follow=$!
poll_until 30 follow_is_on
kill -KILL $follow
wait $follow 2>/dev/null
like "a killed follow leaves its instance" "$(instances)" 'vcpu_info\.follow'
vcpu-info follow --duration 10ms 2>/dev/null
is "which the next one removes" "$(instances)" 'vcpu_info.*.*'

vcpu-info follow --json --duration 60 2>/tmp/err | head -n 1 >/tmp/out &
follow=$!
poll_until 30 follow_is_on
trigger
check "a reader that leaves ends it" poll_until 60 lines_of /tmp/out 1
trigger
wait $follow
not_following()
{
	[ "$(instances)" = 'vcpu_info.*.*' ]
}
check "and its instance goes" poll_until 30 not_following

is "an unloaded module is named" "$(module_unload; vcpu-info follow 2>&1 |
	head -n 1)" "vcpu-info: the module vcpu_info is not loaded"
module_unlimited

# vms

guest_threads lab >/tmp/threads
is "vms has the guest's vCPUs and threads" \
	"$(vcpu-info vms --vm lab --json |
		jq -r '.vcpus[] | "\(.vcpu_id) \(.pid)"' | sort -n | xargs)" \
	"$(awk '{ print $2, $3 }' /tmp/threads | sort -n | xargs)"
is "vms knows VM, process and file descriptor" \
	"$(vcpu-info vms --json | jq -r '"\(.vm_name) \(.vmm) \(.vm_pid)-\(.vm_fd)"')" \
	"lab qemu $(basename "$(ls -d /sys/kernel/debug/kvm/"$pid"-*)")"
diag "$(vcpu-info vms)"
trigger
is "show takes the name for the PID" \
	"$(vcpu-info show --vm lab --json | jq .vm_pid | sort -u)" "$pid"
diag "$(vcpu-info show --format table)"

# record and report

cd /tmp || exit 1
# what the host traces besides is left alone
top_level()
{
	(cd $TRACING && cat tracing_on current_tracer set_event)
}

recording()
{
	[ "$(cat "$TRACING/instances/vcpu_info.record.$1/events/vcpu_info/vcpu_info/enable")" = 1 ]
}

echo sched:sched_process_fork >$TRACING/set_event
before=$(top_level)
# a shell has its background jobs ignore Ctrl-C, and so record would
env --default-signal=INT vcpu-info record -o /tmp/own.dat >/tmp/recording 2>&1 &
pid=$!
check "record is at work" poll_until 60 recording $pid
trigger
trigger
is "and leaves the host's tracing alone" "$(top_level)" "$before"
interrupt $pid
is "record ends well" $? 0
is "and says how much it has" "$(tail -n 1 /tmp/recording)" \
	"vcpu-info: 4 records and 0 failed requests in /tmp/own.dat; 0 events lost"
is "the host's tracing is as it was" "$(top_level)" "$before"
is "its instance is gone" \
	"$(cd $TRACING/instances && echo vcpu_info.*)" 'vcpu_info.*'
echo >$TRACING/set_event
is "trace-cmd report reads its file" "$(reported /tmp/own.dat)" 4
vcpu-info report /tmp/own.dat --json >/tmp/report.json 2>/tmp/err
is "report succeeds" $? 0
diag "$(cat /tmp/err)"
is "report prints all four" "$(wc -l </tmp/report.json)" 4
is "report has the records that show has" \
	"$(all_but_clock </tmp/report.json | jq -c 'del(.vm_name, .vmm_comm, .caller_comm)')" \
	"$(vcpu-info show --all --json | all_but_clock | tail -n +1 |
		jq -c 'del(.vm_name, .vmm_comm, .caller_comm)' |
		grep -F -f <(jq .exits /tmp/report.json | sed 's/.*/"exits":&,/'))"
like "it knows the time of day" "$(jq -r .time /tmp/report.json)" \
	"^$(date -u +%Y)-"
is "and can be asked by it" \
	"$(vcpu-info report /tmp/own.dat --since 1h --json 2>&1 | wc -l)" 4

extracted /tmp/plain.dat
is "trace-cmd traces, too" $? 0
is "a file of plain trace-cmd has both records" \
	"$(vcpu-info report /tmp/plain.dat --json | jq -r .vcpu_id | sort |
		xargs)" "0 1"
echo 0 >$TRACING/events/vcpu_info/enable
echo 1 >$TRACING/tracing_on
extracted /tmp/instance.dat -B mine
is "and in an instance" $? 0
is "and one of an instance" "$(vcpu-info report -i /tmp/instance.dat --json |
	jq -r .vcpu_id | sort | xargs)" "0 1"
echo 0 >$TRACING/instances/mine/events/enable
rmdir $TRACING/instances/mine
vcpu-info record -o /tmp/timed.dat --duration 1 >/tmp/out 2>&1
is "record --duration ends by itself" $? 0
like "and its file has nothing of ours" \
	"$(vcpu-info report /tmp/timed.dat 2>&1)" 'there are no records'
vcpu-info record -o /tmp/timed.dat -- sh -c 'sleep 0.1; exit 3' >/tmp/out 2>&1
is "so does one of a command" $? 0
vcpu-info record -o /tmp/timed.dat /no/such/command >/tmp/out 2>&1
is "a command that does not exist is a failure" $? 1
is "and named" "$(tail -n 1 /tmp/out)" \
	"vcpu-info: cannot run /no/such/command: No such file or directory"

# what people type

is "no arguments: the last record of each vCPU, as a table" \
	"$(vcpu-info 2>&1 | awk '/^lab / { print $1, $3 }' | xargs)" \
	"lab 0 lab 1"
is "a VM is an operand" "$(vcpu-info show lab --json | jq -r .vcpu_id |
	xargs)" "0 1"
is "of vms, too" "$(vcpu-info list lab --json | jq -r .vm_name)" lab

# top

trigger
vcpu-info top --recorded --batch --interval 1s --count 3 >/tmp/top 2>/tmp/err &
top=$!
top_on()
{
	[ "$(cat $TRACING/instances/vcpu_info.top.*/events/vcpu_info/enable \
		2>/dev/null)" = 1 ]
}
poll_until 30 top_on
while kill -0 $top 2>/dev/null; do
	trigger
done
wait $top
is "top --batch ends well" $? 0
diag "$(cat /tmp/top)"
like "it shows the vCPU that asks and its rate" "$(cat /tmp/top)" \
	'^lab +[0-9]+ +[01] +[0-9]+ self +[01] +[0-9.]+ +[0-9]+ '
is "its instance is gone" "$(instances)" 'vcpu_info.*.*'

# Symbols: the guest's own kernel

# all of it would take the agent's line too long
guest_run lab "grep -E 'halt|idle|mwait|play_dead|vcpu_info|_stext' \
	/proc/kallsyms" >/tmp/kallsyms
check "a part of the guest's kallsyms arrived" \
	test "$(wc -l </tmp/kallsyms)" -gt 10
check "the guest's CPU 1 goes offline" \
	guest_run lab 'echo 0 >/sys/devices/system/cpu/cpu1/online'
guest_run lab 'vcpu-info-guest trigger --vcpu-id 0,1' >/dev/null
like "a CPU that is offline halts where the guest's kernel says" \
	"$(vcpu-info show --json --vcpu 1 --guest-kallsyms /tmp/kallsyms@lab |
		jq -r .rip_symbol)" '(halt|play_dead|idle|mwait)'
like "the CPU that asked is in the guest's module" \
	"$(vcpu-info show --json --vcpu 0 --guest-kallsyms /tmp/kallsyms |
		jq -r .rip_symbol)" 'vcpu_info'
check "the guest's CPU 1 comes back" \
	guest_run lab 'echo 1 >/sys/devices/system/cpu/cpu1/online'
head -c 1000 /tmp/kallsyms >/tmp/cut
is "a file that is cut off is refused" \
	"$(vcpu-info show --guest-kallsyms /tmp/cut 2>&1 | grep -c 'cut off')" 1
tap_end
