#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info watch and a guest that speaks by itself: one change for each event, with the
# stack and the guest's log; a program is run, evidence is collected.
# needs: linux-guest
# asked
# silence: 900
. /lab/host/lib.sh
. /lab/host/module.sh

RUN=/sys/module/last_words/parameters/run

cat >/tmp/hook <<'END'
#!/bin/sh
echo "$VCPU_INFO_VM_NAME $VCPU_INFO_WORD $VCPU_INFO_REASON $VCPU_INFO_COOKIE $VCPU_INFO_CALLER $(jq -r '[.type, .reason, .cookie, .caller_id] | join(" ")')" >>/tmp/hook.out
END
chmod 700 /tmp/hook
mkdir -p /tmp/kept

# changes FILTER - of those that were told as last words
changes()
{
	jq -c "select(.reason) | $1" /tmp/watch.json
}

# heard REASON - told of that
heard()
{
	[ "$(changes .reason | grep -c "\"$1\"")" -ge 1 ]
}

# listens PID - its instance is there, and on
listens()
{
	[ "$(cat "/sys/kernel/tracing/instances/vcpu_info.watch.$1/events/vcpu_info/vcpu_info/enable" 2>/dev/null)" = 1 ]
}

# why_not - what watch said and does
why_not()
{
	diag "watch, its children and files:"
	{
		cat /tmp/watch.err
		ps -eo pid,ppid,pgid,stat,etimes,time,wchan:20,args | grep -v '\]$'
		ls -l /tmp/kept
		for f in /proc/[0-9]*/comm; do
			grep -qx vcpu-info $f && echo $f && cat ${f%/comm}/stack && ls -l ${f%/comm}/fd
		done
		dmesg | tail -n 20
	} 2>&1 | diag
}

check "the module loads" module_load || exit 1
export GUEST_APPEND="panic=0 lab.nokmsg rcupdate.rcu_cpu_stall_suppress=1"
check "a guest boots" guest_start lab || exit 1
guest_run lab 'taskset -p 1 1 >/dev/null'
check "a module that has bad days loads" guest_run lab insmod /lab/last_words.ko || exit 1

# The interval is so long that what comes does not come from a look at the VM.
vcpu-info watch --json --interval 1h --exec /tmp/hook --collect /tmp/kept \
	>/tmp/watch.json 2>/tmp/watch.err &
watch=$!
check "it listens" poll_until 60 listens $watch || {
	diag </tmp/watch.err
	exit 1
}
is "the kernel filters" \
	"$(cat /sys/kernel/tracing/instances/vcpu_info.watch.$watch/events/vcpu_info/vcpu_info/filter)" \
	"reason >= 2 && reason <= 6"

guest_run lab 'vcpu-info-guest mark 1; vcpu-info-guest trigger' >/dev/null
guest_run lab "echo oops >$RUN"
check "an oops is told of at once" poll_until 240 heard oops
is "as one change for both vCPUs" "$(changes '[.word, .word_before, .vm_name, .records, .more]')" \
	'["oops","well","lab",2,0]'
cookie=$(changes .cookie | tr -d '"')
is "the cookie is that of the records" "$(records ' reason=oops ' | sed 's/.*cookie=//' | sort -u)" "$cookie"
check "there is a stack" test "$(changes '.stack.frames | length')" -ge 1
check "the guest's log names the culprit" grep -q last_words_oops <(changes '[.messages[].text]')
check "twenty messages at the most" test "$(changes '.messages | length')" -le 20
check "JSON is as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/watch.json
caller=$(changes .caller_id)
check "the program ran" poll_until 60 grep -qx \
	"lab oops oops $cookie $caller change oops $cookie $caller" /tmp/hook.out
archives()
{
	[ "$(find /tmp/kept -name '*.tar.zst' | wc -l)" = "$1" ]
}
check "evidence is collected" poll_until 100 archives 1 || why_not

guest_run lab "(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &"
check "a panic is told of" poll_until 240 heard panic
check "its stack" grep -q sysrq_handle_crash \
	<(changes 'select(.reason == "panic") | [.stack.frames[].symbol]')
check "its log" grep -q 'Kernel panic - not syncing' \
	<(changes 'select(.reason == "panic") | [.messages[].text]')
check "no second archive within the hour" archives 1
kill $watch
wait $watch
is "it ends well" $? 0
is "nothing was amiss" "$(grep -v ': wrote ' /tmp/watch.err)" ""
check "its instance is gone" test ! -e /sys/kernel/tracing/instances/vcpu_info.watch.$watch
jq -c 'select(.reason) | del(.messages, .stack)' /tmp/watch.json | diag
guest_stop lab
tap_end
