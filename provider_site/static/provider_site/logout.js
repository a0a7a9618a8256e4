// Goes on as soon as the applications' frames have loaded, or one of them takes too long. Without it, the page waits a little.
(() => {
  const link = document.getElementById("go-on");
  const frames = Array.from(document.querySelectorAll("iframe"));
  if (!link || !("follow" in link.dataset)) return;
  const loaded = frames.map((frame) => new Promise((resolve) => frame.addEventListener("load", resolve)));
  const late = new Promise((resolve) => setTimeout(resolve, 4000));
  Promise.race([Promise.all(loaded), late]).then(() => location.replace(link.href));
})();
