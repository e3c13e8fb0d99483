#!/usr/bin/env bash
# TFDS gives a JPEG other pixels by `as_data_source` than by `as_dataset`.
#
# Of: tensorflow-datasets 4.9.10, array-record 0.8.6, pillow 13.0.0, tensorflow-cpu 2.21.0.
# Expected: the two ways to read one prepared set give the same images: both hand
#   out decoded uint8 arrays of the same stored bytes.
# Happens: `as_dataset` decodes by TensorFlow, `as_data_source` by OpenCV where that
#   is installed and else by Pillow. Of a JPEG with subsampled colours the values
#   differ by several levels of 255, without a word (here 69.3 % of them, by up to
#   9); of a PNG they do not.
# Hits: whoever trains by one way (Grain reads array_record) and attacks or measures
#   by the other: the images are changed by more than an epsilon of 1/255 before
#   any attack is.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6 \
    tensorflow-datasets==4.9.10 array-record==0.8.6 pillow==13.0.0
cat >"$dir/run.py" <<'PYTHON'
import os, sys

import numpy as np
import tensorflow_datasets as tfds

folder = sys.argv[1]
# Smooth, with edges of colour, as photographs have them.
y, x = np.mgrid[:96, :96] / 96
image = np.stack([x, y, np.sin(9 * x * y) ** 2], axis=-1)
image[30:60, 20:70] = image[30:60, 20:70, ::-1]
image = np.rint(255 * image).astype(np.uint8)


def read(form):
    """Writes the image in a set of array_record files; reads it both ways."""
    found = []
    for kind in ("tfrecord", "array_record"):
        where = f"{folder}/{form}-{kind}/photographs/1.0.0"
        os.makedirs(where)
        info = tfds.core.DatasetInfo(
            builder=tfds.core.DatasetIdentity(
                name="photographs", version=tfds.core.Version("1.0.0"),
                data_dir=where, module_name=""),
            features=tfds.features.FeaturesDict({
                "image": tfds.features.Image(encoding_format=form)}))
        info.set_file_format(kind)
        writer = tfds.core.SequentialWriter(
            info, max_examples_per_shard=9, file_format=kind)
        writer.initialize_splits(["test"])
        writer.add_examples({"test": [{"image": image}]})
        writer.close_all()
        builder = tfds.builder_from_directory(where)
        raw = {"image": tfds.decode.SkipDecoding()}
        if kind == "tfrecord":
            (one,) = builder.as_dataset(split="test")
            (stored,) = builder.as_dataset(split="test", decoders=raw)
            found.append((one["image"].numpy(), stored["image"].numpy()))
        else:
            found.append((
                builder.as_data_source(split="test")[0]["image"],
                builder.as_data_source(split="test", decoders=raw)[0]["image"]))
    (stream, stored), (picked, same) = found
    assert stored == same, "other bytes are stored"
    return np.abs(stream.astype(int) - picked)


found = {form: read(form) for form in ("jpeg", "png")}
for form, apart in found.items():
    print(f"{form}: the same bytes, {100 * (apart > 0).mean():.1f} % of the "
          f"values differ, by up to {apart.max()} of 255")
sys.exit("it behaves differently now"
         if found["jpeg"].max() < 3 or found["png"].any() else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" "$dir" 2>"$dir/log" ||
    { tail -3 "$dir/log"; exit 1; }
