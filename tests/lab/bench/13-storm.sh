#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 900
# A VM that does nothing but ask, beside one that only counts: how much of the
# one CPU is left for it. The yardstick is the same storm of hypercalls that
# nobody has, and no storm at all.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

MS=900

# storm_records NAME VCPUS - also figures NAME_records and NAME_lost, with a
# reader beside it
storm_records()
{
	local before reader

	before=$(records_made)
	clear_records
	cat $INSTANCE/trace_pipe >/dev/null &
	reader=$!
	storm "$1" "$HC_NR" "$2" 0 $MS
	figure "$1_records" $(($(records_made) - before))
	figure "$1_lost" "$(buffered overrun)"
	kill $reader
	wait $reader || true
}

module_unload
storm storm_none "$OTHER" 0 0 $MS
for nr in 1 2 4; do
	storm "storm_stock_$nr" "$OTHER" $nr 0 $MS
done
check "the module loads" module_load || exit 1
for nr in 1 2 4; do
	storm_records "storm_$nr" $nr
done
check "the module loads without limits" module_unlimited || exit 1
for nr in 1 2 4; do
	storm_records "storm_unlimited_$nr" $nr
done
tap_end
