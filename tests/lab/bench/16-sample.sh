#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 1800
# What it costs when the host asks: the host by state and by how many vCPUs; and
# what it takes from a guest of QEMU, beside QEMU's own "info registers".
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

check "the module loads" module_generous || exit 1
for state in halted user never-run preempted counts; do
	figure "sample_${state//-/_}" "$(/lab/bin/bench sample $state)"
done
for nr in 1 2 4 8 16 32 64; do
	figure "samples_$nr" "$(/lab/bin/bench samples $nr)"
done
payload_start "$COUNTING"
check "a guest counts" poll_until 300 payload_counts
lost running 3 sample registers
payload_stop
payload_start "$HALTING"
check "a guest halts" poll_until 300 payload_is halted
lost halted 3 sample registers
payload_stop
tap_end
