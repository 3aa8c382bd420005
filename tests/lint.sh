#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [CHECK...] - run the checkers on the tree; prints TAP
#
# Each check is a function that runs in the directory to check and fails with
# what it found. For each, a function bad_CHECK makes a small tree that breaks
# the rule and prints what the check has to say of it: so every run also proves
# that the checks catch something. A tool that is missing is a failure.
set -u
export LC_ALL=C.UTF-8

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

TOP=$(cd "$(dirname "$0")/.." && pwd)
CACHE=${VCPU_INFO_CACHE:-$TOP/.cache}
ALL=(checkpatch cppcheck shellcheck mandoc codespell kernel_version
	probe_result spdx version address length)
MAX_LINES=700

# checkpatch types that are ignored, and why:
# CAMELCASE		names that are not ours: PRIx64, cmocka's CMUnitTest
# MACRO_ARG_REUSE	macros that define attributes paste a name twice
# LONG_LINE_STRING	a message stays in one piece, to be found by grep
IGNORE=CAMELCASE,MACRO_ARG_REUSE,LONG_LINE_STRING
# ENOSYS		the ABI gives it for a host without the hypercall
# MACRO_ARG_UNUSED	what only a test build does
IGNORE_MODULE=$IGNORE,ENOSYS,MACRO_ARG_UNUSED
# PARENTHESIS_ALIGNMENT, OPEN_ENDED_LINE, COMPLEX_MACRO, SPACING: the kernel
# lays out its trace events so
IGNORE_TRACE=$IGNORE,PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE,COMPLEX_MACRO,SPACING
# LINUX_VERSION_CODE	what module/compat is for; elsewhere kernel_version looks
# CONSTANT_COMPARISON	takes LINUX_VERSION_CODE for a constant
IGNORE_COMPAT=$IGNORE,LINUX_VERSION_CODE,CONSTANT_COMPARISON
# EMBEDDED_FUNCTION_NAME	takes a word of a message for a function's name
# The rest are rules for code inside the kernel, not for programs.
IGNORE_USER=$IGNORE_MODULE,EMBEDDED_FUNCTION_NAME,BIT_MACRO,PREFER_KERNEL_TYPES
IGNORE_USER+=,PREFER_DEFINED_ATTRIBUTE_MACRO,STRCPY,STRNCPY

# Unit tests hold what is printed as it is printed.
IGNORE_UNIT=$IGNORE_USER,LONG_LINE,QUOTED_WHITESPACE_BEFORE_NEWLINE

# cppcheck's:
# readdirCalled, usleepCalled	it would have POSIX's way where glibc's is safe
# unusedStructMember		a struct can mirror a layout
# variableScope			the kernel's style has variables at the top
IGNORE_CPP=(--suppress=missingIncludeSystem --suppress=readdirCalled
	--suppress=usleepCalled --suppress=unusedStructMember
	--suppress=variableScope)

