/* The flow of the days as lines, drawn as SVG: wanggeFlow(element, data, dark) draws or redraws, and follows its size.
 * data: {steps: ["00:00", …], lines: [{key, name, numbers: [3, 0, null, …]}]}; null where the hour is still ahead.
 */
(function () {
  "use strict";
  const LOOK = {
    reported: { colour: "#1d5fa8", dark: "#6fb1ff", type: "solid", width: 2.5 },
    climbed: { colour: "#7a5aa6", dark: "#c3a6f0", type: "dashed", width: 2 },
    dispatched: { colour: "#0f8aa0", dark: "#5fd3e6", type: "dotted", width: 2 },
    closed: { colour: "#1c2733", dark: "#f2f5f8", type: "solid", width: 2 },
  };

  function options(data, dark) {
    const text = dark ? "#a9b8c8" : "#5c6b7a";
    const line = dark ? "#26384c" : "#e4e9ee";
    const size = dark ? 17 : 12;
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: dark ? 48 : 36, right: 12, top: 10, bottom: dark ? 32 : 24 },
      tooltip: dark ? undefined : { trigger: "axis", renderMode: "richText", axisPointer: { type: "line", lineStyle: { color: "#8b97a4" } } },
      xAxis: { type: "category", boundaryGap: false, data: data.steps, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: text, fontSize: size, hideOverlap: true } },
      yAxis: { type: "value", minInterval: 1, splitNumber: 3, axisLabel: { color: text, fontSize: size }, splitLine: { lineStyle: { color: line } } },
      series: data.lines.map((one) => {
        const look = LOOK[one.key];
        const colour = dark ? look.dark : look.colour;
        const alone = one.numbers.filter((number) => number !== null).length < 2;
        return { name: one.name, type: "line", data: one.numbers, showSymbol: alone, symbolSize: 6, lineStyle: { color: colour, type: look.type, width: look.width }, itemStyle: { color: colour } };
      }),
    };
  }

  window.wanggeFlow = function (element, data, dark) {
    if (!element || !window.echarts) return;
    let chart = window.echarts.getInstanceByDom(element);
    if (!chart) {
      chart = window.echarts.init(element, null, { renderer: "svg" });
      new ResizeObserver(() => { if (!chart.isDisposed()) chart.resize(); }).observe(element);
    }
    chart.setOption(options(data, dark), true);
  };
})();
