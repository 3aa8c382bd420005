#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Others that trace or hook the same function, before the module and after it;
# and what people do to a trace instance.
# hostile
# silence: 1800
. /lab/host/hostile.sh

instance=/sys/kernel/tracing/instances/vcpu_info
params=/sys/module/vcpu_info/parameters

tracing=/sys/kernel/tracing
function=kvm_emulate_hypercall
neighbour=/lab/modules/neighbour.ko

# saw WHAT HIT - HIT prints how many calls a neighbour has seen: those of all
# requests that served makes, each once or, where the module calls the original
# by way of its hook, twice
saw()
{
	local seen

	seen=$($2)
	check "$1: it sees $seen calls for 4 requests" test "$seen" -ge 4
}

# comes_first WHAT START STOP HIT - a neighbour that gets on with the module
comes_first()
{
	check "$1: the module is not there" module_unload
	check "$1 comes first" "$2" || return
	check "$1 first: the module loads" modprobe vcpu_info
	served "$1 first"
	saw "$1 first" "$4"
	check "$1 first: the module unloads" rmmod vcpu_info
	check "$1 first: it goes" "$3"
}

# comes_second WHAT START STOP HIT
comes_second()
{
	check "load before $1" modprobe vcpu_info
	check "$1 comes second" "$2" || return
	served "$1 second"
	saw "$1 second" "$4"
	check "$1 second: it goes" "$3"
	served "$1 gone"
}

# both_orders WHAT START STOP HIT - on an emulated Intel host, where loading the
# module takes most of a minute, in one order alone
both_orders()
{
	if [ "$VENDOR" = amd ] || [ "${SIZE:-check}" = long ]; then
		comes_first "$@"
	fi
	comes_second "$@"
}

# A second one that redirects the function, as a live patch does

check "the module is not there" module_unload
check "a live patch's hook comes first" insmod $neighbour
before=$(log_lines)
check "the module is refused then" eval '! modprobe vcpu_info 2>/dev/null'
like "and says why" "$(log_since "$before")" \
	"cannot hook $function.*live patch or another tracer"
check "nothing of it is left" test ! -e $instance -a ! -e /sys/kernel/vcpu_info
check "the live patch goes" rmmod neighbour
check "the module loads now" modprobe vcpu_info
before=$(log_lines)
check "a live patch is refused while we are there" \
	eval '! insmod $neighbour 2>/dev/null'
like "with EBUSY" "$(log_since "$before")" "cannot hook $function: error -16"
served "after a refused live patch"

# kprobe and kretprobe

kprobe_start()
{
	echo "p:lab/p_hc $function" >$tracing/kprobe_events &&
		echo "r:lab/r_hc $function" >>$tracing/kprobe_events &&
		echo 1 >$tracing/events/lab/enable
}
kprobe_stop()
{
	echo 0 >$tracing/events/lab/enable && echo >$tracing/kprobe_events
}
kprobe_hit()
{
	awk '$1 == "p_hc" || $1 == "r_hc" { print $2 }' \
		$tracing/kprobe_profile | sort -n | head -n 1
}
comes_first "kprobe and kretprobe" kprobe_start kprobe_stop kprobe_hit
comes_second "kprobe and kretprobe" kprobe_start kprobe_stop kprobe_hit

# BPF: fentry, as bpftrace attaches it

# attach COMMAND... - in the background, until detach
attach()
{
	"$@" >/tmp/attached.out 2>&1 &
	echo $! >/tmp/attached.pid
	poll_until 30 grep -q attached /tmp/attached.out || {
		cat /tmp/attached.out
		return 1
	}
}
gone()
{
	! kill -0 "$(cat /tmp/attached.pid)" 2>/dev/null
}
# It tells what it has seen when it ends.
detach()
{
	kill -TERM "$(cat /tmp/attached.pid)" &&
		poll_until 30 grep -qE 'calls=[1-9]' /tmp/attached.out &&
		poll_until 30 gone
}
fentry_start()
{
	attach /lab/bin/fentry kvm $function
}
fentry_hit()
{
	local before

	before=$(grep -c calls= /tmp/attached.out)
	kill -USR1 "$(cat /tmp/attached.pid)"
	poll_until 10 told_more "$before" && sed -n 's/calls=//p' \
		/tmp/attached.out | tail -n 1
}
told_more()
{
	[ "$(grep -c calls= /tmp/attached.out)" -gt "$1" ]
}
if [ -r /sys/kernel/btf/kvm ]; then
	both_orders "BPF fentry" fentry_start detach fentry_hit