# Versions after Debian 12's have more to say, and are wrong in some of it:
# constParameter..., constVariable...	a function may write one day
# doubleFree			they think that fdopen() closes even if it fails
# ...OutOfMemory, ...OutOfResources	tests and fuzzers may end so
# deallocuse, leakNoVarFunctionCall	of tests: an assertion is no function
# truncLongCastAssignment	of tests: the product is small
# knownConditionTrueFalse	an enum's order, on which code relies; a number's sign
# autoVariables			of gzip.c: what is pointed to goes with the pointer
# normalCheckLevelMaxBranches	that they could take longer
[ "$(printf '%s\n' 2.10 "$(cppcheck --version | sed 's/.* //')" | sort -V |
	tail -n 1)" = 2.10 ] ||
	IGNORE_CPP+=(--suppress=constParameterPointer
		--suppress=constParameterCallback
		--suppress=constVariablePointer --suppress=constVariable
		--suppress=doubleFree
		--suppress=nullPointerOutOfMemory:tests/*
		--suppress=nullPointerOutOfResources:tests/*
		--suppress=nullPointerArithmeticOutOfMemory:tests/*
		--suppress=ctunullpointerOutOfMemory
		--suppress=ctunullpointerOutOfResources
		--suppress=deallocuse:tests/*
		--suppress=leakNoVarFunctionCall:tests/*
		--suppress=truncLongCastAssignment:tests/*
		--suppress=knownConditionTrueFalse
		--suppress=autoVariables:cli/host/export/gzip.c
		--suppress=normalCheckLevelMaxBranches)

# ShellCheck's:
# SC1091		a file that is sourced in another machine
# SC2016		what another machine's shell is to expand
# SC2034		a sourced file sets variables for the one that sources it
# SC2128, SC2178	it takes local variables of two functions for one
# SC2319		a condition's status is what a check is given
# SC3043		every shell of Debian has local
IGNORE_SHELL=SC1091,SC2016,SC2034,SC2128,SC2178,SC2319,SC3043

# Hosts that a file may name. Mirrors and workplaces are nobody else's business.
HOSTS='www\.kernel\.org|docs\.kernel\.org|git\.kernel\.org|www\.debian\.org'
HOSTS+='|www\.w3\.org|salsa\.debian\.org|www\.gnu\.org|no-color\.org'
HOSTS+='|127\.0\.0\.1'

# Directories that are one machine's or one person's.
DIRS='home|Users|builds|work|workspaces?'

# files REGEX - what git does not ignore; without git everything there is
files()
{
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files -co --exclude-standard
	else
		find . \( -path ./build -o -path ./.cache \) -prune -o -type f \
			-printf '%P\n'
	fi | sort -u | grep -E -- "$1" | while IFS= read -r file; do
		[ ! -f "$file" ] || [ -L "$file" ] || printf '%s\n' "$file"
	done
}

# each REGEX COMMAND... - run a command on all files, of which there must be one
each()
{
	local list

	mapfile -t list < <(files "$1")
	shift
	[ ${#list[@]} -gt 0 ] || { echo "no file to check"; return 1; }
	"$@" "${list[@]}"
}

# none COMMAND... - succeed if a search finds nothing
none()
{
	local rc=0

	"$@" || rc=$?
	[ "$rc" -eq 1 ]
}

# checkpatch.pl comes only with the kernel's source, of which a suite has its own
get_checkpatch()
{
	local tar name dir

	tar=$(printf '%s\n' /usr/src/linux-source-[0-9]*.tar.xz | sort -V | tail -n 1)
	name=$(basename "$tar" .tar.xz)
	dir=$CACHE/checkpatch-${name#linux-source-}
	if [ ! -d "$dir" ]; then
		[ -e "$tar" ] || {
			echo "no /usr/src/linux-source-*.tar.xz: apt install linux-source"
			return 1
		}
		rm -rf "$dir.tmp"
		mkdir -p "$dir.tmp/include"
		tar -xJf "$tar" -C "$dir.tmp" --strip-components=2 \
			"$name/scripts/checkpatch.pl" \
			"$name/scripts/spelling.txt" \
			"$name/scripts/const_structs.checkpatch" &&
			mv -T "$dir.tmp" "$dir" || return 1
	fi
	CHECKPATCH=$dir/checkpatch.pl
}

# run_checkpatch IGNORE FILE... - from elsewhere: it leaves files where it runs
run_checkpatch()
{
	local dir=$PWD ignore=$1 rc

	shift
	cd "${CHECKPATCH%/*}" && perl "$CHECKPATCH" --no-tree --strict --terse \
		--root=. --no-summary --show-types --ignore "$ignore" -f \
		"${@/#/$dir/}" | sed "s,^$dir/,,"
	rc=${PIPESTATUS[0]}
	cd "$dir" && return "$rc"
}

# checkpatch_mark IGNORE FILE - what exists if the file, as it is, had no finding:
# checkpatch takes a second for each
checkpatch_mark()
{
	local sum

	sum=$({ echo "$1 $2"; cat "$2"; } | sha256sum)
	echo "${CHECKPATCH%/*}/clean/${sum%% *}"
}

# checkpatch_new IGNORE FILE... - those that have no mark yet
checkpatch_new()
{
	local ignore=$1 file new=() rc=0

	shift
	for file; do
		[ -e "$(checkpatch_mark "$ignore" "$file")" ] || new+=("$file")
	done
	[ ${#new[@]} -gt 0 ] || return 0
	run_checkpatch "$ignore" "${new[@]}" || return 1
	mkdir -p "${CHECKPATCH%/*}/clean"
	for file in "${new[@]}"; do
		: >"$(checkpatch_mark "$ignore" "$file")" || rc=1
	done
	return $rc
}

checkpatch()
{
	local ignore file rc=0
	local -A lists=()

	get_checkpatch || return 1
	while IFS= read -r file; do
		case "$file" in
		module/compat/*)	ignore=$IGNORE_COMPAT ;;
		*/trace.h)		ignore=$IGNORE_TRACE ;;
		module/* | include/*)	ignore=$IGNORE_MODULE ;;
		tests/unit/*)		ignore=$IGNORE_UNIT ;;
		*)			ignore=$IGNORE_USER ;;
		esac
		lists[$ignore]+="$file "
	done < <(files '\.[ch]$')
	[ ${#lists[@]} -gt 0 ] || { echo "no file to check"; return 1; }
	for ignore in "${!lists[@]}"; do
		# shellcheck disable=SC2086
		checkpatch_new "$ignore" ${lists[$ignore]} || rc=1
	done
	return $rc
}

bad_checkpatch()
{
	printf '// SPDX-License-Identifier: GPL-2.0\nint f(void){\n  return 0;\n}\n' >a.c
	echo 'a\.c:2: ERROR:OPEN_BRACE'
}

cppcheck()
{
	each '^(cli|tests)/.*\.c$' command cppcheck --quiet --std=c11 \
		--enable=warning,style,performance,portability --inline-suppr \
		"${IGNORE_CPP[@]}" --error-exitcode=1 \
		--library=posix --library=gnu -D_GNU_SOURCE \
		-DVCPU_INFO_VERSION='""' -DTEST_DIR='""' -I include -I cli \
		-I cli/common -I cli/host
}

bad_cppcheck()
{
	mkdir cli
	printf 'int f(void)\n{\n\tint a[2] = {0};\n\n\treturn a[2];\n}\n' >cli/a.c
	echo 'cli/a\.c:5:.*arrayIndexOutOfBounds'
}

shell_files()
{
	files . | while IFS= read -r file; do
		head -n 1 -- "$file" | tr -d '\0' |
			grep -qE '^#!.*/(ba|da)?sh\b|^# shellcheck shell=' &&
			printf '%s\n' "$file"
	done
	files '\.sh$|^completions/'
}

