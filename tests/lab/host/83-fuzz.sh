#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random hypercalls in all modes from several VMs at once, random ioctls on the
# guest's device, and module parameters of every kind.
# needs: linux-guest
# hostile
# silence: 14400
. /lab/host/hostile.sh

instance=/sys/kernel/tracing/instances/vcpu_info
params=/sys/module/vcpu_info/parameters

check "the module loads" module_unlimited

# A quarter of the calls in each of four processes
count=$(sized 400 50000 1000000)
for run in 64 64 32 16; do
	n=$((${n:-0} + 1))
	/lab/bin/hostile fuzz --mode $run --count $(((count + 3) / 4)) --seed \
		$((RANDOM * 32768 + RANDOM + n)) >/tmp/fuzz.$n 2>&1 &
done
wait
calls=0
for n in 1 2 3 4; do
	tap_relay "" cat /tmp/fuzz.$n
	calls=$((calls + $(sed -nE 's/.*fuzz calls=([0-9]+).*/\1/p' /tmp/fuzz.$n)))
done
check "all calls were made ($calls)" test $calls -ge "$count"
served "after random calls"

# The device of the guest's module, from eight threads

count=$(sized 1000 10000 125000)
check "a guest boots" guest_start lab &&
	GUEST_TIMEOUT=7200 guest_run lab \
		"/bin/ioctls 8 $count $((RANDOM + 1))" >/tmp/ioctls.out
is "random ioctls: the program ends well" $? 0
tap_relay "" cat /tmp/ioctls.out
like "all of them were made" "$(cat /tmp/ioctls.out)" "^ok .*\\($((8 * count))\\)"
check "the guest's device works as before" guest_run lab vcpu-info-guest trigger
check "the guest's modules unload" guest_run lab rmmod vcpu_info_guest
guest_stop lab

# Parameters: what is taken is in range, what is not leaves the old value

values=("" 0 1 -1 4294967295 4294967296 18446744073709551616 1000000 1000001
	0x10 010 1e3 " 5" "5 " "5x" nan all none pid: pid:1 "pid:1,pid:1"
	"pid:$$" "pid:1 pid:2" +pid:1 -pid:1 +pid: "all,-pid:1"
	"none,+pid:1" "all,pid:1" -all "+pid:1,-pid:1" "$(printf 'x%.0s' {1..3000})" $'\n' "a b"
	'%s%n' $'\xff\xfe' "../../etc/passwd")
in_range()
{
	local value

	value=$(cat "$params/$1")
	case $1 in
	policy) [[ $value =~ ^(none|all(,-pid:[0-9]+)*|pid:[0-9]+(,pid:[0-9]+)*)$ ]] ;;
	vm_burst) [ "$value" -ge 1 ] && [ "$value" -le 1000000 ] ;;
	vm_rate | host_rate) [ "$value" -ge 0 ] && [ "$value" -le 1000000 ] ;;
	esac
}
bad=
for name in policy vm_rate vm_burst host_rate; do
	for value in "${values[@]}"; do
		before=$(cat $params/$name)
		printf '%s' "$value" 2>/dev/null >$params/$name ||
			[ "$(cat $params/$name)" = "$before" ] ||
			bad+=" $name"
		in_range $name || bad+=" $name='$value'"
	done
done
is "run time: what is refused changes nothing, what is taken is in range" \
	"$bad" ""
for name in hypercall_nr buffer_kb; do
	check "$name cannot be changed at run time" \
		eval "! echo 4096 2>/dev/null >$params/$name &&
			! grep -qx 4096 $params/$name && [ -s $params/$name ]"
done
check "the module unloads" module_unload

loaded=0 refused=0
for name in policy vm_rate vm_burst host_rate hypercall_nr buffer_kb unknown; do
	for value in "${values[@]::$(sized 4 8 40)}"; do
		# A buffer of 1 GB for each CPU is in range and not here.
		[ "$name=$value" != buffer_kb=1000000 ] || continue
		if modprobe vcpu_info "$name=$value" 2>/dev/null; then
			loaded=$((loaded + 1))
			[ "$(cat /sys/kernel/vcpu_info/hook)" = active ] ||
				not_ok "load with $name=$value"
			module_unload
		else
			refused=$((refused + 1))
		fi
		[ ! -e /sys/module/vcpu_info ] || not_ok "$name=$value stays"
	done
done
check "load time: some values are taken ($loaded)" test $loaded -gt 0
check "load time: some are refused ($refused)" test $refused -gt 0
is "no hook is left" "$(hooks)" ""
check "no instance is left" test ! -e $instance
# A Linux guest tries MSRs that KVM does not know.
quiet_log 'kvm \[[0-9]+\]: vcpu[0-9]+, guest rIP: .* Unhandled (RD|WR)MSR'
tap_end
