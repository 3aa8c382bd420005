#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many VMs: those that are refused take nothing from those that are not.
# hostile
# silence: 600
. /lab/host/hostile.sh

check "load with the usual limit for a VM" module_load host_rate=0
check "VMs that the policy refuses leave room for those that it serves" \
	/lab/bin/fleet starve "$(sized 600 600 2000)"
is "none of these was refused for its rate" "$(count rate_limited)" 0
like "who is refused is told of by name" "$(errors reason=policy)" \
	'vm_pid=[1-9][0-9]* vm_fd=[0-9]+ caller_id=0'
check "the module unloads" module_unload
quiet_log
tap_end
