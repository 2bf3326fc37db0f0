// trace opens what a figure comes from when its button is pressed, by mouse or keyboard.
function trace(data) {
  const dialog = document.getElementById("trace"), body = document.getElementById("trace-body");
  const add = (term, texts) => {
    if (texts.length === 0) return;
    const dt = document.createElement("dt");
    dt.textContent = term;
    body.append(dt);
    for (const text of texts) {
      const dd = document.createElement("dd");
      dd.textContent = text;
      body.append(dd);
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cell]");
    if (!button) return;
    const [where, date, shown, exact, unit, moved, words, facts, largest, rules, release] = data.cells[Number(button.dataset.cell)];
    document.getElementById("trace-title").textContent = where + " at " + date;
    body.replaceChildren();
    add("Shown", [BigInt(shown).toLocaleString("en-US") + " " + unit]);
    add("Exact", [exact]);
    add("Rounding", [moved === 0 ? "half away from zero" : "moved by " + (moved > 0 ? "+" : "") + moved + " so that totals foot"]);
    add("Counts", [data.words[words]]);
    add("Facts", [String(facts)]);
    add("Largest", largest.map((i) => data.facts[i]));
    add("Rules that decided", rules.map((i) => data.rules[i]));
    add("Release", [data.releases[release]]);
    const path = where.split("/");
    if (data.stored[release]) // a recast is in no warehouse
      add("All facts", ["comment11 trace " + [path[0], path.slice(2, -1).join("/"), path[path.length - 1], "--block", path[1], "--as-of", date, "--release", data.releases[release], "-o csv"].join(" ")]);
    dialog.showModal();
  });
}
