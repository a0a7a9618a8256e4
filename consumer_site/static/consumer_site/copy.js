/* Copy an address by a button. Without this script the buttons stay hidden, and the addresses can be selected. */

const announce = (button, words) => {
  const status = button.parentElement.querySelector("[role=status]");
  status.textContent = words;
  setTimeout(() => { status.textContent = ""; }, 4000);
};

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    announce(button, button.dataset.copied);
  } catch {
    // Browsers refuse on pages without TLS: then it is selected, for the person to copy.
    getSelection().selectAllChildren(source);
    announce(button, button.dataset.failed);
  }
};

const show = () => {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
};

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", show);
} else {
  show();
}
