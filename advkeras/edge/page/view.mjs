// What the page shows. Texts of a bundle are texts here, never HTML.

const $ = (id) => document.getElementById(id);

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Says what goes on; with a `state`, that it has come to its end. */
export function say(text, state) {
  $("status").textContent = text;
  $("status").className = state && state !== "done" ? "bad" : "";
  $("progress").hidden = state !== undefined;
  if (state) document.body.dataset.state = state;
}

/** Shows how much is done. */
export function progress(done, all) {
  Object.assign($("progress"), { value: done / Math.max(all, 1) });
}

const COLUMNS = ["images", "n", "right", "as source", "survival", "only"];

/** Shows [variant, what was judged of it or {error}] of every model so far. */
export function results(models) {
  $("results").replaceChildren(
    made("h2", {}, "What the models say"),
    table(models),
    ...models
      .filter(([, one]) => one.pictures?.length)
      .flatMap(([variant, one]) => pictures(variant, one.pictures)),
  );
}

// Said again, for what a narrow page makes of rows and cells is none to CSS.
function table(models) {
  const head = COLUMNS.map((name) =>
    made("th", { scope: "col", role: "columnheader" }, name),
  );
  const caption =
    "In %, with 95 % intervals. Right: as labelled; as source: as the float " +
    "model; survival: of those that fool the float model, wrong here too; " +
    "only: wrong here alone.";
  return made(
    "table",
    { role: "table" },
    made("caption", { class: "pale" }, caption),
    made(
      "thead",
      { role: "rowgroup" },
      made("tr", { role: "row" }, ...head),
    ),
    ...models.map(([variant, one]) => group(variant, one)),
  );
}

function group(variant, one) {
  const note = one.error
    ? made("span", { class: "bad" }, `cannot run here: ${one.error}`)
    : made("span", { class: "pale" }, one.note);
  const head = made(
    "th",
    { scope: "rowgroup", role: "rowheader", colspan: COLUMNS.length },
    variant,
    made("br"),
    note,
  );
  const rows = (one.rows ?? []).map((cells) =>
    made("tr", { role: "row" }, ...cells.map(cell)),
  );
  return made(
    "tbody",
    { role: "rowgroup" },
    made("tr", { role: "row", class: "group" }, head),
    ...rows,
  );
}

function cell(text, i) {
  const label = { "data-label": COLUMNS[i] };
  return i === 0
    ? made("th", { scope: "row", role: "rowheader" }, String(text))
    : made("td", { role: "cell", ...label }, String(text));
}

function pictures(variant, found) {
  const figures = found.map((one) => {
    const said = `${one.label} read as ${one.as}`;
    const caption = made("figcaption", {}, said, made("br"));
    caption.append(made("span", { class: "pale" }, one.set));
    return made("figure", {}, drawing(one, said), caption);
  });
  return [
    made("h2", {}, `What fooled ${variant}`),
    made("div", { class: "pictures" }, ...figures),
  ];
}

function drawing({ pixels, shape }, said) {
  const flat = shape.length < 2;
  const [height, width, channels = 1] = flat ? [1, shape[0]] : shape;
  const canvas = made("canvas", { role: "img", "aria-label": said });
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      // One channel is grey; a fourth is not seen.
      const from = channels < 3 ? 0 : c;
      image.data[4 * i + c] = pixels[channels * i + from];
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Hands over the results: to save, and to share or send where that can be. */
export function offer(file, { share, send }) {
  $("save").href = URL.createObjectURL(file);
  $("actions").hidden = false;
  for (const [id, act] of Object.entries({ share, send })) {
    $(id).hidden = !act;
    $(id).onclick = () =>
      act().then(
        (said) => said && say(said, "done"),
        (error) => say(`Not handed over: ${error.message}`, "failed"),
      );
  }
}

/** Says what this was. */
export function about(manifest, runtime) {
  const known = [manifest.source, manifest.dataset].filter(Boolean);
  $("about").textContent = [
    known.length ? `Copies of ${known.join(", shown ")}` : "Copies of a model",
    runtime ? `run by ${runtime}` : "none of which ran",
    `on ${navigator.userAgent}.`,
  ].join(", ");
}
