#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [ROW...] - run all tests: lint, unit tests, fuzzers, the lab's own, and
# its ROWs
#
# With VCPU_INFO_LONG set the oracle also has its turn in each row's host with
# full preemption, where a thread may lose its CPU anywhere in KVM.
#
# Every part prints TAP; its output is kept in build/check/PART.log and its
# counts in build/check/PART. A part that fails, ends before its plan is
# fulfilled or tests nothing counts as a failed test where no other says so.
set -u

cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- bookworm-amd trixie-amd sid-amd bookworm-intel
out=build/check

# count LOG STATUS - "passed failed skipped" of a part
count()
{
	tr -d '\r' <"$1" | awk -v status="$2" '
		/^(not )?ok .*# (SKIP|skip|TODO)/ { skipped++; next }
		/^ok /			{ passed++ }
		/^not ok /		{ failed++ }
		/^1\.\.[0-9]+/		{ planned += substr($1, 4) }
		END {
			ran = passed + failed + skipped
			if (!failed && (status || !ran || ran != planned))
				failed = 1
			print passed + 0, failed + 0, skipped + 0
		}'
}

# part NAME COMMAND... - its own sum, if it has one, must not look like ours
part()
{
	local name=$1 status

	shift
	echo "# $name: $*"
	"$@" 2>&1 </dev/null |
		sed -u 's/^[0-9]* passed, [0-9]* failed/# &/' |
		tee "$out/$name.log"
	status=${PIPESTATUS[0]}
	count "$out/$name.log" "$status" >"$out/$name"
	[ "$status" -eq 0 ] || echo "# $name: exit status $status"
}

rm -rf "$out"
mkdir -p "$out"
tests/setup.sh build fuzz lab intel lint || {
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

part lint tests/lint.sh
part unit env CMOCKA_MESSAGE_OUTPUT=TAP make -s --no-print-directory unit
part fuzz make -s --no-print-directory fuzz-short
part selftest tests/lab/selftest.sh
parts="lint unit fuzz selftest"
for row; do
	part "lab-$row" tests/lab/lab run "$row"
	parts+=" lab-$row"
	[ -n "${VCPU_INFO_LONG:-}" ] || continue
	part "full-$row" env VCPU_INFO_HOST_ARGS=preempt=full \
		tests/lab/lab run "$row" 40
	parts+=" full-$row"
done

cd "$out" || exit 1
# shellcheck disable=SC2086 # its words
awk -v parts="$(wc -w <<<"$parts")" '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		if (NR != parts)
			failed++
		printf "%d passed, %d failed, %d skipped\n",
			passed, failed, skipped
		exit failed > 0
	}' $parts