shellcheck()
{
	local list

	mapfile -t list < <(shell_files | sort -u)
	[ ${#list[@]} -gt 0 ] || { echo "no file to check"; return 1; }
	command shellcheck -x -P SCRIPTDIR -e $IGNORE_SHELL --format=gcc \
		"${list[@]}"
}

bad_shellcheck()
{
	printf '#!/bin/sh\nrm $1/x\n' >a
	echo 'a:2:.*SC2086'
}

mandoc()
{
	each '^man/.*\.[1-9]$' command mandoc -T lint -W warning
}

bad_mandoc()
{
	mkdir man
	printf '.TH A 1 2026-01-01\n.SH NAME\na \\- b\n.FOO\n' >man/a.1
	echo 'man/a\.1:4:2: ERROR: skipping unknown macro'
}

codespell()
{
	each . command codespell --quiet-level=2 --ignore-words-list=fpr,parm,te
}

bad_codespell()
{
	printf 'This is t%s text.\n' eh >a.md
	echo 'a\.md:1: .* ==> the'
}

# outside_compat REGEX - what may be in module/compat only
outside_compat()
{
	local list

	mapfile -t list < <(files '\.([chS]|mk)$|(^|/)(Kbuild|Makefile)$' |
		grep -v '^module/compat/')
	[ ${#list[@]} -gt 0 ] || { echo "no file to check"; return 1; }
	none grep -nE -- "$1" "${list[@]}" /dev/null
}

kernel_version()
{
	outside_compat 'LINUX_VERSION_CODE|KERNEL_VERSION\('
}

bad_kernel_version()
{
	mkdir -p module/host
	echo '#if LINUX_VERSION_CODE < KERNEL_''VERSION(6, 2, 0)' >module/host/a.c
	echo 'module/host/a\.c:1:'
}

probe_result()
{
	outside_compat '\bCOMPAT_HAVE_'
}

bad_probe_result()
{
	mkdir -p module/host
	echo '#ifdef COMPAT_HAVE_KVM_PID_LOCK' >module/host/a.c
	echo 'module/host/a\.c:1:'
}

# Files whose format has no comments, or that are licences themselves.
spdx()
{
	local exempt='^(LICENSE|VERSION|debian/(changelog|copyright))$'

	exempt+='|^debian/source/format$|\.(dkms|docs)$|/golden/|\.(json|dat|bin|png)$|^docs/top-.*\.txt$'
	[ -n "$(files .)" ] || { echo "no file to check"; return 1; }
	! files . | grep -vE "$exempt" | while IFS= read -r file; do
		head -n 5 -- "$file" | grep -q 'SPDX-License-Identifier: GPL-2\.0' ||
			echo "$file: no SPDX line in its first five lines"
	done | grep .
}

bad_spdx()
{
	echo 'int a;' >a.c
	echo 'a\.c: no SPDX line'
}

# same FILE VERSION - complain unless a file's version is that of VERSION
same()
{
	[ "$2" = "$(cat VERSION)" ] && return
	echo "$1: version '$2', but VERSION says '$(cat VERSION)'"
	return 1
}

version()
{
	local rc=0 file

	for file in dkms.conf dkms-guest.conf; do
		grep -qx 'PACKAGE_VERSION="#MODULE_VERSION#"' $file && continue
		echo "$file: PACKAGE_VERSION is not #MODULE_VERSION#, for dh_dkms to set"
		rc=1
	done
	same debian/changelog "$(sed -nE '1s/.*\((.*)-[^-]*\).*/\1/p' \
		debian/changelog)" || rc=1
	same NEWS.md "$(sed -n 's/^## \([0-9][^ ]*\).*/\1/p' NEWS.md |
		head -n 1)" || rc=1
	for file in man/*.[1-9]; do
		same "$file" "$(sed -nE \
			's/^\.TH .*"vcpu-info ([0-9][^"]*)".*/\1/p' "$file")" ||
			rc=1
	done
	return $rc
}

bad_version()
{
	mkdir debian man
	echo 1.2.4 >VERSION
	echo 'PACKAGE_VERSION="1.2.3"' | tee dkms.conf >dkms-guest.conf
	echo 'x (1.2.3-1) unstable; urgency=medium' >debian/changelog
	echo '## 1.2.3' >NEWS.md
	echo '.TH A 1 2026-01-01 "vcpu-info 1.2.3"' >man/a.1
	echo "man/a\\.1: version '1\\.2\\.3'"
}

address()
{
	local url="\\b[a-z+]+://(?!($HOSTS)\\b)[\\w.-]+\\.\\w+[^\\s\"']*"
	local path="(?<![\\w}.*)~%@>/-])/($DIRS)/[\\w.-]*"

	each '^[^L]' none grep -nHIoP "$url|$path"
}

bad_address()
{
	echo 'deb http''://mirror.corp.test/debian stable main' >a
	echo 'a:1:http'
}

length()
{
	! each '\.[ch]$|\.sh$' wc -l | awk -v max=$MAX_LINES \
		'$2 != "total" && $1 > max { print $2 ": " $1 " lines of " max }' |
		grep .
}

bad_length()
{
	seq $((MAX_LINES + 1)) >a.c
	echo 'a\.c: 701 lines'
}

run_check()
{
	local out rc expect tree

	out=$("$1" 2>&1)
	result $? "lint: $1" "$(head -n 50 <<<"$out")"

	tree=$(mktemp -d)
	expect=$(cd "$tree" && "bad_$1")
	out=$(cd "$tree" && "$1" 2>&1)
	rc=$?
	[ "$rc" -ne 0 ] && grep -qE -- "$expect" <<<"$out"
	result $? "lint: $1 catches a violation" "rc $rc, wanted: $expect; got: $out"
	rm -rf "$tree"
}

cd "$TOP" || exit 1
[ $# -gt 0 ] || set -- "${ALL[@]}"
for check; do
	declare -F "bad_$check" >/dev/null || {
		echo "lint.sh: no check '$check'; there are: ${ALL[*]}" >&2
		exit 2
	}
	run_check "$check"
done
tap_end
