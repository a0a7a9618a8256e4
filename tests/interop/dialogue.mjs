// Answers each line of JSON on standard input by one on standard output: {"result": …} or {"error": …}.
import { createInterface } from "node:readline";

export async function dialogue(actions) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { action, ...given } = JSON.parse(line);
    let answer;
    try {
      answer = { result: (await actions[action](given)) ?? null };
    } catch (failure) {
      answer = { error: told(failure) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

function told(failure) {
  const challenge = Array.isArray(failure.cause) ? failure.cause[0] : undefined;
  return {
    code: failure.code,
    message: failure.message,
    error: failure.error ?? challenge?.parameters?.error,
    description: failure.error_description,
    status: failure.status,
  };
}

// The client's answer as a browser brings it: an address, or a form posted to one.
export function brought({ url, form }) {
  if (!form) return new URL(url);
  return new Request(url, { method: "POST", body: new URLSearchParams(form) });
}
