#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info watch and a guest that speaks by itself: one change for each event, with the
# stack and the guest's log; a program is run, evidence is collected. A guest that cries
# without end keeps no other from being heard.
# needs: linux-guest
# asked
# silence: 900
. /lab/host/hostile.sh

RUN=/sys/module/last_words/parameters/run

cat >/tmp/hook <<'END'
#!/bin/sh
echo "$VCPU_INFO_VM_NAME $VCPU_INFO_WORD $VCPU_INFO_REASON $VCPU_INFO_COOKIE $VCPU_INFO_CALLER $(jq -r '[.type, .reason, .cookie, .caller_id] | join(" ")')" >>/tmp/hook.out
END
chmod 700 /tmp/hook
mkdir /tmp/kept-words

# changes FILTER - of the guest's, those that were told as last words
changes()
{
	jq -c "select(.reason and .vm_name == \"lab\") | $1" /tmp/watch.json
}

# heard REASON - told of that
heard()
{
	grep -q '"type":"change","vm_name":"lab".*"word":"'"$1\"" /tmp/watch.json
}

# cries - what was told of the VM that cries
cries()
{
	jq -c 'select(.reason and .vmm_comm == "hostile")' /tmp/watch.json
}

# cried N - it was told of so often
cried()
{
	[ "$(grep -c '"type":"change","vm_name":null,"vmm_comm":"hostile".*"reason":"panic"' \
		/tmp/watch.json)" -ge "$1" ]
}

# ticks - processor time of watch itself, in 1/100 s
ticks()
{
	awk '{ print $14 + $15 }' "/proc/$watch/stat"
}

# archives N - so many are there
archives()
{
	local list=(/tmp/kept-words/*.tar.zst)

	[ -e "${list[0]}" ] && [ ${#list[@]} = "$1" ]
}

# why_not - what watch said and does
why_not()
{
	diag "watch, what runs, and its files:"
	{
		cat /tmp/watch.err
		ps --ppid 2 --deselect -o pid,ppid,stat,etimes,time,wchan:20,args
		ls -l /tmp/kept-words
		dmesg | tail -n 5
	} 2>&1 | diag
}

# listens PID - its instance is there, and on
listens()
{
	[ "$(cat "/sys/kernel/tracing/instances/vcpu_info.watch.$1/events/vcpu_info/vcpu_info/enable" 2>/dev/null)" = 1 ]
}

check "the module loads" module_load || exit 1
export GUEST_APPEND="panic=0 lab.nokmsg rcupdate.rcu_cpu_stall_suppress=1"
check "a guest boots" guest_start lab || exit 1
guest_run lab 'taskset -p 1 1 >/dev/null'
check "a module that has bad days loads" guest_run lab insmod /lab/last_words.ko || exit 1

# The interval is so long that what comes does not come from a look at the VM.
vcpu-info watch --json --interval 1h --exec /tmp/hook --collect /tmp/kept-words \
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
oops=$SECONDS
check "an oops is told of at once" poll_until 140 heard oops || why_not
is "as one change for both vCPUs" "$(changes '[.word, .word_before, .vm_name, .records, .more]')" \
	'["oops","well","lab",2,0]'
cookie=$(changes .cookie | tr -d '"')
is "the cookie is that of the records" "$(records ' reason=oops ' | sed 's/.*cookie=//' | sort -u)" "$cookie"
check "there is a stack" test "$(changes '.stack.frames | length')" -ge 1 ||
	diag "$(changes '.stack' | head -c 2000)" "$(tail -n 5 /tmp/watch.err)"
check "the guest's log names the culprit" grep -q last_words_oops <(changes '[.messages[].text]')
check "twenty messages at the most" test "$(changes '.messages | length')" -le 20
check "JSON is as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/watch.json
caller=$(changes .caller_id)
check "the program ran" poll_until 60 grep -qx \
	"lab oops oops $cookie $caller change oops $cookie $caller" /tmp/hook.out
check "evidence is collected" poll_until 140 archives 1 || why_not
diag "after $((SECONDS - oops)) s"

# A VM cries panic without end, with another cookie each time: it is told of as often as
# others, and a panic of another VM is told of all the same.
before=$(ticks) start=$SECONDS
storm_start --why 2 --vms 1 --vcpus 2
check "a VM that cries is told of" poll_until 60 cried 1

guest_run lab "(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &"
check "a panic is told of" poll_until 140 heard panic || why_not
check "its stack" grep -q sysrq_handle_crash \
	<(changes 'select(.reason == "panic") | [.stack.frames[].symbol]')
check "its log" grep -q 'Kernel panic - not syncing' \
	<(changes 'select(.reason == "panic") | [.messages[].text]')
check "the one that cries is told of again, and how often it cried" \
	poll_until 60 cried 3 || why_not
told=$(cries | wc -l) seconds=$((SECONDS - start))
check "at most once in ten seconds" test "$told" -le $(((seconds + 1) / 10 + 1))
check "with what was left out" test "$(cries | tail -n 1 | jq .more)" -gt 10
diag "$seconds s: told $told times, $(cries | jq .more | xargs) more," \
	"$(count records) records, watch took $(($(ticks) - before))/100 s"
check "the program runs as often as it is told of" poll_until 60 eval \
	'[ "$(grep -c "^hostile panic panic " /tmp/hook.out)" -ge "$told" ]'
check "evidence of that VM, too" poll_until 140 archives 2 || why_not
storm_stop
check "no second archive of a VM within the hour" archives 2
kill $watch
wait $watch
is "it ends well" $? 0
# that of a VM without a kernel is not complete
is "nothing was amiss" "$(grep -vE ': wrote |is not complete|says why' /tmp/watch.err)" ""
check "its instance is gone" test ! -e /sys/kernel/tracing/instances/vcpu_info.watch.$watch
jq -c 'select(.reason) | del(.messages, .stack)' /tmp/watch.json | diag
guest_stop lab
tap_end
