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

  if (navigator.clipboard) root.classList.add("copies"); // shows the buttons for it

  // What the page shows, and what its form was shown with.

  const field = (at) => find("#answer #text", at);
  const hidden = (name, at) => find(`#answer > [name=${name}]`, at)?.value ?? "";
  const sheet = (at) => find("main", at).dataset;
  const shows = (at) => [sheet(at).draft, sheet(at).revision, sheet(at).step].join(" ");
  const about = (at) => ["draft", "question", "base"].map((name) => hidden(name, at)).join(" ");
  const around = (node) => node?.nodeName + node?.parentNode.className;

  // held is the field if a person is at it: it has focus or text.
  function held() {
    const at = field();
    return at && (at.value || at.matches(":focus")) ? at : null;
  }

  // announce has a screen reader say something when it has nothing else to say.
  function announce(text) {
    find("#said").textContent = text;
  }

  // Swapping. keep is a node that stays, and its twin in the new page, at the same place.

  function morph(a, b, keep) {
    if (a === keep[0] || a.isEqualNode(b)) return;
    if (!a.attributes) return void (a.data = b.data); // a text
    for (const {name} of [...a.attributes]) if (!b.hasAttribute(name)) a.removeAttribute(name);
    for (const {name, value} of b.attributes) a.setAttribute(name, value);
    const mine = [...a.childNodes], theirs = [...b.childNodes];
    const at = mine.findIndex((node) => node.contains(keep[0])), to = theirs.findIndex((node) => node.contains(keep[1]));
    if (at < 0) return swap(a, mine, theirs, null, keep);
    swap(a, mine.slice(0, at), theirs.slice(0, to), mine[at], keep);
    morph(mine[at], theirs[to], keep);
    swap(a, mine.slice(at + 1), theirs.slice(to + 1), null, keep);
  }

  // alike reports whether one node may become the other. A button never becomes another button, and a field none at all.
  const alike = (a, b) => a.isEqualNode(b) ||
    a.nodeName === b.nodeName && a.id === b.id && a.value === b.value && !/^(INPUT|TEXTAREA)$/.test(a.nodeName);

  // swap gives a parent new children in front of end. Those at both ends stay where they are, if they are alike.
  function swap(parent, mine, theirs, end, keep) {
    const both = (i) => mine.length && theirs.length && alike(mine.at(i), theirs.at(i));
    while (both(0)) morph(mine.shift(), theirs.shift(), keep);
    while (both(-1)) morph(end = mine.pop(), theirs.pop(), keep);
    for (const node of mine) node.remove();
    for (const node of theirs) parent.insertBefore(node, end);
  }

  // put makes the page like another one, except for a node that stays.
  function put(next, keep) {
    for (const node of next.querySelectorAll("[autofocus]")) node.removeAttribute("autofocus");
    for (const node of next.querySelectorAll("main [role=status], main [role=alert]")) node.removeAttribute("role");
    document.title = next.title;
    [root.lang, root.dir] = [next.documentElement.lang, next.documentElement.dir];
    morph(document.body, next.body, keep);
  }

  // take shows what others have changed, and says so once.
  function take(next) {
    const mine = held(), changed = shows() !== shows(next);
    let keep = [null, null];
    if (mine) keep = [mine, field(next)];
    if (mine && (about() !== about(next) || around(mine) !== around(keep[1]))) keep = [mine.form, find("#answer", next)];
    if (sheet().owner !== sheet(next).owner || mine && !keep[1]) return location.reload(); // of another person
    quietly(next);
    put(next, keep);
    if (changed) announce((find("#band") ?? find(".fresh") ?? find("h1")).textContent.trim());
  }

  // show shows the answer to what this page has sent. A person reads it from its focus.
  function show(next) {
    const mine = field(), focus = find("[autofocus]", next);
    if (mine) mine.value = mine.defaultValue; // it was sent
    if (!usual) quietly(next); // else the person has heard another state
    usual = null;
    put(next, [null, null]);
    scrollTo(0, 0);
    if (focus) find(focus.id === "text" ? "#text" : "h1").focus();
    else document.activeElement.blur();
  }

  // The state in the header. A screen reader says it when its text changes, and says nothing of a new element.

  let usual = null; // the state that the server has said, while another one stands there

  function state(text, kind) {
    const saved = find(".saved");
    usual ??= saved.cloneNode(true);
    if (saved.textContent !== text) saved.textContent = text;
    saved.className = "saved " + kind;
  }

  function quietly(next) {
    find(".saved").replaceWith(find(".saved", next).cloneNode(true));
  }

  function lose() {
    lost ||= setTimeout(state, 2000, words.reconnecting, "none");
  }

  function reach() {
    clearTimeout(lost);
    if (lost && usual) find(".saved").replaceWith(usual);
    if (lost) usual = null;
    lost = 0;
  }

  // Asking.

  let timer, question, lost, refused, composing = false, owed = false;

  // load returns an answer with its page.
  async function load(url, how) {
    const answer = await fetch(url, how);
    return [answer, new DOMParser().parseFromString(await answer.text(), "text/html")];
  }

  // ask asks the server for what is true now. The form that a person is at goes along, so that the answer can say what has
  // become of its question.
  async function ask() {
    pause();
    const {live, state} = sheet(), mine = held();
    if (document.hidden || !live || sending) return;
    question = new AbortController();
    const url = new URL(live, location);
    if (mine) url.searchParams.set("held", about() + (mine.value ? " typed" : ""));
    try {
      const [answer, next] = await load(url, {headers: state ? {"If-None-Match": `"${state}"`} : {}, signal: question.signal});
      if (answer.status >= 500) throw answer;
      reach();
      if (answer.status === 200) {
        if (composing) owed = true;
        else if (refused && !state && shows() === shows(next)) sheet().state = sheet(next).state ?? ""; // what it was told stays
        else take(next);
      }
    } catch (fault) {
      if (fault.name === "AbortError") return;
      lose();
    }
    later();
  }

  function later() {
    clearTimeout(timer);
    if (!stream) timer = setTimeout(ask, 7000 + 6000 * Math.random()); // every ten seconds, more or less
  }

  function pause() {
    clearTimeout(timer);
    question?.abort();
  }

  // Listening. The server says that something has changed, and not what. A page that hears nothing asks now and then.

  const tries = 3; // that fail, one after another, until a page asks instead
  let stream = null, fails = 0, retry = 1000, heard;

  async function listen() {
    const {live, state} = sheet();
    if (stream || document.hidden || !live) return;
    if (fails >= tries) return later();
    clearTimeout(timer);
    const mine = stream = new AbortController();
    let silence; // ends a stream that says nothing for so many milliseconds
    const wait = (most) => {
      clearTimeout(silence);
      silence = setTimeout(() => mine.abort(), most);
    };
    wait(5000);
    try {
      const answer = await fetch("/events" + new URL(live, location).search, {headers: {"Last-Event-ID": state ?? ""}, signal: mine.signal});
      if (answer.status !== 200) fails = tries; // there is no stream for this page
      const reader = answer.status === 200 && answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", part; reader && !(part = await reader.read()).done;) {
        wait(60000); // the server says a word every 20 seconds
        fails = 0;
        reach();
        const events = (rest + part.value).split("\n\n");
        rest = events.pop();
        events.forEach(hear);
      }
    } catch {} // cut off, silent, or closed by this page
    clearTimeout(silence);
    if (stream !== mine) return;
    stream = null;
    if (++fails > tries) return later();
    lose();
    if (fails < tries) setTimeout(listen, retry);
    else ask();
  }

  function hear(event) {
    const line = (name) => event.match(`(?:^|\n)${name}: ?(.*)`)?.[1];
    retry = Number(line("retry")) || retry;
    if (line("event") === "bye") {
      localStorage.removeItem(box);
      location.reload();
    }
    heard = line("id") ?? heard;
    news();
  }

  // news asks if the page has heard of another state than it shows.
  function news() {
    if (heard && heard !== sheet().state) ask();
  }

  // Only a visible page listens. When it comes back it asks first.

  function leave() {
    pause();
    stream?.abort();
    stream = null;
  }

  async function come() {
    fails = 0;
    await ask();
    listen();
  }

  document.addEventListener("visibilitychange", () => document.hidden ? leave() : come());
  addEventListener("pageshow", (event) => event.persisted && come());
  addEventListener("pagehide", leave);
  addEventListener("online", () => sending?.wake ? sending.wake() : come());
  addEventListener("compositionstart", () => composing = true);
  addEventListener("compositionend", () => {
    composing = false;
    if (owed) ask();
    owed = false;
  });

  // Sending. One form at a time is sent again, as the same input, until the server has answered it.

  let sending = null;

  async function send(form, button) {
    const fields = new FormData(form);
    if (button?.name) fields.append(button.name, button.value);
    const body = new URLSearchParams(fields), action = fields.get("action") ?? "";
    if (sending && (!sending.wake || sending.body === String(body))) return sending.wake?.();
    sending?.wake(); // and gives way
    const mine = sending = {body: String(body)}, key = entry();
    pause();
    const slow = setTimeout(state, 400, words.saving, "none");
    for (let wait = 1; sending === mine; wait = Math.min(2 * wait, 30)) {
      let told = null, after = 0;
      try {
        const [answer, next] = await load(button?.getAttribute("formaction") ?? form.getAttribute("action"), {method: "POST", body, signal: AbortSignal.timeout(20000)});
        told = find("#band strong", next);
        after = Number(answer.headers.get("Retry-After")) || 0;
        if (sending === mine && find("main", next) && answer.status < 500 && answer.status !== 429) {
          clearTimeout(slow);
          return answered(answer, next, key, action);
        }
      } catch {} // the connection is dead
      clearTimeout(slow);
      if (sending !== mine) return;
      wait = Math.max(wait, after);
      again(form, action && button, wait, told);
      await new Promise((wake) => [mine.wake] = [wake, setTimeout(wake, 1000 * wait)]);
      mine.wake = null;
    }
  }

  function answered(answer, next, key, action) {
    sending = null;
    refused = !answer.redirected;
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
      keep(key, "");
      return location.assign(answer.url);
    }
    if (answer.redirected) history.replaceState(null, "", answer.url);
    show(next);
    const asksAgain = action && entry() === key; // what was typed beside the button can still be sent
    if (answer.redirected && !asksAgain && !/^(back|edit)\b/.test(action)) keep(key, "");
    offer();
    later();
    news();
  }

  // again says that a form is not saved yet, and when it is sent again. What was typed or pressed stays in view.
  function again(form, button, seconds, told) {
    state(words.unsaved, "not");
    const [band, sent, now] = find("#unsent").content.cloneNode(true).children;
    const name = button && (button.getAttribute("aria-label") ?? (find("b", button) ?? button).textContent);
    const time = seconds > 90 ? [Math.ceil(seconds / 60), "minute"] : [seconds, "second"];
    const when = new Intl.RelativeTimeFormat(root.lang + "-u-nu-latn").format(...time);
    const [strong, text] = (button ? words.choice : words.away).replace("{choice}", name).replace("{when}", when).split("\n");
    find("strong", band).textContent = !button && told?.textContent || strong;
    find("span", band).textContent = text;
    find("#band")?.remove();
    find("main").prepend(band);
    if (form.id !== "answer" || find("#again")) return;
    if (button) {
      find("b", sent).textContent = name;
      find("span", sent).textContent = [find("span", button)?.textContent, words.pressed].filter(Boolean).join(", ");
      [now.name, now.value] = [button.name, button.value];
      for (const node of [...form.children]) if (!node.matches("[type=hidden], h1, .quiet")) node.remove();
      find("h1", form).after(sent, now);
    } else {
      field().readOnly = true;
      find("button:not([name], .vh)", form).replaceWith(now);
    }
    if (document.activeElement === document.body) now.focus();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    event.preventDefault();
    send(event.target, event.submitter);
  });

  // What is typed is kept on this device until it is saved: at most ten texts, for a day, of one person.

  const box = "unsaved", most = 10, day = 24 * 60 * 60 * 1000;
  const entry = () => hidden("draft") + " " + hidden("question");

  function kept() {
    try {
      const {owner, texts} = JSON.parse(localStorage.getItem(box));
      if (owner === sheet().owner) return texts.filter(([, , at]) => Date.now() - at < day);
    } catch {} // nothing is kept, or the browser keeps nothing
    return [];
  }

  function keep(key, text) {
    if (!sheet().owner) return;
    const texts = kept().filter(([of]) => of !== key);
    if (text) texts.unshift([key, text, Date.now()]);
    try {
      if (texts.length) localStorage.setItem(box, JSON.stringify({owner: sheet().owner, texts: texts.slice(0, most)}));
      else localStorage.removeItem(box);
    } catch {}
  }

  // offer puts a text that was not saved into its field, for the person to send.
  function offer() {
    const mine = field(), text = kept().find(([key]) => key === entry())?.[1];
    if (!mine || !text || mine.value !== mine.defaultValue || mine.value === text) return;
    mine.value = text;
    state(words.unsaved, "not");
  }

  addEventListener("input", (event) => {
    if (event.target === field()) keep(entry(), event.target.value);
  });
  keep(); // forgets what is too old, or of somebody else
  offer();

  // Copying, which browsers allow over https and on this machine.

  addEventListener("click", async ({target}) => {
    const button = target.closest("[data-copy]"), label = button?.textContent;
    if (!button || label === words.copied) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = words.copied;
    announce(words.copied);
    setTimeout(() => button.textContent = label, 2000);
  });

  listen();
})();
