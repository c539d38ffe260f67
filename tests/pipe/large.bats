#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# 200 MB through scatter and gather: the same bytes, and no process holds much more than its share.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# Largest peak RSS in kB of the processes of this world that live now, with its name.
largest_process() {
  local pid
  for pid in $(marked IPKIT_TEST_WORLD "$WORLD"); do
    awk -v pid="$pid" '/^Name/ {name = $2} /^VmHWM/ {print $2, name, pid}' \
      "/proc/$pid/status" 2>/dev/null
  done | sort -n | tail -1
}

@test "200 MB through ipscatter --type bytes | ipgather: same sha256, bounded memory" {
  local sum peak limit=$((200000 / 4 + 100000))
  head -c 200000000 /dev/urandom >data
  sum=$(sha256sum <data)
  run_limited 120 bash -c '/usr/bin/time -f "%M %C" -o scatter.rss ipscatter --type bytes x <data |
    /usr/bin/time -f "%M %C" -o gather.rss ipgather x | sha256sum' >out
  assert_equal "$(<out)" "$sum"
  for file in scatter.rss gather.rss; do
    read -r peak _ <"$file"
    at_most "$peak" "$limit" "$file"
  done
  read -r peak name _ <<<"$(largest_process)"
  at_most "$peak" "$limit" "$name"
  rm data
}

@test "the same from a pipe, whose length nobody knows beforehand" {
  run_limited 120 >out \
    bash -c 'head -c 50000000 /dev/zero | ipscatter --type bytes z | ipgather z | cksum'
  assert_equal "$(<out)" "$(head -c 50000000 /dev/zero | cksum)"
}
