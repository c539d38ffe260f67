# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# sshd.bash: real sshd on loopback addresses that play hosts: 127.0.0.2, .3, .4 are node2, node3,
# node4 in $SSH/config, nobody listens on node5 (127.0.0.5). After world_make:
#
#   sshd_make               keys and configuration files in $SSH; skips the test without sshd
#   sshd_start 2 3 4        these hosts, each by its own process with its own key
#   sshd_stop 3             ends a host's sshd; sshd_stop ends all
#
# What logs in carries IPKIT_TEST_WORLD and may log in as who runs the test, by $SSH/key.

sshd_make() {
  local i
  [[ -x /usr/sbin/sshd ]] || skip "no sshd: install openssh-server"
  export SSH=$WORLD/ssh SSH_PORT
  mkdir -p "$SSH"
  chmod 700 "$SSH"
  # As root sshd separates privileges by this directory, and says so if it is not there.
  if [[ $EUID == 0 ]]; then mkdir -p /run/sshd; fi
  ssh-keygen -q -t ed25519 -N '' -C test -f "$SSH/key"
  cp "$SSH/key.pub" "$SSH/authorized_keys"
  SSH_PORT=$(free_port)
  : >"$SSH/known_hosts"
  {
    for i in 2 3 4 5; do printf 'Host node%s\n  HostName 127.0.0.%s\n' "$i" "$i"; done
    printf 'Host *\n  Port %s\n  User %s\n  IdentityFile %s\n  IdentitiesOnly yes\n' \
      "$SSH_PORT" "$(id -un)" "$SSH/key"
    printf '  UserKnownHostsFile %s\n  GlobalKnownHostsFile /dev/null\n' "$SSH/known_hosts"
    printf '  ConnectTimeout 5\n'
  } >"$SSH/config"
}

# A port that is free on all of loopback now, and not one of those that the system hands out.
free_port() {
  "$IPKIT_PYTHON" -c 'import random, socket
for port in random.sample(range(11000, 20000), 100):
  try: socket.socket().bind(("0.0.0.0", port))
  except OSError: continue
  print(port)
  break'
}

# sshd_key N: a new key for host N, and only it in known_hosts.
sshd_key() {
  rm -f "$SSH/host$1" "$SSH/host$1.pub"
  ssh-keygen -q -t ed25519 -N '' -C "node$1" -f "$SSH/host$1"
  sed -i "/^\[127\.0\.0\.$1\]:/d" "$SSH/known_hosts"
  echo "[127.0.0.$1]:$SSH_PORT $(cut -d' ' -f1,2 "$SSH/host$1.pub")" >>"$SSH/known_hosts"
}

sshd_start() {
  local i
  for i; do
    [[ -s $SSH/host$i ]] || sshd_key "$i"
    printf '%s\n' "Port $SSH_PORT" "ListenAddress 127.0.0.$i" "HostKey $SSH/host$i" \
      "PidFile $SSH/host$i.pid" "AuthorizedKeysFile $SSH/authorized_keys" \
      "AuthenticationMethods publickey" "PasswordAuthentication no" \
      "KbdInteractiveAuthentication no" "PermitRootLogin prohibit-password" "UsePAM no" \
      "StrictModes no" "UseDNS no" "PrintMotd no" "MaxStartups 200:30:400" \
      "LogLevel ${SSHD_LOG_LEVEL:-INFO}" \
      "SetEnv IPKIT_TEST_WORLD=$WORLD IPKIT_TEST_NODE=node$i HOME=$HOME" >"$SSH/host$i.conf"
    : >"$SSH/host$i.log"
    in_background "$SSH/host$i.log" /usr/sbin/sshd -D -e -f "$SSH/host$i.conf" \
      >"$SSH/host$i.background"
  done
  for i; do
    wait_until 10 "sshd of node$i" grep -qs 'Server listening' "$SSH/host$i.log"
  done
}

# Those that run; their sessions end by themselves.
sshd_stop() {
  local i file
  for i in "${@:-}"; do
    for file in "$SSH"/host${i:-*}.background; do
      if [[ -s $file ]]; then
        kill "$(<"$file")" 2>/dev/null || true
        rm "$file"
      fi
    done
  done
}
