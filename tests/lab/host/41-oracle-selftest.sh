#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who checks the oracle: a module that falsifies what it records, one thing at a
# time, and an oracle that has to notice it in each state.
# rows: trixie-amd
# silence: 1800
# rest
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /lab/host/lib.sh
# shellcheck source-path=SCRIPTDIR source=module.sh
. /lab/host/module.sh

test_module=/lab/modules/vcpu_info.ko
params=/sys/module/vcpu_info/parameters
flip=$params/test_flip
out=/tmp/oracle.out

IDS=(vcpu_id pid ns_pid ns_level valid attempts state vm_fd caller_id reason
	cookie)
COUNTS=(exits io_exits mmio_exits halt_exits irq_exits irq_window_exits
	signal_exits hypercalls)
others=("${IDS[@]}" "${COUNTS[@]}")
NR_REGS=22

# refused FLIP
refused()
{
	! echo "$1" 2>/dev/null >$flip && [ "$(cat $flip)" = -1 ]
}

# run_oracle FLIP ARGUMENT... - its exit status, with that falsified
run_oracle()
{
	local status

	echo "$1" >$flip || return 3
	shift
	/lab/bin/oracle "$@" >$out 2>&1
	status=$?
	echo -1 >$flip
	return $status
}

# noticed FLIP ARGUMENT... - the oracle finds records that are wrong, or of vCPUs
# and VMs that are not there
noticed()
{
	run_oracle "$@"
	[ $? -eq 1 ] &&
		grep -qE '^not ok [0-9]+ - .*: [0-9]+ snapshots, none wrong$' $out &&
		grep -qE '^# (wrong: |caller [0-9]+ asked for vCPU |a request was accepted, but not recorded)' $out
}

# missed FLIP ARGUMENT... - the oracle finds that too few registers are valid,
# and nothing else
missed()
{
	run_oracle "$@"
	[ $? -eq 1 ] && ! grep -q '^# wrong: ' $out &&
		grep -qE '^not ok [0-9]+ - .*: [0-9]+% have all registers of ' $out
}

# verdict WHAT FUNCTION FLIP ARGUMENT... - all of a state's falsifications that the
# oracle does not notice go to unnoticed
verdict()
{
	tried=$((tried + 1))
	"$@" && return
	unnoticed+=" $2"
	diag "not noticed: $*"
	diag <$out
}

# bits MASK - the numbers of the bits that are set
bits()
{
	local i

	for ((i = 0; i < NR_REGS; i++)); do
		[ $(($1 >> i & 1)) -eq 0 ] || echo $i
	done
}

# try_state NAME MODE REGS FLIP... - each of these, and in turn one of the
# registers REGS that the state's records must have, and one of the counts or of
# what else is in a record
try_state()
{
	local name=$1 mode=$2 regs what args tried=0 unnoticed=

	mapfile -t regs < <(bits "$3")
	shift 3
	args=(--state "$name" --mode "$mode")
	# Where states come as they do few records may have all registers.
	case $name in
	exits | waking | pair | storm | set-regs | *preempted* | nested-exits)
		args+=(--count 40) ;;
	*) args+=(--count 3) ;;
	esac
	for what in "$@" "${others[turn % ${#others[@]}]}" \
		${regs[0]:+"${regs[turn * 5 % ${#regs[@]}]}"}; do
		verdict noticed "$what" "${args[@]}"
	done
	[ ${#regs[@]} -eq 0 ] || verdict missed mostly-invalid "${args[@]}"
	turn=$((turn + 1))
	flips=$((flips + tried))
	is "$name-$mode: what is falsified is noticed ($tried things)" \
		"$unnoticed" ""
}

module_load
check "the module as it is installed loads" test -d $params
is "it falsifies nothing" "$(cd $params && echo test_*)" 'test_*'
module_unload
check "a module that can falsify records loads" \
	insmod $test_module vm_rate=0 host_rate=0 || exit 1
is "it does not do so until it is told" "$(cat $flip)" -1
for bad in 22 -2 rip2 ''; do
	check "'$bad' is no register" refused "$bad"
done
# The oracle's own names, in the ABI's order
names=$(for ((i = 0; i < NR_REGS; i++)); do
	echo $i >$flip && cat $flip
done | xargs)
echo -1 >$flip
is "it knows all registers" "$names" "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 \
r11 r12 r13 r14 r15 rip rflags cr0 cr3 cr4 efer"

/lab/bin/oracle --list >/tmp/states
check "the oracle has many tests" test "$(wc -l </tmp/states)" -ge 27
# An emulated Intel host is some forty times slower.
[ "$VENDOR" = amd ] ||
	sed -n -i -E '/^(self|halted|user|in-exit|isolation|nested-halted) /{
		s/ 64,32,16 / 64 /;p}' /tmp/states
states_wanted=$(wc -l </tmp/states)
check "there are states to try ($states_wanted)" test "$states_wanted" -ge 6
for mode in 64 32 16; do
	mapfile -t args < <(awk -v mode=$mode '$2 ~ mode &&
		$1 !~ /^(pair|storm)$/ { print "--state"; print $1 }' /tmp/states)
	[ ${#args[@]} -gt 0 ] || continue
	run_oracle -1 --mode $mode --count 5 "${args[@]}"
	is "nothing falsified, $((${#args[@]} / 2)) states in mode $mode: nothing is wrong" \
		$? 0 || diag <$out
done
# It takes a while until each vCPU has asked for each.
if grep -q '^storm ' /tmp/states; then
	run_oracle -1 --count 200 --state pair --state storm
	is "nothing falsified, storms: nothing is wrong" $? 0 || diag <$out
fi

turn=0 flips=0 states=0
while read -r name modes regs; do
	for mode in ${modes//,/ }; do
		more=()
		# All of it where it is quickest
		[ "$name-$mode" != halted-64 ] ||
			mapfile -t more < <(bits "$regs"
				printf '%s\n' vm_pid cpu flags \
					"${others[@]}")
		[ "$VENDOR-$name-$mode" != amd-self-64 ] ||
			more=(rax rip rflags "${others[@]}")
		try_state "$name" "$mode" "$regs" "${more[@]}"
		states=$((states + 1))
	done
done </tmp/states
diag "$flips falsifications in $states states"
check "all states were tried" test $states -ge "$states_wanted"
check "and more than one thing in each" test $flips -gt $((2 * states))

unnoticed='' tried=0
for what in ns_pid ns_level pid; do
	verdict noticed $what --pidns 2 --count 3 --state halted
done
is "in a PID namespace: what is falsified is noticed" "$tried$unnoticed" 3
check "the module unloads" module_unload
tap_end
