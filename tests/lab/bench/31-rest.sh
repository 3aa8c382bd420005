#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 900
# rows: bookworm-intel
# What the module costs where a vCPU comes to rest, on the vendor whose registers
# are read there: with somebody who listens, and with nobody. Bochs' TSC counts
# instructions.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

# rest SUFFIX - figures of the three ways to rest
rest()
{
	local case

	for case in enter halted halt; do
		figure "rest_$case$1" "$(/lab/bin/bench $case)"
	done
}

module_unload
rest _stock
check "the module loads" module_generous || exit 1
rest _listened
echo 0 >"$EVENT"
rest ""
echo 1 >"$EVENT"
parameter policy none
rest _none
parameter policy all
check "the module unloads" module_unload
tap_end
