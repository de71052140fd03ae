import { h } from "./dom.js";
import uPlot from "./vendor/uPlot.js";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name)
    .trim();
}

/**
 * A plot of one series, with the same figures as a table for who does not see it.
 *
 * @param {{ title: string, kind: "bars" | "line", points: { label: string, tick: string, value: number }[], format: (value: number) => string, tableTitle: string }} options
 */
export function plot({ title, kind, points, format, tableTitle }) {
  const canvas = h("div", {
    class: "plot",
    role: "img",
    "aria-label": describe(title, points, format),
  });
  const rows = points.map(({ label, value }) =>
    h(
      "tr",
      null,
      h("th", { scope: "row", text: label }),
      h("td", { text: format(value) }),
    )
  );
  const table = h(
    "details",
    { class: "figures" },
    h("summary", { text: tableTitle }),
    h(
      "table",
      null,
      h("caption", { class: "unseen", text: title }),
      h("tbody", null, ...rows),
    ),
  );
  const observer = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (!canvas.isConnected) return observer.disconnect();
    if (width > 0) draw(canvas, { kind, points, format, width });
  });
  observer.observe(canvas);
  return h("figure", null, canvas, table);
}

function describe(title, points, format) {
  const last = points.at(-1);
  const highest = points.reduce(
    (best, point) => point.value > (best?.value ?? -Infinity) ? point : best,
    points[0],
  );
  if (!last || !highest) return title;
  return `${title}. ${last.label}: ${format(last.value)}. ▲ ${highest.label}: ${
    format(highest.value)
  }`;
}

function short(value) {
  return new Intl.NumberFormat(document.documentElement.lang, {
    notation: "compact",
  }).format(value);
}

function draw(canvas, { kind, points, format, width }) {
  if (canvas.firstChild && Number(canvas.dataset.width) === width) return;
  canvas.dataset.width = String(width);
  canvas.replaceChildren();
  const ink = colour("--muted");
  const accent = colour("--accent");
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: ink,
    font,
    ticks: { show: false },
    grid: { stroke: colour("--line"), width: 1 },
  };
  const label = h("div", { class: "readout" });
  const show = (index) => {
    const point = points[index ?? points.length - 1];
    label.textContent = point ? `${point.label}  ${format(point.value)}` : "";
  };
  // Colours and sizes go through the canvas and the CSSOM, which the page's policy lets pass.
  new uPlot(
    {
      width,
      height: 190,
      padding: [12, 8, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { show: kind === "line" },
      },
      scales: {
        x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] },
        y: {
          range: (_, low, high) => [Math.min(0, low), Math.max(high, 1) * 1.08],
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          values: (_, places) =>
            places.map((place) => points[place]?.tick ?? ""),
          space: 56,
          gap: 8,
          incrs: [1, 2, 3, 5, 7, 10, 15],
        },
        {
          ...axis,
          size: 54,
          values: (_, values) => values.map(short),
          space: 40,
        },
      ],
      series: [
        {},
        kind === "bars"
          ? {
            fill: accent,
            width: 0,
            paths: uPlot.paths.bars?.({ size: [0.62, 28], radius: 0.25 }),
            points: { show: false },
          }
          : {
            stroke: accent,
            width: 2,
            fill: colour("--wash"),
            points: { show: true, size: 6, fill: accent },
          },
      ],
      hooks: { setCursor: [({ cursor }) => show(cursor.idx)] },
    },
    [points.map((_, place) => place), points.map(({ value }) => value)],
    canvas,
  );
  canvas.prepend(label);
  show(null);
}
