#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 600
# What a hypercall costs a guest, by what becomes of it.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

call()
{
	measure "$1" "$2" call "$3" "$4"
}

module_unload
call stock -1000 "$OTHER" self
check "the module loads" module_generous || exit 1

call other -1000 "$OTHER" self
call self 0 "$HC_NR" self
call halted 0 "$HC_NR" halted
call never_run 0 "$HC_NR" never-run
call unknown -22 "$HC_NR" unknown
call probe 0 "$HC_NR" probe

parameter vm_rate 1
parameter vm_burst 1
call limited -11 "$HC_NR" self
parameter vm_rate 1000000
parameter vm_burst 1000000

parameter policy none
call refused -13 "$HC_NR" self
parameter policy all

clear_records
/lab/bin/bench calls 600 0
entries=$(buffered entries)
is "every request is a record" "$entries" 600
figure record_bytes $(($(buffered bytes) / entries))

echo 0 >"$EVENT"
call unlistened 0 "$HC_NR" self
call unlistened_halted 0 "$HC_NR" halted
check "the module unloads" module_unload
tap_end
