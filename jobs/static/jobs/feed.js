/* The websocket: every event once and in order, whatever happens to the connection.
 *
 * A subscription begins after the last event that this page has (`since`). Each event names the one
 * sent before it (`prev`): where that is newer than what has arrived, something was lost, and the
 * page subscribes again from where it stands.
 */

const SILENCE_MS = 40_000; // the server speaks every 15 s
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const ACK_EVERY = 20;
// The server's log begins after what this page shows (`gap`), or is another one (`unknown_seq`).
const STATE_IS_WORTHLESS = new Set(["gap", "unknown_seq"]);
const ACK_AFTER_MS = 200;

export class Feed extends EventTarget {
  /** `since`: the last event that the page already shows; `job`: Podium's id, or null for all. */
  constructor({ since, job }) {
    super();
    this.seq = since;
    this.job = job;
    this.heardAt = Date.now();
    this.state = "connecting";
    this.socket = null;
    this.attempts = 0;
    this.acked = since;
    this.timers = { retry: 0, ack: 0 };
    this.ended = false;
  }

  start() {
    this.connect();
    setInterval(() => this.watch(), 1000);
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    // A page that waits in the browser's memory must not hold a socket open. One that is not open
    // yet is the browser's to end: closing it here would be a warning on its console.
    window.addEventListener("pagehide", () => this.socket?.readyState === WebSocket.OPEN && this.socket.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.hurry());
  }

  connect() {
    clearTimeout(this.timers.retry);
    if (this.ended || this.socket) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/events/`);
    this.socket = socket;
    socket.onopen = () => this.subscribe();
    socket.onmessage = (message) => socket === this.socket && this.receive(message.data);
    socket.onclose = (event) => socket === this.socket && this.closed(event.code);
  }

  subscribe() {
    const wish = { type: "subscribe", since: this.seq };
    if (this.job !== null) wish.job = this.job;
    this.socket.send(JSON.stringify(wish));
  }

  receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    this.heardAt = Date.now();
    if (message.type === "event") this.take(message);
    else if (message.type === "caught_up") this.caughtUp(message.seq);
    else if (STATE_IS_WORTHLESS.has(message.code)) location.reload();
    else if (message.type === "error") this.dispatchEvent(new CustomEvent("refusal", { detail: message }));
  }

  take(event) {
    if (event.seq <= this.seq) return; // it came again after a new subscription
    if (event.prev !== null && event.prev !== undefined && event.prev > this.seq) {
      this.subscribe();
      return;
    }
    this.seq = event.seq;
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
    this.acknowledge();
  }

  /** From here on there is nothing that the page does not have. */
  caughtUp(seq) {
    if (this.seq === null || seq > this.seq) this.seq = seq;
    this.attempts = 0;
    this.acknowledge();
    this.turn("live");
    this.dispatchEvent(new Event("caughtup"));
  }

  acknowledge() {
    const send = () => {
      clearTimeout(this.timers.ack);
      this.timers.ack = 0;
      if (this.seq === this.acked || this.socket?.readyState !== WebSocket.OPEN) return;
      this.acked = this.seq;
      this.socket.send(JSON.stringify({ type: "ack", seq: this.seq }));
    };
    this.unacked = (this.unacked ?? 0) + 1;
    if (this.unacked >= ACK_EVERY) {
      this.unacked = 0;
      send();
    } else if (!this.timers.ack) {
      this.timers.ack = setTimeout(send, ACK_AFTER_MS);
    }
  }

  closed(code) {
    this.socket = null;
    this.acked = null;
    if (this.ended) return;
    if (code === 4401 || code === 4403) {
      this.end(code === 4401 ? "login" : "refused");
      return;
    }
    this.turn("lost");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.attempts);
    this.attempts += 1;
    this.timers.retry = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  /** No further attempt: a login, or another right, is needed first. */
  end(why) {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timers.retry);
    this.socket?.close();
    this.turn("ended");
    this.dispatchEvent(new CustomEvent("end", { detail: why }));
  }

  watch() {
    if (this.socket?.readyState === WebSocket.OPEN && Date.now() - this.heardAt > SILENCE_MS) this.drop();
  }

  /** Give up a connection that may only look alive. */
  drop() {
    const socket = this.socket;
    if (!socket) return;
    this.closed(1006);
    socket.close();
  }

  hurry() {
    if (this.socket || this.ended) return;
    this.attempts = 0;
    this.connect();
  }

  turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
