#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module comes and goes, and so do VMMs, threads, CPUs and KVM's own
# modules, while guests ask all the time.
# hostile
# silence: 14400
. /lab/host/hostile.sh

instance=/sys/kernel/tracing/instances/vcpu_info

test_module=/lab/modules/vcpu_info.ko
preempt=/sys/kernel/debug/sched/preempt

# cycle COMMAND... - load by it, wait until records are made, unload
cycle()
{
	module_unload && "$@" || return 1
	poll_until 120 more_than records 0 || return 1
	rmmod vcpu_info && [ -z "$(hooks)" ] && [ ! -e "$instance" ]
}

# cycles WHAT NUMBER COMMAND... - ahead of the storm's threads, that else leave it
# a third of a CPU
cycles()
{
	local what=$1 nr=$2 i

	shift 2
	renice -n -20 -p $$ >/dev/null
	for ((i = 0; i < nr; i++)); do
		cycle "$@" || break
	done
	renice -n 0 -p $$ >/dev/null
	is "$what: $nr cycles of load and unload under a storm" $i "$nr"
}

# Load and unload

storm_start --vcpus 4
cycles "as it is" "$(sized 3 12 1000)" modprobe vcpu_info vm_rate=0 host_rate=0
storm_stop

# Replacements that sleep, or that take their time to return, when the module
# goes; with and without preemption of the kernel

# delayed WHAT NUMBER PARAMETER... - and if calls sleep, some have to be under way
delayed()
{
	local what=$1 nr=$2 before

	shift 2
	before=$(log_lines)
	cycles "$what" "$nr" insmod $test_module vm_rate=0 host_rate=0 "$@"
	[[ $* == *test_sleep_ms=* ]] || return
	like "$what: calls were under way" "$(log_since "$before")" \
		'test: [1-9][0-9]* calls in flight when the hook went'
}

models=$(tr -d '()' <$preempt 2>/dev/null | xargs)
usual=$(grep -oE '\(\w+\)' $preempt 2>/dev/null | tr -d '()')
for model in ${models:-unknown}; do
	[ "$model" != none ] || continue
	[ "$model" = unknown ] || echo "$model" >$preempt
	storm_start
	delayed "asleep, preemption $model" "$(sized 1 1 50)" test_sleep_ms=5000
	delayed "returning late, preemption $model" "$(sized 1 1 50)" \
		test_spin_ms=10
	delayed "both, preemption $model" "$(sized 1 1 50)" \
		test_sleep_ms=5000 test_spin_ms=5
	storm_stop
done
[ -z "$usual" ] || echo "$usual" >$preempt

# The VMM is killed

vm_gone()
{
	! compgen -G "/sys/kernel/debug/kvm/$STORM-*" >/dev/null
}

check "load for killed VMMs" module_unlimited
killed=0 nr=$(sized 2 8 200)
while [ $killed -lt "$nr" ]; do
	storm_start
	goes_on records || break
	! vm_gone || break
	kill -KILL "$STORM"
	wait "$STORM" 2>/dev/null
	poll_until 30 vm_gone || break
	killed=$((killed + 1))
done
is "VMMs are killed amid snapshots, and their VMs are gone" $killed "$nr"
served "after killed VMMs"

# A vCPU's threads end

hostile threads --count "$(sized 10 50 2000)"

# CPUs go and come

if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	storm_start
	cpus=0 nr=$(sized 2 5 200)
	while [ $cpus -lt "$nr" ]; do
		echo 0 >/sys/devices/system/cpu/cpu1/online || break
		goes_on records || break
		echo 1 >/sys/devices/system/cpu/cpu1/online || break
		goes_on records || break
		cpus=$((cpus + 1))
	done
	is "CPU 1 goes and comes while vCPUs run on it" $cpus "$nr"
	storm_stop
	served "after CPU hotplug"
else
	skip "CPU 1 goes and comes" "it cannot be taken offline here"
fi

# The host sleeps, and wakes. Not to idle: the clock's alarm does not wake QEMU's
# machine from that.

