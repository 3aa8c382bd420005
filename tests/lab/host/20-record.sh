#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Records of a Linux guest: the right thread, the right registers, exits that
# grow; the same in the trace file, in trace-cmd and in vcpu-info.
# needs: linux-guest
# guest: shared
# silence: 600
# rest: trixie-amd trixie-bpo-amd
. /lab/host/lib.sh
. /lab/host/module.sh

check "the host module loads" module_load || exit 1
check "the shared guest is there" guest_share || exit 1
pid=$(guest_pid lab)

# By default: every online CPU

out=$(guest_run lab vcpu-info-guest trigger)
is "trigger succeeds" $? 0
diag "$out"
is "there is one record for each vCPU" "$(records "vm_pid=$pid " | wc -l)" 2
guest_threads lab >/tmp/threads
is "QMP names the threads of two vCPUs" "$(wc -l </tmp/threads)" 2
while read -r index apic tid; do
	line=$(records "vm_pid=$pid .* vcpu_id=$apic ")
	is "vCPU $index: the PID is its thread" "$(field pid "$line")" "$tid"
	is "vCPU $index: no PID namespace" \
		"$(field ns_pid "$line") $(field ns_level "$line")" "$tid 0"
	like "vCPU $index: the VM is the one in debugfs" \
		"$(ls -d /sys/kernel/debug/kvm/*-*)" \
		"/$pid-$(field vm_fd "$line")\$"
	check "vCPU $index: exits are counted" \
		test "$(field exits "$line")" -gt 0
done </tmp/threads

before=$(field exits "$(records 'vcpu_id=1 ')")
clear_records
guest_run lab "vcpu-info-guest trigger --vcpu-id 1" >/dev/null
after=$(field exits "$(records 'vcpu_id=1 ')")
check "exits of vCPU 1 grow between two triggers ($before, $after)" \
	test "$after" -gt "$before"

# The caller's own registers: hc_test knows what it put there

clear_records
check "hc_test loads in the guest" guest_run lab insmod /lab/hc_test.ko
hypercall lab "$HC_NR" 0 0xc0de0001c0de0001 0xc0de0002c0de0002 \
	0xc0de0003c0de0003 >/tmp/out
like "the caller's other registers are left alone" "$(cat /tmp/out)" \
	'^rax=0x0 changed=none$'
line=$(records 'state=self' | head -n 1)
for want in "rax $HC_NR" "rcx 0xc0de0001c0de0001" "rdx 0xc0de0002c0de0002" \
	"rsi 0xc0de0003c0de0003" "rbp 0x5a5a000000006666" \
	"valid 0x3fffff" "attempts 1"; do
	reg=${want% *}
	is "the caller's $reg" "$(field "$reg" "$line")" "${want#* }"
done

# A CPU taken offline halts for good: the monitor and the record must agree

check "CPU 1 goes offline" \
	guest_run lab 'echo 0 >/sys/devices/system/cpu/cpu1/online'
clear_records
guest_run lab "vcpu-info-guest trigger --vcpu-id 1" >/dev/null
line=$(records 'vcpu_id=1 ')
is "its vCPU is halted" "$(field state "$line")" halted
guest_pause lab
guest_info_registers lab | sed -n '/CPU#1/,$p' >/tmp/registers
guest_resume lab
diag "$line"
grep -E '^(R|CR0|EFER)' /tmp/registers | diag
monitor()
{
	grep -oE "\b$1 ?=[0-9a-f]+" /tmp/registers | head -n 1 | sed 's/.*=//'
}
for reg in RAX RBX RCX RDX RSI RDI RBP RSP R8 R9 R10 R11 R12 R13 R14 R15 \
	RIP RFL CR0 CR3 CR4 EFER; do
	name=${reg,,}
	[ "$reg" != RFL ] || name=rflags
	value=$(field "$name" "$line")
	said=$(monitor "$reg")
	is "$name is what the monitor says" \
		"$((${value:-1}))" "$((16#${said:-0}))"
