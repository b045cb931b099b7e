// Draws the charts of a page from figures that it fetches. Without it the table of the same figures stands for them.
(() => {
  "use strict";

  const NANOS = 1e9;
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (place) => token(`--series-${place + 1}`);
  const dollars = (value) =>
    `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 9 })}`;
  const whole = (value) => value.toLocaleString("en-US");

  // Each kind of chart: its series from below to above, each with a name and a value for every day.
  const kinds = {
    spend: (figures) => figures.models.map((model) => ({
      name: model.name, values: model.cost.map((nanos) => nanos / NANOS), show: dollars,
    })),
    requests: (figures) => [
      { name: "Not failed", values: figures.requests.map((all, day) => all - figures.failed[day]), show: whole },
      { name: "Failed", values: figures.failed, show: whole, colour: "--bad" },
    ],
  };
  const axes = { spend: (value) => `$${value.toLocaleString("en-US", { maximumFractionDigits: 9 })}`, requests: whole };
  // Of an axis: as wide as its longest number.
  const width = (_, shown) => 24 + 7 * Math.max(3, ...(shown || []).map((text) => text.length));

  const fill = (series, place) => (series.colour ? token(series.colour) : colour(place));

  // Bars that stand on one another: the last is drawn first, as high as all together.
  function stacked(all) {
    const heights = [];
    all.forEach((series, place) => {
      heights.push(series.values.map((value, day) => value + (place ? heights[place - 1][day] : 0)));
    });
    return heights.reverse();
  }

  // Says under the pointer what a day was.
  function tip(all, days) {
    let box;
    return {
      hooks: {
        init: (plot) => {
          box = document.createElement("div");
          box.className = "tip";
          box.hidden = true;
          plot.over.append(box);
          plot.over.addEventListener("mouseleave", () => { box.hidden = true; });
        },
        setCursor: (plot) => {
          const day = plot.cursor.idx;
          box.hidden = day == null || plot.cursor.left < 0;
          if (box.hidden) return;
          const shown = all.filter((series) => series.values[day] !== 0);
          const lines = [days[day], ...shown.map((series) => `${series.name}: ${series.show(series.values[day])}`)];
          box.replaceChildren(...lines.flatMap((line) => [line, document.createElement("br")]));
          const left = Math.min(plot.cursor.left + 12, Math.max(0, plot.over.clientWidth - box.offsetWidth));
          box.style.left = `${left}px`;
          box.style.top = "8px";
        },
      },
    };
  }

  function legend(list, all) {
    list.replaceChildren(...all.map((series, place) => {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = fill(series, place);
      item.append(swatch, series.name);
      return item;
    }));
  }

  function draw(section, figures) {
    const place = section.querySelector("[data-chart]");
    const kind = place.dataset.chart;
    const all = kinds[kind](figures);
    const times = figures.days.map((day) => Date.parse(day) / 1000);
    const axis = { stroke: token("--ink-soft"), grid: { stroke: token("--line"), width: 1 }, ticks: { show: false }, font: `12px ${token("--sans")}` };
    legend(section.querySelector("[data-legend]"), all);
    place.replaceChildren();
    const options = {
      width: place.clientWidth,
      height: place.clientHeight,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: (_, from, to) => [from - 43200, to + 43200] },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 32, space: 72, values: "{MMM} {D}" },
        { ...axis, size: width, values: (_, ticks) => ticks.map((tick) => (kind === "requests" && tick % 1 ? "" : axes[kind](tick))) },
      ],
      series: [{}, ...all.map((series, number) => ({
        label: series.name, fill: fill(series, number), width: 0, paths: uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false },
      })).reverse()],
      plugins: [tip(all, figures.days)],
    };
    return new uPlot(options, [times, ...stacked(all)], place);
  }

  async function start() {
    const sections = [...document.querySelectorAll("[data-charts]")];
    if (sections.length === 0) return;
    let figures;
    try {
      const answer = await fetch(sections[0].dataset.charts, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      figures = await answer.json();
    } catch {
      // The table has the figures.
      for (const details of document.querySelectorAll("details.more")) details.open = true;
      return;
    }
    for (const section of sections) section.hidden = false;
    let plots = sections.map((section) => draw(section, figures));
    const again = () => {
      plots.forEach((plot) => plot.destroy());
      plots = sections.map((section) => draw(section, figures));
    };
    document.addEventListener("theme", again);
    let waiting;
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(again, 150); });
  }

  start();
})();
