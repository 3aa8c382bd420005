# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Where packages come from: Debian's own entries of this machine's apt.

# apt_sites - "archive URI" and "security URI" of the machine, one a line
#
# Known by the Origin that the repository itself states, so that third parties'
# entries are left out.
apt_sites()
{
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)' \
		'Created-By: Packages' |
		awk -F'|' '$1 != "Debian" { next }
			{ kind = $2 ~ /-security$/ ? "security" : "archive" }
			!seen[kind]++ { print kind, $3 }'
}

# base_suite SUITE - the suite that everything but the kernel is taken from
base_suite()
{
	case $1 in
	*-backports) echo "${1%-backports}" ;;
	experimental) echo sid ;;
	*) echo "$1" ;;
	esac
}

# apt_sources SUITE - sources.list for a suite
apt_sources()
{
	local base archive security

	base=$(base_suite "$1")
	archive=$(apt_sites | awk '$1 == "archive" { print $2 }')
	security=$(apt_sites | awk '$1 == "security" { print $2 }')
	[ -n "$archive" ] ||
		die "no Debian mirror in this machine's apt; run: apt-get update"

	echo "deb $archive $base main"
	if [ "$base" != sid ]; then
		echo "deb $archive $base-updates main"
		[ -z "$security" ] || echo "deb $security $base-security main"
	fi
	[ "$base" = "$1" ] || echo "deb $archive $1 main"
}

# apt_options - mmdebstrap options that carry over how this machine's apt
# reaches its mirror and how old it lets an index be
apt_options()
{
	apt-config dump |
		sed -nE '/^Acquire::(Check-|Retries|http|https|.*Proxy)/{
			/ "";$/d
			s/^/--aptopt=/p
		}'
}
