#!/usr/bin/env bash
# INN 2.7 and NZBGet from Debian: the real counterparts of the Usenet tests. Each test runs a
# private instance, so no daemon of theirs is left running or enabled here.
set -euo pipefail
if [ "$(id -u)" != 0 ]; then exec sudo -n "$0"; fi
export DEBIAN_FRONTEND=noninteractive
get() { apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null; }

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

# inn2's post-install fails on a host without a domain name unless inn.conf names one, and
# inn.conf comes with inn2-inews. A mail transport agent is a must: the least there is.
apt-get update -qq
get inn2-inews msmtp-mta
grep -q '^domain:' /etc/news/inn.conf || echo 'domain: localdomain' >>/etc/news/inn.conf
get inn2 nzbget
update-rc.d inn2 disable
