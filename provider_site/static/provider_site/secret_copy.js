/* Copy a secret by a button. Without this script the button is not there, and the text can be selected as a whole. */
"use strict";

for (const button of document.querySelectorAll("button[data-copies]")) {
  const status = document.getElementById("copy-status");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      status.textContent = button.dataset.copied;
    } catch {
      // Not allowed, or not over https: the person copies what is selected for them.
      getSelection().selectAllChildren(source);
      status.textContent = button.dataset.failed;
    }
  });
}
