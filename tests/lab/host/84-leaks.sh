#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nothing of the host or of another VM comes to a guest, nor into its records.
# hostile
# rows: trixie-amd
# silence: 7200
# rest
. /lab/host/hostile.sh

check "the module loads" module_unlimited
for mode in 64 32 16; do
	hostile regs --mode $mode --count "$(sized 200 1000 10000)"
done
hostile leak --count "$(sized 2000 10000 100000)"
check "the module unloads" module_unload
quiet_log
tap_end
