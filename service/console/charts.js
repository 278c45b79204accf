// Drawings of the last minutes. Each has its figures as a table beside it: whoever cannot see the drawing reads that.

import { h, svg, unique } from "./dom.js";
import { number, table, took } from "./show.js";

const WIDTH = 560;
const HEIGHT = 170;
const LEFT = 58;
const BOTTOM = 22;
const TOP = 10;

/** How calls end, in the order that the service counts them. */
export const ENDINGS = [
  ["succeeded", "good"],
  ["failed", "bad"],
  ["refused", "refused"],
  ["limited", "limited"],
  ["in doubt", "doubt"],
];

const PARTS = [
  ["p50", 0],
  ["p95", 1],
  ["p99", 2],
];

/** A round number that is not below. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value - 1e-9);
}

function frame(label, most, unit, rates, marks) {
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
  const minutes = (rates.slots.length * rates.slot_seconds) / 60;
  const lines = [0, 0.5, 1].map((part) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(most * part), y2: y(most * part) }),
    svg("text", { x: LEFT - 7, y: y(most * part) + 4, "text-anchor": "end" }, unit(most * part)),
  ]);
  const times = [
    svg("text", { x: LEFT, y: HEIGHT - 5 }, `${minutes} min ago`),
    svg("text", { x: WIDTH, y: HEIGHT - 5, "text-anchor": "end" }, "now"),
  ];
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, lines, times, marks(y));
}

const x = (index, count) => LEFT + ((WIDTH - LEFT) * index) / count;

/** Calls per second, by how they ended. */
export function rateChart(rates) {
  const { slots, slot_seconds: seconds } = rates;
  const sums = slots.map((slot) => (slot ? slot.ended.reduce((sum, one) => sum + one, 0) : 0) / seconds);
  const most = ceiling(Math.max(...sums, 0.1));
  const label = `Calls per second over the last minutes, at most ${Math.max(...sums).toFixed(1)}; the figures are in the table below.`;
  return frame(label, most, (value) => `${+value.toFixed(2)}/s`, rates, (y) =>
    slots.flatMap((slot, index) => {
      let below = 0;
      return (slot?.ended ?? []).map((count, kind) => {
        if (count === 0) return null;
        const [low, high] = [below, below + count / seconds];
        below = high;
        const width = Math.max(1, (WIDTH - LEFT) / slots.length - 1.5);
        return svg("rect", { class: ENDINGS[kind][1], x: x(index, slots.length) + 0.75, y: y(high), width, height: y(low) - y(high) });
      });
    }),
  );
}

/** How long calls took. */
export function latencyChart(rates) {
  const { slots } = rates;
  const values = slots.flatMap((slot) => slot?.took_ms ?? []).filter((value) => value !== null);
  const most = ceiling(Math.max(...values, 1));
  const label = `Latency quantiles over the last minutes, at most ${took(Math.max(0, ...values))}; the figures are in the table below.`;
  return frame(label, most, (value) => (value >= 1000 ? `${+(value / 1000).toFixed(1)} s` : `${+value.toFixed(1)} ms`), rates, (y) =>
    PARTS.toReversed().flatMap(([name, part]) => {
      const points = slots.map((slot, index) => {
        const value = slot?.took_ms[part] ?? null;
        return value === null ? null : [x(index + 0.5, slots.length), y(value)];
      });
      let line = "";
      points.forEach((point, index) => {
        if (point) line += `${points[index - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
      });
      const alone = points.filter((point, index) => point && !points[index - 1] && !points[index + 1]);
      return [
        line && svg("path", { class: `curve ${name}`, d: line }),
        alone.map(([cx, cy]) => svg("circle", { class: name, cx, cy, r: 2.5 })),
      ];
    }),
  );
}

export const keys = (all) =>
  h("ul", { class: "keys" }, all.map(([name, kind]) => h("li", {}, h("span", { class: `key ${kind}`, "aria-hidden": "true" }), name)));

export const RATE_KEYS = ENDINGS;
export const LATENCY_KEYS = PARTS.map(([name]) => [name, name]);

/** A line of small bars, for a row of a table that says the number beside it. */
export function spark(counts) {
  const most = Math.max(...counts, 1);
  const step = 120 / counts.length;
  return svg(
    "svg",
    { class: "spark", viewBox: "0 0 120 22", "aria-hidden": "true", preserveAspectRatio: "none" },
    counts.map((count, index) => {
      const height = count === 0 ? 0 : Math.max(1.5, (20 * count) / most);
      return count === 0 ? null : svg("rect", { x: index * step, y: 22 - height, width: Math.max(0.8, step - 0.6), height });
    }),
  );
}

/** The figures of the drawings, minute by minute. */
export function figures(rates) {
  const per = Math.max(1, Math.round(60 / rates.slot_seconds));
  const minutes = [];
  for (let end = rates.slots.length; end > 0; end -= per) {
    const slots = rates.slots.slice(Math.max(0, end - per), end).filter(Boolean);
    const ended = ENDINGS.map((_, kind) => slots.reduce((sum, slot) => sum + slot.ended[kind], 0));
    const worst = PARTS.map(([, part]) => slots.map((slot) => slot.took_ms[part]).filter((value) => value !== null));
    minutes.push({ ago: minutes.length, ended, worst: worst.map((all) => (all.length ? Math.max(...all) : null)) });
  }
  const id = unique("figures");
  return h(
    "details",
    { id },
    h("summary", { "data-key": "figures" }, "The same as a table"),
    table(
      "Calls of the last minutes",
      [["Minute", "tight"], ...ENDINGS.map(([name]) => [name, "number"]), ...PARTS.map(([name]) => [`${name}, at worst`, "number"])],
      minutes.map(({ ago, ended, worst }) => [
        ago === 0 ? "this one" : `${ago} ago`,
        ...ended.map(number),
        ...worst.map(took),
      ]),
    ),
  );
}
