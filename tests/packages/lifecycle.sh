#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The life of the packages, in a root of their own: install, upgrade, downgrade,
# purge; without headers, with new ones, with a module that does not compile.
#
# In: /tmp/repo, packages of two versions and a third that is broken. Out:
# /tmp/out, apt's output and lists of files; results as TAP.
set -u
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. /tmp/tap.sh

OUT=/tmp/out
packages=(vcpu-info-dkms vcpu-info vcpu-info-exporter vcpu-info-guest-dkms
	vcpu-info-guest vcpu-info-dev)
services=(vcpu-info-exporter.{socket,service} vcpu-info-textfile.timer
	vcpu-info-watch.service)
modules=(vcpu_info vcpu_info_guest)
mkdir -p $OUT
echo 'deb [trusted=yes] file:/tmp/repo ./' >/tmp/repo.list

# the versions of vcpu-info-dkms, lowest first: ours, the next, the broken one
mapfile -t versions < <(sed -n '/^Package: vcpu-info-dkms$/,/^$/s/^Version: //p' \
	/tmp/repo/Packages | sort -V)
old=${versions[0]} next=${versions[1]} broken=${versions[2]}

# apt_do NAME ARGUMENT... - apt-get on our packages alone; output: $OUT/NAME.apt
apt_do()
{
	local log=$OUT/$1.apt

	shift
	apt-get -y -q -o Dir::Etc::SourceList=/tmp/repo.list \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists=/tmp/lists -o Dir::Cache=/tmp/cache \
		--no-install-recommends --allow-downgrades "$@" >"$log" 2>&1 &&
		return
	tail -n 20 "$log"
	return 1
}

# apt_headers NAME ARGUMENT... - apt-get on the distribution's packages
apt_headers()
{
	local log=$OUT/$1.apt

	shift
	apt-get -y -q --no-install-recommends "$@" >"$log" 2>&1 && return
	tail -n 20 "$log"
	return 1
}

# version VERSION - each of our packages has it, wholly installed
version()
{
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' \
		"${packages[@]}" | sort -u)" = "ii $1" ]
}

# sound - no package is in a state that apt complains of
sound()
{
	[ -z "$(dpkg --audit)" ] && apt-get check
}

# built UPSTREAM KERNEL... - both modules are there, and of that version
built()
{
	local kernel module want=$1 dir which

	shift
	for kernel; do
		dir=/lib/modules/$kernel
		for module in "${modules[@]}"; do
			which=("$module")
			# Of a kernel with nothing but headers DKMS 3.2 leaves
			# depmod to the image, should it come.
			[ -e "$dir/modules.dep" ] ||
				mapfile -t which < <(find "$dir/" -name "$module.ko*")
			[ "$(modinfo -k "$kernel" -F version "${which[@]}")" = \
				"$want" ] || return 1
		done
	done
}

not_built()
{
	! modinfo -k "$1" vcpu_info 2>/dev/null && ! modinfo -k "$1" vcpu_info_guest
}

# one_tree UPSTREAM - DKMS knows that version of each and no other
one_tree()
{
	[ "$(dkms status | sed -nE 's,^(vcpu-info[^,:]*).*,\1,p' | sort -u |
		xargs)" = "vcpu-info-guest/$1 vcpu-info/$1" ]
}

