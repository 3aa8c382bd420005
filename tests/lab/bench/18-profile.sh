#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# asked
# silence: 3600
# What a profile costs, counted in instructions: the host, as its CPU time and its readers',
# by how many vCPUs and VMs there are that are in their kernels all the time; and a guest, as
# the CPU time that its vCPU's thread takes for a loop. There is one CPU, so that vCPUs are
# preempted when they are sampled: one that runs on another CPU pays for an interrupt (see
# 21-sample.sh), and its stack is copied in it.
# shellcheck source-path=SCRIPTDIR source=bench.sh
. /lab/bench/bench.sh

# profile_ns - CPU time so far of the profile and its readers
profile_ns()
{
	local pid

	for pid in "$profile" $(cat "/proc/$profile/task/$profile/children"); do
		cut -d ' ' -f 1 "/proc/$pid/schedstat"
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# begin VM... - a profile of them, once its clock has started; end ends it
begin()
{
	local start

	start=$(count samples)
	vcpu-info profile --frequency "$HZ" --duration 1h --output /tmp/cost.json "$@" \
		2>/tmp/notes &
	profile=$!
	check "it samples" poll_until 60 taken $((start + 20))
}
end()
{
	kill -TERM "$profile"
	wait "$profile"
	is "it ends" $? 0
	head -n 1 /tmp/cost.json | diag
}
taken()
{
	[ "$(count samples)" -ge "$1" ]
}

# cost NAME VM... - of a round, by the CPU time of two seconds; and how many stacks are read
# in one
cost()
{
	local name=$1 from since to until

	shift
	begin "$@"
	since=$(date +%s%N)
	from=$(profile_ns)
	sleep 2
	to=$(profile_ns)
	until=$(date +%s%N)
	end
	figure "$name" "$(awk -v cpu=$((to - from)) -v ns=$((until - since)) -v hz="$HZ" \
		'BEGIN { printf "%.0f", cpu / (ns / 1e9 * hz) }')"
	figure "${name}_looks" "$(jq -s '.[0] | (.samples - .reused) / .rounds' /tmp/cost.json)"
}

# busy NAME VCPUS - a guest whose vCPUs are in the kernel all the time
busy()
{
	check "guest $1 of $2 vCPUs boots" guest_start "$1" -smp "$2" || exit 1
	guest_run "$1" "for i in \$(seq $2); do
		dd if=/dev/zero of=/dev/null bs=64k >/dev/null 2>&1 & done"
}

# run_ns - the CPU time of the vCPU's thread
run_ns()
{
	cut -d ' ' -f 1 "/proc/$(guest_pid first)/task/$VCPU/schedstat"
}

# guest_loop FIGURE - a loop in the guest; the figures are what it takes of the thread's
# CPU time, and of time
guest_loop()
{
	local before after took

	before=$(run_ns)
	took=$(guest_run first "busy loop 500000000")
	after=$(run_ns)
	THREAD=$((after - before)) WALL=$took
	figure "$1_thread" $THREAD
	figure "$1_time" "$WALL"
}

# less NAME VALUE OF PERCENT - whether a value is more than another by less than so much
less()
{
	check "$1: $(awk -v a="$3" -v b="$2" 'BEGIN { printf "%.3f", (b / a - 1) * 100 }') %, less than $4 %" \
		awk -v a="$3" -v b="$2" -v max="$4" \
		'BEGIN { exit !(a > 0 && b > 0 && (b / a - 1) * 100 < max) }'
}
check "the module loads" module_generous || exit 1
HZ=99
check "a guest boots" guest_start first -smp 1 || exit 1
VCPU=$(guest_threads first | cut -d ' ' -f 3)
cost profile_idle first
guest_loop loop_alone
alone=$THREAD alone_time=$WALL
begin first
guest_loop loop_profiled
end
check "it was sampled in its user mode" \
	jq -se '[.[] | select(.type == "profile_vcpu")][0].user_ns > 5e8' /tmp/cost.json
less "what the guest loses" "$THREAD" "$alone" 1
less "the same with all that the profile takes of the only CPU" "$WALL" "$alone_time" 10
guest_stop first
busy first 1
cost profile_1_vm first
busy second 1
cost profile_2_vms first second
guest_stop first
guest_stop second
# so seldom that each has run since the last time
HZ=33
busy many 4
cost profile_4_vcpus many
guest_stop many
tap_end
