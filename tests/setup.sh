#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# setup.sh [GROUP...] - install the Debian packages that the groups need
#
# Groups: build (commands and unit tests), fuzz, bench (of the commands), lab,
# intel (for its Intel rows), lint, package (Debian packages and their checkers);
# without any, all of them. Only by name: readers (other people's, of profiles) and
# exporter (Prometheus).
# Nothing is touched, and root is not needed, if all is there.
set -eu

build="make gcc libc6-dev pkg-config
	libtracefs-dev libtraceevent-dev libjson-c-dev
	libtracecmd-dev libelf-dev libncurses-dev libcmocka-dev
	libarchive-dev libsystemd-dev libmicrohttpd-dev libgnutls28-dev zlib1g-dev
	libcrypt-dev libyaml-dev
	libprotobuf-c-dev protobuf-c-compiler
	python3-jsonschema"
lab="gcc libc6-dev binutils mmdebstrap debian-archive-keyring ca-certificates mount
	util-linux e2fsprogs cpio kmod zstd xz-utils jq
	busybox-static"
intel="bochs bochs-term bochsbios vgabios grub-common grub-pc-bin xorriso"
lint="git perl shellcheck mandoc cppcheck codespell linux-source xz-utils"
fuzz="$build clang libclang-rt-dev"
bench="$build trace-cmd time"
package="$build build-essential debhelper dh-dkms dpkg-dev git lintian blhc
	autodep8 autopkgtest diffoscope-minimal"
readers="$build chromium fonts-dejavu-core golang-go libdevel-nytprof-perl linux-perf python3"
exporter="$build curl iproute2 jq openssl prometheus socat
	prometheus-node-exporter systemd util-linux"

die()
{
	echo "setup.sh: $*" >&2
	exit 1
}

packages_of()
{
	for group; do
		case "$group" in
		build)		echo "$build" ;;
		lab)		echo "$lab" ;;
		intel)		echo "$intel" ;;
		lint)		echo "$lint" ;;
		package)	echo "$package" ;;
		fuzz)		echo "$fuzz" ;;
		bench)		echo "$bench" ;;
		readers)	echo "$readers" ;;
		exporter)	echo "$exporter" ;;
		*)		die "no group '$group'; there are: build fuzz bench lab intel lint package readers exporter" ;;
		esac
	done
}

is_installed()
{
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

[ $# -gt 0 ] || set -- build fuzz bench lab intel lint package
packages=$(packages_of "$@")
packages=$(echo "$packages" | xargs -n1 | sort -u)

command -v apt-get >/dev/null ||
	die "this is no Debian system; install by hand what these packages have:
$(echo "$packages" | xargs)"

# Before anything is downloaded
case " $* " in
*" lab "*) "$(dirname "$0")/preflight.sh" "${VCPU_INFO_CACHE:-$(dirname "$0")/../.cache}" || exit 1 ;;
esac

missing=
for package in $packages; do
	is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" -eq 0 ] ||
	die "these packages are missing, run again as root:$missing"

# shellcheck source=/dev/null
. /etc/os-release
case "${ID:-} ${VERSION_ID:-}" in
"debian 12" | "debian 13") ;;
*) echo "setup.sh: made for Debian 12 and 13, not for ${PRETTY_NAME:-this}; trying" >&2 ;;
esac

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive

run_apt()
{
	apt-get -q -y "$@" >"$log" 2>&1 </dev/null && return
	tail -n 20 "$log" >&2
	die "apt-get $1 failed"
}

echo "installing:$missing"
run_apt update
# The host is left as it is: no services, no recommended extras.
# shellcheck disable=SC2086
run_apt install --no-install-recommends $missing
