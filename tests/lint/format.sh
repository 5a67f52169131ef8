#!/bin/bash
# Checks that every tracked C++ file is formatted as .clang-format says. Fix with
#   clang-format -i FILE...
set -euo pipefail
cd "$(dirname "$0")/../.."
if [[ -e .git ]]; then
  mapfile -t files < <(git ls-files '*.h' '*.cc')
else
  mapfile -t files < <(find . -name build -prune -o \( -name '*.h' -o -name '*.cc' \) -print)
fi
existing=()
for file in "${files[@]}"; do [[ -f $file ]] && existing+=("$file"); done
if ((${#existing[@]} == 0)); then
  echo "format: no C++ files found" >&2
  exit 1
fi
printf '%s\0' "${existing[@]}" | xargs -0 -n 40 -P "$(nproc)" clang-format --dry-run -Werror
echo "format: ${#existing[@]} files"
