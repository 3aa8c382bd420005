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

# image_files - what the packages are built from
image_files()
{
	tree_files | grep -E -e '^(cli|completions|debian|docs|include|man|module)/' \
		-e '^(tests/unit/Makefile|Kbuild|LICENSE|Makefile|VERSION|[A-Z]*\.md|dkms.*\.conf)$'
}

# upgrade_files - those, and what makes the next version of them
upgrade_files()
{
	image_files
	echo tests/next-version.sh
}

# kit_files - what the tests' own programs are built from
kit_files()
{
	local pattern='^include/|^tests/lab/(bench|guest|hostile|oracle)/'

	tree_files | grep -E "$pattern|^tests/lab/host/(Makefile|.*\.[ch])$" |
		grep -vE '^tests/lab/bench/(.*\.sh|budgets|(profile|ipi)/.*)$' |
		grep -vE '^tests/lab/(guest/hc_test|hostile/neighbour)/'
}

# modules_files - what the tests' own modules are built from
modules_files()
{
	local pattern='bench/ipi|guest/hc_test|hostile/neighbour|kernel/faults|storm'

	tree_files |
		grep -E "^(include|module)/|^tests/lab/($pattern)/|^(VERSION|Kbuild)\$"
}

# compiled_files - the host's module and commands, without packages
compiled_files()
{
	tree_files | grep -E '^(cli|docs|include|man|module)/|^(VERSION|Kbuild)$'
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

# systemd_files - our units and what goes with them
systemd_files()
{
	tree_files | grep -E -e '^debian/.*\.(service|socket|timer|default|preset)$' \
		-e '^docs/examples/'
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
		build_stage image "$1" "$KERNEL" &&
		echo "${KERNEL##*/}" >"$1/kernel"
}

build_kit()
{
	stage "building the tests' own programs"
	build_stage kit "$1" "$KERNEL"
}

build_modules()
{
	stage "building the tests' own modules"
	build_stage modules "$1" "$KERNEL"
}

build_upgrade()
{
	stage "building the packages' next version, for upgrades"
	build_stage upgrade "$1" "$KERNEL"
}

build_compiled()
{
	stage "compiling the host's module and commands"
	build_stage compiled "$1" "$KERNEL"
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

build_systemd()
{
	stage "fetching systemd for the host"
	build_stage systemd "$1"
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

# stage_scripts KIND - what of the lab a stage is also made from
stage_scripts()
{
	echo "tests/lab/build-$1" tests/lab/chroot.sh
	[ "$1" != image ] || echo tests/lab/{mkinitrd,l2/init}
}

# build_kinds KIND... - what ensure_built builds under the lock
build_kinds()
{
	local kind dir

	cached "${BASE##*/}" build_base || return 1
	for kind; do
		dir=${kind^^}
		cached "$(basename "${!dir}")" "build_$kind" || return 1
		prune "$kind" 3
	done
	prune base 1
}

# no_root - the suite's root cannot be made, for what apt says; exit status 75
#
# sid and experimental are now and then in such a state, which is no fault of ours.
no_root()
{
	echo "lab: no root of Debian $SUITE: $(apt_words "$CACHE/base-$HOST.log")" >&2
	exit 75
}

# newest_image - of this host's images with its kernel the one used last; fails if there is
# none
newest_image()
{
	local image

	while read -r _ image; do
		[ "$(cat "$image/kernel" 2>/dev/null)" != "${KERNEL##*/}" ] ||
			{ echo "$image" && return; }
	done < <(find "$CACHE" -maxdepth 1 -type d -name "image-$HOST-*" ! -name '*.tmp' \
		-printf '%T@ %p\n' | sort -rn)
	return 1
}

# ensure_built KIND... - build what is missing of "image" (or "anyimage": one that
# may be older than the sources), "kit", "modules", "upgrade", "compiled",
# "unit", "upstream", "rebuilt", "systemd"
#
# Sets BASE, and the variable that is called like the kind in capitals to the
# complete directory; those of kinds that were not asked for are empty. So is
# KERNEL, which is built too, where the host runs the suite's own kernel.
ensure_built()
{
	local kind kinds=()

	[ "$(id -u)" -eq 0 ] || die "building a lab host needs root"
	need mmdebstrap=mmdebstrap cpio=cpio mkfs.ext4=e2fsprogs \
		modprobe=kmod unshare=util-linux
	mkdir -p "$CACHE"
	BASE=$CACHE/$(base_name)
	KERNEL=${KERNEL_SOURCE:+$CACHE/$(kernel_name)}
	IMAGE='' KIT='' MODULES='' UPGRADE='' COMPILED='' UNIT='' UPSTREAM=''
	REBUILT='' SYSTEMD=''
	for kind; do
		if [ "$kind" = anyimage ]; then
			IMAGE=$(newest_image) && continue
			kind=image
		fi
		# shellcheck disable=SC2046
		declare -g "${kind^^}=$CACHE/$(stage_name "$kind" \
			$(stage_scripts "$kind"))" || exit 1
		kinds+=("$kind")
	done
	[ -z "$KERNEL" ] || ensure_kernel || die "row $ROW: no kernel was built"
	locked build_kinds "${kinds[@]}" && return
	[ -d "$BASE" ] || no_root
	die "row $ROW was not built"
}
