#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-packages.sh [PART...] - build the Debian packages and look at them from
# all sides; prints TAP
#
# Parts: lintian blhc reproducible lifecycle-bookworm lifecycle-trixie
# lifecycle-sid autopkgtest; without any, all of them. From lifecycle on they work
# on copies of the lab's roots and fetch kernel headers from the machine's mirror.
# What was built, all output and the lists of files are in build/packages. Needs
# root.
set -u -o pipefail

if [ -z "${VCPU_INFO_OWN_MOUNTS:-}" ]; then
	exec unshare --mount --propagation private \
		env VCPU_INFO_OWN_MOUNTS=1 bash "$0" "$@"
fi

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

ALL=(lintian blhc reproducible lifecycle-{bookworm,trixie,sid} autopkgtest)
OUT=$TOP/build/packages
VERSION=$(cat "$TOP/VERSION")
TAP_PREFIX="packages: "

# result_of STATUS TEXT [FILE] - shows the end of FILE if it failed
result_of()
{
	if [ "$1" -eq 0 ]; then
		ok "$2"
	else
		not_ok "$2"
		[ -z "${3:-}" ] || tail -n 40 "$3" | diag
	fi
}

# figures TEXT... - what was seen, for the reader
figures()
{
	echo "# $*"
}

build()
{
	"$TOP/debian/build.sh" "$OUT/deb" >"$OUT/build.log" 2>&1
	result_of $? "they build, and the unit tests pass" "$OUT/build.log"
}

part_lintian()
{
	local log=$OUT/lintian.log

	lintian -EvIL +pedantic --fail-on error,warning --allow-root \
		"$OUT"/deb/*.changes >"$log" 2>&1 && ! grep '^[EW]:' "$log"
	result_of $? "lintian has no error and no warning" "$log"
	# what every source without a home page is told
	grep -q '^P: vcpu-info source: no-homepage-field' "$log"
	result_of $? "lintian looked at them" "$log"
	figures "lintian -EvIL +pedantic: $(grep -c '^E:' "$log") errors," \
		"$(grep -c '^W:' "$log") warnings," \
		"$(grep -c '^I:' "$log") infos, $(grep -c '^P:' "$log") pedantic," \
		"$(grep -c '^X:' "$log") experimental," \
		"$(find "$TOP/debian" -name '*lintian-overrides' | wc -l)" \
		"files with overrides"
	grep -E '^[IPX]:' "$log" | sed 's/^/# /'
}

part_blhc()
{
	blhc "$OUT/build.log" >"$OUT/blhc.log" 2>&1
	result_of $? "blhc finds every compiler call hardened" "$OUT/blhc.log"
	figures "blhc: $(grep -cE '^(gcc|cc|x86_64-linux-gnu-gcc) ' \
		"$OUT/build.log") compiler calls in the log"
}

# hashes DIR - of what a build makes, but the record of its own circumstances
hashes()
{
	(cd "$1" && sha256sum -- *.deb *.dsc *.tar.xz)
}

# copy_tree DIR - the sources, with modes as the umask wants them
copy_tree()
{
	mkdir -p "$1"
	tree_files | tar -C "$TOP" -c --no-recursion -T - |
		tar -C "$1" -x --no-same-permissions
}

# Other directories, umask, time zone, language and number of jobs
part_reproducible()
{
	local other=$OUT/elsewhere/a-longer-path/second name

	(
		umask 0027
		export TZ=Pacific/Kiritimati LC_ALL=C LANG=C HOME=/nonexistent
		export DEB_BUILD_OPTIONS="nocheck parallel=1"
		copy_tree "$OUT/elsewhere/sources" &&
			"$OUT/elsewhere/sources/debian/build.sh" "$other"
	) >"$OUT/build-2.log" 2>&1
	result_of $? "they build elsewhere" "$OUT/build-2.log"
	hashes "$OUT/deb" >"$OUT/hashes"
	hashes "$other" >"$OUT/hashes-2"
	diff "$OUT/hashes" "$OUT/hashes-2" >"$OUT/hashes.diff"
	result_of $? "two builds are the same bytes" "$OUT/hashes.diff"
	figures "$(wc -l <"$OUT/hashes") files compared"
	sed -n 's/^< [0-9a-f]*  //p' "$OUT/hashes.diff" | while read -r name; do
		diffoscope "$OUT/deb/$name" "$other/$name"
	done | head -n 60 | sed 's/^/# /'
}

# in_root COMMAND... - in ROOT, with nothing of our environment
in_root()
{
	chroot "$ROOT" env -i LC_ALL=C.UTF-8 HOME=/root \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		DEB_BUILD_OPTIONS="nocheck noautodbgsym" "$@"
}

# make_repo - in ROOT: the packages as the root's suite builds them, their next
# version, and one that does not compile
make_repo()
{
	local repo=$ROOT/tmp/repo broken=$ROOT/tmp/broken name next

	copy_tree "$ROOT/tmp/build/sources"
	# shellcheck disable=SC2016 # expanded in there
	in_root sh -eux -c 'cd /tmp/build/sources
		dpkg-buildpackage -b -us -uc
		tests/next-version.sh .
		dpkg-buildpackage -b -us -uc
		mkdir /tmp/repo
		mv ../*.deb /tmp/repo' || return 1
	next=$(cat "$ROOT/tmp/build/sources/VERSION")
	rm -rf "$ROOT/tmp/build"
	for name in vcpu-info-dkms vcpu-info-guest-dkms; do
		rm -rf "$broken"
		dpkg-deb -R "$repo/${name}_${next}"-*.deb "$broken" &&
			sed -i 's/^Version: .*/&+broken/' "$broken/DEBIAN/control" &&
			echo '#error "broken on purpose"' | tee -a \
				"$broken"/usr/src/*/module/*/main.c &&
			dpkg-deb --root-owner-group -b "$broken" "$repo" ||
			return 1
	done
	rm -rf "$broken"
	in_root sh -c 'cd /tmp/repo && dpkg-scanpackages --multiversion . >Packages'
}

