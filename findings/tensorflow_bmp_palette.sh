#!/usr/bin/env bash
# TensorFlow reads a BMP file's palette indices as if they were its pixels.
#
# Of: tensorflow-cpu 2.21.0, keras 3.15.1; the files are from pillow 13.0.0.
# Expected: tf.io.decode_image of a picture with a palette gives its colours,
#   or an error. For PNG and GIF it gives the colours.
# Happens: of an 8-bit BMP it gives the indices into the palette, three times
#   over if one asks for three channels, with nothing said. So does Keras's
#   image_dataset_from_directory, which lists BMP among what it reads.
# Hits: folders of pictures with BMP files of 256 colours: the model learns
#   from, and is attacked on, other pictures than a viewer shows, and what reads
#   them by Pillow disagrees about every pixel.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 \
    numpy==2.4.6 pillow==13.0.0
cat >"$dir/run.py" <<'PYTHON'
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

stripes = np.zeros((8, 8, 3), "uint8")
stripes[:, ::2] = 200, 0, 0
stripes[:, 1::2] = 0, 0, 150
picture = Image.fromarray(stripes).quantize(2)  # two colours, exactly
right = {}
for kind in ("png", "gif", "bmp"):
    file = Path(sys.argv[1], kind, "stripes", f"stripes.{kind}")
    file.parent.mkdir(parents=True)
    picture.save(file)
    with Image.open(file) as image:
        pillow = np.array(image.convert("RGB"))
    decoded = tf.io.decode_image(file.read_bytes(), channels=3).numpy()
    decoded = decoded.reshape(8, 8, 3)  # of a GIF it is a batch of frames
    batch, _ = next(iter(keras.utils.image_dataset_from_directory(
        file.parent.parent, image_size=(8, 8), verbose=False)))
    for name, pixels in (("Pillow", pillow), ("decode_image", decoded),
                         ("image_dataset_from_directory", batch[0].numpy())):
        right[kind, name] = np.array_equal(pixels, stripes)
        print(f"{kind} {name:28} left pixels {pixels[0, :2].tolist()}"
              + ("" if right[kind, name] else "  <- wrong"))
wrong = [key for key, value in right.items() if not value]
expected = [("bmp", "decode_image"), ("bmp", "image_dataset_from_directory")]
sys.exit("it behaves differently now" if wrong != expected else 0)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$dir/venv/bin/python" "$dir/run.py" "$dir" \
    2>"$dir/log" || { cat "$dir/log"; exit 1; }
