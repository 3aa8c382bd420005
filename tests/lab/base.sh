# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The base root of a row: a Debian suite with kernel, compiler and VMM.

# Not needed to run or to build anything; a smaller disk is a faster one.
DPKG_TRIM=(path-exclude='/usr/share/man/*' path-exclude='/usr/share/doc/*'
	path-exclude='/usr/share/locale/*' path-exclude='/usr/share/info/*'
	path-exclude='/usr/share/i18n/*' path-exclude='/usr/lib/*/gconv/*'
	path-exclude='/usr/share/qemu/edk2-*' force-unsafe-io)

# kernel_packages SUITE NAME... - as apt takes them from that very suite
kernel_packages()
{
	local from=/$1

	[ "$(base_suite "$1")" != "$1" ] || from=
	shift
	printf "%s$from\n" "$@"
}

# base_packages - what to ask apt for, the kernel from its own suite
base_packages()
{
	sed 's/#.*//' "$LAB/base-packages" | xargs -n1
	kernel_packages "$SUITE" "$KERNEL_PACKAGE" \
		"${KERNEL_PACKAGE/image/headers}"
}

# install_root SUITE DIR LOG - a root of the suite, with the packages named on
# standard input
install_root()
{
	local base include opts=() trim=()

	base=$(base_suite "$1")
	include=$(xargs | tr ' ' ',')
	mapfile -t opts < <(apt_options)
	# An index of sid may be older than it says it may be.
	[ "$base" != sid ] ||
		opts+=("--aptopt=Acquire::Check-Valid-Until \"false\"")
	mapfile -t trim < <(printf -- '--dpkgopt=%s\n' "${DPKG_TRIM[@]}")
	# Not with our locks and pipes: mmdebstrap hands a descriptor to dash, which
	# knows none above 9.
	# INITRD=No: the lab boots with an initramfs of its own. In a mount namespace of
	# its own: if it is interrupted, no file system stays mounted in the root.
	apt_sources "$1" |
		INITRD=No DEBIAN_FRONTEND=noninteractive \
		unshare --mount --propagation private mmdebstrap \
			--mode=root --variant=minbase --format=directory \
			"${opts[@]}" "${trim[@]}" --include="$include" \
			--skip=check/empty "$base" "$2" - >"$3" 2>&1 \
			3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || {
		tail -n 20 "$3" >&2
		echo "mmdebstrap failed; all of its output: $3" >&2
		return 1
	}
}

# apt_words LOG - why apt could not make a root, in its own words, on one line
apt_words()
{
	grep -E '^(E: | *[a-z0-9.+:-]+ : (Depends|Breaks|Conflicts))' "$1" |
		head -n 3 | tr -s ' \n' ' '
}

base_name()
{
	local key

	key=$({
		echo "$SUITE $KERNEL_PACKAGE"
		hash_files tests/lab/base-packages tests/lab/base.sh \
			tests/lab/mirror.sh tests/lab/mkinitrd tests/lab/l1/stage1
	} | sha256sum | cut -c1-16)
	echo "base-$HOST-$key"
}

# the kernel's version: the only directory there is in lib/modules
kernel_version()
{
	local dirs=("$1"/lib/modules/*)

	if [ ${#dirs[@]} -ne 1 ] || [ ! -d "${dirs[0]}" ]; then
		die "$1: one kernel wanted, found: ${dirs[*]##*/}"
	fi
	echo "${dirs[0]##*/}"
}

kernel_image()
{
	local file

	for file in "$1/boot/vmlinuz-$2" "$1/usr/lib/modules/$2/vmlinuz"; do
		[ ! -f "$file" ] || {
			echo "$file"
			return
		}
	done
	die "kernel $2 has no vmlinuz"
}

build_base()
{
	local dir=$1 kver

	stage "making the root of a Debian $SUITE host (once)"
	base_packages |
		install_root "$SUITE" "$dir/root" "$CACHE/base-$HOST.log" ||
		return 1

	kver=$(kernel_version "$dir/root") || return 1
	echo "$kver" >"$dir/kver"
	cp "$(kernel_image "$dir/root" "$kver")" "$dir/vmlinuz" || return 1
	"$LAB/mkinitrd" "$dir/root" "$kver" "$LAB/l1/stage1" \
		"virtio_pci virtio_blk -ext4 -crc32c_generic -ata_piix -sd_mod" >"$dir/initrd"
}