# open_root NAME SUITE - ROOT is a copy of the lab's base of that suite
open_root()
{
	local upper=$OUT/roots/$1.upper work=$OUT/roots/$1.work

	row_load "$2-amd"
	# shellcheck disable=SC2119 # the base alone
	ensure_built
	ROOT=$OUT/roots/$1
	rm -rf "$ROOT" "$upper" "$work"
	mkdir -p "$ROOT" "$upper" "$work"
	mount -t overlay overlay "$ROOT" \
		-o "lowerdir=$BASE/root,upperdir=$upper,workdir=$work" ||
		cp -a "$BASE/root/." "$ROOT" || return 1
	mount -t proc proc "$ROOT/proc" &&
		mount -t tmpfs tmpfs "$ROOT/tmp" &&
		mount --bind /dev "$ROOT/dev" &&
		mkdir "$ROOT/tmp/vcpu-info-test" &&
		cp /etc/resolv.conf "$ROOT/etc/resolv.conf" || return 1
	chmod 1777 "$ROOT/tmp"
	# What apt leaves in the lists is no business of the packages.
	chroot "$ROOT" apt-get -q update >"$OUT/$1.update.log" 2>&1
}

close_root()
{
	umount "$ROOT/dev" "$ROOT/tmp" "$ROOT/proc"
	umount "$ROOT" 2>/dev/null
	rm -rf --one-file-system "$OUT/roots"
}

# lifecycle SUITE - by apt, in a root of that suite
lifecycle()
{
	local suite=$1 out=$OUT/lifecycle-$1

	mkdir -p "$out"
	open_root "lifecycle-$suite" "$suite"
	result_of $? "$suite: a root to install them in" \
		"$OUT/lifecycle-$suite.update.log"
	make_repo >"$out/build.log" 2>&1
	result_of $? "$suite: they build, and the next version" "$out/build.log"
	cp "$TOP/tests/packages/lifecycle.sh" "$TOP/tests/tap.sh" \
		"$TOP/tests/unit/check_completion.sh" "$ROOT/tmp/"
	tap_relay "$suite: " in_root bash /tmp/lifecycle.sh 2>"$out/errors"
	cp "$TAP_RELAYED" "$out/tap"
	cp "$ROOT"/tmp/out/* "$out/"
	close_root
}

part_lifecycle-bookworm()
{
	lifecycle bookworm
}

part_lifecycle-trixie()
{
	lifecycle trixie
}

part_lifecycle-sid()
{
	lifecycle sid
}

# 77 is "skip": where the testbed cannot do it
part_autopkgtest()
{
	local log=$OUT/autopkgtest.log rc

	open_root autopkgtest bookworm
	result_of $? "a root to test them in" "$OUT/autopkgtest.update.log"
	rm -rf "$OUT/autopkgtest"
	autopkgtest --no-built-binaries --ignore-restrictions=breaks-testbed \
		--env=VCPU_INFO_NO_LAB=1 --output-dir="$OUT/autopkgtest" "$OUT"/deb/*.deb \
		"$OUT/deb/vcpu-info-$VERSION/" -- chroot "$ROOT" >"$log" 2>&1
	rc=$?
	# 2: a test was skipped
	[ $rc -eq 0 ] || [ $rc -eq 2 ]
	result_of $? "autopkgtest passes" "$log"
	sed 's/^/# /' "$OUT/autopkgtest/summary"
	grep -q '^dkms-autopkgtest *PASS' "$OUT/autopkgtest/summary"
	result_of $? "the test of DKMS packages was among them" "$log"
	close_root
}

[ "$(id -u)" -eq 0 ] || die "needs root"
[ $# -gt 0 ] || set -- "${ALL[@]}"
for part; do
	declare -F "part_$part" >/dev/null ||
		die "no part '$part'; there are: ${ALL[*]}"
done
"$TOP/tests/setup.sh" package lab >&2 || die "packages are missing"
rm -rf "$OUT"
mkdir -p "$OUT"
build
for part; do
	figures "$part"
	"part_$part"
done
tap_end