else
	skip "BPF fentry" "KVM has no BTF here"
fi

# perf on the module's own event: counts it, and pins the module

check "load for perf" modprobe vcpu_info
check "perf attaches to the event" attach /lab/bin/perfcount \
	"$(cat $tracing/events/vcpu_info/vcpu_info/id)"
served "perf" 8
check "the module cannot be unloaded under perf" \
	eval '! rmmod vcpu_info 2>/dev/null'
served "perf, and after rmmod"
check "perf ends" detach
is "it has counted each record" "$(sed -n 's/calls=//p' /tmp/attached.out)" 12
check "now the module unloads" module_unload

# function and function_graph

# tracer_start NAME FUNCTIONS - all of KVM's calls have to fit into the buffer
tracer_start()
{
	echo 32768 >$tracing/buffer_size_kb &&
		echo "$2" >$tracing/set_ftrace_filter && echo >$tracing/trace &&
		echo "$1" >$tracing/current_tracer
}
tracer_stop()
{
	echo nop >$tracing/current_tracer && echo >$tracing/set_ftrace_filter
}
tracer_hit()
{
	grep -c "[ :]$function" $tracing/trace
}
for tracer in function function_graph; do
	for functions in $function 'kvm_*'; do
		[ "$VENDOR" = amd ] || [ "$functions" = "$function" ] || continue
		start()
		{
			tracer_start "$tracer" "$functions"
		}
		both_orders "$tracer on $functions" start tracer_stop tracer_hit
	done
done

# ftrace switched off; tracing reset

check "load for what people do" modprobe vcpu_info
echo 0 2>/dev/null >/proc/sys/kernel/ftrace_enabled
is "ftrace cannot be switched off" "$(cat /proc/sys/kernel/ftrace_enabled)" 1
served "ftrace_enabled"
trace-cmd reset >/dev/null 2>&1
served "after trace-cmd reset"
trace-cmd reset -a >/dev/null 2>&1
vcpu-info show >/dev/null 2>/tmp/show.err
status=$?
diag "after trace-cmd reset -a: $status $(cat /tmp/show.err)"
if [ $status -ne 0 ]; then
	is "after trace-cmd reset -a show says that recording is off" $status 6
	like "and what to do" "$(cat /tmp/show.err)" "fix: "
else
	served "after trace-cmd reset -a"
fi
check "loading it again" module_load
served "after trace-cmd reset -a and a reload"

# The instance

check "the instance cannot be deleted" eval '! rmdir $instance 2>/dev/null'
check "nor renamed" eval '! mv $instance ${instance}2 2>/dev/null'
served "after these attempts"

requests=$(count requests)
echo 0 >$instance/tracing_on
clear_records
/lab/bin/hostile ask --count 4 >/dev/null 2>&1
is "tracing_on=0: requests are answered" "$(count requests)" $((requests + 4))
is "tracing_on=0: nothing is recorded" "$(records)" ""
vcpu-info show >/dev/null 2>/tmp/show.err
is "tracing_on=0: show says so" $? 6
echo 1 >$instance/tracing_on
served "tracing_on=1"

check "no limit" eval 'echo 0 >$params/vm_rate && echo 0 >$params/host_rate'
storm_start
resized=0 nr=$(sized 4 20 200)
while [ $resized -lt "$nr" ]; do
	echo $((16 << (resized % 8))) >$instance/buffer_size_kb || break
	goes_on records || break
	resized=$((resized + 1))
done
is "the buffer is resized under a storm" $resized "$nr"
toggled=0
while [ $toggled -lt "$nr" ]; do
	echo 0 >$instance/events/vcpu_info/enable || break
	goes_on unlistened || break
	echo 1 >$instance/events/vcpu_info/enable || break
	goes_on records || break
	toggled=$((toggled + 1))
done
is "events are switched off and on under a storm" $toggled "$nr"
echo 512 >$instance/buffer_size_kb
storm_stop
served "at the end"
check "the module unloads" module_unload
quiet_log
tap_end
