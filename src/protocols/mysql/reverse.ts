/**
 * A plain client of MySQL on this host, and a server that it reaches over TLS only.
 *
 * MySQL's documentation, "Client/Server Protocol": "Connection Phase". A server reads flags and character set in the
 * request for TLS and not again in the login, so the request can be written only when the client has logged in, for
 * which it needs the greeting. So `connect` gives a connection on which nothing was said (no dialogue runs on it), and
 * `secureBackend` follows. Until there is TLS that was found good, the server gets nothing of the client but these flags.
 */
import type { GatewayInput, GatewaySession, ReverseRules } from '../../wire/gateway-session.ts';
import { capabilities, withTls } from './greeting.ts';
import { fromClient, fromServer, type Login, obstacle, type Sides } from './login.ts';
import { errors, nextPacket, packetOf } from './packet.ts';
import { announcing, readResponse, sslRequestFor } from './response.ts';
import { ended, errorTo, type MysqlStep, onLoginStep, type Refusal, serverHello } from './steps.ts';

/** Where the conversation stands; `offered`: flags of the server. */
export type MysqlReverseState =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'greeted'; readonly offered: number; readonly plugin: string | null }
  /** The login waits for TLS. */
  | { readonly kind: 'securing'; readonly login: Buffer; readonly plugin: string | null }
  | { readonly kind: 'login'; readonly login: Login }
  | { readonly kind: 'over' };

type Step = MysqlStep<MysqlReverseState>;

/** Inside TLS a server takes a password as it is, which a client without TLS does not say. */
const sides: Sides = { shift: -1, passwordPasses: false };

/** The session of one client. */
export function mysqlReverse({ hostname }: ReverseRules): GatewaySession<MysqlReverseState> {
  return { initial: { kind: 'greeting' }, step: (state, input) => step(hostname, state, input) };
}

function step(hostname: string, state: MysqlReverseState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
      return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
    case 'secured':
      return waits(state);
    case 'connected':
      return onConnected(state);
    case 'backend':
      return onBackend(hostname, state, input.unread);
    case 'client':
      return onClient(hostname, state, input.unread);
    case 'unreachable':
      return refuse(state, {
        error: errors.unreachable,
        text: `${hostname}: ${input.because}`,
        because: input.because,
      });
    case 'timeout':
      return refuse(state, {
        error: errors.timeout,
        text: `${hostname}: it takes too long`,
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

function onConnected(state: MysqlReverseState): Step {
  if (state.kind !== 'securing') return waits(state);
  return {
    state: { kind: 'login', login: { plugin: state.plugin, next: 3, served: true } },
    used: 0,
    effects: [{ kind: 'toBackend', bytes: packetOf(2, state.login) }],
  };
}

function onBackend(hostname: string, state: MysqlReverseState, unread: Buffer): Step {
  switch (state.kind) {
    case 'greeting':
      return onGreeting(hostname, state, unread);
    case 'greeted':
    case 'securing':
      // In clear, so it can be from anybody: not passed on, and nothing goes on behind it.
      return refuse(state, {
        error: errors.outOfOrder,
        text: `${hostname}: the server said more than its greeting before TLS`,
        because: 'the server spoke before TLS',
      });
    case 'login':
      return onLoginStep(state, fromServer(state.login, unread, sides), 'backend', (refusal) =>
        refuse(state, refusal),
      );
    case 'over':
      return waits(state);
  }
}

function onGreeting(hostname: string, state: MysqlReverseState, unread: Buffer): Step {
  const hello = serverHello(unread);
  if (hello.kind === 'more') return waits(state);
  if (hello.kind !== 'greeting' || (hello.offered & capabilities.tls) === 0) {
    const because = {
      odd: 'sent no greeting of MySQL 4.1 or later',
      // Its text is in clear, and can be from anybody.
      error: `refuses the connection with error ${hello.kind === 'error' ? hello.code : 0}`,
      // CVE-2015-3152: nothing goes on without TLS.
      greeting: 'does not offer TLS (CLIENT_SSL)',
    }[hello.kind];
    return refuse(state, { error: errors.unreachable, text: `${hostname}: the server ${because}`, because });
  }
  const { offered, plugin, payload, used } = hello;
  return {
    state: { kind: 'greeted', offered, plugin },
    used,
    effects: [{ kind: 'toClient', bytes: packetOf(0, withTls(payload, false)) }],
  };
}

function onClient(hostname: string, state: MysqlReverseState, unread: Buffer): Step {
  if (state.kind === 'greeted') return onResponse(hostname, state, unread);
  if (state.kind !== 'login') return waits(state);
  return onLoginStep(state, fromClient(state.login, unread, sides), 'client', (refusal) =>
    refuse(state, refusal),
  );
}

type Greeted = Extract<MysqlReverseState, { kind: 'greeted' }>;

function onResponse(hostname: string, state: Greeted, unread: Buffer): Step {
  const next = nextPacket(unread, 1);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'malformed') return ended([{ kind: 'close', because: `the client ${next.because}` }], 0);
  const response = readResponse(next.payload, state.offered);
  if (response.kind !== 'login' || response.announcesTls) {
    const because = {
      'old-login': 'a login of before MySQL 4.1',
      malformed: 'no answer to the greeting',
      login: 'a request for TLS, which is not to be had here',
      sslRequest: 'a request for TLS, which is not to be had here',
    }[response.kind];
    return refuse(state, {
      error: errors.badHandshake,
      text: `${hostname}: this is ${because}`,
      because: `the client sent ${because}`,
    });
  }
  const plugin = response.plugin ?? state.plugin;
  const because = obstacle(plugin, sides);
  if (because !== undefined)
    return refuse(state, { error: errors.authentication, text: `${hostname}: ${because}`, because });
  return {
    state: { kind: 'securing', login: announcing(next.payload, true), plugin },
    used: next.used,
    effects: [
      { kind: 'toBackend', bytes: packetOf(1, sslRequestFor(next.payload)) },
      { kind: 'secureBackend' },
    ],
  };
}

/** Says why, where the client can hear it in its turn, and closes. */
function refuse(state: MysqlReverseState, refusal: Refusal): Step {
  switch (state.kind) {
    case 'greeting':
      return ended(errorTo(0, refusal, false), 0);
    case 'greeted':
    case 'securing':
      return ended(errorTo(2, refusal, true), 0);
    case 'login':
      return ended(errorTo(state.login.next - 1, refusal, true), 0);
    case 'over':
      return ended([{ kind: 'close', because: refusal.because }], 0);
  }
}

function waits(state: MysqlReverseState): Step {
  return { state, used: 0, effects: [] };
}
