/** Who may come in, and how much they may do: limits for everybody together, and for each client. */
import {
  type BlockTable,
  blockTable,
  type Client,
  clientOf,
  clientTable,
  LOGIN_PERIOD,
  spend,
} from './clients.ts';

/** `Number.POSITIVE_INFINITY` where there is to be none. */
export interface Limits {
  /** At once, of all clients; the last of them are kept for exempt ones. */
  readonly sessions: number;
  /** How many these are; a quarter where it is not said. */
  readonly reserved?: number;
  /** At once. This and what follows: of each client that is not exempt. */
  readonly sessionsPerAddress: number;
  readonly connectionsPerMinute: number;
  readonly messagesPerMinute: number;
  readonly recipientsPerMinute: number;
  /** Within ten minutes; whoever reaches it is refused for ten minutes, and twice as long each further time. */
  readonly loginFailures: number;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly code: number;
  readonly enhanced: string;
  /** Without our name, which a 421 begins with. */
  readonly text: string;
}

export type Verdict = { readonly kind: 'go' } | Refusal;

/** For one session. */
export interface Pass {
  readonly kind: 'go';
  /** Asked at MAIL. */
  message(): Verdict;
  /** Asked at RCPT. */
  recipient(): Verdict;
  /** Asked before a password is looked at: in other sessions the client may have been wrong too often. */
  login(): Verdict;
  loginFailed(): void;
  /** The session is over; once or more. */
  leave(): void;
}

export interface Admission {
  /**
   * @param address as the operating system or a proxy wrote it.
   * @param exempt who is known by address and needs no login: bound by the number of sessions only.
   */
  enter(address: string, who: { readonly exempt: boolean }): Pass | Refusal;
  /** From now on; nobody who is in is sent away. */
  change(limits: Limits): void;
}

const MINUTE = 60_000;

const GO: Verdict = { kind: 'go' };
const FULL = refusal(421, '4.3.2', 'too many connections; try again later');
const BLOCKED = refusal(421, '4.7.0', 'too many failed logins; try again later');

/** @param now milliseconds since 1970. */
export function startAdmission(limits: Limits, now: () => number): Admission {
  let current = limits;
  let open = 0;
  const clients = clientTable(now);
  const blocks = blockTable(now);

  function enterExempt(): Pass | Refusal {
    if (open >= current.sessions) return FULL;
    open += 1;
    const go = (): Verdict => GO;
    const leave = once(() => {
      open -= 1;
    });
    return { kind: 'go', message: go, recipient: go, login: go, loginFailed: () => undefined, leave };
  }

  function enterStranger(key: string): Pass | Refusal {
    if (blocks.holds(key)) return BLOCKED;
    const client = clients.of(key);
    if (!spend(client, 'connections', current.connectionsPerMinute, MINUTE, now())) {
      return refusal(421, '4.7.0', 'you connect too often; try again in a minute');
    }
    if (client.sessions >= current.sessionsPerAddress) {
      return refusal(421, '4.7.0', 'you have too many connections open; try again later');
    }
    const { sessions, reserved = Math.floor(sessions / 4) } = current;
    if (open >= sessions - reserved) return FULL;
    open += 1;
    clients.enter(client);
    const leave = once(() => {
      open -= 1;
      clients.leave(client);
    });
    return { kind: 'go', leave, ...countersOf(client, blocks, () => current, now) };
  }

  return {
    enter: (address, { exempt }) => (exempt ? enterExempt() : enterStranger(clientOf(address))),
    change(next) {
      current = next;
    },
  };
}

function countersOf(
  client: Client,
  blocks: BlockTable,
  limits: () => Limits,
  now: () => number,
): Omit<Pass, 'kind' | 'leave'> {
  const perMinute = (what: 'messages' | 'recipients', limit: number): Verdict =>
    spend(client, what, limit, MINUTE, now())
      ? GO
      : refusal(450, '4.7.1', `too many ${what} from you; try again in a minute`);
  return {
    message: () => perMinute('messages', limits().messagesPerMinute),
    recipient: () => perMinute('recipients', limits().recipientsPerMinute),
    login: () => (blocks.holds(client.key) ? BLOCKED : GO),
    loginFailed() {
      // The last one that is allowed does not fit any more.
      if (!spend(client, 'failures', limits().loginFailures - 1, LOGIN_PERIOD, now())) blocks.add(client.key);
    },
  };
}

function once(leave: () => void): () => void {
  let left = false;
  return () => {
    if (!left) leave();
    left = true;
  };
}

function refusal(code: number, enhanced: string, text: string): Refusal {
  return { kind: 'refused', code, enhanced, text };
}
