#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A program crashes in the background, and nobody waits for it.
# fails: the kernels' logs are clean
. /lab/host/lib.sh

bash -c 'perl -e "unpack q(p), pack q(L!), 1" & wait' >/dev/null 2>&1
check "the kernel has logged it" poll_until 20 \
	eval 'dmesg | grep -q "segfault at"'
tap_end
