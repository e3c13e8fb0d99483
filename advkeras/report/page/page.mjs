// What the page does beyond showing: explains, sorts, copies, and lets one
// look at images. Without it every figure is still there.

const make = (tag, values = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
};

// Meanings open at a tap by themselves; here where they stand, and by hover.
for (const button of document.querySelectorAll("button.term")) {
  const meaning = document.getElementById(button.getAttribute("popovertarget"));
  const place = () => {
    const { left, bottom } = button.getBoundingClientRect();
    const room = document.documentElement.clientWidth - meaning.offsetWidth - 8;
    meaning.style.left = `${Math.max(8, Math.min(left, room))}px`;
    meaning.style.top = `${bottom + 4}px`;
  };
  meaning.addEventListener("toggle", place);
  button.addEventListener("click", () => requestAnimationFrame(place));
  button.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "mouse") return;
    meaning.showPopover();
    place();
  });
  button.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") meaning.hidePopover();
  });
}

// Tables are sorted by any column, and filtered where they are long.
const figure = (cell) => {
  const value = cell.dataset.value ?? cell.textContent.replaceAll(",", "");
  const number = Number.parseFloat(value);
  return Number.isNaN(number) ? null : number;
};

const compared = (a, b) => {
  const [x, y] = [figure(a), figure(b)];
  if (x !== null && y !== null) return x - y;
  if (x !== null || y !== null) return x === null ? 1 : -1;
  return a.textContent.localeCompare(b.textContent);
};

for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, i) => {
    const name = heading.textContent;
    const button = make("button", { type: "button", className: "sort" }, "↕");
    button.setAttribute("aria-label", `Sort by ${name || "first column"}`);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((one) => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows];
      rows.sort((a, b) => (up ? 1 : -1) * compared(a.cells[i], b.cells[i]));
      body.append(...rows);
    });
    heading.append(button);
  });
  if (body.rows.length < 8) continue;
  const input = make("input", { type: "search" });
  const label = make("label", {}, "Rows with ", input);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const row of body.rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
  table.parentElement.before(make("p", { className: "filters" }, label));
}

