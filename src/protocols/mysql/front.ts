/**
 * TLS in front of a server of MySQL or MariaDB that has none.
 *
 * MySQL's documentation, "Client/Server Protocol": "Connection Phase". Other than with other protocols, the backend is
 * connected to before TLS, and stays the same after it: its greeting holds the challenge that the login answers. No octet
 * of the client goes there before TLS, and no octet of what it said before TLS at all.
 */
import type { FrontRules, GatewayInput, GatewaySession } from '../../wire/gateway-session.ts';
import { withTls } from './greeting.ts';
import { fromClient, fromServer, type Login, obstacle, type Sides } from './login.ts';
import { errors, nextPacket, packetOf } from './packet.ts';
import { announcing, type Response, readResponse } from './response.ts';
import { ended, errorTo, type MysqlStep, onLoginStep, type Refusal, serverHello } from './steps.ts';

/** Where the conversation stands; `offered`: flags of the backend. */
export type MysqlFrontState =
  | { readonly kind: 'greeting'; readonly implicit: boolean }
  /** What the client says first is awaited: in clear, inside TLS that it asked for, inside TLS that came first. */
  | {
      readonly kind: 'clear' | 'inside' | 'implicit';
      readonly offered: number;
      readonly plugin: string | null;
    }
  | { readonly kind: 'handshake'; readonly offered: number; readonly plugin: string | null }
  | { readonly kind: 'login'; readonly login: Login }
  | { readonly kind: 'over' };

type Step = MysqlStep<MysqlFrontState>;

/** The session of one client. */
export function mysqlFront(rules: FrontRules): GatewaySession<MysqlFrontState> {
  return {
    initial: { kind: 'greeting', implicit: false },
    step: (state, input) => step(rules, state, input),
  };
}

function step(rules: FrontRules, state: MysqlFrontState, input: GatewayInput): Step {
  const { hostname } = rules;
  switch (input.kind) {
    case 'opened':
      return {
        state: { kind: 'greeting', implicit: input.tls !== undefined },
        used: 0,
        effects: [{ kind: 'connect', name: null }],
      };
    case 'connected':
      return waits(state);
    case 'backend':
      return onBackend(rules, state, input.unread);
    case 'client':
      return onClient(rules, state, input.unread);
    case 'secured':
      // Of what was in clear, only what the backend said is kept.
      return state.kind === 'handshake' ? waits({ ...state, kind: 'inside' }) : waits(state);
    case 'unreachable':
      // Where the backend is concerns nobody out there.
      return refuse(state, {
        error: errors.unreachable,
        text: `${hostname} cannot reach the server behind it`,
        because: input.because,
      });
    case 'timeout':
      return refuse(state, {
        error: errors.timeout,
        text: `${hostname}: you are too slow`,
        because: 'too slow',
      });
    case 'shutdown':
      return refuse(state, {
        error: errors.shutdown,
        text: `${hostname} is shutting down`,
        because: 'shutting down',
      });
  }
}

function onBackend(rules: FrontRules, state: MysqlFrontState, unread: Buffer): Step {
  switch (state.kind) {
    case 'greeting':
      return onGreeting(rules, state, unread);
    case 'login': {
      const sides = sidesOf(rules);
      return onLoginStep(state, fromServer(state.login, unread, sides), 'backend', (refusal) =>
        refuse(state, refusal),
      );
    }
    case 'clear':
    case 'inside':
    case 'implicit':
      return refuse(state, {
        error: errors.outOfOrder,
        text: `${rules.hostname}: the backend has ended the login`,
        because: 'the backend spoke before the login',
      });
    case 'handshake':
    case 'over':
      // While TLS begins nothing can be said to the client; it waits.
      return waits(state);
  }
}

function onGreeting(
  rules: FrontRules,
  state: Extract<MysqlFrontState, { kind: 'greeting' }>,
  unread: Buffer,
): Step {
  const hello = serverHello(unread);
  switch (hello.kind) {
    case 'more':
      return waits(state);
    case 'odd':
      return refuse(state, {
        error: errors.unreachable,
        text: `${rules.hostname}: the backend sent no greeting of MySQL 4.1 or later`,
        because: 'the backend sent an odd greeting',
      });
    case 'error': {
      // In its own words: why it wants nobody, or not us.
      const because = `the backend refused the connection with error ${hello.code}`;
      return ended(
        [
          { kind: 'toClient', bytes: packetOf(0, hello.payload) },
          { kind: 'close', because },
        ],
        hello.used,
      );
    }
    case 'greeting': {
      const { offered, plugin, payload, used } = hello;
      const bytes = packetOf(0, withTls(payload, !state.implicit));
      const kind = state.implicit ? 'implicit' : 'clear';
      return { state: { kind, offered, plugin }, used, effects: [{ kind: 'toClient', bytes }] };
    }
  }
}

