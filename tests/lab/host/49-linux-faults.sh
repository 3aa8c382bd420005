#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Faults that a Linux guest really has, by its own word where it notices, and loads that
# are healthy: each try of diagnose has to give the right word. Prints the confusion
# matrix.
# needs: linux-guest
# asked
# silence: 900
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/diagnosed.sh

GUEST_TIMEOUT=180
# Nothing but what a fault needs is on CPUs 1 and 2, and NMIs wake these.
GUEST_APPEND="lab.nomod irqaffinity=0 apic_extnmi=all"

# boot NAME [KERNEL ARGUMENT...] - a guest with three CPUs, ready for faults
boot()
{
	local name=$1

	shift
	GUEST_APPEND="$GUEST_APPEND $*" check "guest $name boots" \
		guest_start "$name" -smp 3 || exit 1
	# An emulated serial port takes seconds for a report, in which its CPU does not
	# do what is reported.
	check "its processes stay on CPU 0" guest_run "$name" '
		echo 0 4 0 0 >/proc/sys/kernel/printk
		echo 0 >/proc/sys/kernel/panic
		echo 2 >/proc/sys/kernel/watchdog_thresh
		echo 5 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
		echo 1 >/sys/devices/virtual/workqueue/cpumask
		for process in /proc/[0-9]*; do
			taskset -p 1 "${process##*/}" >/dev/null 2>&1
		done
		insmod /lab/fault.ko && taskset -p 1'
}

# end NAME - what its kernel says is what it was asked for: no fault of a test run
end()
{
	local log

	guest_stop "$1"
	for log in "$GUEST_LOGS/guest-$1".*; do
		mv "$log" "$GUEST_LOGS/faulty-${log##*/guest-}"
	done
}

# fault NAME WORD - commit one
fault()
{
	check "the guest does so" guest_run "$1" "echo $2 >/sys/kernel/debug/fault/run"
}

# stop NAME - end it
stop()
{
	check "it ends" guest_run "$1" 'echo stop >/sys/kernel/debug/fault/run'
}

# nmi_ended NAME - an NMI, and whether stop has ended
nmi_ended()
{
	guest_hmp "$1" nmi >/dev/null
	! kill -0 "$stopper" 2>/dev/null
}

# stop_halted NAME - end one that only an NMI ends
stop_halted()
{
	guest_run "$1" 'echo stop >/sys/kernel/debug/fault/run' &
	stopper=$!
	check "an NMI ends it" poll_until 60 nmi_ended "$1"
}

# noticed NAME ERE - the guest's own kernel has said so
noticed()
{
	vcpu-info dmesg "$1" | grep -qE "$2"
}

# load NAME COMMAND - on CPU 1, until load_end
load()
{
	guest_run "$1" "taskset 2 setsid sh -c '$2' >/dev/null 2>&1 & echo \$!" >/tmp/load
}

load_end()
{
	guest_run "$1" "kill -- -$(cat /tmp/load)"
}

# ticks_of NAME - timer interrupts of CPU 1, and the guest's uptime in seconds
ticks_of()
{
	guest_run "$1" 'read -r _ _ ticks _ <<END
$(grep LOC: /proc/interrupts)
END
		read -r uptime _ </proc/uptime
		echo "$ticks ${uptime%.*}"'
}

# vCPU 1 and the VM
ONE='"\(.word): \(.vcpus[1].word)"'
BOTH='"\(.word): \(.vcpus[1].word) \(.vcpus[2].word)"'
# whom the VM's word is about, and its word
ABOUT='"\(.word) \(.about_vcpu): \(.vcpus[1].word)"'

check "the module loads" module_load
boot linux

if wanted linux-idle; then
	gives linux linux-idle 'idle: idle idle idle'
fi
if wanted user-loop; then
	load linux 'while :; do :; done'
	gives linux user-loop 'none: running' "$ONE"
	load_end linux
fi
if wanted read-zero; then
	load linux 'exec dd if=/dev/zero of=/dev/null bs=1M'
	gives linux read-zero 'none: running' "$ONE"
	load_end linux
fi
if wanted read-random; then
	load linux 'exec dd if=/dev/urandom of=/dev/null bs=64k'
	gives linux read-random 'none: running' "$ONE"
	load_end linux
fi
if wanted read-file; then
	guest_run linux 'dd if=/dev/urandom of=/tmp/file bs=64k count=512 2>/dev/null'
	load linux 'while :; do dd if=/tmp/file of=/dev/null bs=4M; done'
	gives linux read-file 'none: running' "$ONE"
	load_end linux
	guest_run linux 'rm /tmp/file'
fi
if wanted huge-pages; then
	# not by default in a guest of so little memory
	guest_run linux 'echo madvise >/sys/kernel/mm/transparent_hugepage/enabled'
	load linux 'exec hugepages'
	gives linux huge-pages 'none: running' "$ONE"
	check "these are huge" guest_run linux \
		'read -r _ n <<END && [ "$n" -gt 0 ]
