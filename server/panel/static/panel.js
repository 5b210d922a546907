// Draws the two weeks of the overview; without it, the table below says the same.
"use strict";

function draw() {
  for (const place of document.querySelectorAll(".chart[data-days]")) {
    if (window.echarts.getInstanceByDom(place.firstChild ?? place)) continue;
    place.append(document.createElement("div")); // an empty place takes no room
    place.firstChild.style.height = "260px";
    const days = JSON.parse(place.dataset.days);
    const chart = window.echarts.init(place.firstChild, null, { renderer: "svg" });
    chart.setOption({
      color: ["#c8371f", "#c9a27a"],
      animation: false,
      grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
      legend: { top: 0, data: ["微信实收（元）", "付款订单"] },
      tooltip: { trigger: "axis", renderMode: "richText" },
      xAxis: { type: "category", data: days.map((day) => day.day) },
      yAxis: [{ type: "value" }, { type: "value", minInterval: 1, splitLine: { show: false } }],
      series: [
        { name: "微信实收（元）", type: "bar", data: days.map((day) => Number(day.cash)) },
        { name: "付款订单", type: "line", yAxisIndex: 1, data: days.map((day) => day.orders) },
      ],
    });
    new ResizeObserver(() => chart.resize()).observe(place);
  }
}

document.addEventListener("DOMContentLoaded", draw);
document.addEventListener("htmx:load", draw);
