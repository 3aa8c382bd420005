# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the build-* scripts: a writable root over a base.
#
# These run in a mount namespace of their own, so that whatever is mounted
# goes with the last process however it ends.
# shellcheck disable=SC2034 # used by those that source this
set -eux

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

base=$1 dir=$2
root=$dir/root
kver=$(cat "$base/kver")
lab=$(cd "$(dirname "$0")" && pwd)

# open_root - $root is a copy of the base, with the sources in /mnt/source
open_root()
{
	mkdir -p "$root" "$dir/upper" "$dir/work"
	mount -t overlay overlay "$root" \
		-o "lowerdir=$base/root,upperdir=$dir/upper,workdir=$dir/work" ||
		cp -a "$base/root/." "$root"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/tmp"
	mount -t tmpfs tmpfs "$root/mnt"
	mkdir "$root/mnt/source"
	tar -x -C "$root/mnt/source" -f "$dir/source.tar"
}

# add_kernel [DIR] - put what build-kernel made into the root; sets host_kver,
# the version of the kernel that the host runs
add_kernel()
{
	host_kver=$kver
	[ -n "${1:-}" ] || return 0
	host_kver=$(cat "$1/kver")
	# In the root /lib is a link.
	tar -x -C "$root" --keep-directory-symlink --no-overwrite-dir \
		-f "$1/root.tar"
}

close_root()
{
	umount "$root/proc" "$root/tmp" "$root/mnt"
}

in_root()
{
	chroot "$root" "$@"
}
