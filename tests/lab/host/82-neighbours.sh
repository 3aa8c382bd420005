#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Others that trace or hook the same function, before the module and after it;
# and what people do to a trace instance.
# hostile
# timeout: 1800
. /lab/host/hostile.sh

instance=/sys/kernel/tracing/instances/vcpu_info
params=/sys/module/vcpu_info/parameters

tracing=/sys/kernel/tracing
function=kvm_emulate_hypercall
neighbour=/lab/modules/neighbour.ko

# both_orders WHAT START STOP HIT - a neighbour that gets on with the module,
# loaded before it and after it; HIT succeeds once it has seen a call
both_orders()
{
	local what=$1 start=$2 stop=$3 hit=$4

	module_unload
	check "$what comes first" "$start" || return
	check "$what first: the module loads" modprobe vcpu_info
	served "$what first"
	check "$what first: it sees calls" poll_until 10 "$hit"
	check "$what first: the module unloads" rmmod vcpu_info
	check "$what first: it goes" "$stop"

	check "load before $what" modprobe vcpu_info
	check "$what comes second" "$start" || return
	served "$what second"
	check "$what second: it sees calls" poll_until 10 "$hit"
	check "$what second: it goes" "$stop"
	served "$what gone"
	check "$what gone: the module unloads" rmmod vcpu_info
}

# A second one that redirects the function, as a live patch does

check "a live patch's hook comes first" insmod $neighbour
before=$(log_lines)
check "the module is refused then" eval '! modprobe vcpu_info 2>/dev/null'
like "and says why" "$(log_since "$before")" \
	"cannot hook $function.*livepatch or another tracer"
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
	grep -qE 'p_hc +[1-9]' $tracing/kprobe_profile &&
		grep -qE 'r_hc +[1-9]' $tracing/kprobe_profile
}
both_orders "kprobe and kretprobe" kprobe_start kprobe_stop kprobe_hit

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
if [ -r /sys/kernel/btf/kvm ]; then
	both_orders "BPF fentry" fentry_start detach true
else
	skip "BPF fentry" "KVM has no BTF here"
fi

# perf on the module's own event: counts it, and pins the module

check "load for perf" module_load
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

# tracer_start NAME FUNCTIONS
tracer_start()
{
	echo "$2" >$tracing/set_ftrace_filter && echo >$tracing/trace &&
		echo "$1" >$tracing/current_tracer
}
tracer_stop()
{
	echo nop >$tracing/current_tracer && echo >$tracing/set_ftrace_filter
}
tracer_hit()
{
	grep -q $function $tracing/trace
}
for tracer in function function_graph; do
	for functions in $function 'kvm_*'; do
		start()
		{
			tracer_start "$tracer" "$functions"
		}
		both_orders "$tracer on $functions" start tracer_stop tracer_hit
	done
done

# ftrace switched off; tracing reset

check "load for what people do" module_load
check "ftrace cannot be switched off" \
	eval '! sysctl -qw kernel.ftrace_enabled=0 2>/dev/null || [ "$(sysctl -n kernel.ftrace_enabled)" = 1 ]'
served "ftrace_enabled"
trace-cmd reset >/dev/null 2>&1
served "after trace-cmd reset"
trace-cmd reset -a >/dev/null 2>&1
vcpu-info show >/dev/null 2>/tmp/show.err
status=$?
diag "after trace-cmd reset -a: $status $(cat /tmp/show.err)"
if [ $status -ne 0 ]; then
	is "after trace-cmd reset -a show says that recording is off" $status 6
	like "and what to do" "$(cat /tmp/show.err)" "to put it right"
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
resized=0
for ((i = 0; i < $(sized 4 20 200); i++)); do
	echo $((16 << (i % 8))) >$instance/buffer_size_kb || break
	goes_on records || break
	resized=$((resized + 1))
done
is "the buffer is resized under a storm" $resized $i
toggled=0
for ((i = 0; i < $(sized 4 20 200); i++)); do
	echo 0 >$instance/events/vcpu_info/enable || break
	goes_on unlistened || break
	echo 1 >$instance/events/vcpu_info/enable || break
	goes_on records || break
	toggled=$((toggled + 1))
done
is "events are switched off and on under a storm" $toggled $i
echo 512 >$instance/buffer_size_kb
storm_stop
served "at the end"
check "the module unloads" module_unload
quiet_log
