#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Each limit, exceeded; and what a storm leaves to others.
# hostile
# rows: trixie-amd
# rest
. /lab/host/hostile.sh

instance=/sys/kernel/tracing/instances/vcpu_info
params=/sys/module/vcpu_info/parameters

# at_most WHAT NUMBER BURST RATE - no more than a bucket of that kind gives
at_most()
{
	local most=$(($3 + $4 * ($(told ms) + 1000) / 1000 + 1))

	check "$1: $2 were served, $most at the most" test "$2" -le $most
}

# refusals_told - the events account for every refusal so far
refusals_told()
{
	[ "$(errors reason=rate-limit | sed 's/.*count=//' |
		awk '{ sum += $1 } END { print sum + 0 }')" = \
		"$(count rate_limited)" ]
}

# One VM: a burst, and then its rate

check "load with a small burst" module_load vm_rate=1 vm_burst=5 host_rate=0
hostile ask --count "$(sized 100 400 2000)"
check "vm_burst: it is given" test "$(told served)" -ge 5
at_most "vm_burst" "$(told served)" 5 1
check "vm_burst: the rest is refused" test "$(told refused)" -gt 0
check "each refusal is told of" poll_until 60 refusals_told
seconds=$(errors reason=rate-limit | sed -nE 's/.* ([0-9]+)\.[0-9]+: vcpu_info_error.*/\1/p' |
	awk 'NR == 1 { first = $1 } { last = $1 } END { print last - first }')
check "in one event a second at the most" \
	test "$(errors reason=rate-limit | wc -l)" -le $((seconds + 2))

check "load with a rate" module_load vm_rate=50 vm_burst=1 host_rate=0
hostile ask --count "$(sized 100 400 2000)" --ms 1000
check "vm_rate: tokens come back" test "$(told served)" -ge 2
at_most "vm_rate" "$(told served)" 1 50
check "vm_rate: the rest is refused" test "$(told refused)" -gt 0

# All VMs together

check "load with a limit for the host" module_load vm_rate=0 host_rate=20
hostile ask --vms 4 --count "$(sized 100 200 1000)"
check "host_rate: a second's worth is given" test "$(told served)" -ge 20
at_most "host_rate" "$(told served)" 20 20
check "host_rate: the rest is refused" test "$(told refused)" -gt 0

# Many VMs, and each is held to its limit

if [ "${SIZE:-check}" != check ] && [ "$VENDOR" = amd ]; then
	check "load for many VMs" module_load vm_rate=1 vm_burst=10 host_rate=0
	hostile ask --vms 600 --count 48
	at_most "600 VMs" "$(told most)" 10 1
	check "600 VMs: each of them has its burst" \
		test "$(told least)" -ge 10
	is "600 VMs: each is told of by name" "$(errors 'vm_pid=0 ')" ""
fi

# VMs panic that have no budget left: each has a reserve, once

check "load with a burst" module_load vm_rate=1 vm_burst=5 host_rate=0
nr=$(sized 20 200 1000)
hostile panic --vms "$nr"
is "so many panicked" "$(told panics)" "$nr"
check "each has a record of both vCPUs" test "$(told records)" -ge $((2 * nr))
is "none is lost" "$(told lost)" 0
check "nearly all are of the reserve" test "$(count reserve)" -gt "$nr"
check "load with a limit for the host" module_load vm_rate=0 host_rate=1
hostile panic --vms 3
check "so is heard who panics when others have asked too often" \
	test "$(told records)" -ge 6
check "of the reserve again" test "$(count reserve)" -gt 3

# More VMs than there are slots, which the test's build has 64 of: who finds none is
# refused, told of without a name, and served when others are idle again

module_unload
check "load with few slots" insmod /lab/modules/vcpu_info.ko vm_rate=1 \
	vm_burst=100 host_rate=0
hostile ask --vms 200 --count 16
check "VMs that find a slot are served" test "$(told served)" -gt 0
check "those that find none are refused" test "$(told refused)" -gt 0
check "all refusals are told of" poll_until 60 refusals_told
like "without a name" "$(errors 'vm_pid=0 ')" 'reason=rate-limit'
is "and none is of a VM that had one" "$(errors reason=rate-limit |
	grep -vc 'vm_pid=0 ')" 0

# is_served - a VM that comes now finds a slot, in each of its four rounds
is_served()
{
	/lab/bin/hostile ask --count 4 | grep -qw 'served=4 refused=0'
}
check "a VM that comes later is served" poll_until 120 is_served

# One VM storms, another is served. At the usual rates an emulated host may take longer
# to read a record than to make another one, and its reader never comes to an end.

check "load with the usual burst and a small rate" module_load vm_rate=5
echo "lab: mark" >/sys/kernel/tracing/trace_marker
storm_start --vms 2
check "the storm is limited" poll_until 60 more_than rate_limited 0
nr=$(sized 150 150 150)
hostile victim --count "$nr"
is "none of its records is lost" "$(told lost)" 0
is "it has one for each request" "$(told recorded)" "$nr"

# The policy changes under the storm

for ((i = 0; i < $(sized 20 100 1000); i++)); do
	for policy in none "pid:$STORM" "pid:$$,pid:1" all; do
		echo "$policy" >$params/policy || not_ok "policy $policy"
	done
done
echo none >$params/policy
check "policy none: the storm is refused" goes_on policy
before=$(count records)
echo "pid:$STORM" >$params/policy
echo 0 >$params/vm_rate
check "policy $STORM: it is served" poll_until 60 more_than records "$before"
echo all >$params/policy

# Without any limit it fills its instance, and nothing else

echo 0 >$params/host_rate
before=$(count records)
check "unlimited, more records than there is room for" poll_until 120 \
	more_than records $((before + $(sized 6000 6000 60000)))
check "the instance keeps its size" test "$(cat $instance/buffer_size_kb)" -lt 520
check "the top-level buffer has what it had" \
	grep -q "lab: mark" /sys/kernel/tracing/trace
is "and nothing of ours" \
	"$(grep -c vcpu_info: /sys/kernel/tracing/trace)" 0
storm_pid=$STORM
storm_stop
is "who is gone is on no list" \
	"$(echo "pid:$storm_pid" 2>/dev/null >$params/policy; cat $params/policy)" all
check "the module unloads" module_unload
quiet_log
tap_end
