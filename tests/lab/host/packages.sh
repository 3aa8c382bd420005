# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests that install and remove the host's packages, from the repository in
# the lab's image.

REPOSITORY=/usr/lib/vcpu-info-lab/apt
HOST_PACKAGES=(vcpu-info-dkms vcpu-info)

mapfile -t _versions < <(sed -n '/^Package: vcpu-info-dkms$/,/^$/s/^Version: //p' \
	$REPOSITORY/Packages | sort -V)
OLD=${_versions[0]} NEXT=${_versions[1]}

# packages_apt NAME ARGUMENT... - apt-get; what it says is in
# /lab/logs/apt-NAME.log
packages_apt()
{
	local log=/lab/logs/apt-$1.log

	shift
	DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o Dir::Etc::SourceList=$REPOSITORY/list \
		-o Dir::Etc::SourceParts=/dev/null \
		--no-install-recommends --allow-downgrades "$@" >"$log" 2>&1 &&
		return
	tail -n 30 "$log"
	return 1
}

packages_update()
{
	packages_apt update update
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

# packages_left - files that are named like the host's packages
packages_left()
{
	find / -xdev \( -path /lab -o -path $REPOSITORY -o -path /tmp -o \
		-path /proc -o -path /var/log \) -prune -o \
		-name '*vcpu[-_]info*' ! -name '*-guest*' ! -name '*_guest*' \
		! -name 'vcpu-info-lab' ! -name '*vcpu-info-dev*' \
		! -path '/usr/include/*' -print
}

softdep_file()
{
	echo /usr/lib/modprobe.d/vcpu-info.conf
}
