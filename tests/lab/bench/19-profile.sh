#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# with: PLUGIN
# silence: 900
# Calls between marks, for the plugin that counts instructions. The order is
# that of profile/breakdown.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

profile()
{
	check "profiled: $*" /lab/bin/bench profile "$@"
}

module_unload
profile "$OTHER" self
check "the module loads" module_generous || exit 1
profile "$OTHER" self
profile "$HC_NR" self
profile "$HC_NR" halted
profile "$HC_NR" unknown
parameter vm_rate 1
parameter vm_burst 1
profile "$HC_NR" self
parameter vm_rate 1000000
parameter vm_burst 1000000
echo 0 >"$EVENT"
profile "$HC_NR" self
cp /proc/kallsyms /lab/logs/kallsyms
tap_end
