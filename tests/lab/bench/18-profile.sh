#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# asked
# silence: 3600
# What a profile costs the host, counted in instructions: its CPU time and its readers', by
# how many vCPUs and VMs there are that are in their kernels all the time.
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
	long=$(cpu_ns 4s)
	diag "$1: 1 s: $short; 4 s: $long (ns, rounds, samples, reused)"
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

check "the module loads" module_generous || exit 1
HZ=99
guest_start first -smp 1
cost profile_idle
guest_stop first
busy first 1
cost profile_1_vm
busy second 1
cost profile_2_vms
HZ=33
busy third 1
cost profile_3_vms
guest_stop first
guest_stop second
guest_stop third
for nr in 2 4; do
	HZ=$((50 / nr))
	busy many $nr
	cost profile_${nr}_vcpus
	guest_stop many
done
tap_end
