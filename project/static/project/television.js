// Asks now and then whether the person has decided, and shows what has changed.
"use strict";

const television = document.getElementById("television");

async function look() {
  const answer = await fetch(television.dataset.phaseUrl, { headers: { Accept: "application/json" } });
  const { phase } = await answer.json();
  if (phase !== "waiting") location.reload();
}

setInterval(() => look().catch(() => undefined), Number(television.dataset.seconds) * 1000);
