#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The stack of a vCPU that runs is copied in an interrupt. A debugging kernel sees
# whether what is called there may be.
# needs: linux-guest
# debug
. /lab/host/lib.sh
. /lab/host/module.sh

GUEST_TIMEOUT=180

# copied - vCPU 1 ran in its kernel, and its stack is the module's copy
copied()
{
	vcpu-info stack --json --vcpu 1 lab >/tmp/stack &&
		jq -e '.state == "guest" and .mode == "kernel" and .exact' /tmp/stack
}

check "the module loads" module_load || exit 1
GUEST_APPEND=lab.nomod check "a guest boots" guest_start lab || exit 1
guest_run lab 'taskset 2 dd if=/dev/zero of=/dev/null bs=1M >/dev/null 2>&1 &'
check "a stack is copied while its vCPU runs" poll_until 180 eval 'copied >/dev/null'
diag "$(jq -c '[.frames[].symbol]' /tmp/stack)"
tap_end