alarm=/sys/class/rtc/rtc0/wakealarm
chipset=/sys/bus/pci/devices/0000:00:1f.0/config

# away - seconds that the host has slept since it booted: the kernel log's clock
# stands still then, that of uptime does not
away()
{
	echo "<6>lab: what time is it" >/dev/kmsg
	dmesg | awk -F '[][]' -v up="$(cut -d ' ' -f 1 /proc/uptime)" \
		'/lab: what time is it/ { log_time = $2 }
		END { printf "%d\n", up - log_time }'
}

# sleep_once - sleep for some seconds, and show that it was sleep
#
# The alarm has to come after the host has gone to sleep, however long that
# takes.
#
# When a q35 wakes, SeaBIOS leaves the registers that say where the ports of
# power management are as reset has left them. Without these ports Linux
# would only seem to sleep the next time, and could not power off.
sleep_once()
{
	local before

	before=$(away)
	echo 0 >$alarm && echo "+$((20 * SLOW))" >$alarm || return 1
	dd if=$chipset of=/tmp/chipset bs=64 count=4 status=none
	echo mem >/sys/power/state || return 1
	dd if=/tmp/chipset of=$chipset bs=64 skip=1 seek=1 conv=notrunc \
		status=none
	[ $(($(away) - before)) -ge 5 ] && goes_on records
}

if [ -w $alarm ] && echo deep 2>/dev/null >/sys/power/mem_sleep; then
	storm_start
	slept=0 nr=$(sized 1 2 20)
	while [ $slept -lt "$nr" ]; do
		sleep_once || break
		slept=$((slept + 1))
	done
	is "the host is suspended to memory and resumed under a storm" \
		$slept "$nr"
	diag "the host slept for $(away) seconds"
	storm_stop
	served "after suspend"
else
	skip "suspend to memory" "no such sleep here, or no clock that wakes"
fi

# KVM's vendor module goes and comes; kvm itself is pinned

vendor=$(awk '/^kvm_(amd|intel) /{ print $1 }' /proc/modules)
for ((i = 0; i < $(sized 2 2 50); i++)); do
	check "$vendor unloads under the module" rmmod "$vendor"
	check "kvm does not" \
		eval '! rmmod kvm 2>/dev/null && [ -d /sys/module/kvm ]'
	check "$vendor loads again" modprobe "$vendor"
	served "$vendor loaded again"
done

# Readers of all kinds stay when the module goes, but for one of an event's
# format: Linux 6.1 reads from a module that is gone then, whichever it was

event=$instance/events/vcpu_info/vcpu_info
exec 5<$instance/trace_pipe 6<$instance/trace 7<$event/filter \
	8<>$event/enable 9<$instance/per_cpu/cpu0/trace_pipe_raw
check "unload under readers" rmmod vcpu_info
check "the instance stays" test -d $instance
check "the event is gone" test ! -e $event
for fd in 5 6 7 8 9; do
	timeout 1 dd bs=4096 count=1 status=none <&$fd >/dev/null 2>&1
	diag "reading descriptor $fd ends with $?"
done
echo 1 2>/dev/null >&8
check "load again under them" module_unlimited
clear_records
/lab/bin/hostile ask >/dev/null 2>&1
like "a reader of the time before reads on" \
	"$(timeout 10 dd bs=4096 count=1 status=none <&5)" ' vcpu_info: '
# trace_pipe has one reader at a time.
exec 5<&- 9<&-
served "with readers of the time before"
exec 6<&- 7<&- 8<&-
check "unload without them" rmmod vcpu_info
check "the instance, which was there, can be removed" rmdir $instance
check "load once more" module_load
served "at the end"
check "and unload" module_unload
# What the kernel says of threads that are bound to a CPU which goes, and of
# QEMU's clock on resume
quiet_log 'process [0-9]+ \(hostile\) no longer affine to cpu1|ACPI Error: Could not disable RealTimeClock|hpet: Lost'
tap_end
