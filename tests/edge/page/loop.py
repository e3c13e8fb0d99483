"""Times the page of a bundle beside a bare loop, in one headless Chromium.

    python -m tests.edge.page.loop output/bundle

A model at a time: what the page does with all sets of images, and LiteRT.js
alone on the same inputs, made before, in turns. Prints the ratio of medians.
"""

import statistics
import sys
import tempfile
import threading
from pathlib import Path

from advkeras.edge.serving import Server
from tests.edge import browser as chromium

REPEATS = 5
# Returns the models' names, and sets up what the two calls need.
_PREPARE = """(async () => {
  const module = (name) => import(new URL(name, document.baseURI));
  const page = await module("page/page.mjs");
  const { fetchBundle, readNpy } = await module("page/bundle.mjs");
  const judging = await module("page/judging.mjs");
  const { openModel } = await module("page/litertjs.mjs");
  const { read } = await module("page/tflite.mjs");
  const litert = await module("litertjs/dist/index.js");
  const bundle = await fetchBundle(async (name) =>
    new Uint8Array(await (await fetch(name)).arrayBuffer()));
  const { models, sets, bounds } = bundle.manifest;
  const content = (name) => bundle.files.get(models[name].file);
  const loaded = async () => {
    if (litert.getGlobalLiteRtPromise() === undefined) {
      await litert.loadLiteRt("litertjs/wasm/");
    }
  };
  const timed = async (run) => {
    await loaded();
    const start = performance.now();
    await run();
    return performance.now() - start;
  };
  globalThis.ours = (name) => timed(() =>
    page.runModel(litert, bundle, name, () => {}));
  globalThis.unload = () => litert.unloadLiteRt();
  globalThis.bare = async (name) => {
    await loaded();
    const opened = await openModel(litert, content(name));
    const { input } = opened;
    opened.close();
    const inputs = sets.flatMap(({ file }) => {
      const { shape, data } = readNpy(bundle.files.get(file));
      const all = judging.quantize(judging.fromUint8(data, bounds), input);
      const size = all.length / shape[0];
      return Array.from({ length: shape[0] }, (_, i) =>
        all.slice(i * size, (i + 1) * size));
    });
    return timed(async () => {
      const model = await litert.loadAndCompile(
        read(content(name)).content, { accelerator: "wasm" });
      for (const one of inputs) {
        const given = new litert.Tensor(one, input.shape);
        const [returned] = await model.run(given);
        returned.toTypedArray();
        returned.delete();
        given.delete();
      }
      model.delete();
    });
  };
  return [Object.keys(models), sets.reduce((n, s) => n + s.labels.length, 0)];
})()"""


def measure(bundle: Path) -> None:
    """Prints a line for each model that the browser runs."""
    with (
        tempfile.TemporaryDirectory() as taken,
        Server(bundle, Path(taken), say=lambda line: None) as server,
        chromium.started() as browser,
    ):
        threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        ).start()
        page = browser.page(server.address)
        print(page.state()[1])
        names, images = page.evaluate(_PREPARE)
        for name in names:
            times: dict[str, list[float]] = {"bare": [], "ours": []}
            try:
                for _ in range(REPEATS + 1):
                    for call in times:
                        took = page.evaluate(f"{call}({name!r})")
                        times[call].append(took)
            except AssertionError:
                print(f"{name}: the browser does not run it")
                page.evaluate("unload()")
                continue
            # The first of each is a warm-up.
            bare, ours = (statistics.median(t[1:]) for t in times.values())
            print(
                f"{name}: {images} images, bare {bare:.0f} ms, the page "
                f"{ours:.0f} ms, ratio {ours / bare:.2f}"
            )
        server.shutdown()


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
