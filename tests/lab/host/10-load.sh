#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Loading and unloading the host module; parameters; what stands in its way.
# silence: 1800
# rest: bookworm-intel trixie-amd trixie-bpo-amd
. /lab/host/lib.sh
. /lab/host/module.sh

tracing=/sys/kernel/tracing
instance=$tracing/instances/vcpu_info
sysfs=/sys/kernel/vcpu_info
params=/sys/module/vcpu_info/parameters

# refused WHAT MESSAGE ARGUMENT... - loading fails, and the log says why
refused()
{
	local what=$1 message=$2 before

	shift 2
	before=$(log_lines)
	if modprobe vcpu_info "$@" 2>/dev/null; then
		not_ok "$what: refused"
		module_unload
		return
	fi
	ok "$what: refused"
	like "$what: the log says why" "$(log_since "$before")" "$message"
	check "$what: no instance is left" test ! -e "$instance"
	check "$what: nothing in sysfs is left" test ! -e "$sysfs"
	is "$what: no hook is left" "$(hooks)" ""
}

# buffer_is KIB - the instance has that size, rounded up to whole pages
#
# Until tracing is first used the file also says what size it will then get.
buffer_is()
{
	awk -v want="$1" '{ exit !($1 >= want && $1 < want + 4) }' \
		$instance/buffer_size_kb
}

# everywhere - whether this host also runs what no vendor's KVM can change: an
# emulated Intel host takes ten seconds for each load
everywhere()
{
	[ "$VENDOR" != intel ]
}

module_unload
is "without the module nothing hooks KVM" "$(hooks)" ""

# One of each kind
refused "hypercall_nr=4095" "4095 is refused" hypercall_nr=4095
refused "hypercall_nr=-KVM_ENOSYS" "0xfffffc18 is refused.*error codes" \
	hypercall_nr=0xfffffc18
refused "buffer_kb=7" "buffer_kb=7 is refused: it is 0 or a number from 8 to" \
	buffer_kb=7
refused "policy=some" 'invalid policy "some": use "all", "none", or a list' \
	policy=some
refused "vm_burst=0" "vm_burst is a number from 1 to 1000000" vm_burst=0

if everywhere; then
	refused "hypercall_nr=-4095" "0xfffff001 is refused" \
		hypercall_nr=0xfffff001
	refused "hypercall_nr=11" "11 is refused.*belong to upstream" \
		hypercall_nr=11
	refused "buffer_kb=1048577" "buffer_kb=1048577 is refused" \
		buffer_kb=1048577
	refused "policy=pid:4194305" "there is no process 4194305" \
		policy=pid:4194305
	refused "vm_rate=x" "vm_rate is a number from 0 to 1000000" vm_rate=x
	refused "host_rate=1000001" \
		"host_rate is a number from 0 to 1000000" host_rate=1000001
fi

if sysctl -qw kernel.ftrace_enabled=0 2>/dev/null; then
	refused "kernel.ftrace_enabled=0" \
		"cannot hook .*kernel.ftrace_enabled is 0"
	check "ftrace can be switched on" sysctl -qw kernel.ftrace_enabled=1
else
	skip "kernel.ftrace_enabled=0: refused" "from 7.3 on it cannot be had"
fi
is "ftrace is on" "$(sysctl -n kernel.ftrace_enabled)" 1

# refused_without FUNCTION MESSAGE - the same while that function of the kernel fails
refused_without()
{
	check "$1() will fail" insmod /lab/modules/fail_function.ko function="$1"
	refused "$1() fails" "$2"
	check "$1() works again" rmmod fail_function
}

# registered - how many misc devices were registered since register was probed
registered()
{
	awk '$1 == "register" { print $2 }' $tracing/kprobe_profile
}

# An open file of the device does not keep the kernel from freeing a module that fails
# to load. So the device comes after all else that may fail.
if everywhere; then
	check "registered devices are counted" eval \
		'echo p:lab/register misc_register >$tracing/kprobe_events &&
			echo 1 >$tracing/events/lab/register/enable'
	refused_without trace_array_set_clr_event \
		"cannot enable the events of trace instance vcpu_info"
	is "there was no device to open" "$(registered)" 0
	check "the module loads when that works" modprobe vcpu_info
	is "which registers the device" "$(registered)" 1
	check "and unloads" rmmod vcpu_info
	echo 0 >$tracing/events/lab/register/enable
	echo >$tracing/kprobe_events
	refused_without misc_register "cannot register /dev/vcpu-info-host"
fi

check "the module loads" modprobe vcpu_info
like "kvm_emulate_hypercall is hooked, by address and for good" "$(hooks)" \
	'^kvm_emulate_hypercall .*\(1\).* I '
observed="kvm_vcpu_halt kvm_sched_out"
[ "$VENDOR" = amd ] || observed+=" vcpu_put"
for function in $observed; do
	like "$function is observed" "$(hooks "$function")" '\(1\)'
done

# observed_are N - of kvm_vcpu_halt and kvm_sched_out are so many
observed_are()
{
	[ "$(for function in kvm_vcpu_halt kvm_sched_out; do
		hooks "$function"
	done | grep -c '(1)')" = "$1" ]
}

