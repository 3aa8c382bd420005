#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a guest must not get, what it is told, and what must stay as it was.
# needs: linux-guest
# guest: shared
# rows: bookworm-amd bookworm-bpo-amd trixie-bpo-amd sid-amd experimental-amd debug61-amd debug72-amd
# silence: 600
# rest: trixie-bpo-amd
. /lab/host/lib.sh
. /lab/host/module.sh

params=/sys/module/vcpu_info/parameters

module_unload
check "the shared guest is there" guest_share || exit 1
check "hc_test loads in the guest" guest_run lab insmod /lab/hc_test.ko
check "the guest's module loads on a host without vcpu_info" guest_run lab \
	'rmmod vcpu_info_guest && modprobe vcpu_info_guest'

# all_numbers - what every upstream number and some unknown ones answer
all_numbers()
{
	local nr

	# 9 and 12 need more than numbers; they get arguments that do nothing.
	for nr in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 99 4096 0x56435054 \
		0x56435057 0x56430000 0xffffffff 0x156435055 0x156435056; do
		echo "$nr $(hypercall lab "$nr" 0 0 0 0)"
	done
}

guest_run lab vcpu-info-guest trigger >/dev/null 2>&1
is "without the module: exit status 4" $? 4
without=$(all_numbers)
is "without the module every number is answered" \
	"$(grep -c ' rax=0x' <<<"$without")" 22
for nr in $HC_NR $((HC_NR + 1)); do
	like "without the module our number $nr is unknown" \
		"$(hypercall lab "$nr" 0)" 'rax=0xfffffffffffffc18 changed=none'
done

check "the module loads under a running guest" module_load
clear_records
is "every other number answers as before" "$(all_numbers)" "$without"
diag "$without"
is "and leaves no event" "$(records; errors)" ""
guest_run lab vcpu-info-guest trigger >/dev/null 2>&1
is "with the module: 0" $? 0
module_unload
guest_run lab vcpu-info-guest trigger >/dev/null 2>&1
is "after unloading: 4 again" $? 4
is "and the result is -ENOSYS" \
	"$(guest_run lab vcpu-info-guest trigger --json 2>/dev/null |
		jq -r .result | sort -u)" "$((-38))"
module_load
guest_run lab vcpu-info-guest trigger >/dev/null 2>&1
is "loaded again: 0" $? 0

# Unknown ids

for id in -1 999 2147483647; do
	clear_records
	before=$(count unknown_id)
	json=$(guest_run lab "vcpu-info-guest trigger --json --vcpu-id $id" \
		2>/dev/null)
	is "vcpu_id $id: exit status 7" $? 7
	is "vcpu_id $id: -EINVAL" "$(jq -r .result <<<"$json")" "$((-22))"
	check "vcpu_id $id: the host has the error event" \
		poll_until 10 grep -qE \
		"vcpu_info_error: .* vcpu_id=$id reason=unknown-id result=-22 count=1" \
		"$TRACE"
	is "vcpu_id $id: counted once" "$(count unknown_id)" $((before + 1))
	is "vcpu_id $id: no record" "$(records)" ""
done
like "-1 as 64 bits" "$(hypercall lab "$HC_NR" -1)" \
	'rax=0xffffffffffffffea changed=none'
# It may be told of up to a second later, and must not surprise what follows.
check "-1 as 64 bits: the host has the error event" \
	poll_until 10 grep -q "vcpu_info_error: .* vcpu_id=-1 " "$TRACE"
like "only the low half of RBX counts" \
	"$(hypercall lab "$HC_NR" 0x500000001)" 'rax=0x0 changed=none'

# The probe

clear_records
check "status answers" guest_run lab vcpu-info-guest status
is "a probe leaves no event" "$(records; errors)" ""
check "it is counted" test "$(count probes)" -gt 0

# The number that says why

clear_records
like "a reason and a cookie: served" \
	"$(hypercall lab $((HC_NR + 1)) 1 0x500000002 0x123456789abcdef0)" \
	'rax=0x0 changed=none'
like "the record has them, of the reason the low half" "$(records)" \
	' vcpu_id=1 .* reason=panic cookie=0x123456789abcdef0$'
clear_records
like "a reason that nobody knows: served" \
	"$(hypercall lab $((HC_NR + 1)) 0 77 -1)" 'rax=0x0 changed=none'
like "and recorded as it is" "$(records)" \
	' vcpu_id=0 .* reason=0x4d cookie=0xffffffffffffffff$'
clear_records
hypercall lab "$HC_NR" 0 2 3 >/dev/null
like "the first number has no reason, whatever the registers hold" "$(records)" \
	' vcpu_id=0 .* reason=none cookie=0x0$'
