#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compile-matrix.sh [SUITE...] - compile both modules for every kernel of Debian
#
# For each suite a root with its compiler and the headers of all flavours of its
# kernel: generic, cloud and rt. Compiles with W=1; a warning is a failure.
# Prints TAP. Needs root; nothing is booted.
set -u -o pipefail

# shellcheck source-path=SCRIPTDIR source=lab/lib.sh
. "$(dirname "$0")/lab/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lab/mirror.sh
. "$LAB/mirror.sh"
# shellcheck source-path=SCRIPTDIR source=lab/base.sh
. "$LAB/base.sh"
# shellcheck source-path=SCRIPTDIR source=lab/build.sh
. "$LAB/build.sh"
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$TOP/tests/tap.sh"

SUITES=(bookworm bookworm-backports trixie trixie-backports sid experimental)
FLAVOURS=(amd64 cloud-amd64 rt-amd64)
MODULES=(host/vcpu_info guest/vcpu_info_guest)

# headers_packages SUITE - W=1 runs kernel-doc, which is a Perl program
headers_packages()
{
	printf '%s\n' gcc make perl
	kernel_packages "$1" "${FLAVOURS[@]/#/linux-headers-}"
}

build_headers()
{
	headers_packages "$SUITE" |
		install_root "$SUITE" "$1/root" "$CACHE/headers-$HOST.log"
}

# compile ROOT KVER - prints what the compiler says; fails unless both modules
# are there
compile()
{
	local root=$1 module

	rm -rf "$root/mnt/source"
	mkdir "$root/mnt/source"
	tree_files | grep -E '^(include|module)/|^(VERSION|Kbuild)$' | pack |
		tar -x -C "$root/mnt/source" || return 1
	# Only kernels 7.0 and later need /proc to build.
	# shellcheck disable=SC2016 # expanded in there
	unshare --mount --propagation private sh -c '
		mount -t proc proc "$1/proc" && exec chroot "$1" \
			make -s -C "/lib/modules/$2/build" M=/mnt/source W=1 \
			modules' sh "$root" "$2" 2>&1 |
		grep -v '^Skipping BTF generation' | head -n 40
	for module in "${MODULES[@]}"; do
		[ -s "$root/mnt/source/module/$module.ko" ] || return 1
	done
}

# no_headers SUITE WHY - sid and experimental may be in a state that apt cannot
# install from; others may not
no_headers()
{
	case $1 in
	sid | experimental) skip "$1: a root with the headers" "$2" ;;
	*) result 1 "$1: a root with the headers" "$2" ;;
	esac
}

compile_suite()
{
	local SUITE=$1 HOST=$1.all root kver out status flavours=0

	root=headers-$HOST-$({
		headers_packages "$SUITE"
		hash_files tests/lab/base.sh tests/lab/mirror.sh
	} | sha256sum | cut -c1-16)
	stage "$SUITE: the headers of its kernels"
	(
		flock 9
		cached "$root" build_headers && prune headers 1
	) 9>"$CACHE/$HOST.lock" || {
		no_headers "$SUITE" "$(apt_words "$CACHE/headers-$HOST.log")"
		return
	}
	root=$CACHE/$root/root

	for kver in "$root"/lib/modules/*/build; do
		kver=$(basename "$(dirname "$kver")")
		stage "$SUITE: $kver"
		out=$(compile "$root" "$kver")
		status=$?
		[ -z "$out" ] || status=1
		result $status "$SUITE: $kver compiles without warnings" "$out"
		flavours=$((flavours + 1))
	done
	[ $flavours -ge ${#FLAVOURS[@]} ]
	result $? "$SUITE: every flavour was compiled" "$flavours kernels"
}

[ "$(id -u)" -eq 0 ] || die "making the roots needs root"
need mmdebstrap=mmdebstrap unshare=util-linux
mkdir -p "$CACHE"
[ $# -gt 0 ] || set -- "${SUITES[@]}"
for suite; do
	compile_suite "$suite"
done
tap_end
