#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the module costs where KVM runs vCPUs, halts them and puts them away,
# when nobody asks for anything.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

module_unload
enter=$(/lab/bin/bench enter)
halt=$(/lab/bin/bench halt)
check "the module loads" module_generous || exit 1
figure enter_stock "$enter"
figure enter "$(/lab/bin/bench enter)"
figure halt_stock "$halt"
figure halt "$(/lab/bin/bench halt)"
diag "hooked: $(cut -d' ' -f1 /sys/kernel/tracing/enabled_functions | xargs)"
tap_end
