#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 900
# A VM that does nothing but ask on one CPU, one that only counts on another.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

MS=500

module_unload
for nr in 0 1 2 4; do
	storm "apart_stock_$nr" "$OTHER" $nr 1 $MS
done
check "the module loads without limits" module_unlimited || exit 1
for nr in 1 2 4; do
	storm "apart_$nr" "$HC_NR" $nr 1 $MS
done
tap_end
