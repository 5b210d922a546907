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
