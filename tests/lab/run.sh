# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Boots a row's host, follows what it reports, judges the outcome.

LAB_SILENCE=${VCPU_INFO_LAB_SILENCE:-600}
TEST_SILENCE=${VCPU_INFO_TEST_SILENCE:-450}
LONG=${VCPU_INFO_LONG:-}
PART=${VCPU_INFO_PART:-}
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

# header FILE WORD - what follows "# WORD: " in a test's file; an empty line for
# "# WORD" alone, nothing if it has neither
header()
{
	sed -nE "s/^# $2(: (.*))?\$/\2/p" "$1"
}

# is_rest FILE - whether make check leaves a test to tests/check-rest.sh on this row
is_rest()
{
	local rows

	grep -qE '^# rest(:|$)' "$1" || return
	rows=$(header "$1" rest)
	[ -z "$rows" ] || [[ " $rows " == *" $ROW "* ]]
}

# left_out FILE [PREFIX...] - why a test does not run; nothing if it does
#
# CONTRIBUTING.md has the table of the header words. A test that a PREFIX names
# runs on any row.
left_out()
{
	local file=$1 name=${1##*/} prefix asked='' rows with

	shift
	for prefix; do
		[ "${name#"$prefix"}" = "$name" ] || asked=yes
	done
	if [ $# -gt 0 ] && [ -z "$asked" ]; then
		echo "not asked for"
		return
	fi
	if grep -qx '# asked' "$file" && [ -z "$asked" ]; then
		echo "by its name only: lab run $ROW ${name%%-*}"
		return
	fi
	if grep -qx '# long' "$file" && [ -z "$LONG" ]; then
		echo "long: make check-long"
		return
	fi
	if grep -qx '# debug' "$file"; then
		[ -n "$KERNEL_SOURCE" ] ||
			echo "for debugging kernels: make check-debug"
		return
	fi
	if [ "$PART" = check ] && is_rest "$file"; then
		echo "left to tests/check-rest.sh"
		return
	fi
	if [ "$PART" = rest ] && ! is_rest "$file"; then
		echo "make check has it"
		return
	fi
	rows=$(header "$file" rows)
	if grep -qxE "# hostile(: $VENDOR)?" "$file" &&
		[[ " $rows " != *" $ROW "* ]] &&
		[ -z "$asked$HOSTILE$KERNEL_SOURCE" ]; then
		echo "hostile: make check-hostile"
		return
	fi
	for with in $(header "$file" with); do
		[ -n "${!with:-}" ] || [[ $with =~ ^(UPGRADE|UPSTREAM|SYSTEMD)$ ]] || {
			echo "needs what only 'lab bench' builds"
			return
		}
	done
	[ -n "$asked$LONG" ] || [ -z "$rows" ] || [[ " $rows " == *" $ROW "* ]] ||
		echo "runs on $rows"
}

# select_tests DIR [PREFIX...] - names of the tests of DIR to run
select_tests()
{
	local dir=$1 file

	shift
	for file in "$LAB/$dir"/[0-9]*.sh; do
		[ -z "$(left_out "$file" "$@")" ] || continue
		# Those that share a guest come one after the other.
		if grep -qx '# guest: shared' "$file"; then
			echo "19 ${file##*/}"
		else
			echo "${file##*/} ${file##*/}"
		fi
	done | LC_ALL=C sort | cut -d ' ' -f 2
}

# skipped_tests DIR - a line of TAP for each test that this row leaves out
skipped_tests()
{
	local file name why

	for file in "$LAB/$1"/[0-9]*.sh; do
		why=$(left_out "$file")
		name=${file##*/}
		[ -z "$why" ] || tap_line "ok - ${name%.sh} # SKIP $why"
	done
}

# kit_kinds DIR [PREFIX...] - what the selected tests want to have built
kit_kinds()
{
	local dir=$1 file

	shift
	echo kit modules
	for file in $(select_tests "$dir" "$@"); do
		header "$LAB/$dir/$file" with | tr '[:upper:]' '[:lower:]'
	done | xargs -n1 | sort -u
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
	local mode=$1 dir=$RUN/payload from=host tests kit

	shift
	[[ $mode != bench* ]] || from=bench
	case $mode in
	faults) tests=faults.sh ;;
	plant) from=plant tests=$1.sh ;;
	*) tests=$(select_tests $from "$@" | xargs) ;;
	esac
	[ -n "$tests" ] || die "no test begins with: $*"
	mkdir -p "$dir/bench"
	cp -r "$LAB/l1" "$LAB/host" "$LAB/demo.sh" "$TOP/tests/tap.sh" \
		"$TOP/docs/record.schema.json" \
		"$TOP/tests/unit/check_schema.py" \
		"$TOP/tests/readers/check_trace.py" "$dir/" &&
		cp "$LAB"/bench/*.sh "$dir/bench/" &&
		cp -r "$LAB/plant" "$dir/" || return 1
	for kit in "$KIT" "$MODULES" "${UPGRADE:-}" "${UPSTREAM:-}" \
		"${REBUILT:-}" "${SYSTEMD:-}" "${COMPILED:-}"; do
		[ "$mode" = demo ] || [ -z "$kit" ] ||
			cp -r "$kit/kit/." "$dir/" || return 1
	done
	cat >"$dir/conf" <<END
MODE=$mode
VENDOR=$VENDOR
GUEST_CPU=${BOOT_GUEST_CPU:-host}
LACKS="${BOOT_LACKS:-}"
ORACLE_COUNT=$(oracle_count)
SIZE=$(test_size)
UPSTREAM_TESTS="${VCPU_INFO_UPSTREAM:-}"
FAULTS="${VCPU_INFO_FAULTS:-}"
TRIES="${VCPU_INFO_TRIES:-}"
SECONDS_OF_PROFILE="${VCPU_INFO_PROFILE_SECONDS:-}"
TESTS_DIR=/lab/$from
TESTS="$tests"
TEST_SILENCE=$TEST_SILENCE
SLOW=$SLOW
END
	[ -s "$dir/conf" ] || return 1
	tar -C "$dir" -c -f "$RUN/payload.tar" . && rm -rf "$dir"
}

# boot MODE HANDLER - run the host; HANDLER gets each line that it reports
#
# Sets HOST_STATUS to what the host said of itself, or to a text that says why
# it said nothing, and HOST_END to a text unless the host then powered off.
#
# A slow machine is given all the time it needs. What counts is silence: a host
# that has not said a line for LAB_SILENCE seconds hangs.
boot()
{
	local pid line rc last="nothing" silence=$((LAB_SILENCE * SLOW))

	[ -z "$LONG" ] || silence=$((silence * 6))
	boot_command "$RUN" "$IMAGE" "$1"
	mkfifo "$RUN/tap"
	HOST_STATUS='' HOST_END=''
	# The VMM has the writing end open from the start, whether it uses it or
	# not: the end of the file is the end of the VMM.
	# shellcheck disable=SC2094 # it is a fifo
	exec 5<>"$RUN/tap" 7<"$RUN/tap" 6>"$RUN/tap" 5>&-
	"${BOOT_COMMAND[@]}" </dev/null >"$RUN/vmm.log" 2>&1 7<&- 8>&- &
	pid=$!
	exec 6>&-
	# shellcheck disable=SC2064 # this pid
	trap "kill $pid; exit 1" INT TERM HUP
	while :; do
		IFS= read -r -t "$silence" line <&7
		rc=$?
		if [ $rc -gt 128 ]; then
			HOST_STATUS="silent for $silence seconds"
			break
		fi
		[ $rc -eq 0 ] || [ -n "$line" ] || break
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
	boot_end $pid
	trap - INT TERM HUP
	[ ! -s "$RUN/logs.tar" ] || tar -C "$RUN/logs" -xf "$RUN/logs.tar"
	rm -f "$RUN/tap" "$RUN/payload.tar" "$RUN/logs.tar"

	[ -n "$HOST_STATUS" ] || HOST_STATUS="ended early"
	case $HOST_STATUS in
	[0-9]*) ;;
	*)
		HOST_STATUS+="; ${HOST_END:-it powered off}"
		HOST_STATUS+="; its last words: $last"
		tail -q -n 15 "$RUN/vmm.log" "$RUN/console.log" >&2
		;;
	esac
}

# boot_end PID - wait for the VMM, which ends when the host powers off; sets
# HOST_END if that is not what happened
boot_end()
{
	local pid=$1 status end=$((SECONDS + ${POWER_OFF_TIMEOUT:-180} * SLOW))

	[[ $HOST_STATUS != silent* ]] || end=$SECONDS
	while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ]; do
		sleep 0.2
	done
	if kill "$pid" 2>/dev/null; then
		sleep 2
		kill -KILL "$pid" 2>/dev/null
		HOST_END="it did not power off"
	fi
	wait "$pid" 2>/dev/null
	status=$?
	if [ -z "$HOST_END" ] && ! boot_powered_off "$RUN"; then
		HOST_END="it was reset or crashed (the emulator's exit status is $status)"
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

# run_tests MODE [TEST...] - boot, and print TAP of what the host found; lines of
# the host go to RUN_HANDLER if that is set
run_tests()
{
	PASSED=0 FAILED=0 SKIPPED=0
	echo "TAP version 13"
	run_begin "$@"
	stage "booting the host of $ROW"
	boot "$1" "${RUN_HANDLER:-tap_line}"
	[ $((PASSED + FAILED)) -gt 0 ] ||
		tap_line "not ok - $ROW: a test was run"
	if [ "$HOST_STATUS" = 0 ]; then
		tap_line "ok - $ROW: the host ran to its end"
	else
		tap_line "not ok - $ROW: the host ran to its end"
		echo "# $HOST_STATUS"
	fi
	if [ -z "$HOST_END" ]; then
		tap_line "ok - $ROW: the host powered off"
	else
		tap_line "not ok - $ROW: the host powered off"
		echo "# $HOST_END"
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
	# shellcheck disable=SC2046
	ensure_built image $(kit_kinds host "$@")
	run_tests run "$@"
	[ $# -gt 0 ] || skipped_tests host
	run_scan
	run_sum
}

# Like run, with the module as just compiled in the place of the packages': the
# image may be an older one.
cmd_try()
{
	# shellcheck disable=SC2046
	ensure_built anyimage compiled $(kit_kinds host "$@")
	run_tests run "$@"
	run_scan
	run_sum
}

# cmd_plant - faults that a test of ours, a guest or the host commits, each of
# which a run has to be failed for; prints the run's own words
cmd_plant()
{
	local file fault want count=0 failed=0

	ensure_built image kit modules
	echo "TAP version 13"
	for file in "$LAB"/plant/*.sh; do
		fault=$(basename "$file" .sh)
		[ $# -eq 0 ] || [[ " $* " == *" $fault "* ]] || continue
		want=$(header "$file" fails)
		count=$((count + 1))
		stage "$fault"
		"$LAB/lab" planted "$ROW" "$fault" >"$TOP/build/lab/plant.out" 2>&1
		if [ $? -eq 1 ] && grep -qE "^not ok .*$want" "$TOP/build/lab/plant.out"; then
			echo "ok $count - $fault: the run fails"
		else
			echo "not ok $count - $fault: the run fails"
			failed=$((failed + 1))
		fi
		grep -E -A2 '^not ok|passed, ' "$TOP/build/lab/plant.out" | sed 's/^/# /'
	done
	echo "1..$count"
	echo "$((count - failed)) passed, $failed failed, 0 skipped"
	[ $failed -eq 0 ]
}

# cmd_planted FAULT - one of them
cmd_planted()
{
	local LAB_SILENCE=60 POWER_OFF_TIMEOUT=20 TEST_SILENCE=40

	ensure_built image kit modules
	run_tests plant "$1"
	run_scan
	run_sum
}

# The logs have to have every complaint, and the scanner to find it there.
cmd_faults()
{
	local hits fault complaint

	[ -n "$KERNEL_SOURCE" ] || die "$ROW runs no debugging kernel"
	ensure_built image kit modules
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
	[ "$HOST_STATUS$HOST_END" = 0 ] ||
		die "the demo failed: $HOST_STATUS $HOST_END" \
			"(logs: ${RUN#"$TOP/"})"
	if ! hits=$(scan_run); then
		echo "$hits" >&2
		die "a kernel reported a fault"
	fi
	stage "done"
}

cmd_shell()
{
	ensure_built image kit modules
	run_begin shell
	boot_command "$RUN" "$IMAGE" shell
	stage "booting the host; end QEMU by Ctrl-A X"
	"${BOOT_COMMAND[@]}"
}
