# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Boots a row's host, follows what it reports, judges the outcome.

LAB_TIMEOUT=${VCPU_INFO_LAB_TIMEOUT:-}
TEST_TIMEOUT=${VCPU_INFO_TEST_TIMEOUT:-300}
LONG=${VCPU_INFO_LONG:-}
HOSTILE=${VCPU_INFO_HOSTILE:-$LONG}

# run_begin MODE [TEST...] - an empty directory RUN, owned until we end
run_begin()
{
	RUN=$TOP/build/lab/$ROW
	mkdir -p "$RUN"
	exec 8>"$TOP/build/lab/.$ROW.lock"
	flock -n 8 || {
		stage "waiting for another run of $ROW"
		flock 8
	}
	rm -rf "${RUN:?}"
	mkdir -p "$RUN/logs"
	make_payload "$@" || die "the tests could not be packed"
}

# select_tests DIR [PREFIX...] - names of the tests of DIR to run
#
# Tests with a line "# long" are left out unless VCPU_INFO_LONG is set; those
# with "# hostile", or "# hostile: VENDOR" for that vendor, unless that or
# VCPU_INFO_HOSTILE is, or the kernel is a debugging one. Those with "# debug"
# are for such kernels, and always run there. Those with "# rebuilt" want such a
# KVM, those with "# profile" a profiler. Those with "# rows: ROW..." run on other
# rows only if a PREFIX asks for them.
select_tests()
{
	local dir=$1 file name prefix hit

	shift
	for file in "$LAB/$dir"/[0-9]*.sh; do
		name=${file##*/}
		[ -n "$LONG" ] || ! grep -qx '# long' "$file" || continue
		[ -n "${REBUILT:-}" ] || ! grep -qx '# rebuilt' "$file" ||
			continue
		[ -n "${PLUGIN:-}" ] || ! grep -qx '# profile' "$file" ||
			continue
		[ -n "$HOSTILE$KERNEL_SOURCE" ] ||
			! grep -qxE "# hostile(: $VENDOR)?" "$file" || continue
		hit=$([ $# -gt 0 ] || ! runs_here "$file" || echo yes)
		if grep -qx '# debug' "$file"; then
			[ -n "$KERNEL_SOURCE" ] || continue
			hit=yes
		fi
		for prefix; do
			[ "${name#"$prefix"}" = "$name" ] || hit=yes
		done
		[ -z "$hit" ] || echo "$name"
	done
}

# runs_here FILE - the test's line "# rows:", if it has one, names the row
runs_here()
{
	local rows

	rows=$(sed -n 's/^# rows: //p' "$1")
	[ -n "$LONG" ] || [ -z "$rows" ] || [[ " $rows " == *" $ROW "* ]]
}

# oracle_count - snapshots per state: BOOT_SNAPSHOTS has the short and long size
oracle_count()
{
	local short long

	read -r short long <<<"$BOOT_SNAPSHOTS"
	if [ -n "$LONG" ]; then
		echo "$long"
	else
		echo "$short"
	fi
}

# test_size - how much the tests of hostile guests do
test_size()
{
	if [ -n "$LONG" ]; then
		echo long
	elif [ -n "$HOSTILE" ]; then
		echo hostile
	else
		echo check
	fi
}

# make_payload MODE [TEST...] - RUN/payload.tar, the host's directory /lab
make_payload()
{
	local mode=$1 dir=$RUN/payload from=host tests

	shift
	[[ $mode != bench* ]] || from=bench
	if [ "$mode" = faults ]; then
		tests=faults.sh
	else
		tests=$(select_tests $from "$@" | xargs)
	fi
	[ -n "$tests" ] || die "no test begins with: $*"
	mkdir -p "$dir/bench"
	cp -r "$LAB/l1" "$LAB/host" "$LAB/demo.sh" "$TOP/docs/record.schema.json" \
		"$TOP/tests/unit/check_schema.py" "$dir/" &&
		cp "$LAB"/bench/*.sh "$dir/bench/" || return 1
	[ "$mode" = demo ] || cp -r "$KIT/kit/." "$dir/" || return 1
	[ -z "${UPSTREAM:-}" ] || cp -r "$UPSTREAM/kit/." "$dir/" || return 1
	[ -z "${REBUILT:-}" ] || cp -r "$REBUILT/kit/." "$dir/" || return 1
	cat >"$dir/conf" <<END
MODE=$mode
VENDOR=$VENDOR
GUEST_CPU=${BOOT_GUEST_CPU:-host}
LACKS="${BOOT_LACKS:-}"
ORACLE_COUNT=$(oracle_count)
SIZE=$(test_size)
UPSTREAM_TESTS="${VCPU_INFO_UPSTREAM:-}"
TESTS_DIR=/lab/$from
TESTS="$tests"
TEST_TIMEOUT=$TEST_TIMEOUT
SLOW=$SLOW
END
	[ -s "$dir/conf" ] || return 1
	tar -C "$dir" -c -f "$RUN/payload.tar" . && rm -rf "$dir"
}

# boot MODE HANDLER - run the host; HANDLER gets each line that it reports
#
# Sets HOST_STATUS to what the host said of itself, or to a text that says why
# it said nothing.
boot()
{
	local pid line status last="nothing" limit=${LAB_TIMEOUT:-$((1800 * SLOW))}

	boot_command "$RUN" "$IMAGE" "$1"
	mkfifo "$RUN/tap"
	HOST_STATUS=
	# The VMM has the writing end open from the start, whether it uses it or
	# not: the end of the file is the end of the VMM.
	# shellcheck disable=SC2094 # it is a fifo
	exec 5<>"$RUN/tap" 7<"$RUN/tap" 6>"$RUN/tap" 5>&-
	timeout --kill-after=10 "$limit" "${BOOT_COMMAND[@]}" \
		</dev/null >"$RUN/vmm.log" 2>&1 7<&- 8>&- &
	pid=$!
	exec 6>&-
	# shellcheck disable=SC2064 # this pid
	trap "kill $pid; exit 1" INT TERM HUP
	while IFS= read -r line <&7 || [ -n "$line" ]; do
		last=$line
		case $line in
		"@exit "*)
			HOST_STATUS=${line#@exit }
			break
			;;
		"@stage "*) stage "${line#@stage }" ;;
		*) "$2" "$line" ;;
		esac
	done
	exec 7>&-
	wait "$pid"
	status=$?
	trap - INT TERM HUP
	[ ! -s "$RUN/logs.tar" ] || tar -C "$RUN/logs" -xf "$RUN/logs.tar"
	rm -f "$RUN/tap" "$RUN/payload.tar" "$RUN/logs.tar"

	if [ -z "$HOST_STATUS" ]; then
		case $status in
		124 | 137) HOST_STATUS="not done after $limit seconds" ;;
		*) HOST_STATUS="ended early (exit status $status)" ;;
		esac
		HOST_STATUS+="; its last words: $last"
		tail -q -n 15 "$RUN/vmm.log" "$RUN/console.log" >&2
	fi
}

# kernel_logs - the logs of the host's and all guests' kernels
#
# A console has only what is urgent: it may well be empty.
kernel_logs()
{
	echo kmsg.log
	find . -name 'guest-*.kmsg' -printf '%P\n' | sort
	find . -name 'console.log' -size +0 -printf '%P\n'
	find . -name 'guest-*.console' -size +0 -printf '%P\n' | sort
}

scan_run()
(
	cd "$RUN" && mapfile -t logs < <(kernel_logs) && scan_logs "${logs[@]}"
)

# tap_line LINE - print a line of TAP, with a number of ours, and count it
tap_line()
{
	if [[ ! $1 =~ ^(ok|not\ ok)(\ [0-9]+)?(\ -)?\ (.*)$ ]]; then
		printf '%s\n' "$1"
		return
	fi
	case $1 in
	not*) FAILED=$((FAILED + 1)) ;;
	*"# SKIP"*) SKIPPED=$((SKIPPED + 1)) ;;
	*) PASSED=$((PASSED + 1)) ;;
	esac
	printf '%s %d - %s\n' "${BASH_REMATCH[1]}" \
		$((PASSED + FAILED + SKIPPED)) "${BASH_REMATCH[4]}"
}

# host_was_reset - the emulator ended as for a reset, and no kernel said why: not
# what a fault in a kernel looks like, which is a panic on the console. A host
# that came to its end was not reset, whatever has become of its results.
host_was_reset()
{
	[[ $HOST_STATUS == "ended early (exit status 0)"* ]] &&
		! grep -q 'lab: end of log' "$RUN/kmsg.log" &&
		scan_run >/dev/null
}

# run_tests MODE [TEST...] - boot, and print TAP of what the host found; lines of
# the host go to RUN_HANDLER if that is set
run_tests()
{
	local try

	PASSED=0 FAILED=0 SKIPPED=0
	echo "TAP version 13"
	for try in 1 2 3; do
		run_begin "$@"
		stage "booting the host of $ROW"
		boot "$1" "${RUN_HANDLER:-tap_line}"
		host_was_reset || break
		[ "$try" -eq 3 ] ||
			echo "# the host was reset; all of it once more ($try)"
	done
	[ $((PASSED + FAILED)) -gt 0 ] ||
		tap_line "not ok - $ROW: a test was run"
	if [ "$HOST_STATUS" = 0 ]; then
		tap_line "ok - $ROW: the host ran to its end"
	else
		tap_line "not ok - $ROW: the host: $HOST_STATUS"
	fi
}

# run_sum - the end of run_tests' TAP
run_sum()
{
	echo "1..$((PASSED + FAILED + SKIPPED))"
	stage "$ROW: done; logs in ${RUN#"$TOP/"}"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ]
}

# run_scan - whether the kernels' logs are clean, in TAP
run_scan()
{
	local hits

	if hits=$(scan_run); then
		tap_line "ok - $ROW: the kernels' logs are clean"
	else
		tap_line "not ok - $ROW: the kernels' logs are clean"
		echo "# ${hits//$'\n'/$'\n# '}"
	fi
}

cmd_run()
{
	ensure_built image kit ${LONG:+upstream}
	run_tests run "$@"
	run_scan
	run_sum
}

# The logs have to have every complaint, and the scanner to find it there.
cmd_faults()
{
	local hits fault complaint

	[ -n "$KERNEL_SOURCE" ] || die "$ROW runs no debugging kernel"
	ensure_built image kit
	run_tests faults
	hits=$(scan_run | grep -E '^kmsg\.log:[0-9]+:')
	while read -r fault complaint; do
		if grep -qE -e "$complaint" <<<"$hits"; then
			tap_line "ok - $fault: the log scanner finds it"
		else
			tap_line "not ok - $fault: the log scanner finds it"
		fi
	done < <(
		grep -v '^#' "$LAB/kernel/faults/complaints"
		echo "leak suspected memory leaks"
	)
	run_sum
}

cmd_demo()
{
	local hits

	ensure_built image
	run_begin demo
	stage "booting the host: Debian $SUITE, software emulation"
	boot demo echo
	[ "$HOST_STATUS" = 0 ] || die "the demo failed: $HOST_STATUS" \
		"(logs: ${RUN#"$TOP/"})"
	if ! hits=$(scan_run); then
		echo "$hits" >&2
		die "a kernel reported a fault"
	fi
	stage "done"
}

cmd_shell()
{
	ensure_built image kit
	run_begin shell
	boot_command "$RUN" "$IMAGE" shell
	stage "booting the host; end QEMU by Ctrl-A X"
	"${BOOT_COMMAND[@]}"
}
