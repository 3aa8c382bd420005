#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 900
# A request by how many vCPUs its VM has, and how many VMs the host has.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

check "the module loads" module_generous || exit 1
# The last vCPU: KVM looks first at the place that its id would have if ids had
# no gaps, then at all.
for nr in 2 4 8 16 32 64; do
	measure "vcpus_$nr" 0 lookup $nr 1
done
for nr in 2 4 8 16 32 64; do
	measure "vcpus_gaps_$nr" 0 lookup $nr 2
done
for nr in 1 2 4 8 16; do
	measure "vms_$nr" 0 vms $nr
done
tap_end
