#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-packages.sh [PART...] - build the Debian packages and look at them from
# all sides; prints TAP
#
# Parts: lintian blhc reproducible lifecycle autopkgtest; without any, all of
# them. The last two work on copies of the lab's bookworm root and fetch kernel
# headers from the machine's mirror. What was built, all output and the lists of
# files are in build/packages. Needs root.
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

ALL=(lintian blhc reproducible lifecycle autopkgtest)
OUT=$TOP/build/packages
VERSION=$(cat "$TOP/VERSION")
number=0
failed=0

# result OK TEXT [FILE] - shows the end of FILE if it failed
result()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - packages: $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number - packages: $2"
	[ -z "${3:-}" ] || tail -n 40 "$3" | sed 's/^/# /'
}

# figures TEXT... - what was seen, for the reader
figures()
{
	echo "# $*"
}

build()
{
	"$TOP/debian/build.sh" "$OUT/deb" >"$OUT/build.log" 2>&1
	result $? "they build, and the unit tests pass" "$OUT/build.log"
}

part_lintian()
{
	local log=$OUT/lintian.log

	lintian -EvIL +pedantic --fail-on error,warning --allow-root \
		"$OUT"/deb/*.changes >"$log" 2>&1 && ! grep '^[EW]:' "$log"
	result $? "lintian has no error and no warning" "$log"
	# what every source without a home page is told
	grep -q '^P: vcpu-info source: no-homepage-field' "$log"
	result $? "lintian looked at them" "$log"
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
	result $? "blhc finds every compiler call hardened" "$OUT/blhc.log"
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
	result $? "they build elsewhere" "$OUT/build-2.log"
	hashes "$OUT/deb" >"$OUT/hashes"
	hashes "$other" >"$OUT/hashes-2"
	diff "$OUT/hashes" "$OUT/hashes-2" >"$OUT/hashes.diff"
	result $? "two builds are the same bytes" "$OUT/hashes.diff"
	figures "$(wc -l <"$OUT/hashes") files compared"
	sed -n 's/^< [0-9a-f]*  //p' "$OUT/hashes.diff" | while read -r name; do
		diffoscope "$OUT/deb/$name" "$other/$name"
	done | head -n 60 | sed 's/^/# /'
}

# make_next - the packages' next version, and one that does not compile
make_next()
{
	local dir=$OUT/next/sources broken=$OUT/next/broken next

	rm -rf "$OUT/next"
	mkdir -p "$OUT/repo"
	copy_tree "$dir"
	"$TOP/tests/next-version.sh" "$dir"
	next=$(cat "$dir/VERSION")
	(cd "$dir" && DEB_BUILD_OPTIONS="nocheck noautodbgsym" \
		dpkg-buildpackage -b -us -uc) || return 1
	for name in vcpu-info-dkms vcpu-info-guest-dkms; do
		rm -rf "$broken"
		dpkg-deb -R "$OUT/next/${name}_${next}"-*.deb "$broken" &&
			sed -i 's/^Version: .*/&+broken/' "$broken/DEBIAN/control" &&
			echo '#error "broken on purpose"' | tee -a \
				"$broken"/usr/src/*/module/*/main.c &&
			dpkg-deb --root-owner-group -b "$broken" "$OUT/next" ||
			return 1
	done
	cp "$OUT"/deb/*.deb "$OUT"/next/*.deb "$OUT/repo/" &&
		(cd "$OUT/repo" && dpkg-scanpackages --multiversion . >Packages)
}

# open_root NAME - ROOT is a copy of the lab's base, with our packages in /repo
open_root()
{
	local upper=$OUT/roots/$1.upper work=$OUT/roots/$1.work

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
		cp /etc/resolv.conf "$ROOT/etc/resolv.conf" &&
		cp -r "$OUT/repo" "$ROOT/tmp/repo" || return 1
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

need_base()
{
	row_load bookworm-amd
	# shellcheck disable=SC2119 # the base alone
	ensure_built
}

part_lifecycle()
{
	local line

	need_base
	make_next >"$OUT/next.log" 2>&1
	result $? "the next version builds" "$OUT/next.log"
	open_root lifecycle
	result $? "a root to install them in"  "$OUT/lifecycle.update.log"
	cp -r "$TOP/tests/packages/lifecycle.sh" \
		"$TOP/tests/unit/check_completion.sh" "$ROOT/tmp/"
	while IFS= read -r line; do
		case $line in
		"ok - "*) result 0 "${line#ok - }" ;;
		"not ok - "*) result 1 "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done < <(chroot "$ROOT" env -i LC_ALL=C.UTF-8 HOME=/root \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		bash /tmp/lifecycle.sh 2>"$OUT/lifecycle.log" | tee "$OUT/lifecycle.tap")
	[ "$(tail -n 1 "$OUT/lifecycle.tap")" = "# the end" ]
	result $? "the lifecycle came to its end" "$OUT/lifecycle.log"
	cp "$ROOT"/tmp/out/* "$OUT/"
	close_root
}

# 77 is "skip": where the testbed cannot do it
part_autopkgtest()
{
	local log=$OUT/autopkgtest.log rc

	need_base
	[ -e "$OUT/repo/Packages" ] || {
		mkdir -p "$OUT/repo"
		cp "$OUT"/deb/*.deb "$OUT/repo/"
		(cd "$OUT/repo" && dpkg-scanpackages . >Packages 2>/dev/null)
	}
	open_root autopkgtest
	result $? "a root to test them in" "$OUT/autopkgtest.update.log"
	rm -rf "$OUT/autopkgtest"
	autopkgtest --no-built-binaries --ignore-restrictions=breaks-testbed \
		--env=VCPU_INFO_NO_LAB=1 --output-dir="$OUT/autopkgtest" "$OUT"/deb/*.deb \
		"$OUT/deb/vcpu-info-$VERSION/" -- chroot "$ROOT" >"$log" 2>&1
	rc=$?
	# 2: a test was skipped
	[ $rc -eq 0 ] || [ $rc -eq 2 ]
	result $? "autopkgtest passes" "$log"
	sed 's/^/# /' "$OUT/autopkgtest/summary"
	grep -q '^dkms-autopkgtest *PASS' "$OUT/autopkgtest/summary"
	result $? "the test of DKMS packages was among them" "$log"
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
echo "1..$number"
[ "$failed" -eq 0 ]
