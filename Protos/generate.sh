#!/bin/sh
# Writes what is derived from the .proto files, or with --check fails if the committed copy differs.
#
#   Sources/Wire/Generated/             protoc-c's structures, in the folders of the .proto files,
#                                       and the module map that names every header
#   Sources/Wire/Messages/Descriptors.swift   the schema itself, for server reflection
#   Sources/Platform/GRPC/Reflection/OwnDescriptors+Text.swift   that of the standard services
#
# Every .proto is picked up; those of the standard services below grpc/ need no generated C, for
# Platform/GRPC reads and writes their few fields itself. Needs protoc, protoc-c and base64.
set -eu

protos=$(cd "$(dirname "$0")" && pwd)
wire=$protos/../Sources/Wire
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$protos"
files=$(find tompion -name '*.proto' | LC_ALL=C sort)
headers=$(echo "$files" | sed 's|\.proto$|.pb-c.h|')

# protoc-c stamps the version it was built with into a guard; the library's own header has the same
# check, so the generated copy need not differ from machine to machine.
mkdir "$scratch/Generated"
# shellcheck disable=SC2086 # one argument for each file
protoc-c --proto_path=. --c_out="$scratch/Generated" $files
for header in $headers; do
  sed -i \
    -e 's/^#elif [0-9]* < PROTOBUF_C_MIN_COMPILER_VERSION$/#elif 1003000 < PROTOBUF_C_MIN_COMPILER_VERSION/' \
    -e 's/^#if PROTOBUF_C_VERSION_NUMBER < [0-9]*$/#if PROTOBUF_C_VERSION_NUMBER < 1003000/' \
    "$scratch/Generated/$header"
done

{
  echo '// Written by Protos/generate.sh.'
  echo 'module CWire {'
  for header in $headers; do echo "  header \"$header\""; done
  echo '  link "protobuf-c"'
  echo '  export *'
  echo '}'
} > "$scratch/Generated/module.modulemap"

# The schema of some .proto files, imports included, as the lines of a Swift string in base64.
schema() {
  protoc --proto_path=. --include_imports --descriptor_set_out="$scratch/set" "$@"
  base64 -w 90 "$scratch/set" | sed -e 's/^/    /' -e 's/$/\\/' -e '$s/\\$//'
}

{
  echo '// Written by Protos/generate.sh.'
  echo
  echo '/// The schema of every service, for those who ask the server for it.'
  echo 'package enum Descriptors {'
  echo '  /// A serialized `google.protobuf.FileDescriptorSet`, imports included, in base64.'
  echo '  package static let base64 = """'
  # shellcheck disable=SC2086
  schema $files
  echo '    """'
  echo '}'
} > "$scratch/Descriptors.swift"

own=$protos/../Sources/Platform/GRPC/Reflection/OwnDescriptors+Text.swift
{
  echo '// Written by Protos/generate.sh.'
  echo
  echo 'extension OwnDescriptors {'
  echo '  /// A serialized `google.protobuf.FileDescriptorSet` in base64.'
  echo '  static let text = """'
  # shellcheck disable=SC2046
  schema $(find grpc -name '*.proto' | LC_ALL=C sort)
  echo '    """'
  echo '}'
} > "$scratch/OwnDescriptors+Text.swift"

if [ "${1:-}" = --check ]; then
  diff -r "$scratch/Generated" "$wire/Generated"
  diff "$scratch/Descriptors.swift" "$wire/Messages/Descriptors.swift"
  diff "$scratch/OwnDescriptors+Text.swift" "$own"
else
  mkdir -p "$wire/Messages"
  rm -rf "$wire/Generated"
  cp -r "$scratch/Generated" "$wire/Generated"
  cp "$scratch/Descriptors.swift" "$wire/Messages/Descriptors.swift"
  cp "$scratch/OwnDescriptors+Text.swift" "$own"
fi
