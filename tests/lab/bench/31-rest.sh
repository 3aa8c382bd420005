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

# hooked - how many of the functions are
hooked()
{
	grep -cE '^(kvm_vcpu_halt|vcpu_put|kvm_sched_out) ' \
		/sys/kernel/tracing/enabled_functions
}

# hooked_are N
hooked_are()
{
	[ "$(hooked)" -eq "$1" ]
}

module_unload
rest _stock
check "the module loads" module_generous || exit 1
is "what is to be read is hooked" "$(hooked)" 3
rest _listened
echo 0 >"$EVENT"
check "with nobody listening it is not, soon" poll_until 300 hooked_are 0
rest ""
echo 1 >"$EVENT"
check "with a listener it is again" poll_until 300 hooked_are 3
rest _again
parameter policy none
check "with policy=none it is not" poll_until 300 hooked_are 0
rest _none
parameter policy all
check "with another policy it is" poll_until 300 hooked_are 3
check "the module unloads" module_unload
tap_end
