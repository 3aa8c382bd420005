# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Builds what a row boots from: the base root, the host's disk with our packages
# installed, the tests' programs. Each is cached under a hash of its inputs.

# tree_files - the source tree's files, one path a line
#
# Without git (or its data) everything but what a build leaves behind.
tree_files()
{
	local git=(git -C "$TOP" -c "safe.directory=*") file

	if "${git[@]}" rev-parse --git-dir >/dev/null 2>&1; then
		"${git[@]}" ls-files -co --exclude-standard
	else
		(cd "$TOP" && find . \( -path ./.git -o -path ./.cache -o \
			-path ./build \) -prune -o ! -type d -printf "%P\n" |
			grep -vE '\.(o|ko|mod|mod\.c|cmd)$')
	fi | LC_ALL=C sort | while read -r file; do
		[ ! -f "$TOP/$file" ] || echo "$file"
	done
}

# image_files - what the packages may be built from
image_files()
{
	tree_files | grep -vE '^(tests/lab|\.ci)/|^\.git'
}

# kit_files - what the tests' own programs and modules are built from
kit_files()
{
	local pattern='^(include|module|tests/lab/(bench|guest|hostile|kernel/faults|oracle|storm))/'

	pattern+='|^(VERSION|Kbuild)$'
	tree_files | grep -E "$pattern|^tests/lab/host/(Makefile|.*\.[ch])$" |
		grep -vE '^tests/lab/bench/(.*\.sh|budgets|profile/.*)$'
}

# unit_files - what the commands and their unit tests are built from
unit_files()
{
	tree_files | grep -E '^(cli|include|man|completions|docs|tests/unit)/|^VERSION$'
}

# Nothing of ours: they come from the suite.
upstream_files()
{
	:
}

rebuilt_files()
{
	:
}

kernel_files()
{
	:
}

# pack - a tar of the files named on standard input: the same bytes for the
# same contents, whoever checked them out
pack()
{
	tar -C "$TOP" -c --mtime=@0 --owner=0 --group=0 --numeric-owner \
		--mode='u+rw,go+rX,go-w' --no-recursion -T -
}

# stage_name KIND SCRIPT... - name of what KIND_files and the scripts make
stage_name()
{
	local kind=$1 key

	shift
	key=$({
		base_name
		[ -z "$KERNEL" ] || echo "${KERNEL##*/}"
		"${kind}_files" | pack | sha256sum && hash_files "$@"
	} | sha256sum | cut -c1-16) || die "the sources could not be read"
	echo "$kind-$HOST-$key"
}

# kernel_name - not made from the base's name: this is what takes longest
kernel_name()
{
	local key

	key=$({
		echo "$SUITE $KERNEL_SOURCE"
		hash_files tests/lab/build-kernel tests/lab/kernel/config
	} | sha256sum | cut -c1-16)
	echo "kernel-$KERNEL_SOURCE-$key"
}

# ready_rows - names of the rows that do not want a kernel that is yet to build
ready_rows()
{
	local row

	for row in $(row_names); do
		(
			row_load "$row"
			[ -z "$KERNEL_SOURCE" ] || [ -d "$CACHE/$(kernel_name)" ]
		) && echo "$row"
	done
}

# build_stage KIND DIR [ARGUMENT] - run build-KIND over the base
build_stage()
{
	local kind=$1 out=$2 log=$CACHE/$1-$HOST.log

	shift 2
	"${kind}_files" | pack >"$out/source.tar" || return 1
	unshare --mount --propagation private \
		"$LAB/build-$kind" "$BASE" "$out" "$@" >"$log" 2>&1 || {
		tail -n 40 "$log" >&2
		echo "lab: build-$kind failed; all of its output: $log" >&2
		return 1
	}
	rm -rf --one-file-system "$out"/{source.tar,upper,work,root}
}

build_image()
{
	stage "building the packages and installing them with DKMS"
	cp "$BASE/vmlinuz" "$BASE/initrd" "$1/" &&
		build_stage image "$1" "$KERNEL"
}

build_kit()
{
	stage "building the tests' own programs"
	build_stage kit "$1" "$KERNEL"
}

build_unit()
{
	stage "building the commands and running their unit tests"
	build_stage unit "$1"
}

build_upstream()
{
	stage "building the kernel's own tests of KVM (once)"
	build_stage upstream "$1"
}

build_rebuilt()
{
	stage "building KVM with a handler of its own, for comparison (once)"
	build_stage rebuilt "$1"
}

build_kernel()
{
	stage "building a debugging kernel (once; takes its time)"
	build_stage kernel "$1" "$KERNEL_SOURCE"
}

# locked COMMAND... - with the lock of HOST, which cached wants held
locked()
(
	flock -n 9 || {
		stage "waiting for another build of $HOST"
		flock 9
	}
	"$@"
) 9>"$CACHE/$HOST.lock"

# ensure_kernel - under a lock of its own: other rows need not wait for it
ensure_kernel()
{
	locked cached "${BASE##*/}" build_base || return 1
	local HOST=$KERNEL_SOURCE
	locked cached "${KERNEL##*/}" build_kernel && prune kernel 1
}

# build_kinds KIND... - what ensure_built builds under the lock
build_kinds()
{
	local kind

	cached "${BASE##*/}" build_base || return 1
	for kind; do
		case $kind in
		image) cached "${IMAGE##*/}" build_image || return 1 ;;
		kit) cached "${KIT##*/}" build_kit || return 1 ;;
		unit) cached "${UNIT##*/}" build_unit || return 1 ;;
		upstream)
			cached "${UPSTREAM##*/}" build_upstream || return 1
			;;
		rebuilt) cached "${REBUILT##*/}" build_rebuilt || return 1 ;;
		esac
		prune "$kind" 3
	done
	prune base 1
}

# ensure_built KIND... - build what is missing of "image", "kit", "unit",
# "upstream", "rebuilt"
#
# Sets BASE, and IMAGE, KIT, UNIT, UPSTREAM and REBUILT to the complete
# directories; the last two are empty if they were not asked for. So is KERNEL,
# which is built too, where the host runs the suite's own kernel.
ensure_built()
{
	[ "$(id -u)" -eq 0 ] || die "building a lab host needs root"
	need mmdebstrap=mmdebstrap cpio=cpio mkfs.ext4=e2fsprogs \
		modprobe=kmod unshare=util-linux
	mkdir -p "$CACHE"
	BASE=$CACHE/$(base_name)
	KERNEL=${KERNEL_SOURCE:+$CACHE/$(kernel_name)}
	IMAGE=$CACHE/$(stage_name image tests/lab/{build-image,chroot.sh} \
		tests/lab/{mkinitrd,l2/init}) || exit 1
	KIT=$CACHE/$(stage_name kit tests/lab/{build-kit,chroot.sh}) || exit 1
	UNIT=$CACHE/$(stage_name unit tests/lab/{build-unit,chroot.sh}) || exit 1
	UPSTREAM='' REBUILT=''
	[[ " $* " != *" upstream "* ]] ||
		UPSTREAM=$CACHE/$(stage_name upstream \
			tests/lab/{build-upstream,chroot.sh}) || exit 1
	[[ " $* " != *" rebuilt "* ]] ||
		REBUILT=$CACHE/$(stage_name rebuilt \
			tests/lab/{build-rebuilt,chroot.sh}) || exit 1
	[ -z "$KERNEL" ] || ensure_kernel || die "row $ROW: no kernel was built"
	locked build_kinds "$@" || die "row $ROW was not built"
}
