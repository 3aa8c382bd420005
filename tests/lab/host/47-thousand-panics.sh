#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1,000 VMs panic, one after the other, and have nothing left to ask for: no record is
# lost. (80-limits has fewer, except in make check-long.)
# asked
. /lab/host/hostile.sh

PANICS=1000

check "load with a burst" module_load vm_rate=1 vm_burst=5 host_rate=0
hostile panic --vms $PANICS
is "so many panicked" "$(told panics)" $PANICS
check "each has a record of both vCPUs" test "$(told records)" -ge $((2 * PANICS))
is "none is lost" "$(told lost)" 0
check "each had both of its reserve" test "$(count reserve)" -gt $PANICS
diag "reserve=$(count reserve) rate_limited=$(count rate_limited)"
quiet_log
tap_end
