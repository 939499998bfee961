// This script keeps an open page current. Without it everything works: a form posts, and a page shows what was true when
// it was loaded.
//
// What another window or device has changed is swapped in, element by element. A field that has focus or text is never
// replaced, moved or written, and nothing moves while an input method composes. The server has all the words: they stand in
// the attributes of this script's element.
"use strict";
(() => {
  const words = document.currentScript.dataset;
  const root = document.documentElement;
  const find = (selector, at = document) => at.querySelector(selector);
  const everySeconds = 10, give = 3; // between two questions to the server, more or less

  root.classList.add("live"); // shows the buttons that need a script

  // What the page shows, and what its form was shown with.

  const field = (at) => find("#answer #text", at);
  const hidden = (name, at) => find(`#answer > [name=${name}]`, at)?.value ?? "";
  const sheet = (at) => find("main", at).dataset;
  const shows = (at) => [sheet(at).draft, sheet(at).revision, sheet(at).step].join(" ");
  const about = (at) => [hidden("draft", at), hidden("question", at), hidden("base", at)].join(" ");
  const path = (node) => node ? path(node.parentElement) + ">" + node.nodeName : "";

  // held is the field if a person is at it: it has focus or text.
  function held() {
    const at = field();
    return at && (at.value || at.matches(":focus")) ? at : null;
  }

  // announce has a screen reader say something when it has nothing else to say.
  function announce(text) {
    find("#said").textContent = text;
  }

  // Swapping. keep is a node that stays, and its twin in the new page; both have the same path.

  function morph(a, b, keep) {
    if (a === keep[0] || a.isEqualNode(b)) return;
    if (a.nodeType !== Node.ELEMENT_NODE) {
      a.data = b.data;
      return;
    }
    for (const {name} of [...a.attributes]) if (!b.hasAttribute(name)) a.removeAttribute(name);
    for (const {name, value} of b.attributes) if (a.getAttribute(name) !== value) a.setAttribute(name, value);
    const mine = [...a.childNodes], theirs = [...b.childNodes];
    const at = mine.findIndex((node) => node.contains(keep[0])), to = theirs.findIndex((node) => node.contains(keep[1]));
    if (at < 0) return swap(a, mine, theirs, null, keep);
    swap(a, mine.slice(0, at), theirs.slice(0, to), mine[at], keep);
    morph(mine[at], theirs[to], keep);
    swap(a, mine.slice(at + 1), theirs.slice(to + 1), null, keep);
  }

  // alike reports whether one node may become the other. A button never becomes another button, and a field none at all.
  const alike = (a, b) => a.isEqualNode(b) ||
    a.nodeName === b.nodeName && a.id === b.id && a.className === b.className && a.value === b.value && !/^(INPUT|TEXTAREA)$/.test(a.nodeName);

  // swap gives a parent new children in front of end. Those at both ends stay where they are, if they are alike.
  function swap(parent, mine, theirs, end, keep) {
    const both = (i) => mine.length && theirs.length && alike(mine.at(i), theirs.at(i));
    while (both(0)) morph(mine.shift(), theirs.shift(), keep);
    while (both(-1)) morph(end = mine.pop(), theirs.pop(), keep);
    for (const node of mine) node.remove();
    for (const node of theirs) parent.insertBefore(node, end);
  }

  // take shows what others have changed, and says so once.
  function take(next) {
    const mine = held(), changed = shows() !== shows(next);
    let keep = [null, null];
    if (mine) keep = [mine, field(next)];
    if (mine && (about() !== about(next) || path(mine) !== path(keep[1]))) keep = [mine.form, find("#answer", next)];
    if (path(keep[0]) !== path(keep[1])) return; // of another version of the page
    for (const node of next.querySelectorAll("[autofocus]")) node.removeAttribute("autofocus");
    for (const node of next.querySelectorAll("main [role=status], main [role=alert]")) node.removeAttribute("role");
    const saved = find(".saved", next).cloneNode(true);
    find(".saved").replaceWith(saved); // a new element says nothing by itself
    document.title = next.title;
    [root.lang, root.dir] = [next.documentElement.lang, next.documentElement.dir];
    morph(document.body, next.body, keep);
    if (changed) announce((find("#band") ?? find(".fresh") ?? find("h1")).textContent.trim());
  }

  // Asking.

  let timer, question, composing = false, owed = false;

  // ask asks the server for what is true now. The form that a person is at goes along, so that the answer can say what has
  // become of its question.
  async function ask() {
    stop();
    const at = sheet().live, mine = held();
    if (document.hidden || !at) return;
    question = new AbortController();
    const url = new URL(at, location);
    if (mine) url.searchParams.set("held", about() + (mine.value ? " typed" : ""));
    const headers = sheet().state ? {"If-None-Match": `"${sheet().state}"`} : {};
    try {
      const answer = await fetch(url, {headers, signal: question.signal});
      if (answer.status === 200) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (composing) owed = true;
        else take(next);
      }
    } catch (fault) {
      if (fault.name === "AbortError") return;
    }
    later();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, 1000 * (everySeconds + give * (2 * Math.random() - 1)));
  }

  function stop() {
    clearTimeout(timer);
    question?.abort();
  }

  document.addEventListener("visibilitychange", () => document.hidden ? stop() : ask());
  addEventListener("pageshow", (event) => event.persisted && ask());
  addEventListener("pagehide", stop);
  addEventListener("online", ask);
  addEventListener("compositionstart", () => composing = true);
  addEventListener("compositionend", () => {
    composing = false;
    if (owed) ask();
    owed = false;
  });
  if (!document.hidden) later();

  // Copying.

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch { // not over plain http
      const box = document.createElement("textarea");
      box.value = button.dataset.copy;
      button.after(box);
      box.select();
      document.execCommand("copy");
      box.remove();
      button.focus();
    }
    const label = button.textContent;
    if (label === words.copied) return;
    button.textContent = words.copied;
    announce(words.copied);
    setTimeout(() => button.textContent = label, 2000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
})();
