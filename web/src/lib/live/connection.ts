/* One WebSocket for the whole page. Readers subscribe to topics; the connection comes back by itself
 * (with a growing, jittered pause), resumes after the last event it saw, and hands messages over once
 * per animation frame, so that a thousand events a second cost one rendering. */
import type { ControlMessage, LiveMessage, Topic } from './protocol';
import { belongs } from './protocol';

export type LiveState = 'off' | 'connecting' | 'live' | 'lost';

export interface LiveOptions {
  open: () => WebSocket;
  /** Calls back before the next frame is drawn. */
  nextFrame: (run: () => void) => void;
  later: (run: () => void, ms: number) => ReturnType<typeof setTimeout>;
  random: () => number;
  onState: (state: LiveState) => void;
  /** The session has ended (close code 4401): renew it; false: nobody is signed in any more. */
  renew: () => Promise<boolean>;
}

type Reader = (messages: LiveMessage[]) => void;

const SIGNED_OUT = 4401;
const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 15_000;
/** Figures come each second: a connection that is silent for so long is dead. */
const SILENCE_MS = 12_000;
/** While the page is hidden no frame is drawn; then so many messages are kept. */
const WAITING_MAX = 20_000;

/** The service narrows all of "campaigns" and "calls" to the campaigns that are named: so they are
 * named only when nobody wants all. Metrics come always, as the connection's heartbeat. */
export function topicsToAsk(topics: Iterable<Topic>): string[] {
  const asked: string[] = ['metrics', ...topics];
  const all = asked.some((topic) => topic === 'campaigns' || topic === 'calls');
  return [...new Set(all ? asked.map((topic) => topic.replace(/:.*/, '')) : asked)].sort();
}

export class LiveConnection {
  private readonly readers = new Map<Reader, Topic>();
  private socket: WebSocket | null = null;
  private wanted = '';
  private seq: number | null = null;
  private waiting: LiveMessage[] = [];
  private missed = 0;
  private frame = false;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(private readonly options: LiveOptions) {}

  /** run is given each frame's messages of the topic. Returns how to stop. */
  subscribe(topic: Topic, run: Reader): () => void {
    const reader: Reader = (messages) => run(messages);
    this.readers.set(reader, topic);
    this.tellTopics();
    return () => {
      this.readers.delete(reader);
      this.tellTopics();
    };
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.connect();
  }

  /** Ends the connection, as when somebody signs out. */
  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.drop();
    this.seq = null;
    this.tries = 0;
    this.options.onState('off');
  }

  /** Tries at once instead of at the end of the pause: the network is back, or somebody asks. */
  hurry(): void {
    if (!this.running || this.socket) return;
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    this.options.onState(this.tries === 0 ? 'connecting' : 'lost');
    const socket = this.options.open();
    this.socket = socket;
    this.wanted = '';
    socket.onopen = () => this.tellTopics();
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (this.socket === socket) this.take(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lose(event.code);
    };
    this.watchSilence();
  }

  private watchSilence(): void {
    clearTimeout(this.silence);
    this.silence = this.options.later(() => {
      if (this.socket) this.lose(0);
    }, SILENCE_MS);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private lose(code: number): void {
    clearTimeout(this.silence);
    this.drop();
    if (!this.running) return;
    this.options.onState('lost');
    // A refused hand-shake looks like any other failure (1006): the session may be the reason.
    if (code === SIGNED_OUT || this.tries === 1) void this.renewFirst();
    else this.again();
  }

  private async renewFirst(): Promise<void> {
    const good = await this.options.renew().catch(() => true);
    if (good) this.again();
  }

  private again(): void {
    if (!this.running) return;
    const pause = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(this.tries, 10));
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = this.options.later(() => this.connect(), pause * (0.5 + this.options.random() / 2));
  }

  private tellTopics(): void {
    if (this.socket?.readyState !== 1) return;
    const topics = topicsToAsk(this.readers.values());
    const text = JSON.stringify(topics);
    if (text === this.wanted) return;
    const first = this.wanted === '';
    this.wanted = text;
    const after = first && this.seq !== null ? { after: this.seq } : {};
    this.socket.send(JSON.stringify({ subscribe: topics, ...after }));
  }

  private take(text: unknown): void {
    if (typeof text !== 'string') return;
    const message = JSON.parse(text) as LiveMessage | ControlMessage;
    this.watchSilence();
    if (message.type === 'subscribed') {
      this.seq ??= message.seq;
      this.tries = 0;
      this.options.onState('live');
      return;
    }
    if (message.type === 'error') {
      console.error(`/api/live: ${message.detail}`);
      return;
    }
    if ('seq' in message) this.seq = message.seq;
    if (this.waiting.length < WAITING_MAX) this.waiting.push(message);
    else this.missed += 1;
    if (this.frame) return;
    this.frame = true;
    this.options.nextFrame(() => this.deliver());
  }

  private deliver(): void {
    const messages = this.waiting;
    if (this.missed > 0) messages.push({ type: 'gap', missed: this.missed });
    this.waiting = [];
    this.missed = 0;
    this.frame = false;
    for (const [reader, topic] of [...this.readers]) {
      const mine = messages.filter((message) => belongs(message, topic));
      if (mine.length > 0) reader(mine);
    }
  }
}
