// The page works without this file. With it: live updates without flicker, the reader's clock, reading a line point by point.
"use strict";
(() => {
  const main = document.getElementById("main");
  const stale = document.getElementById("stale");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  let seenAt = new Date();
  let timer = 0;
  let running = null;
  let leaving = false;

  if (document.body.dataset.zone !== zone && !document.cookie.includes(`funnelwatch_zone=${zone}`)) {
    document.cookie = `funnelwatch_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
    if (document.cookie.includes("funnelwatch_zone=")) { location.reload(); return; }
  }

  // Make `from` equal to `to` and touch only what differs, so that focus, scroll and open details stay as they are.
  const keyOf = (node) => (node.nodeType === 1 && (node.dataset.key || node.id)) || null;
  const isBlank = (node) => node && node.nodeType === 3 && !node.nodeValue.trim();
  function morph(from, to) {
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName) { from.replaceWith(to.cloneNode(true)); return; }
    if (from.nodeType !== 1) { if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue; return; }
    for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    for (const { name } of [...from.attributes]) {
      const ours = (name === "open" && from.nodeName === "DETAILS") || (name === "hidden" && from.nodeName === "BUTTON");
      if (!to.hasAttribute(name) && !ours) from.removeAttribute(name);
    }
    if (from.nodeName === "SELECT" && from === document.activeElement) return;
    if (from.nodeName === "OUTPUT" && from.dataset.held) return;
    const keyed = new Map();
    for (const child of from.childNodes) { const key = keyOf(child); if (key) keyed.set(key, child); }
    let at = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      if (wanted.nodeType === 1) while (isBlank(at)) { const next = at.nextSibling; at.remove(); at = next; }
      const key = keyOf(wanted);
      const known = key ? keyed.get(key) : null;
      if (known) {
        if (known !== at) from.insertBefore(known, at); else at = at.nextSibling;
        morph(known, wanted);
      } else if (!key && at && !keyOf(at) && at.nodeName === wanted.nodeName) {
        const next = at.nextSibling;
        morph(at, wanted);
        at = next;
      } else {
        from.insertBefore(wanted.cloneNode(true), at);
      }
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  }

  async function update(url, chosen) {
    if (running) running.abort();
    const mine = (running = new AbortController());
    try {
      const answer = await fetch(url, { headers: { "X-Funnelwatch-Fragment": "1" }, signal: mine.signal });
      if (answer.status === 401) { location.reload(); return; }
      const text = await answer.text();
      const fresh = document.createElement("main");
      fresh.append(...new DOMParser().parseFromString(`<main>${text}</main>`, "text/html").querySelector("main").childNodes);
      for (const { name, value } of [...main.attributes]) fresh.setAttribute(name, value);
      morph(main, fresh);
      const title = document.getElementById("said");
      if (title) document.title = title.dataset.title;
      seenAt = new Date();
      if (!stale.hidden) stale.hidden = true;
      main.classList.remove("old");
      dress();
      if (chosen) chosen();
    } catch (error) {
      if (error.name === "AbortError") return;
      stale.textContent = document.body.dataset.stale.replace("{at}", seenAt.toLocaleTimeString(document.documentElement.lang, { hour12: false }));
      stale.hidden = false;
      main.classList.add("old");
    } finally {
      if (running === mine) { running = null; plan(); }
    }
  }

  function plan() {
    clearTimeout(timer);
    const every = Number(main.dataset.live || 0);
    if (every && !document.hidden && !leaving) timer = setTimeout(() => update(location.href), every * 1000);
  }

  // A page that is being left asks for nothing more: what it shows (a file that was just discarded) may be gone by then.
  addEventListener("beforeunload", () => {
    leaving = true;
    clearTimeout(timer);
    if (running) running.abort();
    setTimeout(() => { leaving = false; plan(); }, 10000); // after a download the page is still here
  });

  function go(url) {
    history.pushState(null, "", url);
    update(url, () => {
      const target = location.hash && document.querySelector(location.hash);
      if (!target) return;
      const box = target.getBoundingClientRect();
      if (box.top < 0 || box.top > innerHeight * 0.7) target.scrollIntoView({ block: "start" });
    });
  }

  document.addEventListener("click", (event) => {
    const pin = event.target.closest("button[data-pin]");
    if (pin) {
      const found = document.cookie.match(/(?:^|; )funnelwatch_pins=([^;]*)/);
      const pins = new Set(found ? decodeURIComponent(found[1]).split(",").filter(Boolean) : []);
      if (!pins.delete(pin.dataset.pin)) pins.add(pin.dataset.pin);
      document.cookie = `funnelwatch_pins=${encodeURIComponent([...pins].slice(-50).join(","))}; path=/; max-age=31536000; samesite=lax`;
      update(location.href);
    }
    const link = event.target.closest("a[data-nav]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) { event.preventDefault(); go(link.href); }
    const copy = event.target.closest("button[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(() => { copy.textContent = copy.dataset.done; });
    }
  });
  // Files are dropped on their form, and the upload says how far it is.
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (event) => {
    const zone = event.target.closest && event.target.closest("form[data-drop] .dropzone");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", kind === "dragover");
    if (kind === "drop") dropped(event.dataTransfer).then((files) => choose(zone.closest("form"), files));
  });
  // A folder is all the files in it, but for those that the system hides there.
  const hidden = /^(\.|~\$|__MACOSX|Thumbs\.db|desktop\.ini)/i;
  async function dropped(data) {
    const found = [], entries = [...data.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (!entries.some((entry) => entry && entry.isDirectory)) return [...data.files];
    const walk = async (entry) => {
      if (!entry || hidden.test(entry.name)) return;
      if (entry.isFile) { found.push(await new Promise((resolve, reject) => entry.file(resolve, reject))); return; }
      const reader = entry.createReader();
      for (;;) {
        const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!part.length) return;
        for (const one of part) await walk(one);
      }
    };
    for (const entry of entries) await walk(entry);
    return found;
  }
  function choose(form, files) {
    const list = new DataTransfer();
    for (const file of files) list.items.add(file);
    form.querySelector("input[name=files]").files = list.files;
    const said = form.querySelector(".chosen");
    said.textContent = files.length > 1 ? said.dataset.chosen.replace("#", files.length) : "";
  }
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-drop]");
    if (!form) return;
    event.preventDefault();
    const bar = form.querySelector("progress"), said = form.querySelector(".said"), button = form.querySelector("button");
    const request = new XMLHttpRequest();
    const failed = () => { bar.hidden = true; button.disabled = false; said.textContent = form.dataset.failed; };
    request.upload.onprogress = (part) => { bar.value = part.total ? (100 * part.loaded) / part.total : 0; };
    request.onerror = request.onabort = failed;
    request.onload = () => {
      if (request.status < 400) { location.assign(request.responseURL); return; }
      failed();
      const why = new DOMParser().parseFromString(request.responseText, "text/html").querySelector(".failure, main p");
      if (why) said.textContent = why.textContent;
    };
    clearTimeout(timer);
    bar.hidden = false; button.disabled = true; said.textContent = form.dataset.sending;
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
  document.addEventListener("change", (event) => {
    if (event.target.webkitdirectory) {
      const inside = (file) => !file.webkitRelativePath.split("/").slice(1).some((part) => hidden.test(part));
      choose(event.target.form, [...event.target.files].filter(inside));
    }
    const all = event.target.dataset.all;
    if (all) document.querySelectorAll(`input[form="${all}"]`).forEach((box) => { box.checked = event.target.checked; });
    const form = event.target.closest("form[data-pick]");
    if (form) go(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
  });
  addEventListener("popstate", () => update(location.href));
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : update(location.href)));

  // A line is read with the pointer or with the arrow keys.
  function show(plot, index) {
    const points = JSON.parse(plot.dataset.points);
    if (!points.length) return;
    const i = Math.max(0, Math.min(points.length - 1, index));
    plot.dataset.index = i;
    const [at, observed, expected, low, high] = points[i];
    const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    const clock = new Date(at).toLocaleString(document.documentElement.lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
    const said = { at: clock, observed: number.format(observed), expected: number.format(expected), low: number.format(low), high: number.format(high) };
    const text = expected === null ? plot.dataset.readoutPlain : plot.dataset.readout;
    const output = plot.closest("figure").querySelector("output");
    output.dataset.held = "1";
    output.textContent = text.replace(/\{(\w+)\}/g, (_, name) => said[name]);
    const cursor = plot.querySelector(".cursor");
    const x = `${((i + 0.5) / points.length) * 100}%`;
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.setAttribute("visibility", "visible");
  }
  function leave(plot) {
    delete plot.closest("figure").querySelector("output").dataset.held;
    plot.querySelector(".cursor").setAttribute("visibility", "hidden");
  }
  document.addEventListener("pointermove", (event) => {
    const plot = event.target.closest && event.target.closest(".plot");
    if (!plot) return;
    const box = plot.querySelector(".over").getBoundingClientRect();
    show(plot, Math.floor(((event.clientX - box.left) / box.width) * JSON.parse(plot.dataset.points).length));
  });
  document.addEventListener("pointerout", (event) => {
    const plot = event.target.closest && event.target.closest(".plot");
    if (plot && !plot.contains(event.relatedTarget)) leave(plot);
  });
  document.addEventListener("keydown", (event) => {
    const plot = event.target.closest && event.target.closest(".plot");
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[event.key];
    if (!plot || move === undefined) return;
    event.preventDefault();
    const last = JSON.parse(plot.dataset.points).length - 1;
    show(plot, Number(plot.dataset.index ?? last) + move);
  });
  document.addEventListener("focusout", (event) => { if (event.target.matches && event.target.matches(".plot")) leave(event.target); });

  function dress() {
    document.documentElement.classList.add("js");
    for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
    for (const label of document.querySelectorAll("label.folder")) label.hidden = !("webkitdirectory" in label.querySelector("input"));
  }
  dress();
  plan();
})();
