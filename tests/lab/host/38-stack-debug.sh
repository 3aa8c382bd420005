#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The stack of a vCPU that runs is copied in an interrupt. A debugging kernel sees
# whether what is called there may be.
# needs: linux-guest
# debug
. /lab/host/lib.sh
. /lab/host/module.sh

GUEST_TIMEOUT=180

check "the module loads" module_load || exit 1
GUEST_APPEND=lab.nomod check "a guest boots" guest_start lab || exit 1
guest_run lab 'taskset 2 dd if=/dev/zero of=/dev/null bs=1M >/dev/null 2>&1 &'
# One command for all: each would first look for the guest's kernel.
vcpu-info stack --json --vcpu 1 --count 1000000 --interval 10ms lab >/tmp/stacks &
stack=$!
tail -n +1 -f --pid="$stack" /tmp/stacks |
	grep -m 1 --line-buffered '"state":"guest".*"mode":"kernel","exact":true' >/tmp/copied &
# Its vCPU ran in its kernel, and its stack is the module's copy.
check "a stack is copied while its vCPU runs" poll_until 180 test -s /tmp/copied
kill "$stack"
wait "$stack"
diag "$(jq -c '[.frames[].symbol]' /tmp/copied)" "of $(wc -l </tmp/stacks) stacks:"
jq -r '"\(.state) \(.mode) \(.exact)"' /tmp/stacks | sort | uniq -c | diag
tap_end
