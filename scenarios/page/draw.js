// Puts the plots of the page into their places, again when its width changes, and saves them.
"use strict";

(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  // What a plot looks like in a file: the light theme, whatever the page has.
  const LIGHT = {
    paper: "#ffffff", ink: "#1b1f24", ink2: "#57606a", grid: "#e3e7eb",
    s0: "#0072b2", s1: "#d55e00", s2: "#009e73", s3: "#cc79a7", s4: "#b58900", s5: "#56b4e9",
    s6: "#6e7781",
  };
  const PRINT_WIDTH = 720;

  function heightOf(plot) {
    return plot.kind === "network" ? 480 : 320;
  }
  function drawAll() {
    for (const plot of plots) {
      const place = document.getElementById(`plot-${plot.id}`);
      const width = Math.max(280, Math.floor(place.clientWidth));
      if (place.dataset.width === String(width)) continue;
      place.dataset.width = String(width);
      place.innerHTML = shapes.draw(plot, width, heightOf(plot));
    }
  }

  function save(name, type, content) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], {type}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function standalone(plot) {
    // With a margin, which the page has of its own.
    const svg = shapes.draw(plot, PRINT_WIDTH, heightOf(plot))
                    .replace(/viewBox="0 0 (\d+) (\d+)" width="\d+" height="\d+"/, (_, w, h) =>
                        `viewBox="-10 -10 ${+w + 20} ${+h + 20}" width="${+w + 20}" height="${+h + 20}"`)
                    .replace(/var\(--(\w+)\)/g, (_, name) => LIGHT[name]);
    return '<?xml version="1.0" encoding="UTF-8"?>\n' +
        svg.replace("</title>", '</title><rect x="-10" y="-10" width="100%" height="100%" fill="#ffffff"/>') + "\n";
  }
  function csv(plot) {
    const field = (text) => /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    const rows = document.querySelectorAll(`#data-${plot.id} tr`);
    return Array.from(rows, (row) => Array.from(row.cells, (cell) => field(cell.textContent))
                                         .join(",")).join("\r\n") + "\r\n";
  }

  // report.html#svg=ID is that figure and nothing else, for browsers without a window.
  const wanted = /^#svg=([a-z0-9-]+)$/.exec(location.hash);
  const only = wanted && plots.find((plot) => plot.id === wanted[1]);
  if (only) {
    document.body.innerHTML = "\n" + standalone(only).replace(/^<[?].*\n/, "");
    return;
  }

  for (const plot of plots) {
    const tools = document.getElementById(`tools-${plot.id}`);
    const button = (label, action) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = label;
      made.addEventListener("click", action);
      tools.append(made);
    };
    button("Save as SVG", () => save(`${plot.id}.svg`, "image/svg+xml", standalone(plot)));
    button("Save data as CSV", () => save(`${plot.id}.csv`, "text/csv", csv(plot)));
  }
  drawAll();
  new ResizeObserver(drawAll).observe(document.querySelector("main"));
  addEventListener("beforeprint", drawAll);
})();
