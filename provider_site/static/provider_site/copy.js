/* Buttons that copy a text of the page. Without this script they stay hidden, and the text can be selected. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  const status = button.parentElement.querySelector("[role=status]");
  const words = button.querySelector("span") ?? button;
  const label = words.textContent;
  button.hidden = false;

  const select = () => {
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      // No permission, or not a secure context: the person copies what is selected.
      select();
      if (status && button.dataset.failed) status.textContent = button.dataset.failed;
      return;
    }
    words.textContent = button.dataset.copied;
    if (status) status.textContent = button.dataset.copied;
    setTimeout(() => {
      words.textContent = label;
      if (status) status.textContent = "";
    }, 2000);
  });
}
