#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-rest.sh - what make check leaves out, as far as time allows; the sum is of
# make check and of this
#
# A part is begun only while it can be expected to end within LIMIT seconds of
# VCPU_INFO_SINCE (seconds of the epoch; by default now). What is too late is
# skipped, and says so.
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

# rotating ROW... - one of them, another one each day
rotating()
{
	shift $(($(date +%j | sed 's/^0*//') % $#))
	echo "$1"
}

parts_begin build/check-rest
tests/setup.sh build lab intel package || exit 1
row=$(rotating trixie-intel-ibt trixie-bpo-intel-ibt)
part_within 900 "$row" tests/lab/lab run "$row" 10 12
part_within 600 compile tests/compile-matrix.sh
part_within 200 plant tests/lab/lab plant bookworm-amd
part_within 120 emulator tests/lab/lab run bookworm-amd 01
part_within 120 traceless tests/lab/lab run bookworm-amd 99-traceless
part_within 600 packages tests/check-packages.sh lintian blhc reproducible \
	lifecycle-bookworm lifecycle-trixie
part_within 900 hostile tests/check-hostile.sh bookworm-amd
[ ! -d build/check ] || parts_add build/check
parts_sum