$(grep thp_fault_alloc /proc/vmstat)
END'
	load_end linux
fi
if wanted forks; then
	load linux 'while :; do (:); done'
	gives linux forks 'none: (running|idle)' "$ONE"
	load_end linux
fi
if wanted tlb-flushes; then
	load linux 'exec contend flush'
	gives linux tlb-flushes 'none: running running' "$BOTH"
	load_end linux
fi
if wanted lock-contention; then
	load linux 'exec contend lock'
	gives linux lock-contention 'none: running running' "$BOTH"
	load_end linux
fi
if wanted soft-lockup; then
	fault linux soft-lockup
	check "its watchdog says so" poll_until 120 noticed linux 'soft lockup - CPU#1'
	gives linux soft-lockup 'none: spinning' "$ONE"
	transcript soft-lockup linux
	stop linux
fi
if wanted rcu-stall; then
	fault linux rcu-stall
	check "RCU says so" poll_until 120 noticed linux 'rcu: INFO: rcu_.* (self-)?detected'
	gives linux rcu-stall 'none: spinning' "$ONE"
	transcript rcu-stall linux
	stop linux
fi
if wanted irqs-off; then
	fault linux irqs-off
	gives linux irqs-off 'none: spinning' "$ONE"
	is "with interrupts off" "$(jq '.vcpus[1].interrupts_on' /tmp/diagnosis)" false
	stop linux
fi
if wanted linux-halted-off; then
	fault linux halted-off
	gives linux linux-halted-off 'none: halted-off' "$ONE"
	stop_halted linux
fi
if wanted lock-halted; then
	fault linux lock-halted
	gives linux lock-halted 'lock-never-released 1: halted-off' "$ABOUT"
	transcript lock-halted linux
	stop_halted linux
fi
if wanted lock-busy || wanted lock-starved; then
	fault linux lock-busy
	if wanted lock-busy; then
		gives linux lock-busy 'none: spinning' "$ONE"
		like "the other one waits" \
			"$(jq -c '[.vcpus[2].frames[].symbol]' /tmp/diagnosis)" spin_lock
	fi
	if wanted lock-starved; then
		check "its thread is known" diagnose_once linux '.vcpus[1].pid'
		thread=$(cat /tmp/word)
		taskset -p 1 "$thread" >/dev/null
		hogs_start
		gives linux lock-starved 'lock-holder-starved 1: starved' "$ABOUT"
		transcript lock-starved linux
		hogs_end
		taskset -p 3 "$thread" >/dev/null
	fi
	stop linux
fi
if wanted mutexes; then
	fault linux mutexes
	check "both tasks wait for ever" poll_until 60 guest_run linux \
		'[ "$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c "(fault/[12]) D")" = 2 ]'
	gives linux mutexes 'idle: idle idle idle'
fi
if wanted deadlock; then
	fault linux deadlock
	gives linux deadlock 'lock-never-released null: (spinning|idle|running)' "$ABOUT"
	transcript deadlock linux
fi
if wanted panic; then
	# Whoever writes that has no answer any more.
	guest_run linux '{ sleep 1; echo c >/proc/sysrq-trigger; } >/dev/null 2>&1 &'
	check "its kernel has panicked" poll_until 120 noticed linux 'end Kernel panic'
	gives linux panic 'panicked: spinning halted-off halted-off'
	transcript panic linux
fi
end linux

if wanted cpu-not-started || wanted lost-ipi; then
	boot one maxcpus=1
	gives one cpu-not-started 'cpu-not-started 1: not-started' "$ABOUT"
	transcript cpu-not-started one
	check "the others start" guest_run one 'for i in 1 2; do
		echo 1 >/sys/devices/system/cpu/cpu$i/online || exit 1; done'
	gives one started 'idle: idle idle idle'
	fault one lost-ipi
	gives one lost-ipi 'lock-never-released null: idle' "$ABOUT"
	transcript lost-ipi one
	end one
fi
if wanted nohz-full; then
	# One process has a CPU for itself, without ticks.
	boot tickless nohz_full=1,2 rcu_nocbs=1,2
	is "the kernel takes that" "$(guest_run tickless \
		'cat /sys/devices/system/cpu/nohz_full')" 1-2
	load tickless 'while :; do :; done'
	read -r ticks uptime <<<"$(ticks_of tickless)"
	gives tickless nohz-full 'none: running' "$ONE"
	is "its process is named" \
		"$(jq -r '.vcpus[1].task.comm' /tmp/diagnosis)" sh
	read -r ticks2 uptime2 <<<"$(ticks_of tickless)"
	diag "CPU 1: $((ticks2 - ticks)) timer interrupts in $((uptime2 - uptime)) s"
	check "less than one in ten of its ticks comes" \
		[ $((ticks2 - ticks)) -lt $(((uptime2 - uptime) * 25)) ]
	load_end tickless
	end tickless
fi
matrix
tap_end
