#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# What a task costs controller and engine, in instructions: no machine is too busy to count them.

load ../lib/assert

@test "a task costs controller and engine no more than a tenth above what is recorded" {
  ! is_instrumented || skip "counts the instructions of the ordinary build"
  BUILD=$IPKIT_BUILD run timeout 500 bench/callgrind
  echo "$output"
  ((status == 0))
  [[ $output == *"callgrind-single-controller "*"goal:<=1.1=met"* ]]
  [[ $output == *"callgrind-single-engine "*"goal:<=1.1=met"* ]]
}
