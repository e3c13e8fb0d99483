#!/usr/bin/env bash
# Measures what docs/white_box.md shows, into output/white_box; needs MNIST and
# CIFAR-10.
set -euo pipefail

models=(
  "m1 --dataset=mnist --epsilon=0.1"
  "conv-mnist --dataset=mnist --epsilon=0.1"
  "conv-cifar10 --dataset=cifar10 --epsilon=0.0039216"
)
out=output/white_box
mkdir -p "$out"
cp docs/parts/white_box.md "$out/white_box.md"
for line in "${models[@]}"; do
  read -r model flags <<<"$line"
  # shellcheck disable=SC2086  # several flags
  python -m apps.edge_eval --model="$model" $flags --output="$out/$model" \
    --attack=fgsm,pgd,lbfgs,evasive --examples=1000,1000,256,256 \
    --runtimes=litert --overshoots=1
  { echo; cat "$out/$model/white_box.md"; } >>"$out/white_box.md"
done
mv "$out/white_box.md" docs/
