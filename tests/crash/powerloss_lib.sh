# For sourcing: record DIR LOG COMMAND... runs a command and writes down what
# it does to files below DIR (see powerloss.h). Needs $build.
record() {
  local directory=$1 log=$2
  shift 2
  mkdir -p "$directory"
  rm -f "$log"
  POWERLOSS_DIR=$(realpath "$directory") POWERLOSS_LOG=$log \
    LD_PRELOAD=$build/libpowerloss_record.so "$@"
}
