#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 1800
# What the host takes from a vCPU that runs on another CPU when it asks for it. Time
# counts the instructions of both CPUs, so what the guest did not execute of them is
# more than it lost.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

check "the module loads" module_generous || exit 1
payload_start "$COUNTING" taskset -c 1
check "a guest counts" poll_until 300 payload_counts
lost guest 2 sample
payload_stop
tap_end
