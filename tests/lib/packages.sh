# shellcheck shell=bash
# Sourced. packages_need SET...: what the sets of tests/packages name is installed, or the way to install it is printed and 2 returned.
packages_list="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/packages"

packages_missing() { # SET...: names that are not installed, in one dpkg-query
  local set name wanted
  wanted=$(for set in "$@"; do awk -v s="$set" '$1 !~ /^#/ && $2 == s {print $1}' "$packages_list"; done)
  # shellcheck disable=SC2086
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | awk '$1 == "installed" {print $2}' | sort -u >"${TMPDIR:-/tmp}/have.$$"
  for name in $wanted; do grep -qxF "$name" "${TMPDIR:-/tmp}/have.$$" || echo "$name"; done
  rm -f "${TMPDIR:-/tmp}/have.$$"
}

packages_need() {
  local missing as_root="" made_policy=0 rc=0
  command -v dpkg-query >/dev/null || { echo "$0: this is written for Debian 12; install what $packages_list names" >&2; return 2; }
  missing=$(packages_missing "$@" | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      as_root=sudo
    else
      echo "$0: packages are missing; install them with:" >&2
      echo "  apt-get install --no-install-recommends $missing" >&2
      return 2
    fi
  fi
  echo "installing: $missing" >&2
  # The servers among them shall not start by themselves: the tests start their own, on loopback.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee /usr/sbin/policy-rc.d >/dev/null && $as_root chmod 755 /usr/sbin/policy-rc.d
    made_policy=1
  fi
  # shellcheck disable=SC2086
  packages_install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $missing >&2; }
  # A machine that was never updated has no lists, an old one has lists that name packages no longer there.
  packages_install || { $as_root apt-get -q -o DPkg::Lock::Timeout=300 update >&2 && packages_install; } || rc=2
  [ "$made_policy" = 0 ] || $as_root rm -f /usr/sbin/policy-rc.d
  [ "$rc" = 0 ] || echo "$0: apt-get could not install: $missing" >&2
  return "$rc"
}
