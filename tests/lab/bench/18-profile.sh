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

# cpu_ns SECONDS - CPU time of a profile, its children's included; how many rounds, samples
# and those of vCPUs that had not moved
cpu_ns()
{
	python3 - vcpu-info profile --frequency "$HZ" --duration "$1" --output /tmp/cost.json \
		<<-'END' 2>/tmp/notes
		import json, resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		profile = json.loads(open("/tmp/cost.json").readline())
		print(round((used.ru_utime + used.ru_stime) * 1e9), profile["rounds"],
		      profile["samples"], profile["reused"])
	END
}

# cost NAME - of one more round
cost()
{
	local short long

	short=$(cpu_ns 1s)
	long=$(cpu_ns 3s)
	diag "$1: 1 s: $short; 3 s: $long (ns, rounds, samples, reused)"
	diag </tmp/notes
	awk -v a="$short" -v b="$long" 'BEGIN {
		split(a, from); split(b, to)
		exit !(to[2] > from[2] + 10)
		}' || {
		not_ok "$1: rounds enough"
		return
	}
	figure "$1" "$(awk -v a="$short" -v b="$long" 'BEGIN {
		split(a, from); split(b, to)
		printf "%.0f", (to[1] - from[1]) / (to[2] - from[2]) }')"
	figure "$1_looks" "$(awk -v a="$short" -v b="$long" 'BEGIN {
		split(a, from); split(b, to)
		printf "%.2f", (to[3] - to[4] - from[3] + from[4]) / (to[2] - from[2]) }')"
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
taken()
{
	[ "$(count samples)" -ge $((start + 9)) ]
}

check "the module loads" module_generous || exit 1
HZ=99
check "a guest boots" guest_start first -smp 1 || exit 1
VCPU=$(guest_threads first | cut -d ' ' -f 3)
cost profile_idle
guest_loop loop_alone
alone=$THREAD alone_time=$WALL
start=$(count samples)
vcpu-info profile --frequency $HZ --duration 1h --output /tmp/loop.json first 2>/dev/null &
profile=$!
check "it samples" poll_until 60 taken
guest_loop loop_profiled
kill -TERM $profile
wait $profile
check "it was sampled in its user mode" \
	jq -se '[.[] | select(.type == "profile_vcpu")][0].user_ns > 5e8' /tmp/loop.json
less "what the guest loses" "$THREAD" "$alone" 1
less "the same with all that the profile takes of the only CPU" "$WALL" "$alone_time" 10
guest_stop first
busy first 1
cost profile_1_vm
busy second 1
cost profile_2_vms
guest_stop first
guest_stop second
# so seldom that each has run since the last time
HZ=33
busy many 4
cost profile_4_vcpus
guest_stop many
tap_end
