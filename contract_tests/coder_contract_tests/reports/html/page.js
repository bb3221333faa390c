"use strict";
const filter = (input, rows, text) => {
  if (!input) return;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of document.querySelectorAll(rows)) {
      row.hidden = wanted !== "" && !text(row).toLowerCase().includes(wanted);
    }
  });
};
filter(document.getElementById("find"), "details.cause", (row) => row.textContent);
filter(document.getElementById("rows"), "#matrix tbody tr", (row) => row.textContent);
const opener = document.getElementById("open");
if (opener) {
  opener.addEventListener("click", () => {
    const all = [...document.querySelectorAll("details.cause")];
    const open = all.some((one) => !one.open);
    for (const one of all) one.open = open;
    opener.textContent = open ? "close all" : "open all";
  });
}
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
}
for (const mark of document.querySelectorAll("details[open] mark")) {
  mark.closest("pre").scrollTop = Math.max(0, mark.offsetTop - 160);
}
for (const details of document.querySelectorAll("details.cause")) {
  details.addEventListener("toggle", () => {
    for (const mark of details.querySelectorAll("mark")) {
      const box = mark.closest("pre");
      box.scrollTop = Math.max(0, mark.getBoundingClientRect().top - box.getBoundingClientRect().top - 160);
    }
  });
}
