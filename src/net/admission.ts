/** Who may come in, and how much they may do: limits for everybody together, and for each client. */
import {
  type BlockTable,
  blockTable,
  type Client,
  clientOf,
  clientTable,
  isSpent,
  LOGIN_PERIOD,
  networkOf,
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
  /** Recipients that do not exist, within ten minutes; whoever has named so many gets no answer about more. Absent: no limit. */
  readonly unknownRecipients?: number;
  /** Of all clients of one network together; absent: no limit. */
  readonly network?: NetworkLimits;
}

interface NetworkLimits {
  /** Bits that addresses of one network share. */
  readonly prefixes: { readonly ipv4: number; readonly ipv6: number };
  /** At once. */
  readonly sessions: number;
  readonly connectionsPerMinute: number;
}

export interface Refusal {
  readonly kind: 'refused';
  /** The limit that was reached. `sessions`: that of all clients together. */
  readonly reason:
    | 'sessions'
    | 'client-sessions'
    | 'client-rate'
    | 'network-sessions'
    | 'network-rate'
    | 'logins'
    | 'messages'
    | 'recipients'
    | 'unknown-recipients';
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
  /** @returns until when the client is refused for it, in milliseconds since 1970; undefined: it may go on. */
  loginFailed(): number | undefined;
  /** A recipient was named who does not exist. */
  recipientUnknown(): void;
  /** The session is over; once or more. */
  leave(): void;
}

export interface Admission {
  /**
   * @param address as the operating system or a proxy wrote it.
   * @param exempt who is known by address and needs no login: bound by the number of sessions only.
   * @param asServer it brings mail where nobody logs in: failed logins from its address do not keep it out.
   */
  enter(address: string, who: { readonly exempt: boolean; readonly asServer?: boolean }): Pass | Refusal;
  /** From now on; nobody who is in is sent away. */
  change(limits: Limits): void;
}

const MINUTE = 60_000;

const GO: Verdict = { kind: 'go' };
const FULL = refusal('sessions', 421, '4.3.2', 'too many connections; try again later');
const UNKNOWN = refusal(
  'unknown-recipients',
  450,
  '4.7.1',
  'too many recipients that do not exist; try again in ten minutes',
);
const BLOCKED = refusal('logins', 421, '4.7.0', 'too many failed logins; try again later');

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
    const nothing = (): undefined => undefined;
    const leave = once(() => {
      open -= 1;
    });
    return {
      kind: 'go',
      message: go,
      recipient: go,
      login: go,
      loginFailed: nothing,
      recipientUnknown: nothing,
      leave,
    };
  }

  function enterStranger(address: string, asServer: boolean): Pass | Refusal {
    const key = clientOf(address);
    if (!asServer && blocks.holds(key)) return BLOCKED;
    const client = clients.of(key);
    if (!spend(client, 'connections', current.connectionsPerMinute, MINUTE, now())) {
      return refusal('client-rate', 421, '4.7.0', 'you connect too often; try again in a minute');
    }
    if (client.sessions >= current.sessionsPerAddress) {
      return refusal('client-sessions', 421, '4.7.0', 'you have too many connections open; try again later');
    }
    const { sessions, reserved = Math.floor(sessions / 4) } = current;
    if (open >= sessions - reserved) return FULL;
    const ofNetworks = current.network;
    const network =
      ofNetworks === undefined ? undefined : clients.of(networkOf(address, ofNetworks.prefixes));
    if (network !== undefined && ofNetworks !== undefined) {
      const refused = refusalOfNetwork(network, ofNetworks, now());
      if (refused !== undefined) return refused;
    }
    open += 1;
    clients.enter(client);
    if (network !== undefined) clients.enter(network);
    const leave = once(() => {
      open -= 1;
      clients.leave(client);
      if (network !== undefined) clients.leave(network);
    });
    return { kind: 'go', leave, ...countersOf(client, blocks, () => current, now) };
  }

  return {
    enter: (address, { exempt, asServer = false }) =>
      exempt ? enterExempt() : enterStranger(address, asServer),
    change(next) {
      current = next;
    },
  };
}

/** What the limits of a network have against one more of it; its clients count as one. */
function refusalOfNetwork(
  network: Client,
  { sessions, connectionsPerMinute }: NetworkLimits,
  now: number,
): Refusal | undefined {
  if (!spend(network, 'connections', connectionsPerMinute, MINUTE, now))
    return refusal('network-rate', 421, '4.7.0', 'your network connects too often; try again in a minute');
  if (network.sessions >= sessions)
    return refusal(
      'network-sessions',
      421,
      '4.7.0',
      'your network has too many connections open; try again later',
    );
  return undefined;
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
      : refusal(what, 450, '4.7.1', `too many ${what} from you; try again in a minute`);
  return {
    message: () => perMinute('messages', limits().messagesPerMinute),
    recipient: () =>
      isSpent(client, 'unknown', limits().unknownRecipients ?? Number.POSITIVE_INFINITY, LOGIN_PERIOD, now())
        ? UNKNOWN
        : perMinute('recipients', limits().recipientsPerMinute),
    recipientUnknown: () =>
      void spend(
        client,
        'unknown',
        limits().unknownRecipients ?? Number.POSITIVE_INFINITY,
        LOGIN_PERIOD,
        now(),
      ),
    login: () => (blocks.holds(client.key) ? BLOCKED : GO),
    loginFailed() {
      // The last one that is allowed does not fit any more.
      const fits = spend(client, 'failures', limits().loginFailures - 1, LOGIN_PERIOD, now());
      return fits ? undefined : blocks.add(client.key);
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

function refusal(reason: Refusal['reason'], code: number, enhanced: string, text: string): Refusal {
  return { kind: 'refused', reason, code, enhanced, text };
}
