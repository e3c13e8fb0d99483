#!/usr/bin/env bash
# Measures the studies of a paper into output/PAPER, and makes docs/PAPER.md.
set -euo pipefail

paper=$1
out=output/$paper
python -m apps.reproduce --study="$paper" --output="$out"
for folder in "$out/$paper".*/; do
  name=$(basename "$folder")
  for picture in "$folder"*.png; do
    [[ -e "$picture" ]] && install -Dm 644 "$picture" -t "docs/$paper/$name"
  done
done
sed "s|]($paper\.|]($paper/$paper.|" "$out/index.md" |
  cat "docs/parts/$paper.md" - >"$out/page.md"
mv "$out/page.md" "docs/$paper.md"
