# For sourcing by ./dev: the groups of tests, fast ones first.
#
# A case is one line of a group's log, "ok NAME", "not ok NAME" or
# "skip NAME: why". run_tests shows a line for each group and counts.

groups=(house unit lua cli examples sdk fuzz power crash thread conformance)
build=build/release
asan=build/asan

# wanted CASE [NAME]...: true without NAMEs, or if CASE contains one of them.
wanted() {
  local case=$1 name
  shift
  [ $# = 0 ] && return 0
  for name in "$@"; do
    [[ $case == *"$name"* ]] && return 0
  done
  return 1
}

# one CASE COMMAND...: runs a command as one case, if it is wanted. Its output
# goes to the group's log; exit status 77 skips, its last line says why.
one() {
  local case=$1 status=0 reason
  shift
  wanted "$case" "${names[@]}" || return 0
  if [ "$listing" = 1 ]; then
    echo "ok $case"
    return 0
  fi
  echo "--- $case: $*"
  "$@" 2>&1 || status=$?
  if [ $status = 0 ]; then
    echo "ok $case"
  elif [ $status = 77 ]; then
    reason=$(tail -n 1 "$log")
    echo "skip $case: ${reason#skipped: }"
  else
    echo "not ok $case (exit status $status)"
  fi
}

group_house() {
  local rule
  for rule in $(luajit tests/house/house.lua --list); do
    one "house/$rule" luajit tests/house/house.lua "$rule"
  done
}

# CTest runs the programs; its lines become ours.
group_unit() {
  local case pattern='' number=0
  while read -r case; do
    wanted "unit/$case" "${names[@]}" || continue
    pattern+="${pattern:+|}^$case\$"
    number=$((number + 1))
    [ "$listing" = 1 ] && echo "ok unit/$case"
  done < <(ctest --test-dir $asan -N | sed -n 's/^ *Test *#[0-9]*: //p')
  if [ "$listing" = 1 ] || [ $number = 0 ]; then
    return 0
  fi
  ctest --test-dir $asan -j2 --timeout 300 --output-on-failure -R "$pattern" |
    sed -E -e 's,^ *[0-9]+/[0-9]+ Test +#[0-9]+: ([^ ]+) \.+ +Passed.*,ok unit/\1,' \
           -e 's,^ *[0-9]+/[0-9]+ Test +#[0-9]+: ([^ ]+) \.+[* ]+Skipped.*,skip unit/\1: see its output,' \
           -e 's,^ *[0-9]+/[0-9]+ Test +#[0-9]+: ([^ ]+) \.+[* ]+(.*),not ok unit/\1 \2,'
}

group_lua() {
  local spec
  for spec in tests/lua/*_spec.lua tests/states/*_spec.lua; do
    [ -e "$spec" ] || continue
    one "lua/$(basename "$spec" _spec.lua)" tests/lua/run.sh "$spec"
  done
}

group_cli() {
  local script
  for script in tests/cli/*.sh; do
    [ -e "$script" ] || continue
    one "cli/$(basename "$script" .sh)" timeout -k 10 200 "$script" $build/moonstep
  done
}

group_examples() {
  local example
  for example in examples/*/; do
    [ -x "$example/test.sh" ] || continue
    one "examples/$(basename "$example")" "$example/test.sh" $build/moonstep
  done
}

# AWS's own clients against a server of ours.
group_sdk() {
  local client
  for client in aws signed python javascript; do
    wanted "sdk/$client" "${names[@]}" || continue
    [ "$listing" = 1 ] || [ $client = javascript ] || need_packages sdk || true
    one "sdk/$client" tests/sdk/run.sh $build/moonstep $client
  done
}

# The saved corpus of each fuzz target; with --long also new inputs.
group_fuzz() {
  local source name seconds=0
  [ "$long" = 1 ] && seconds=120
  for source in tests/fuzz/fuzz_*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    one "fuzz/$name" tests/fuzz/run.sh build/fuzz "$name" $seconds
  done
}

group_power() {
  local images=150 script
  [ "$long" = 1 ] && images=3000
  for script in tests/crash/powerloss*.sh; do
    [ -x "$script" ] || continue
    one "power/$(basename "$script" .sh)" "$script" $build $images
  done
}

group_crash() {
  local rounds=25 faults=15
  [ "$long" = 1 ] && rounds=400 faults=300
  one crash/kill luajit tests/crash/crash_run.lua \
    --moonstep $build/moonstep --rounds $rounds
  one crash/schedules luajit tests/crash/schedule_run.lua \
    --moonstep $build/moonstep --rounds $rounds
  one crash/faults luajit tests/crash/fault_run.lua \
    --moonstep $build/moonstep --library $build/libwrite_faults.so \
    --rounds $faults
}

# What uses threads, once more under the thread sanitizer: the store's, those
# of evaluate.h and offload.h, handlers' own.
group_thread() {
  local case cases=(store store_lmdb store_wal store_crash reaper
                    items item_files item_s3 item_writer stdlib stdlib_parts
                    stdlib_worker api_validate engine_tasks
                    engine_definitions engine_large engine_hostile
                    engine_map_run)
  [ "$long" = 1 ] || return 0
  for case in "${cases[@]}"; do
    one "thread/$case" build/tsan/test_$case
  done
}

# Recorded answers of the real service, where they are at hand; run.sh starts
# an engine and replays them against it.
group_conformance() {
  local runner=../shared/conformance/run_cases.py
  wanted conformance/cases "${names[@]}" || return 0
  if [ ! -e $runner ]; then
    echo "skip conformance/cases: $runner is not there"
  elif [ ! -e tests/conformance/run.sh ]; then
    echo "skip conformance/cases: there is no tests/conformance/run.sh"
  else
    one conformance/cases tests/conformance/run.sh $build/moonstep $runner
  fi
}

needed_builds() {
  build release && build asan && build fuzz || return 1
  [ "$long" = 0 ] || build tsan
}

# run_tests [--long] [--list] [NAME]...
run_tests() {
  local passed=0 failed=0 skipped=0 group log start good bad skip
  names=() long=0 listing=0
  while [ $# -gt 0 ]; do
    case $1 in
      --long) long=1 ;;
      --list) listing=1 ;;
      -*) echo "./dev test does not know $1" >&2; return 2 ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  need_packages build test
  if ! needed_builds; then
    echo "0 passed, 1 failed"
    return 1
  fi
  for group in "${groups[@]}"; do
    log=build/logs/test-$group.log
    start=$SECONDS
    "group_$group" >"$log" 2>&1 </dev/null || echo "not ok $group/run" >>"$log"
    good=$(grep -c '^ok ' "$log" || true)
    bad=$(grep -c '^not ok ' "$log" || true)
    skip=$(grep -c '^skip ' "$log" || true)
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    if [ "$listing" = 1 ]; then
      sed -n -e 's/^ok //p' -e 's/^skip \([^:]*\).*/\1/p' "$log"
    else
      show_group
    fi
  done
  [ "$listing" = 1 ] && return 0
  if [ $((passed + failed + skipped)) = 0 ]; then
    echo "no test is called ${names[*]}; see ./dev test --list" >&2
    failed=1
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
  [ $failed = 0 ]
}

# One line for a group that ran, and what went wrong in it.
show_group() {
  [ $((good + bad + skip)) = 0 ] && return 0
  printf '%-12s %3d ok %2d failed %2d skipped %4d s\n' "$group" "$good" \
    "$bad" "$skip" $((SECONDS - start))
  grep -E '^(not ok|skip) ' "$log" | sed 's/^/  /' || true
  [ "$bad" = 0 ] || echo "  see $log"
}
