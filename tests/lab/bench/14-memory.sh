#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 1200
# Memory: the modules, the instance, and what a million requests leave behind.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

# kib NAME... - the sum of what /proc/meminfo says of them
kib()
{
	awk -v names=" $* " 'index(names, " " substr($1, 1, length($1) - 1) " ") {
		sum += $2 } END { print sum }' /proc/meminfo
}

# settled - KiB that the kernel holds, when it has given back what it can
settled()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	kib SUnreclaim Percpu KernelStack PageTables VmallocUsed
}

# requests N - a third each for a vCPU that asks for itself, for one that has
# never run, and for none
requests()
{
	local id

	for id in 0 1 4095; do
		/lab/bin/bench calls $((($1 + 2) / 3)) $id
	done
}

module_unload
check "the module loads" module_unlimited || exit 1
figure module_bytes "$(cat /sys/module/vcpu_info/coresize)"
figure instance_kib "$(cat $INSTANCE/buffer_total_size_kb)"

requests 30000
before=$(settled)
made=$(count requests)
requests 1000000
# What is freed by RCU takes its time.
for ((i = 0; i < 30; i++)); do
	grown=$(($(settled) - before))
	[ $grown -gt 0 ] || break
	sleep 1
done
is "requests were served" $(($(count requests) - made)) 1000002
figure growth_kib "$grown"
tap_end
