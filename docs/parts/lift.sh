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
  python -m tests.edge.lift.every_runtime "$dataset" 1000 \
    "int8=$out/$model/int8.tflite" "int16x8=$out/$model/int16x8.tflite" \
    >>"$out/lift.md"
done

{ echo; echo "## Deep nets that were trained"; echo
  echo "17 inverted residuals as in MobileNetV2 and 16 bottlenecks as in"
  echo "ResNet50V2, narrow, trained for some minutes on 6400 images of CIFAR-10:"
  echo "\`python -m tests.edge.lift.trained $out/trained\` makes them."
  echo "Of 2000 test images they and their files read:"; echo; } >>"$out/lift.md"
python -m tests.edge.lift.trained "$out/trained"
{ cat "$out/trained/reads.md"; echo; } >>"$out/lift.md"
listed=()
for net in mobile residual; do
  for variant in int8 int16x8; do
    listed+=("$net-$variant=$out/trained/$net/$variant.tflite")
  done
done
python -m apps.lift --tflite="$(IFS=,; echo "${listed[*]}")" \
  --dataset=cifar10 --bounds=0,1 --output="$out/agreement-trained"
{ cat "$out/agreement-trained/lift.md"; echo; } >>"$out/lift.md"
python -m tests.edge.lift.every_runtime cifar10 1000 "${listed[@]}" \
  >>"$out/lift.md"

{ echo; echo "## Nets of keras.applications"; echo
  echo "96 x 96 pixels, 10 classes, seeded random weights, images of noise:"
  echo "\`python -m tests.edge.lift.architectures $out/architectures\`"
  echo "makes them."; echo; } >>"$out/lift.md"
python -m tests.edge.lift.architectures "$out/architectures"
listed=()
integers=()
for net in "${nets[@]}"; do
  for variant in float32 int8; do
    listed+=("$net-$variant=$out/architectures/$net/$variant.tflite")
  done
  integers+=("$net=$out/architectures/$net/int8.tflite")
done
python -m apps.lift --tflite="$(IFS=,; echo "${listed[*]}")" \
  --dataset=noise --bounds=0,1 --examples=256 --inspected=8 \
  --output="$out/agreement-nets"
{ cat "$out/agreement-nets/lift.md"; echo; } >>"$out/lift.md"
python -m tests.edge.lift.every_runtime noise 32 "${integers[@]}" \
  >>"$out/lift.md"

{ echo; echo "## Speed"; echo; } >>"$out/lift.md"
python -m apps.benchmark --suite=lift --model=m1,conv-mnist --dataset=mnist \
  --output="$out/benchmark-mnist"
python -m apps.benchmark --suite=lift --model=conv-cifar10 --dataset=cifar10 \
  --output="$out/benchmark-cifar10"
cat "$out/benchmark-mnist/benchmark.md" "$out/benchmark-cifar10/benchmark.md" \
  >>"$out/lift.md"
mv "$out/lift.md" docs/
