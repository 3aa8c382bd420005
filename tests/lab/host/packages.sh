# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests that install and remove the host's packages, by apt from the
# repository in the lab's image, and from /lab/upgrade with the next version.
# shellcheck disable=SC2034 # used by those that source this

REPOSITORY=/usr/lib/vcpu-info-lab/apt
HOST_PACKAGES=(vcpu-info-dkms vcpu-info)
# Where DKMS looks for modules that are built already.
BUILT=/usr/share/vcpu-info-dkms

UPGRADE=/lab/upgrade

# version_in REPOSITORY
version_in()
{
	sed -n '/^Package: vcpu-info-dkms$/,/^$/s/^Version: //p' "$1/Packages"
}

OLD=$(version_in $REPOSITORY) NEXT=$(version_in $UPGRADE)
cat $REPOSITORY/list $UPGRADE/list >/tmp/packages.list

# packages_apt NAME ARGUMENT... - apt-get; what it says is in
# /lab/logs/apt-NAME.log
packages_apt()
{
	local log=/lab/logs/apt-$1.log

	shift
	DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o Dir::Etc::SourceList=/tmp/packages.list \
		-o Dir::Etc::SourceParts=/dev/null \
		--no-install-recommends --allow-downgrades "$@" >"$log" 2>&1 &&
		return
	tail -n 30 "$log"
	return 1
}

# packages_begin - make apt know the repository; the image has the old version
#
# The guest's packages are here for the guest alone. Those of one source apt
# upgrades together.
packages_begin()
{
	apt-mark -q hold vcpu-info-guest-dkms vcpu-info-guest vcpu-info-dev >&2
	check "apt reads the repository, $OLD and $NEXT" \
		packages_apt update update &&
		is "the host's packages have the old version" \
			"$(packages_state)" "ii $OLD ii $OLD"
}

# packages_install NAME VERSION [OPTION...]
packages_install()
{
	packages_apt "$1" install "${HOST_PACKAGES[@]/%/=$2}" "${@:3}"
}

# packages_state - "STATUS VERSION" of each
packages_state()
{
	dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' \
		"${HOST_PACKAGES[@]}" | xargs
}

# packages_built - from now on DKMS installs modules that it built when the image
# was made, which in an emulated host takes minutes
packages_built()
{
	mkdir -p $BUILT
	cp {$REPOSITORY,$UPGRADE}/*.dkms.tar.gz $BUILT/
}

# packages_left - files that are named like the host's packages, or are listed
# of them by modprobe
packages_left()
{
	rm -rf $BUILT
	find / -xdev \( -path /lab -o -path /usr/lib/vcpu-info-lab -o \
		-path /tmp -o -path /proc -o -path /var/log -o \
		-path /var/lib/apt/lists \) -prune -o \
		-name '*vcpu[-_]info*' ! -name '*vcpu[-_]info[-_]guest*' \
		! -name '*vcpu-info-dev*' ! -path '/usr/include/*' \
		! -path '/usr/src/vcpu-info-guest*' \
		! -path '/var/lib/dkms/vcpu-info-guest/*' -print
	grep -l 'vcpu_info\b' /lib/modules/*/modules.{dep,softdep,alias}
	find /sys/kernel/tracing/instances -mindepth 1 -name 'vcpu_info*'
}
