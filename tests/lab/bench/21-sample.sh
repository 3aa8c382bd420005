#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# silence: 1800
# What the host takes from a vCPU that runs on another CPU when it asks for it. Time
# counts the instructions of both CPUs, so what the guest did not execute of them is
# more than it lost. What the copy of its stack takes is the time of that function,
# which the kernel's own tracer tells, in the interrupt of the vCPU's CPU.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

check "the module loads" module_generous || exit 1
payload_start "$COUNTING" taskset -c 1
check "a guest counts" poll_until 300 payload_counts
lost guest 2 sample
payload_stop

TRACING=/sys/kernel/tracing

# copy_time PAGES - the least time of one copy of so many pages of a stack
copy_time()
{
	echo vcpu_info_stack_copy >$TRACING/set_ftrace_filter
	echo function_graph >$TRACING/current_tracer
	/lab/bin/bench stack "$1" >/tmp/asked || return
	awk '/vcpu_info_stack_copy/ {
			for (i = 2; i <= NF; i++)
				if ($i == "us" && (!least || $(i - 1) < least))
					least = $(i - 1)
		} END { if (least) print least * 1000 }' $TRACING/trace
	echo nop >$TRACING/current_tracer
	echo >$TRACING/set_ftrace_filter
}

diag "asking, without a stack: $(/lab/bin/bench stack 0)"
for pages in 1 2 3 4; do
	figure "stack_copy_$pages" "$(copy_time $pages)"
	diag "asking, with $pages pages, traced: $(cat /tmp/asked)"
done
tap_end