function onClient(rules: FrontRules, state: MysqlFrontState, unread: Buffer): Step {
  switch (state.kind) {
    case 'clear':
    case 'inside':
    case 'implicit':
      return onResponse(rules, state, unread);
    case 'login':
      return onLoginStep(state, fromClient(state.login, unread, sidesOf(rules)), 'client', (refusal) =>
        refuse(state, refusal),
      );
    case 'greeting':
    case 'handshake':
    case 'over':
      return waits(state);
  }
}

type Asking = Extract<MysqlFrontState, { kind: 'clear' | 'inside' | 'implicit' }>;

function onResponse(rules: FrontRules, state: Asking, unread: Buffer): Step {
  const next = nextPacket(unread, state.kind === 'inside' ? 2 : 1);
  if (next.kind === 'more') return waits(state);
  // Nothing is answered to what is no packet: it may be for any protocol (ALPACA).
  if (next.kind === 'malformed') return ended([{ kind: 'close', because: `the client ${next.because}` }], 0);
  const response = readResponse(next.payload, state.offered);
  if (response.kind === 'malformed') {
    return refuse(state, {
      error: errors.badHandshake,
      text: `${rules.hostname}: this is neither a login nor a request for TLS`,
      because: 'the client sent a packet that is no answer to the greeting',
    });
  }
  if (state.kind === 'clear') return inClear(rules, state, response, next.used);
  return inside(rules, state, response, next.payload, next.used);
}

function inClear(
  { hostname }: FrontRules,
  state: Asking,
  response: Exclude<Response, { kind: 'malformed' }>,
  used: number,
): Step {
  if (response.kind === 'sslRequest') {
    // What is behind it goes to the TLS engine, and nowhere else.
    return { state: { ...state, kind: 'handshake' }, used, effects: [{ kind: 'startTls' }] };
  }
  const because = 'login without TLS';
  const text = `Connections using insecure transport are prohibited: ${hostname} requires TLS`;
  const user = response.user === '' ? null : response.user;
  return ended(
    [{ kind: 'exposed', user }, ...errorTo(2, { error: errors.insecure, text, because }, true)],
    used,
  );
}

function inside(
  rules: FrontRules,
  state: Asking,
  response: Exclude<Response, { kind: 'malformed' }>,
  payload: Buffer,
  used: number,
): Step {
  if (response.kind === 'sslRequest' || (state.kind === 'implicit' && announcesTls(response))) {
    return refuse(state, {
      error: errors.badHandshake,
      text: `${rules.hostname}: the connection has TLS already`,
      because: 'asked for TLS inside TLS',
    });
  }
  if (response.kind === 'old-login') {
    return refuse(state, {
      error: errors.badHandshake,
      text: `${rules.hostname}: this is a login of before MySQL 4.1`,
      because: 'a login of before MySQL 4.1',
    });
  }
  // A client that knows nothing of the TLS means what the backend means, in everything that follows.
  if (state.kind === 'implicit') return { state: { kind: 'over' }, used: 0, effects: [{ kind: 'splice' }] };
  const plugin = response.plugin ?? state.plugin;
  const because = obstacle(plugin, sidesOf(rules));
  if (because !== undefined)
    return refuse(state, {
      error: errors.authentication,
      text: `${rules.hostname}: ${because}`,
      because: `${plugin ?? ''} cannot work here`,
    });
  return {
    state: { kind: 'login', login: { plugin, next: 2, served: true } },
    used,
    effects: [{ kind: 'toBackend', bytes: packetOf(1, announcing(payload, false)) }],
  };
}

function announcesTls(response: Response): boolean {
  return response.kind === 'login' && response.announcesTls;
}

function sidesOf({ backendIsLocal }: FrontRules): Sides {
  return { shift: 1, passwordPasses: backendIsLocal };
}

/** Says why, where the client can hear it in its turn, and closes. */
function refuse(state: MysqlFrontState, refusal: Refusal): Step {
  switch (state.kind) {
    case 'greeting':
      return ended(errorTo(0, refusal, false), 0);
    case 'clear':
    case 'implicit':
      return ended(errorTo(2, refusal, true), 0);
    case 'inside':
      return ended(errorTo(3, refusal, true), 0);
    case 'login':
      return ended(errorTo(state.login.next + 1, refusal, true), 0);
    case 'handshake':
    case 'over':
      return ended([{ kind: 'close', because: refusal.because }], 0);
  }
}

function waits(state: MysqlFrontState): Step {
  return { state, used: 0, effects: [] };
}