# files NAME - all there are, but for what dpkg, apt and the tests keep
files()
{
	find / -xdev \( -path /tmp -o -path /proc -o -path /sys -o -path /dev \
		-o -path /var/lib/apt -o -path /var/cache -o -path /var/log \
		-o -path /run \) -prune -o -print | LC_ALL=C sort >"$OUT/$1.files"
	# Contents, of what the packages make others write
	sha256sum /lib/modules/*/modules.* >"$OUT/$1.sums" 2>/dev/null
	find /etc -xdev -type f -exec sha256sum {} + | sort -k 2 \
		>>"$OUT/$1.sums"
}

# same_files A B
same_files()
{
	diff "$OUT/$1.files" "$OUT/$2.files" &&
		diff "$OUT/$1.sums" "$OUT/$2.sums"
}

said()
{
	grep -qE -- "$2" "$OUT/$1.apt"
}

upstream()
{
	echo "${1%-*}"
}

mapfile -t kernels < <(basename -a /lib/modules/*)
kernel=${kernels[0]}
check "the root has one kernel and its headers" \
	test ${#kernels[@]} -eq 1 -a -e "/lib/modules/$kernel/build/include"
mkdir -p /tmp/lists/partial /tmp/cache/archives/partial
check "apt reads the repository" apt_do update update
files before

# From nothing and back

check "they install" apt_do install install "${packages[@]/%/=$old}"
check "wholly" version "$old"
check "with both modules" built "$(upstream "$old")" "$kernel"
files installed
diff $OUT/before.files $OUT/installed.files | sed -n 's/^> //p' \
	>$OUT/added.files
echo "# $(wc -l <$OUT/added.files) files and directories are added"
for file in /usr/lib/modprobe.d/vcpu-info.conf \
	/usr/lib/udev/rules.d/60-vcpu-info-guest-dkms.rules \
	/usr/share/bash-completion/completions/vcpu-info \
	/usr/share/bash-completion/completions/vcpu-info-guest \
	/usr/share/vcpu-info/record.schema.json /usr/include/vcpu_info_abi.h \
	"${services[@]/#//lib/systemd/system/}" \
	/usr/lib/systemd/system-preset/80-vcpu-info{,-exporter}.preset \
	/usr/share/vcpu-info/prometheus/vcpu-info.rules.yml; do
	check "$file is there" test -s "$file"
done
is "only options of services are in /etc" \
	"$(grep ^/etc/ $OUT/added.files | xargs)" \
	"/etc/default/vcpu-info-exporter /etc/default/vcpu-info-watch"
check "no service is enabled" eval '! grep -q systemd.*wants $OUT/added.files'
bash /tmp/check_completion.sh /usr/bin/vcpu-info \
	/usr/share/bash-completion/completions/vcpu-info >$OUT/completion.log
check "the installed completion completes" eval \
	'grep -q "^ok" $OUT/completion.log && ! grep "^not ok" $OUT/completion.log'

# What an administrator does survives an upgrade, and goes with a purge.
enabled()
{
	local unit

	for unit in "${services[@]}"; do
		find /etc/systemd/system -path "*.wants/$unit" | grep -q . ||
			return 1
	done
}

# enable - as an administrator does; where there is no systemd, what stands in for it.
# deb-systemd-helper of Debian 13 asks the presets, which have them off.
enable()
{
	if command -v systemctl >/dev/null; then
		systemctl enable "${services[@]}"
	else
		DPKG_MAINTSCRIPT_PACKAGE=vcpu-info-exporter \
			deb-systemd-helper enable "${services[@]}"
	fi
}

check "services are enabled" enable
check "wholly" enabled
echo '# mine' >>/etc/default/vcpu-info-exporter

check "they are upgraded" apt_do upgrade install "${packages[@]/%/=$next}"
check "to the next version" version "$next"
check "and their modules" built "$(upstream "$next")" "$kernel"
check "of which the old version is gone" one_tree "$(upstream "$next")"
check "services are enabled as they were" enabled
check "with the same options" grep -qx '# mine' /etc/default/vcpu-info-exporter

check "they are reinstalled" apt_do reinstall install --reinstall \
	"${packages[@]/%/=$next}"
check "with their modules" built "$(upstream "$next")" "$kernel"

check "they are downgraded" apt_do downgrade install "${packages[@]/%/=$old}"
check "to the old version" version "$old"
check "and their modules" built "$(upstream "$old")" "$kernel"
check "of which the new version is gone" one_tree "$(upstream "$old")"

check "they are removed" apt_do remove remove "${packages[@]}"
check "and the modules" not_built "$kernel"
check "and purged" apt_do purge purge "${packages[@]}"
files purged
check "nothing is left" same_files before purged
check "nothing named so is in dpkg's database" \
	eval '! ls /var/lib/dpkg/info | grep vcpu-info'
check "apt is sound" sound

# Without headers, and when they come

mapfile -t headers < <(dpkg-query -W -f '${Package}\n' 'linux-headers-*cloud*')
check "the headers are removed" apt_headers no-headers purge "${headers[@]}"
check "they install without headers" apt_do without-headers install \
	"${packages[@]/%/=$old}"
check "wholly" version "$old"
check "saying that headers are missing" said without-headers \
	'headers.*(not.*installed|missing)|No kernel headers'
check "without modules" not_built "$kernel"
check "headers come" apt_headers headers install linux-headers-cloud-amd64
check "and with them the modules" built "$(upstream "$old")" "$kernel"
check "headers of another kernel come" apt_headers second install \
	linux-headers-amd64
mapfile -t kernels < <(basename -a /lib/modules/*)
check "there are two kernels" test ${#kernels[@]} -eq 2
check "and modules for both" built "$(upstream "$old")" "${kernels[@]}"
dkms status | sed 's/^/# /'

# A kernel that is built anew under the same name: DKMS 3.2 builds modules for it
# again, older ones think that they have them

# kernel_hooks HOOK... - what the package of that kernel runs of DKMS's
kernel_hooks()
{
	local hook

	for hook; do
		[ ! -x "/etc/kernel/$hook.d/dkms" ] ||
			DPKG_MAINTSCRIPT_NAME=$hook \
			DPKG_MAINTSCRIPT_PACKAGE=linux-image-$kernel \
			"/etc/kernel/$hook.d/dkms" "$kernel" || return 1
	done
}

when_built()
{
	find "/lib/modules/$kernel/" -name 'vcpu_info*.ko*' -printf '%i %T@\n'
}

before=$(when_built)
check "the hooks of a kernel of the same name" kernel_hooks preinst postinst
check "and then there are modules for it" built "$(upstream "$old")" "$kernel"
if [ -x /etc/kernel/preinst.d/dkms ]; then
	check "which are new" test "$(when_built)" != "$before"
else
	skip "which are new" "this DKMS has no hook for it"
fi

# A module that does not compile: as with any DKMS package

check "a broken version fails" eval '! apt_do broken install \
	vcpu-info-dkms="$broken" vcpu-info-guest-dkms="$broken" \
	vcpu-info="$next" vcpu-info-guest="$next"'
is_broken()
{
	dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' vcpu-info-dkms \
		vcpu-info-guest-dkms | grep -qx "iF $broken"
}
check "and is not wholly installed" is_broken
check "saying where the compiler's words are" said broken 'make\.log'
check "the compiler's words are there" \
	grep -qs 'broken on purpose' /var/lib/dkms/vcpu-info*/*/build/make.log
check "there is no module" not_built "$kernel"
check "the good version comes back" apt_do repaired install \
	"${packages[@]/%/=$old}"
check "wholly" version "$old"
newest=$(basename -a /boot/config-* | sort -V | tail -n 1)
check "with modules for the newest kernel" \
	built "$(upstream "$old")" "${newest#config-}"
check "apt is sound then" sound
check "the broken version fails again" eval '! apt_do broken-again install \
	vcpu-info-dkms="$broken" vcpu-info-guest-dkms="$broken"'
check "the broken version is purged" apt_do purge-broken purge "${packages[@]}"
check "nothing of it is left" eval '! find / -xdev -path /tmp -prune -o \
	-path /proc -prune -o -name "*vcpu[-_]info*" -print | grep .'
check "apt is sound in the end" sound
tap_end
