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

# make_repository DIR - in the root: our packages, as a repository for apt
make_repository()
{
	# shellcheck disable=SC2016 # expanded in there
	in_root sh -eux -c 'cd /mnt/source
		export DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)"
		dpkg-buildpackage -b -us -uc
		mkdir -p "$1"
		cd "$1"
		mv /mnt/*.deb .
		dpkg-scanpackages --multiversion . >Packages
		echo "deb [trusted=yes] file:$1 ./" >list' sh "$1"
}

# apt_begin DIR - sets apt, for that repository alone: whatever a package needs
# besides is in the base
apt_begin()
{
	apt=(apt-get -y -o "Dir::Etc::SourceList=$1/list"
		-o Dir::Etc::SourceParts=/dev/null --no-install-recommends
		--allow-downgrades)
	in_root "${apt[@]}" update
}

# install_built DIR VERSION PACKAGE... - and keep the module that DKMS has built
# in the repository
install_built()
{
	local dir=$root$1 version=$2 tree=$root/var/lib/dkms/vcpu-info/$2

	shift 2
	# By itself it builds for the newest kernel; host and guest may differ.
	if ! { in_root "${apt[@]}" install "${@/%/=$version-*}" &&
		in_root dkms autoinstall -k "$host_kver" &&
		in_root dkms autoinstall -k "$kver" &&
		in_root dkms mktarball -m vcpu-info -v "$version" \
			-k "$host_kver" --binaries-only; }; then
		tail -n 30 "$root"/var/lib/dkms/*/*/build/make.log
		exit 1
	fi
	mv "$tree"/tarball/*.dkms.tar.gz "$dir/vcpu-info-$version.dkms.tar.gz"
	rmdir "$tree/tarball"
}
