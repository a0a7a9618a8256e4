// Send the answer on; without scripts the person uses the button.
document.getElementById("form_post").submit();
