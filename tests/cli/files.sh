#!/bin/sh
# --files and --s3-endpoint: which directories and URLs are refused at start.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

mkdir "$home/place" "$home/place/handlers" "$home/place/types" "$home/buckets"
ln -s "$home/place" "$home/link"
cd "$home/place"
echo '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}' \
  >p.asl.json

# A place of its own.
expect 0 run p.asl.json --files ../buckets --data store
expect 0 run p.asl.json --files "$home/buckets" --files ../buckets \
  --s3-endpoint http://127.0.0.1:1 --s3-region eu-west-1

# refused WHAT ARGUMENT...: a root that overlaps something.
refused() {
  what=$1
  shift
  expect 2 run p.asl.json --progress none "$@"
  err_has "$what"
  err_has "give a directory of its own"
}
refused "overlaps the directory of handlers handlers" --files .
refused "overlaps the directory of handlers handlers" --files ../link
refused "overlaps the directory of handlers ./handlers" --files handlers \
  --handlers ./handlers
refused "overlaps the directory of states types" --files types --states types
refused "overlaps the data directory new/store" --files "$home/buckets" \
  --files ../link --data new/store
mkdir store/below
refused "overlaps the data directory store" --files store/below --data store
refused "overlaps the data directory" --files "$home" # the temporary store
[ ! -e new ] || fail "a store was made before the refusal"

expect 2 run p.asl.json --files ../none
err_has "--files ../none: No such file or directory"
expect 2 run p.asl.json --files p.asl.json
err_has "--files p.asl.json: Not a directory"
expect 2 run p.asl.json --s3-endpoint 127.0.0.1:9000
err_has "--s3-endpoint 127.0.0.1:9000: not a URL"
AWS_ACCESS_KEY_ID=k expect 2 run p.asl.json --s3-endpoint http://127.0.0.1:1
err_has "AWS_SECRET_ACCESS_KEY"

expect 2 serve --listen 127.0.0.1:0 --data store --files .
err_has "overlaps the data directory store"
# In the environment, as a list.
MOONSTEP_FILES=../buckets:. expect 2 run p.asl.json
err_has "overlaps the directory of handlers"
