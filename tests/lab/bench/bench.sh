# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the measurements share.
. /lab/host/lib.sh
. /lab/host/module.sh

OTHER=0x564f5448	# a hypercall that nobody has
PARAMETERS=/sys/module/vcpu_info/parameters
INSTANCE=/sys/kernel/tracing/instances/vcpu_info
EVENT=$INSTANCE/events/vcpu_info/vcpu_info/enable

# figure NAME VALUE
figure()
{
	if [ -n "$2" ]; then
		echo "@bench $1 $2"
	else
		not_ok "$1 was measured"
	fi
}

# measure NAME RESULT CASE ARGUMENT... - the guest has to get that result
measure()
{
	local name=$1 want=$2 got ticks

	shift 2
	read -r got ticks < <(/lab/bin/bench "$@")
	is "$name: what the guest is told" "${got:-}" "$want"
	figure "$name" "${ticks:-}"
}

parameter()
{
	echo "$2" >"$PARAMETERS/$1"
}

# As strict as can be without ever refusing: limits are looked at.
module_generous()
{
	module_load vm_rate=1000000 vm_burst=1000000 host_rate=1000000
}

# storm NAME NR VCPUS CPU MS - figures NAME_counted and NAME_calls: what a VM on the
# first CPU counts while VCPUS of another one, on that CPU, make calls
storm()
{
	local counted calls

	read -r counted calls < <(/lab/bin/bench storm "$2" "$3" "$4" "$5")
	figure "$1_counted" "${counted:-}"
	figure "$1_calls" "${calls:-}"
}

# records_made - how many records the module says it has written
records_made()
{
	count records
}

# buffered WHAT - "entries", "bytes", "overrun" of the instance, over all CPUs
buffered()
{
	awk -v what="$1:" '$1 == what { sum += $2 } END { print sum }' \
		$INSTANCE/per_cpu/cpu*/stats
}