for i in 1 2; do
	echo 0 >$instance/events/vcpu_info/vcpu_info/enable
	check "when nobody listens they are not, soon after ($i)" \
		poll_until 120 observed_are 0
	echo 1 >$instance/events/vcpu_info/vcpu_info/enable
	check "and again when somebody does ($i)" poll_until 120 observed_are 2
done
is "sysfs says the hook is active" "$(cat $sysfs/hook)" active
is "sysfs names the hypercall number" "$(cat $sysfs/hypercall_nr)" 0x56435055
is "sysfs names the ABI's version" "$(cat $sysfs/abi_version)" 1
is "sysfs names the instance" "$(cat $sysfs/instance)" vcpu_info
is "nothing of KVM is missing" "$(grep -c . $sysfs/missing)" 0
is "the module has a version" "$(cat /sys/module/vcpu_info/version)" \
	"$(modinfo -F version vcpu_info)"
check "the instance has the default size" buffer_is 512
is "the event is on there" \
	"$(cat $instance/events/vcpu_info/vcpu_info/enable)" 1
is "the error event is on there" \
	"$(cat $instance/events/vcpu_info/vcpu_info_error/enable)" 1
is "the event is off in the top-level buffer" \
	"$(cat /sys/kernel/tracing/events/vcpu_info/vcpu_info/enable)" 0
is "no event of others is on in the instance" \
	"$(sort $instance/set_event | xargs)" \
	"vcpu_info:vcpu_info vcpu_info:vcpu_info_error"
documented=$(modinfo -F parm vcpu_info | sed 's/:.*//' | sort)
like "modinfo documents parameters" "$documented" '^policy$'
is "and all that there are" "$documented" \
	"$(find $params -type f -printf '%f\n' | sort)"

sysctl -qw kernel.ftrace_enabled=0 2>/dev/null
is "ftrace cannot be switched off under the hook" \
	"$(sysctl -n kernel.ftrace_enabled)" 1
check "KVM cannot be unloaded under the hook" \
	eval '! rmmod kvm_amd kvm_intel kvm 2>/dev/null && grep -q "^kvm " /proc/modules'
modprobe -a kvm_amd kvm_intel 2>/dev/null

is "policy can be changed" \
	"$(echo none >$params/policy; cat $params/policy)" none
check "a wrong policy is refused at run time" \
	eval '! echo some 2>/dev/null >$params/policy'
is "and changes nothing" "$(cat $params/policy)" none
echo "pid:$$,pid:1" >$params/policy
for bad in "" pid: pid:0 pid:-1 "pid:$$," "pid:$$ pid:1" "all,pid:1" PID:1 \
	pid:99999999999 pid:1x; do
	check "policy '$bad' is refused" \
		eval '! echo "$bad" 2>/dev/null >$params/policy'
done
is "the list stays" "$(tr , '\n' <$params/policy | sort | xargs)" \
	"$(printf 'pid:%s\n' $$ 1 | sort | xargs)"
echo all >$params/policy
is "rates can be changed" "$(echo 7 >$params/vm_rate; cat $params/vm_rate)" 7
check "a wrong rate is refused at run time" \
	eval '! echo -1 2>/dev/null >$params/vm_rate'
is "and changes nothing" "$(cat $params/vm_rate)" 7

check "the module unloads" rmmod vcpu_info
check "the instance is gone" test ! -e $instance
check "sysfs is clean" test ! -e $sysfs
is "the hook is gone" "$(hooks)" ""

if ! everywhere; then
	tap_end
	exit
fi
check "a size can be given" modprobe vcpu_info buffer_kb=64
check "and is the instance's" buffer_is 64
check "unload again" rmmod vcpu_info
check "no instance can be had" modprobe vcpu_info buffer_kb=0
check "and there is none" test ! -e $instance
is "sysfs says so" "$(cat $sysfs/instance)" none
check "unload without an instance" rmmod vcpu_info

check "load for a reader" modprobe vcpu_info
exec 5<$instance/trace_pipe
before=$(log_lines)
check "unload while a reader has the instance open" rmmod vcpu_info
check "the instance stays" test -d $instance
like "the log says so" "$(log_since "$before")" "instance vcpu_info is still in use"
check "load into what stayed" modprobe vcpu_info
is "the event is on again" \
	"$(cat $instance/events/vcpu_info/vcpu_info/enable)" 1
exec 5<&-
check "unload when the reader is gone" rmmod vcpu_info
check "what was there before stays" rmdir $instance

# An instance that somebody made

mkdir $instance
echo 1 >$instance/tracing_cpumask
before=$(log_lines)
check "load into somebody's instance" modprobe vcpu_info
like "the log says so" "$(log_since "$before")" "instance vcpu_info exists"
is "the event is on there" \
	"$(cat $instance/events/vcpu_info/vcpu_info/enable)" 1
check "unload" rmmod vcpu_info
is "the instance stays, with what it had" "$(cat $instance/tracing_cpumask)" 1
check "the event is gone" test ! -e $instance/events/vcpu_info
rmdir $instance
tap_end
