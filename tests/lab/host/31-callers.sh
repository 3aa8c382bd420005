#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Refusals that are told of together.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /lab/host/lib.sh
# shellcheck source-path=SCRIPTDIR source=module.sh
. /lab/host/module.sh

# told_of N - events account for so many refusals
told_of()
{
	[ "$(errors | sed 's/.*count=//' | awk '{ sum += $1 } END { print sum + 0 }')" \
		-ge "$1" ]
}

# ids - of each event, who asked for which vCPU, and how many it stands for
ids()
{
	local line

	errors | while read -r line; do
		echo "$(field caller_id "$line")>$(field vcpu_id "$line")x$(field count "$line")"
	done | xargs
}

check "load: nobody is served" module_load policy=none
clear_records
check "three vCPUs ask" /lab/bin/fleet callers 3
check "all refusals are told of" poll_until 60 told_of 3
is "the second event has the last caller and what it asked for" "$(ids)" \
	"0>1x1 2>3x2"

check "the module unloads" module_unload