hypercall lab $((HC_NR + 1)) 998 3 4 >/dev/null
check "a refusal has them, too" poll_until 10 grep -qE \
	"vcpu_info_error: .* vcpu_id=998 reason=unknown-id .* request_reason=oops cookie=0x4$" \
	"$TRACE"
check "a mark" guest_run lab vcpu-info-guest mark 0xfeed
like "is a record of the vCPU that sets it" "$(records cookie=0xfeed)" \
	' state=self .* reason=mark cookie=0xfeed$'

# CPL 3

clear_records
requests=$(count requests)
out=$(guest_run lab /bin/cpl3)
is "from user space: -EPERM" $? 0
diag "$out"
is "and no event" "$(records; errors)" ""
is "not even a request" "$(count requests)" "$requests"

# Policy

echo none >$params/policy
clear_records
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy none: exit status 5" $? 5
like "the host has the refusal" "$(errors)" \
	'reason=policy result=-13 count=1'
is "and no record" "$(records)" ""
check "status says so" grep -q "vcpu-info policy all" <(vcpu-info status)
like "policy lab: the guest by its name" "$(vcpu-info policy lab)" \
	"^  $(guest_pid lab) lab\$"
is "it is its PID" "$(cat $params/policy)" "pid:$(guest_pid lab)"
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy lab: 0" $? 0
sleep 1000 &
other=$!
check "policy: another process" eval 'echo "pid:$other" >$params/policy'
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy of another: exit status 5" $? 5
check "policy: both" eval 'echo "pid:$other,pid:$(guest_pid lab)" >$params/policy'
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy of both: 0" $? 0
kill $other
wait $other 2>/dev/null
is "who has ended is not on the list" "$(cat $params/policy)" \
	"pid:$(guest_pid lab)"
like "policy none" "$(vcpu-info policy none)" '^none'
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy none again: exit status 5" $? 5
like "policy all" "$(vcpu-info policy all)" '^all'
guest_run lab vcpu-info-guest trigger --vcpu-id 0 >/dev/null 2>&1
is "policy all: 0" $? 0

# Limits

echo 1 >$params/vm_rate
echo 5 >$params/vm_burst
clear_records
# One call of the program makes all requests well within a second.
json=$(guest_run lab 'vcpu-info-guest trigger --json --vcpu-id 0 --count 40 --interval 0' \
	2>/dev/null)
is "over the limit: exit status 6" $? 6
passed=$(jq -r .result <<<"$json" | grep -c '^0$')
limited=$(jq -r .result <<<"$json" | grep -c '^-11$')
is "every request was answered" $((passed + limited)) 40
check "a burst passes ($passed)" test "$passed" -ge 5
check "the rest is refused ($limited)" test "$limited" -gt 0
is "one record for each that passed" "$(records | wc -l)" "$passed"
# all_told - the events account for every refusal
all_told()
{
	[ "$(errors reason=rate-limit | sed 's/.*count=//' |
		awk '{ sum += $1 } END { print sum + 0 }')" = "$limited" ]
}
check "events account for the refusals" poll_until 30 all_told
check "in fewer events than refusals" \
	test "$(errors reason=rate-limit | wc -l)" -lt "$limited"
echo 100 >$params/vm_rate
echo 200 >$params/vm_burst

# Another number

check "another number can be had" module_load hypercall_nr=0x12345678
like "it is served" "$(hypercall lab 0x12345678 0)" 'rax=0x0 changed=none'
like "the usual one is not" "$(hypercall lab "$HC_NR" 0)" \
	'rax=0xfffffffffffffc18 changed=none'
check "the guest's module takes another number" guest_run lab \
	'rmmod vcpu_info_guest && modprobe vcpu_info_guest hypercall_nr=0x12345678'
check "and works" guest_run lab vcpu-info-guest trigger
check "the guest's module unloads" guest_run lab 'rmmod vcpu_info_guest'
out=$(guest_run lab 'modprobe vcpu_info_guest hypercall_nr=11' 2>&1)
is "the guest's module refuses 11: modprobe fails" $? 1
like "with what the kernel said" "$out" 'Invalid argument'
like "and the guest's log says why" "$(guest_run lab 'dmesg | tail -n 20')" \
	'vcpu_info_guest: hypercall_nr=11 refused: numbers below 4096 belong to KVM'
out=$(guest_run lab 'modprobe vcpu_info_guest hypercall_nr=0xfffffc18' 2>&1)
is "the guest's module refuses an error code: modprobe fails" $? 1
like "with what the kernel says of it" "$out" 'Invalid argument'
check "it takes another number again" guest_run lab \
	'modprobe vcpu_info_guest hypercall_nr=0x12345678'
check "and the guest is served" guest_run lab vcpu-info-guest trigger
check "the usual number again, for the tests that follow" guest_run lab \
	'rmmod vcpu_info_guest && modprobe vcpu_info_guest'
check "hc_test unloads" guest_run lab rmmod hc_test
tap_end
