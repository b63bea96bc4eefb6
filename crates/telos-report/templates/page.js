"use strict";
// Everything is readable without this: it only adds a search to each list of items.
for (const list of document.querySelectorAll("[data-items]")) {
  const items = [...list.querySelectorAll(":scope > .list > details.item")];
  if (items.length < 2) continue;
  const make = (tag, props) => Object.assign(document.createElement(tag), props);
  const tools = make("div", { className: "tools" });
  const search = make("input", { type: "search", placeholder: "Search these items" });
  search.setAttribute("aria-label", "Search these items");
  const count = make("output", {});
  const boxes = [];
  const box = (text, holds) => {
    if (!items.some(holds) || items.every(holds)) return;
    const label = make("label", {});
    const input = make("input", { type: "checkbox" });
    label.append(input, " " + text);
    boxes.push({ input, holds });
    tools.append(label);
  };
  tools.append(search);
  box("failed", (item) => "failed" in item.dataset);
  box("differs between arms", (item) => "differs" in item.dataset);
  box("controller acted", (item) => "acted" in item.dataset);
  box("not ok", (item) => item.dataset.status !== "ok");
  const order = make("select", {});
  order.setAttribute("aria-label", "Order of these items");
  for (const [value, textContent] of [["", "in the data's order"], ["worst", "worst first"], ["spread", "most different arms first"]]) {
    order.append(make("option", { value, textContent }));
  }
  tools.append(order);
  const open = make("button", { type: "button", textContent: "Open all" });
  const close = make("button", { type: "button", textContent: "Close all" });
  tools.append(open, close, count);
  list.insertBefore(tools, items[0].parentNode);

  const texts = new Map();
  const text = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };
  const shown = () => items.filter((item) => !item.hidden);
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      const wanted = boxes.every(({ input, holds }) => !input.checked || holds(item));
      item.hidden = !(wanted && words.every((word) => text(item).includes(word)));
    }
    count.textContent = shown().length === items.length ? "" : `${shown().length} of ${items.length}`;
  };
  search.addEventListener("input", update);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; update(); }
  });
  const by = {
    "": () => 0,
    worst: (a, b) => Number(a.dataset.worst ?? Infinity) - Number(b.dataset.worst ?? Infinity),
    spread: (a, b) => Number(b.dataset.spread) - Number(a.dataset.spread),
  };
  order.addEventListener("change", () => items[0].parentNode.append(...[...items].sort(by[order.value])));
  for (const { input } of boxes) input.addEventListener("change", update);
  open.addEventListener("click", () => { for (const item of shown()) item.open = true; });
  close.addEventListener("click", () => { for (const item of shown()) item.open = false; });
}

// A link to an item opens it.
const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", reveal);
reveal();

// "/" goes to the first search, as people are used to.
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  const first = document.querySelector(".tools input[type=search]");
  if (event.key === "/" && !typing && first && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    first.focus();
  }
});