// The figure of a point of a chart, under the pointer.
const tip = make("div", { id: "tip", hidden: true });
document.body.append(tip);
for (const chart of document.querySelectorAll("svg.chart")) {
  chart.addEventListener("pointermove", (event) => {
    const mark = event.target.closest("[data-said]");
    tip.hidden = !mark;
    if (tip.hidden) return;
    tip.textContent = mark.dataset.said.replace(
      /\d+\.\d{4,}/g, (digits) => Number(digits).toPrecision(4));
    const right = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.min(event.clientX + 12, right)}px`;
    tip.style.top = `${event.clientY + 14}px`;
  });
  chart.addEventListener("pointerleave", () => { tip.hidden = true; });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = said; }, 2000);
    } catch { // a page from a file may not be allowed to: select it instead
      getSelection().selectAllChildren(source);
    }
  });
}

// The images.
const held = document.getElementById("data");
if (held) {
  const data = JSON.parse(held.textContent);
  const named = (label) =>
    label === null || label === undefined ? "no answer" : data.classes[label] ?? label;
  const sprite = (sheet, i) => {
    const made = make("span", { className: "sprite" });
    const across = (i % data.columns) / Math.max(1, data.columns - 1);
    const down = Math.floor(i / data.columns) / Math.max(1, sheet.rows - 1);
    made.style.setProperty("--shape", data.size.join("/"));
    made.style.setProperty("--whole", `${100 * data.columns}% ${100 * sheet.rows}%`);
    made.style.setProperty("--at", `${100 * across}% ${100 * down}%`);
    made.style.backgroundImage = `url(${sheet.address})`;
    return made;
  };
  const sheet = (address, n) => ({ address, rows: Math.ceil(n / data.columns) });
  const wrongs = (set, i) => set.answers.filter((one) => one.labels[i] !== data.labels[i]);
  // Whether it still fools all, some or none of those that it was shown to.
  const fate = (set, i) => {
    if (!set.fooled[i]) return "not fooled";
    if (!set.answers.length) return "fooled";
    const wrong = wrongs(set, i).length;
    if (wrong === set.answers.length) return "fools all";
    return wrong ? "fools some" : "fools none";
  };

  const form = document.getElementById("filters");
  const strip = document.getElementById("strip");
  const choice = (name, options) => {
    const select = make("select", { name });
    for (const [value, text] of options) select.append(make("option", { value }, text));
    form.append(make("label", {}, name, select));
    select.addEventListener("change", show);
    return select;
  };
  const any = ["", "any"];
  const classes = data.classes.map((name, i) => [String(i), name]);
  const which = choice("Attack", data.sets.map((set, i) => [String(i), set.name]));
  const label = choice("Label", [any, ...classes]);
  const said = choice("Read as", [any, ...classes]);
  const fates = ["not fooled", "fooled", "fools all", "fools some", "fools none"];
  const outcome = choice("Outcome", [any, ...fates
    .filter((one) => data.sets.some((set) => set.said.some((_, i) => fate(set, i) === one)))
    .map((one) => [one, one])]);
  const order = choice("Order", [["", "as they came"], ["least", "smallest change first"],
    ["most", "largest change first"]]);

  let listed = [];
  function show() {
    const set = data.sets[Number(which.value)];
    listed = set.said.map((_, i) => i).filter((i) =>
      (!label.value || data.labels[i] === Number(label.value)) &&
      (!said.value || set.said[i] === Number(said.value)) &&
      (!outcome.value || fate(set, i) === outcome.value));
    const sign = { least: 1, most: -1 }[order.value];
    if (sign) listed.sort((a, b) => sign * (set.distortion[a] - set.distortion[b]));
    const count = listed.filter((i) => set.fooled[i]).length;
    document.getElementById("count").textContent =
      `${listed.length} of ${set.n} images; ${count} of these fool the model.`;
    strip.replaceChildren(...listed.map((i) => {
      const button = make("button", { type: "button" }, sprite(sheet(set.sheet, set.n), i),
        `${named(data.labels[i])} → ${named(set.said[i])}`);
      button.classList.toggle("fooled", set.fooled[i]);
      button.addEventListener("click", () => open(i));
      return button;
    }));
  }

  const dialog = document.getElementById("one");
  const best = (answers, i) => (answers.top[i] ?? []).map((label, k) =>
    `${named(label)}: ${(100 * answers.scores[i][k]).toFixed(1)} %`).join(", ");
  const answered = (title, list, i) => {
    const table = make("table", { className: "turns" }, make("caption", {}, title));
    const head = table.createTHead().insertRow();
    for (const text of ["who", "reads", "best scores"]) {
      head.append(make("th", { scope: "col", className: "name" }, text));
    }
    const body = table.createTBody();
    for (const answers of list) {
      const row = body.insertRow();
      const right = answers.labels[i] === data.labels[i];
      for (const [heading, text] of [["who", answers.who],
        ["reads", `${named(answers.labels[i])}${right ? "" : " (fooled)"}`],
        ["best scores", best(answers, i)]]) {
        const cell = row.insertCell();
        cell.textContent = text;
        cell.className = heading === "reads" && !right ? "name wrong" : "name";
        cell.dataset.heading = heading;
      }
    }
    return make("div", { className: "wide" }, table);
  };
  function open(i) {
    const set = data.sets[Number(which.value)];
    const pictured = (caption, address, n) => make("figure", {},
      sprite(sheet(address, n), i), make("figcaption", {}, caption));
    const total = data.labels.length;
    const move = (by) => {
      const at = listed.indexOf(i) + by;
      if (at >= 0 && at < listed.length) open(listed[at]);
    };
    const button = (text, act) => {
      const made = make("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    };
    dialog.replaceChildren(
      make("header", {},
        make("h3", { id: "one-heading" }, `Image ${i}: ${named(data.labels[i])}`),
        button("Before", () => move(-1)), button("Next", () => move(1)),
        button("Close", () => dialog.close())),
      make("div", { className: "three" },
        pictured(`clean: read as ${named(set.clean[i])}`, data.clean.sheet, total),
        pictured("the change, 10 times as large", set.change, set.n),
        pictured(`changed by ${set.name}: read as ${named(set.said[i])}`, set.sheet, set.n)),
      make("p", {}, `${fate(set, i)}; distortion ${set.distortion[i]}, `
        + `largest change of a pixel ${set.linf[i]}`),
      ...(data.clean.answers.length ? [answered("Of the clean image", data.clean.answers, i)] : []),
      ...(set.answers.length ? [answered("Of the changed image", set.answers, i)] : []));
    if (!dialog.open) dialog.showModal();
  }
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: "Before", ArrowRight: "Next" }[event.key];
    if (!by) return;
    [...dialog.querySelectorAll("button")].find((one) => one.textContent === by).click();
  });
  show();
}
