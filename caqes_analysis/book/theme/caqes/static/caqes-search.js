"use strict";
// Search without a server: the index is a script, so that it loads from a file share as well.
(() => {
  const index = window.CAQES_SEARCH;
  const field = document.getElementById("chercher-page");
  const summary = document.getElementById("bilan");
  const list = document.getElementById("resultats");
  const SHOWN_MAX = 50;

  // The same rule as fold() in caqes_analysis/book/text.py.
  const fold = (text) =>
    text
      .normalize("NFKD")
      .replace(/[\u0300-\u036f]/g, "")
      .toLowerCase()
      .replaceAll("œ", "oe")
      .replaceAll("æ", "ae")
      .replaceAll("ß", "ss");
  const wordsOf = (text) => fold(text).match(/[a-z0-9]+/g) || [];
  // A plural finds its singular: what is asked is the beginning of a word.
  const stem = (word) => (/^[a-z]{5,}[sx]$/.test(word) ? word.slice(0, -1) : word);

  const pages = index.pages.map(([doc, title, group, keywords]) => ({
    doc,
    title,
    group,
    keywords,
    titleWords: wordsOf(title),
    keyWords: wordsOf(keywords.join(" ") + " " + group),
  }));
  const vocabulary = Object.keys(index.words);

  // For each page, how well it answers one word: title, then keywords, then text.
  const scores = (word) => {
    const found = new Map();
    const add = (page, points) => found.set(page, Math.max(found.get(page) || 0, points));
    for (const known of vocabulary) {
      if (known.startsWith(word)) {
        for (const page of index.words[known]) add(page, known === word ? 2 : 1);
      }
    }
    pages.forEach((page, number) => {
      if (page.keyWords.some((known) => known.startsWith(word))) add(number, page.keyWords.includes(word) ? 12 : 8);
      if (page.titleWords.some((known) => known.startsWith(word))) add(number, page.titleWords.includes(word) ? 20 : 10);
    });
    return found;
  };

  const search = (text) => {
    const asked = [...new Set(wordsOf(text).map(stem))];
    if (asked.length === 0) return [];
    const each = asked.map(scores);
    return [...each[0].keys()]
      .filter((page) => each.every((found) => found.has(page)))
      .map((page) => [each.reduce((sum, found) => sum + found.get(page), 0), page])
      .sort((a, b) => b[0] - a[0] || a[1] - b[1])
      .map(([, page]) => pages[page]);
  };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };

  const show = () => {
    const text = field.value.trim();
    const found = search(text);
    list.replaceChildren(
      ...found.slice(0, SHOWN_MAX).map((page) => {
        const item = document.createElement("li");
        item.append(element("a", page.title, { href: page.doc.split("/").map(encodeURIComponent).join("/") + ".html" }));
        const words = [page.group, page.keywords.filter((word) => word !== page.title).join(" · ")].filter(Boolean);
        if (words.length) item.append(element("p", words.join(" – ")));
        return item;
      }),
    );
    if (!text) summary.textContent = "";
    else if (!found.length) summary.textContent = "Aucune page ne répond à « " + text + " ».";
    else if (found.length === 1) summary.textContent = "1 page trouvée.";
    else if (found.length <= SHOWN_MAX) summary.textContent = found.length + " pages trouvées.";
    else summary.textContent = found.length + " pages trouvées ; voici les " + SHOWN_MAX + " premières.";
  };

  field.value = new URLSearchParams(window.location.search).get("q") || "";
  field.addEventListener("input", show);
  show();
  field.focus();
})();
