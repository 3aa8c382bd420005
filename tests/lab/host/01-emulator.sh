#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The emulator: guests with two CPUs come up and power off, time after time, in a
# host without our module. One that QEMU delivers an interrupt to twice hangs.
# needs: linux-guest
# asked
. /lab/host/lib.sh
. /lab/host/module.sh

check "the host runs without vcpu_info" module_unload
for i in 1 2 3 4 5; do
	check "guest $i boots" guest_start lab || exit 1
	is "guest $i has two CPUs" "$(guest_run lab nproc)" 2
	guest_stop lab
	check "guest $i ends" guest_dead lab
done
tap_end
