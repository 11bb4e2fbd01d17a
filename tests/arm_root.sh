#!/usr/bin/env bash
# Unpacks Debian's arm64 packages that the native program is linked with into FOLDER, a root of its own: nothing of this
# machine is changed. For the build "aarch64" and qemu; needs apt-get and dpkg-deb. Does nothing where it is done.
#
# Usage: tests/arm_root.sh FOLDER
set -euo pipefail

root=$1
packages=(libhwy-dev nlohmann-json3-dev libeigen3-dev libcli11-dev libzip-dev libpng-dev zlib1g-dev libstdc++-12-dev)
[ -e "$root/.packages" ] && [ "$(cat "$root/.packages")" = "${packages[*]}" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,new}
: >"$work/status"
options=(-q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "Dir::State=$work" -o "Dir::State::lists=$work/lists"
  -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1)
apt-get "${options[@]}" update
apt-get "${options[@]}" -y --no-install-recommends --download-only install "${packages[@]}"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$work/new"; done
# Links that are absolute lead out of the folder.
find "$work/new" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
  ln -sfn "$work/new$(readlink "$link")" "$link.new"
  ln -sfnr "$(readlink "$link.new")" "$link"
  rm "$link.new"
done
rm -rf "$root"
mkdir -p "$(dirname "$root")"
mv "$work/new" "$root"
printf '%s' "${packages[*]}" >"$root/.packages"
