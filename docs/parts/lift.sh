#!/usr/bin/env bash
# Measures what docs/lift.md shows, into output/lift; needs MNIST and CIFAR-10.
set -euo pipefail

variants=(float32 float16 dynamic int8 int8-float-io int16x8)
models=("m1 mnist" "conv-mnist mnist" "conv-cifar10 cifar10")
nets=(DenseNet121 EfficientNetB0 MobileNetV2 MobileNetV3Small NASNetMobile
  ResNet50V2)
out=output/lift
mkdir -p "$out"
cp docs/parts/lift.md "$out/lift.md"

{ echo; echo "## Our nets"; } >>"$out/lift.md"
for line in "${models[@]}"; do
  read -r model dataset <<<"$line"
  python -m apps.export --model="$model" --dataset="$dataset" \
    --output="$out/$model"
  files=("${variants[@]/%/.tflite}")
  listed=$(printf ",$out/$model/%s" "${files[@]}")
  python -m apps.lift --tflite="${listed:1}" --dataset="$dataset" \
    --bounds=0,1 --output="$out/agreement-$model"
  { echo; echo "### $model"; echo; cat "$out/agreement-$model/lift.md"; } \
    >>"$out/lift.md"
  echo >>"$out/lift.md"
  python -m tests.edge.lift.every_runtime "$dataset" \
    "int8=$out/$model/int8.tflite" "int16x8=$out/$model/int16x8.tflite" \
    >>"$out/lift.md"
done

{ echo; echo "## Nets of keras.applications"; echo
  echo "96 x 96 pixels, 10 classes, seeded random weights, images of noise:"
  echo "\`python -m tests.edge.lift.architectures $out/architectures\`"
  echo "makes them."; echo; } >>"$out/lift.md"
python -m tests.edge.lift.architectures "$out/architectures"
listed=""
for net in "${nets[@]}"; do
  for variant in float32 int8; do
    listed+=",$net-$variant=$out/architectures/$net/$variant.tflite"
  done
done
python -m apps.lift --tflite="${listed:1}" --dataset=noise --bounds=0,1 \
  --examples=256 --inspected=8 --output="$out/agreement-nets"
cat "$out/agreement-nets/lift.md" >>"$out/lift.md"

{ echo; echo "## Speed"; echo; } >>"$out/lift.md"
python -m apps.benchmark --suite=lift --model=m1,conv-mnist --dataset=mnist \
  --output="$out/benchmark-mnist"
python -m apps.benchmark --suite=lift --model=conv-cifar10 --dataset=cifar10 \
  --output="$out/benchmark-cifar10"
cat "$out/benchmark-mnist/benchmark.md" "$out/benchmark-cifar10/benchmark.md" \
  >>"$out/lift.md"
mv "$out/lift.md" docs/
