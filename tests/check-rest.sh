#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-rest.sh - what make check leaves out; the sum is of make check and of this
#
# That is all other tests of its rows and a little on a debugging kernel if that has
# been built. Then, as far as time allows: every flavour of every suite compiled, the
# planted faults, the emulator, the packages, hostile guests, Indirect Branch
# Tracking, the units. Of these a part is begun only while it can be expected to end within LIMIT
# seconds of VCPU_INFO_SINCE (seconds of the epoch; by default now). What is too late
# is skipped, and says so.
set -u

cd "$(dirname "$0")/.." || exit 1
# shellcheck source-path=SCRIPTDIR source=parts.sh
. tests/parts.sh

LIMIT=3500
since=${VCPU_INFO_SINCE:-$(date +%s)}

# too_late NAME SECONDS - a part that the time left is too short for
too_late()
{
	echo "ok 1 - $1 # SKIP $2 s are not left of $LIMIT"
	echo "1..1"
}

# part_within SECONDS NAME COMMAND... - how long it takes beside another part
part_within()
{
	local seconds=$1 name=$2

	shift 2
	parts_free
	if [ $(($(date +%s) - since + seconds)) -gt $LIMIT ]; then
		part "$name" too_late "$name" "$seconds"
	else
		part "$name" "$@"
	fi
}

parts_begin build/check-rest
tests/setup.sh build lab intel || exit 1
# What takes longest comes first, but not two rows that share their builds.
export VCPU_INFO_PART=rest
for row in bookworm-amd trixie-bpo-amd bookworm-intel trixie-amd; do
	part "rest-$row" tests/lab/lab run "$row"
done
unset VCPU_INFO_PART
for row in $(tests/lab/lab list --ready | grep '^debug61-'); do
	part_within 300 "rest-$row" tests/lab/lab run "$row" 10 20
done
# Each has its turn to be the first, by the day.
extras=(
	"900 compile tests/compile-matrix.sh"
	"300 plant tests/lab/lab plant trixie-amd"
	"300 emulator tests/lab/lab run trixie-amd 01"
	"600 packages tests/check-packages.sh lintian blhc reproducible"
	"900 hostile tests/lab/lab run trixie-amd 82 83 85"
	"600 units tests/lab/lab run trixie-amd 51"
	"1200 ibt tests/lab/lab run trixie-intel-ibt 12 40"
)
first=$((10#$(date +%j) % ${#extras[@]}))
for extra in "${extras[@]:first}" "${extras[@]:0:first}"; do
	# shellcheck disable=SC2086
	part_within $extra
done
[ ! -d build/check ] || parts_add build/check
parts_sum
