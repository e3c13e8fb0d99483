#!/usr/bin/env bash
# Measures what docs/szegedy.md shows, into output/szegedy; needs MNIST and
# CIFAR-10.
set -euo pipefail

out=output/szegedy
python -m apps.reproduce --study=szegedy --output="$out"
for folder in "$out"/szegedy.*/; do
  name=$(basename "$folder")
  for picture in "$folder"*.png; do
    [[ -e "$picture" ]] && install -D "$picture" -t "docs/szegedy/$name"
  done
done
sed 's|](szegedy\.|](szegedy/szegedy.|' "$out/index.md" |
  cat docs/parts/szegedy.md - >"$out/page.md"
mv "$out/page.md" docs/szegedy.md