done
is "all registers are valid" "$(field valid "$line")" 0x3fffff
check "CPU 1 comes back" \
	guest_run lab 'echo 1 >/sys/devices/system/cpu/cpu1/online'

# The same record by other tools

text=$(vcpu-info show --vcpu 1)
is "vcpu-info show succeeds" $? 0
diag "$text"
last=$(records 'vcpu_id=1 ' | tail -n 1)
like "show names the thread" "$text" "thread $(field pid "$last")"
like "show has the registers" "$text" \
	"rip +0*$(field rip "$last" | sed s/0x//)"
all_but_age()
{
	vcpu-info show --json --all | jq -c 'del(.age_ns, .time)'
}
first=$(all_but_age)
like "show --all has records" "$first" '"type":"record"'
is "a second show says the same, but for its view of the time" "$(all_but_age)" "$first"
is "show --json has the exits" \
	"$(vcpu-info show --json --vcpu 1 | jq -r .exits)" \
	"$(field exits "$last")"
clear_records
guest_run lab 'vcpu-info-guest trigger' >/dev/null
is "recording has gone on" "$(vcpu-info show --json | jq -r .vcpu_id | sort |
	xargs)" "0 1"

format=/sys/kernel/tracing/events/vcpu_info/vcpu_info/format
fields=$(sed -nE '/^\tfield:/{s/.* ([a-z0-9_]+);.*offset.*/\1/p}' $format |
	sed -nE '/^common_/!p')
line=$(records | tail -n 1)
missing()
{
	local name

	for name in $fields; do
		grep -qE "[ :]$name=" <<<"$1" || echo "$name"
	done
}
is "the event has all its fields" "$(wc -w <<<"$fields")" 44
is "the trace file shows every field" "$(missing "$line")" ""

cd /tmp || exit 1
extracted /tmp/trace.dat
is "trace-cmd traces the event" $? 0
echo 0 >/sys/kernel/tracing/events/vcpu_info/enable
echo 1 >/sys/kernel/tracing/tracing_on
trace-cmd report -i /tmp/trace.dat >/tmp/report 2>/tmp/report.err
line=$(grep ' vcpu_info: ' /tmp/report | tail -n 1)
diag "$line"
is "trace-cmd has a record for each vCPU" \
	"$(grep -c ' vcpu_info: ' /tmp/report)" 2 ||
	diag </tmp/report.err
is "trace-cmd report shows every field" "$(missing "$line")" ""
like "trace-cmd report names the state" "$line" \
	'state=(self|guest|halted|preempted|user|in-exit) '

check "hc_test unloads" guest_run lab rmmod hc_test

# A guest whose APIC ids differ from its CPU numbers

check "an odd guest boots" guest_start odd \
	-smp 1,maxcpus=6,sockets=2,cores=3 \
	-device host-x86_64-cpu,socket-id=1,core-id=0,thread-id=0 || exit 1
pid=$(guest_pid odd)
clear_records
out=$(guest_run odd vcpu-info-guest trigger --json)
is "trigger succeeds there" $? 0
is "the guest translates CPU to APIC id" \
	"$(jq -r '"\(.cpu):\(.vcpu_id)"' <<<"$out" | xargs)" \
	"0:0 1:4"
guest_threads odd >/tmp/threads
is "QMP names the threads of two vCPUs there" "$(wc -l </tmp/threads)" 2
is "each vCPU's record has its thread" \
	"$(records "vm_pid=$pid " | while read -r line; do
		echo "$(field vcpu_id "$line") $(field pid "$line")"
	done | sort -n | xargs)" \
	"$(awk '{ print $2, $3 }' /tmp/threads | sort -n | xargs)"
is "no record names a vCPU that is not there" "$(records "vcpu_id=3 ")" ""
is "show tells the two VMs apart" \
	"$(vcpu-info show --json --vm "$pid" | jq -r .vm_pid | sort -u)" "$pid"
tap_end
