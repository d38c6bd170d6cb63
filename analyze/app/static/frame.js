// The frame of every page: choice of the trace, light and dark, keys that lead to other pages.
import { isWriting, keep, state } from "./core.js";

const choice = document.getElementById("trace");
choice?.addEventListener("change", () => {
  // a range or a selection of one trace means nothing in another
  const theme = state().get("theme");
  location.search = new URLSearchParams({ trace: choice.value, ...(theme ? { theme } : {}) });
});

function change() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  keep({ theme: null });
  window.dispatchEvent(new Event("themechange"));
}
document.getElementById("theme").addEventListener("click", change);

addEventListener("keydown", (event) => {
  if (isWriting(event)) return;
  if (event.key === "t") change();
  const number = "123456".indexOf(event.key);
  if (number >= 0) document.querySelectorAll("nav a")[number]?.click();
});
