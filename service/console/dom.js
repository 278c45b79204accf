// Elements from code. Text becomes text, never markup: there is no other way in here, and the policy of the page
// refuses the browser's own.

const SVG = "http://www.w3.org/2000/svg";

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

function set(element, properties) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name === "href" && !String(value).startsWith("#")) {
      // No address that somebody wrote is ever a link: only views of this page are.
      throw new Error("a link leads to a view of the console");
    } else if (name === "value" || name === "checked" || name === "disabled") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  return element;
}

/** Makes an element: its name, its attributes, what is in it. */
export function h(name, properties, ...children) {
  return add(set(document.createElement(name), properties), children);
}

/** The same for a part of a drawing. */
export function svg(name, properties, ...children) {
  return add(set(document.createElementNS(SVG, name), properties), children);
}

/** Puts new elements in place of old ones. Whoever is at one of them by keyboard stays there. */
export function replace(element, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement.getAttribute("data-key");
  element.replaceChildren();
  add(element, children);
  if (focused) {
    const again = [...element.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused);
    again?.focus({ preventScroll: true });
  }
}

let ids = 0;

/** A name for an element that a label or a hint belongs to. */
export const unique = (prefix) => `${prefix}-${(ids += 1)}`;

/** Has a screen reader say something. */
export function tell(text) {
  document.getElementById("told").textContent = text;
}
