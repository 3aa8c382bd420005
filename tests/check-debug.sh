#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-debug.sh [ROW...] - run tests on debugging kernels, and first see that
# these find faults
#
# Builds the kernels, which takes long the first time. What the parts leave is
# in build/check-debug.
set -u

cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=parts.sh
. tests/parts.sh
[ $# -gt 0 ] || set -- debug61-amd debug72-amd

# Load, record, refusals, guest, a stack, oracle; limits under a storm, lifetime,
# neighbours, fuzz, leaks to the guest; leaks of memory, and lockdep.
tests=(10 20 30 35 38-stack-debug 40 80 81 82 83 84 99-debug)

export VCPU_INFO_EMULATOR_THREADS=${VCPU_INFO_EMULATOR_THREADS:-multi}
parts_begin build/check-debug
tests/setup.sh lab || {
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}
for row; do
	part "faults-$row" tests/lab/lab faults "$row"
	part "lab-$row" tests/lab/lab run "$row" "${tests[@]}"
done
parts_sum
