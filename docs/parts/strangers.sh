#!/usr/bin/env bash
# Measures what docs/strangers.md shows.
set -euo pipefail

mkdir -p output
cp docs/parts/strangers.md output/strangers.md
python -m tests.edge.zoo >>output/strangers.md
mv output/strangers.md docs/
