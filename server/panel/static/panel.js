// What a script adds to the pages; each of them works without it.
"use strict";

// A refused form keeps what was filled in; the reason is shown above it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig, serverResponse } = event.detail;
  const form = requestConfig.elt.closest("form");
  if (xhr.status < 400 || requestConfig.verb !== "post" || !form) return;
  const reason = new DOMParser().parseFromString(serverResponse, "text/html").querySelector(".refusal");
  if (!reason) return;
  event.detail.shouldSwap = false;
  form.querySelector(".refusal")?.remove();
  // What the last action did is old news now; only a secret that is shown once stays until it was copied.
  for (const old of document.querySelectorAll("main > .told.good:not(:has(.secret)), main > .outcomes")) old.remove();
  reason.setAttribute("role", "alert");
  reason.querySelector("a.button")?.remove();
  form.prepend(reason);
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.parentElement.querySelector(".wrong")?.remove();
  }
  for (const problem of reason.querySelectorAll("[data-field]")) {
    const field = form.elements[problem.dataset.field];
    if (!field?.setAttribute) continue;
    field.setAttribute("aria-invalid", "true");
    field.insertAdjacentHTML("afterend", '<small class="wrong"></small>');
    field.nextElementSibling.textContent = problem.textContent;
  }
  reason.scrollIntoView({ block: "nearest" });
});

// What was typed is lost with the page, so whoever leaves it, or sends another form of it, is asked first.

const LOSING = "本页有没有保存的修改，继续会丢失。要继续吗？";

function isChanged(field) {
  if (!field.name || field.type === "hidden" || field.matches(":disabled, button")) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field.localName !== "select") return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
}

// A search is no edit. A reason alone is none either: it is typed anew in a moment, and pages have many such fields.
function losesEdits(sent) {
  const forms = [...document.querySelectorAll("main form:not([role=search], .filter[method=get])")];
  const edits = ({ elements }) => [...elements].some((field) => !["reason", "note"].includes(field.name) && isChanged(field));
  return forms.some((form) => form !== sent && edits(form));
}

document.addEventListener("htmx:confirm", (event) => {
  const { elt } = event.detail;
  if (elt.hasAttribute("hx-get")) return; // a part of the page that renews itself
  if (losesEdits(elt.closest("form")) && !window.confirm(LOSING)) event.preventDefault();
});

window.addEventListener("beforeunload", (event) => {
  if (losesEdits(null)) event.preventDefault();
});

// The keyboard goes on in the new page where reading begins, not at the first link of the menu.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.boosted && document.activeElement === document.body) {
    document.getElementById("page")?.focus({ preventScroll: true });
  }
});

// The charts of two weeks in the overview; the table below each has the same numbers.

function draw() {
  for (const place of document.querySelectorAll(".chart[data-chart]")) {
    if (window.echarts.getInstanceByDom(place.firstChild ?? place)) continue;
    place.append(document.createElement("div")); // without this script the empty place takes no room
    place.firstChild.style.height = "260px";
    const { days, bars, line } = JSON.parse(place.dataset.chart);
    const chart = window.echarts.init(place.firstChild, null, { renderer: "svg" });
    chart.setOption({
      color: ["#c8371f", "#c9a27a"],
      animation: false,
      grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0, data: [bars.name, line.name] },
      tooltip: { trigger: "axis", renderMode: "richText" },
      xAxis: { type: "category", data: days },
      yAxis: [{ type: "value", minInterval: 1 }, { type: "value", minInterval: 1, splitLine: { show: false } }],
      series: [
        { name: bars.name, type: "bar", data: bars.values.map(Number) },
        { name: line.name, type: "line", yAxisIndex: 1, data: line.values },
      ],
    });
    new ResizeObserver(() => chart.resize()).observe(place);
  }
}

document.addEventListener("DOMContentLoaded", draw);
document.addEventListener("htmx:load", draw);
