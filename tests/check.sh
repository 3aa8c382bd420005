#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [ROW...] - run the tests: lint, unit tests, fuzzers, the lab's own, and
# its ROWs but for what is left to check-rest.sh; what requests cost, against its
# budgets
#
# With VCPU_INFO_LONG set nothing is left out, and the oracle also has its turn in
# each row's host with full preemption, where a thread may lose its CPU anywhere in
# KVM.
#
# Every part prints TAP; what it leaves is in build/check.
set -u

cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=parts.sh
. tests/parts.sh
# What takes longest comes first, but not two rows that share their builds.
[ $# -gt 0 ] || set -- bookworm-amd trixie-bpo-amd bookworm-intel trixie-amd

only=check
[ -z "${VCPU_INFO_LONG:-}" ] || {
	only=
	export VCPU_INFO_EMULATOR_THREADS=${VCPU_INFO_EMULATOR_THREADS:-multi}
}
parts_begin build/check
tests/setup.sh build fuzz lab intel lint || {
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

for row; do
	part "lab-$row" env VCPU_INFO_PART="$only" tests/lab/lab run "$row"
	[ -n "$only" ] && continue
	part "full-$row" env VCPU_INFO_HOST_ARGS=preempt=full \
		tests/lab/lab run "$row" 40
done
# Counted in instructions: the same on any machine, however busy it is.
part bench tests/lab/lab bench bookworm-amd 10
part unit env CMOCKA_MESSAGE_OUTPUT=TAP make -s --no-print-directory unit
part fuzz make -s --no-print-directory fuzz-short
part lint tests/lint.sh
part selftest tests/lab/selftest.sh
parts_sum
