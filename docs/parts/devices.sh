#!/usr/bin/env bash
# Measures what docs/devices.md shows, into output/devices, on whatever runtimes
# are installed: `pip install --no-deps tosa-converter-for-tflite tosa-tools` puts
# TOSA beside the others. Needs MNIST and CIFAR-10.
set -euo pipefail

# Rounding takes more of the small perturbations of CIFAR-10: further apart.
models=(
  "m1 mnist 1,1.01,1.02,1.03,1.05,1.075,1.1,1.2"
  "conv-mnist mnist 1,1.01,1.02,1.03,1.05,1.075,1.1,1.2"
  "conv-cifar10 cifar10 1,1.02,1.05,1.1,1.2,1.5,2"
)
out=output/devices
mkdir -p "$out"
cp docs/parts/devices.md "$out/devices.md"
folders=()
for line in "${models[@]}"; do
  read -r model dataset overshoots <<<"$line"
  python -m apps.edge_eval --model="$model" --dataset="$dataset" \
    --output="$out/$model" --attack=lbfgs --examples=256 --nowhite_box \
    --variants=float32,dynamic,int8,int8-float-io,int16x8 --runtimes=all \
    --overshoots="$overshoots"
  folders+=("$out/$model")
done
python -m tests.edge.runtimes.summary "${folders[@]}" >>"$out/devices.md"
{ echo; echo "## What calibration does"; echo
  echo "\`python -m tests.edge.calibrations MODEL DATASET 256\`, on LiteRT with" \
    "XNNPACK:"; echo; } >>"$out/devices.md"
for line in "${models[@]}"; do
  read -r model dataset _ <<<"$line"
  python -m tests.edge.calibrations "$model" "$dataset" 256 >>"$out/devices.md"
done
{ echo; cat docs/parts/quantizers.md
  python -m tests.edge.quantizers 256 m1=mnist conv-mnist=mnist \
    conv-cifar10=cifar10; } >>"$out/devices.md"
mv "$out/devices.md" docs/
