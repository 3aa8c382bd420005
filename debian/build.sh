#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build the source and binary packages from a copy of the tree in the given
# directory, and leave them there.
set -euo pipefail
umask 022
# The same modes, whoever checked the tree out
mode=--mode=u+rw,go+rX,go-w

cd "$(dirname "$0")/.."
out=$1
name=vcpu-info-$(cat VERSION)
epoch=$(dpkg-parsechangelog -S Timestamp)

# What git does not track is no source; a tree without git has to be clean.
list_files() {
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files -z -c
	else
		find . \( -path ./build -o -path ./.cache \) -prune -o \
			! -type d -printf '%P\0'
	fi | sort -zu
}

rm -rf "$out"
mkdir -p "$out/$name"
list_files | while IFS= read -r -d '' f; do
	[ ! -e "$f" ] && [ ! -L "$f" ] || printf '%s\0' "$f"
done | tar -c "$mode" --null -T - | tar -x -C "$out/$name"
cd "$out"
tar -c "$mode" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
	--exclude="$name/debian" "$name" |
	xz >"vcpu-info_$(cat "$name/VERSION").orig.tar.xz"
cd "$name"
dpkg-buildpackage -us -uc
