// The playground: the answer appears while it is made. Without scripts the form brings it whole.
(() => {
  "use strict";

  const NANOS = 1e9;

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("[data-playground]");
    if (form) start(form);
  });

  function start(form) {
    const chat = form.querySelector("[data-chat]");
    const empty = form.querySelector("[data-empty]");
    const total = form.querySelector("[data-total]");
    const stop = form.querySelector("[data-stop]");
    const send = form.querySelector("button.primary");
    const clear = document.querySelector("[data-clear]");
    const prompt = form.elements.prompt;
    // What was said, for the next question. Nowhere else is it kept.
    let messages = [];
    let nanos = 0;
    let running = null;

    clear.hidden = false;
    clear.addEventListener("click", () => {
      if (running) running.abort();
      messages = [];
      nanos = 0;
      total.textContent = "";
      chat.replaceChildren(...(empty ? [empty] : []));
      prompt.focus();
    });
    stop.addEventListener("click", () => { if (running) running.abort(); });
    prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = prompt.value;
      if (!text.trim() || running) return;
      prompt.value = "";
      if (empty) empty.remove();
      bubble("mine", "You").text.textContent = text;
      ask(text);
    });

    async function ask(text) {
      const mine = [...messages, { role: "user", content: text }];
      const theirs = bubble("theirs", form.elements.model.value);
      const answer = { text: "", usage: null, model: null, done: false };
      running = new AbortController();
      busy(true);
      try {
        await stream(request(mine), running.signal, answer, theirs);
        if (!answer.done) throw new Error("The answer broke off.");
        messages = [...mine, { role: "assistant", content: answer.text }];
      } catch (error) {
        const stopped = running.signal.aborted;
        if (stopped && answer.text) messages = [...mine, { role: "assistant", content: answer.text }];
        if (stopped) foot(theirs, "Stopped: what was written until then is charged.");
        else fail(theirs, error);
      } finally {
        running = null;
        busy(false);
        if (answer.usage) tell(theirs, answer);
        theirs.box.scrollIntoView({ block: "center" });
      }
    }

    function request(conversation) {
      const body = { model: form.elements.model.value, stream: true, stream_options: { include_usage: true } };
      const system = form.elements.system.value;
      body.messages = system.trim() ? [{ role: "system", content: system }, ...conversation] : conversation;
      const temperature = form.elements.temperature.value.trim();
      const most = form.elements.max_tokens.value.trim();
      // What is no number goes as it is, so that the gateway says what would be right.
      const number = (typed) => (Number.isNaN(Number(typed)) ? typed : Number(typed));
      if (temperature) body.temperature = number(temperature);
      if (most) body.max_tokens = number(most);
      return body;
    }

    async function stream(body, signal, answer, theirs) {
      const response = await fetch(form.dataset.playground, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": form.elements.csrf.value },
        body: JSON.stringify(body),
        redirect: "manual",
        signal,
      });
      const kind = response.headers.get("content-type") || "";
      if (kind.startsWith("application/json")) throw refusal(response.status, (await response.json()).error);
      if (!kind.startsWith("text/event-stream")) {
        throw new Error("Your session has ended, or this page is out of date. Load it again and sign in.");
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          if (event.startsWith("data: ")) take(event.slice(6), answer, theirs);
        }
      }
    }

    function take(data, answer, theirs) {
      if (data === "[DONE]") {
        answer.done = true;
        return;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) throw refusal(0, chunk.error);
      if (chunk.usage) answer.usage = chunk.usage;
      answer.model = chunk.model;
      const delta = chunk.choices.length ? chunk.choices[0].delta : {};
      answer.text += delta.content || delta.refusal || "";
      theirs.text.textContent = answer.text;
    }

    function refusal(status, error) {
      const refused = new Error(error.message);
      refused.broke = status === 402;
      return refused;
    }

    function fail(theirs, error) {
      theirs.box.className = "bubble failed";
      theirs.head.textContent = "No answer";
      const network = error instanceof TypeError ? "The gateway could not be reached." : error.message;
      if (theirs.text.textContent) foot(theirs, network);
      else theirs.text.textContent = network;
      if (!error.broke) return;
      const line = foot(theirs, "");
      const link = document.createElement("a");
      link.href = "/dashboard/billing";
      link.textContent = "Top up";
      line.append(link, ", or raise the limit of the key named Playground.");
    }

    function tell(theirs, answer) {
      theirs.head.textContent = answer.model;
      const { prompt_tokens: input, completion_tokens: output, cost } = answer.usage;
      // Whole nano-dollars, so that the sum is as exact as the charge.
      const charge = Math.round(cost * NANOS);
      nanos += charge;
      foot(theirs, `${input} tokens in, ${output} out, ${dollars(charge)}`);
      total.textContent = `This chat: ${dollars(nanos)}`;
    }

    function dollars(amount) {
      const whole = Math.floor(amount / NANOS);
      const digits = String(amount % NANOS).padStart(9, "0").replace(/0+$/, "").padEnd(2, "0");
      return `$${whole}.${digits}`;
    }

    function busy(is) {
      stop.hidden = !is;
      send.disabled = is;
    }

    function bubble(kind, who) {
      const box = document.createElement("div");
      box.className = `bubble ${kind}`;
      const [head, text] = [paragraph("bubble-head", who), paragraph("bubble-text", "")];
      box.append(head, text);
      chat.append(box);
      box.scrollIntoView({ block: "center" });
      return { box, head, text };
    }

    function foot(theirs, text) {
      const line = paragraph("bubble-foot", text);
      theirs.box.append(line);
      return line;
    }

    function paragraph(kind, text) {
      const made = document.createElement("p");
      made.className = kind;
      made.textContent = text;
      return made;
    }
  }
})();
