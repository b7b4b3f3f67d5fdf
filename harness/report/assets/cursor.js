// One cursor for all charts of a scenario. The page says everything without it; this only reads values out.
(() => {
  "use strict";
  const HINT = matchMedia("(hover: hover)").matches
    ? "Point at the charts to read them out. With the keyboard: ← → a second, with Shift ten; , and . to the last and next event; Home, End."
    : "Touch the charts to read them out.";
  const el = (name, attributes, text) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const begin = (figure) => {
    const data = JSON.parse(figure.querySelector(".hx-data").textContent);
    const last = data.t.length - 1;
    const layer = el("div", {
      class: "hx-cursor", tabindex: "0", role: "slider", "aria-label": "Time", "aria-valuemin": "0", "aria-valuemax": String(last),
    });
    const readout = el("p", { class: "hx-readout", "aria-live": "polite" }, HINT);
    figure.querySelector(".hx-plot").append(layer);
    figure.append(readout);
    let at = 0;

    const show = (index) => {
      at = Math.min(Math.max(index, 0), last);
      const share = (data.t[at] + data.bin / 2 - data.begin) / (data.end - data.begin);
      layer.style.setProperty("--at", `${(share * 100).toFixed(3)}%`);
      layer.classList.add("on");
      layer.setAttribute("aria-valuenow", String(at));
      layer.setAttribute("aria-valuetext", data.when[at]);
      const parts = [el("b", {}, data.when[at])];
      data.names.forEach((name, row) => {
        const part = el("span", {}, `${name} `);
        part.append(el("b", {}, data.rows[row][at]));
        parts.push(part);
      });
      readout.replaceChildren(...parts);
    };
    const index = (seconds) => Math.floor((seconds - data.begin) / data.bin + 1e-6);
    const toEvent = (step) => {
      const bins = [...new Set(data.events.map(index))].filter((bin) => (step > 0 ? bin > at : bin < at));
      if (bins.length) show(step > 0 ? Math.min(...bins) : Math.max(...bins));
    };
    const keys = {
      ArrowLeft: (e) => show(at - (e.shiftKey ? 10 : 1)),
      ArrowRight: (e) => show(at + (e.shiftKey ? 10 : 1)),
      Home: () => show(0),
      End: () => show(last),
      ",": () => toEvent(-1),
      ".": () => toEvent(1),
    };
    layer.addEventListener("keydown", (event) => {
      const key = keys[event.key];
      if (!key) return;
      event.preventDefault();
      key(event);
    });
    layer.addEventListener("pointermove", (event) => {
      const box = layer.getBoundingClientRect();
      show(index(data.begin + ((event.clientX - box.left) / box.width) * (data.end - data.begin)));
    });
    for (const row of figure.closest(".hx-panel").querySelectorAll("tr[data-t]")) {
      row.addEventListener("pointerenter", () => show(index(Number(row.dataset.t))));
    }
  };

  document.querySelectorAll("[data-cursor]").forEach(begin);
  document.documentElement.lang ||= "en";
})();
