#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# with: REBUILT
# The other way: a kvm.ko that was rebuilt with a few trace_printk() in it.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

buffered_top()
{
	awk -v what="$1:" '$1 == what { sum += $2 } END { print sum }' \
		/sys/kernel/tracing/per_cpu/cpu*/stats
}

module_unload
measure rebuilt_before -1000 call "$OTHER" self
rmmod "kvm_$VENDOR" kvm
check "the rebuilt KVM loads" insmod /lab/rebuilt/kvm.ko || exit 1
check "and the vendor's part" insmod "/lab/rebuilt/kvm-$VENDOR.ko" || exit 1
measure rebuilt_other -1000 call "$OTHER" self
measure rebuilt 0 call "$HC_NR" self
# A kernel that has not traced yet has a buffer of a few lines only.
echo 1408 >/sys/kernel/tracing/buffer_size_kb
echo >/sys/kernel/tracing/trace
/lab/bin/bench calls 100 0
lines=$(buffered_top entries)
is "each call is five lines" "$lines" 500
figure rebuilt_bytes $(($(buffered_top bytes) / 100))
tail -n 5 /sys/kernel/tracing/trace | diag
tap_end
