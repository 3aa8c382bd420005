#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 900
# Asking for a vCPU that runs on another CPU, against an IPI to that CPU by
# itself, in the same run. Times are real ones on an AMD row: only the ratio says
# something.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

IPI=/sys/kernel/debug/bench_ipi

check "the module loads" module_generous || exit 1
check "the measuring module loads" insmod /lab/modules/bench_ipi.ko || exit 1
made=$(records_made)
read -r stock request plain < <(/lab/bin/bench ipi $IPI)
made=$(($(records_made) - made))
check "every request is a record ($made)" test "$made" -ge 4500
in_guest=$(records 'vcpu_id=1 ' | tail -n 200 | grep -c state=guest)
check "most are of a vCPU in guest mode ($in_guest of 200)" \
	test "$in_guest" -ge 150
figure ipi_attempts "$(records 'vcpu_id=1 ' | tail -n 200 |
	sed -E 's/.* attempts=([0-9]+) .*/\1/' |
	awk '{ sum += $1 } END { printf "%.2f", sum / NR }')"
figure ipi_stock "${stock:-}"
figure ipi_request "${request:-}"
figure ipi_plain "${plain:-}"
figure ipi_ratio "$(awk -v a="$request" -v b="$stock" -v c="$plain" \
	'BEGIN { printf "%.2f", (a - b) / c }')"
rmmod bench_ipi
tap_end
