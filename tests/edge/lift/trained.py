"""Deep nets that were trained, a few minutes each, as .tflite files.

python -m tests.edge.lift.trained FOLDER

As deep as MobileNetV2 (Sandler et al. 2018) and ResNet50V2 (He et al. 2016)
and of the same blocks, but narrow, and of as few strides as 32 x 32 pixels
bear. Writes the files, and a table in Markdown of what they read.
"""

import sys
from pathlib import Path

import keras
from keras import layers

import advkeras as ak
from advkeras.evaluation import Rate

SHAPE = (32, 32, 3)
CLASSES = 10
TRAINED_ON = "train[:6400]"
EPOCHS = 5
_BATCH = 64
VARIANTS = ("float32", "int8", "int16x8")

# Channels, blocks, and stride of the first.
_MOBILE = (
    (8, 1, 1),
    (12, 2, 2),
    (16, 3, 1),
    (24, 4, 2),
    (32, 3, 1),
    (48, 3, 2),
    (64, 1, 1),
)
_RESIDUAL = ((16, 3, 1), (32, 4, 2), (64, 6, 2), (128, 3, 2))


def _convolved(x, channels, side=1, stride=1, depthwise=False):
    if depthwise:
        x = layers.DepthwiseConv2D(side, stride, "same", use_bias=False)(x)
    else:
        x = layers.Conv2D(channels, side, stride, "same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def mobile():
    """Returns a net of 17 inverted residuals, untrained."""
    images = keras.Input(SHAPE)
    x = layers.ReLU(6)(_convolved(images, 16, 3, 2))
    for channels, blocks, stride in _MOBILE:
        for i in range(blocks):
            before = x
            wide = 6 * x.shape[-1]
            x = layers.ReLU(6)(_convolved(x, wide))
            step = stride if i == 0 else 1
            x = layers.ReLU(6)(_convolved(x, wide, 3, step, depthwise=True))
            x = _convolved(x, channels)
            x = layers.Add()([before, x]) if i else x
    x = layers.ReLU(6)(_convolved(x, 256))
    logits = layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, logits, name="mobile")


def residual():
    """Returns a net of 16 bottlenecks that normalise first, untrained."""
    images = keras.Input(SHAPE)
    x = layers.Conv2D(64, 3, 2, "same")(images)
    for channels, blocks, stride in _RESIDUAL:
        for i in range(blocks):
            step = stride if i == 0 else 1
            normal = layers.BatchNormalization(momentum=0.9)(x)
            normal = layers.ReLU()(normal)
            before = x
            if i == 0:
                before = layers.Conv2D(4 * channels, 1, step)(normal)
            x = layers.ReLU()(_convolved(normal, channels))
            x = layers.ReLU()(_convolved(x, channels, 3, step))
            x = layers.Add()([before, layers.Conv2D(4 * channels, 1)(x)])
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    logits = layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, logits, name="residual")


NETS = (mobile, residual)


def trained(build, images, labels, epochs=EPOCHS):
    """Returns a net that was trained on images, seeded."""
    keras.utils.set_random_seed(0)
    net = build()
    steps = epochs * -(-len(images) // _BATCH)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    net.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    net.fit(images, labels, _BATCH, epochs, verbose=2)
    return net


def export(net, folder, images):
    """Writes a net as .tflite files: variant -> path."""
    return ak.edge.export(net, folder, VARIANTS, images[:300])


def reads(net, files, images, labels):
    """Returns a line of a table: what a net and its files read rightly."""
    rates = [Rate.of(ak.Classifier(net).predict(images) == labels)]
    for path in files.values():
        with ak.edge.start(path) as session:
            rates.append(Rate.of(session.predict(images).labels == labels))
    return f"| {net.name} | {' | '.join(map(str, rates))} |"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    given, others = ak.datasets.load("cifar10", (TRAINED_ON, "test[:2000]"))
    lines = [
        f"| net | Keras | {' | '.join(VARIANTS)} |",
        "| --- |" + " ---: |" * (1 + len(VARIANTS)),
    ]
    for each in NETS:
        made = trained(each, given.images, given.labels)
        paths = export(made, folder / made.name, given.images)
        lines.append(reads(made, paths, others.images, others.labels))
    (folder / "reads.md").write_text("\n".join(lines) + "\n")
