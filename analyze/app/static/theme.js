// Sets light or dark before the page is drawn, so that it doesn't flash.
const asked = new URLSearchParams(location.search).get("theme") || localStorage.getItem("theme");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = asked || (dark ? "dark" : "light");
