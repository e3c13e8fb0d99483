#!/usr/bin/env bash
# Measures what docs/edge.md and docs/edge_arm.md show, into output/edge; needs
# MNIST and CIFAR-10, and for the emulated ARM a Debian system.
set -euo pipefail

models=(
  "m1 --dataset=mnist --epsilon=0.1"
  "conv-mnist --dataset=mnist --epsilon=0.1"
  "conv-cifar10 --dataset=cifar10 --epsilon=0.0313725"
)
out=output/edge
mkdir -p "$out"
cp docs/parts/edge.md docs/parts/edge_arm.md "$out/"
for line in "${models[@]}"; do
  read -r model flags <<<"$line"
  # shellcheck disable=SC2086  # several flags
  {
    python -m apps.edge_eval --model="$model" $flags --output="$out/$model" \
      --attack=fgsm,lbfgs --examples=1000,256 \
      --nowhite_box --camera=jpeg:75,resize:0.75,brightness:1.1
    python -m apps.edge_bundle --model="$model" $flags \
      --output="$out/bundle-$model" --attack=fgsm,lbfgs --examples=100
  }
  python -m apps.edge_emulate --bundle="$out/bundle-$model" \
    --output="$out/arm-$model.json"
  python -m apps.edge_report --output="$out/devices-$model" \
    --results="$out/arm-$model.json"
  { echo; cat "$out/$model/survival.md"; } >>"$out/edge.md"
  { echo; cat "$out/devices-$model/devices.md"; } >>"$out/edge_arm.md"
  cp "$out/$model/survival-$model.png" docs/
done
# A net, and the same net trained against FGSM: what is left of it on a copy.
cat docs/parts/edge_robust.md >>"$out/edge.md"
for model in maxout maxout-adversarial; do
  python -m apps.edge_eval --model="$model" --dataset=mnist --epsilon=0.25 \
    --output="$out/$model" --attack=fgsm,pgd --examples=1000 --overshoots=1 \
    --runtimes=litert
  { echo; cat "$out/$model/white_box.md"; } >>"$out/edge.md"
done
mv "$out/edge.md" "$out/edge_arm.md" docs/
