/** What front and reverse of a gateway for MySQL do alike. */
import type { GatewayEffect, GatewayStep } from '../../wire/gateway-session.ts';
import { capabilities, readGreeting } from './greeting.ts';
import type { Login, LoginStep } from './login.ts';
import { errors, errPacket, nextPacket, type ServerError } from './packet.ts';

export type MysqlStep<State> = GatewayStep<State>;

/** An error for the client, and why the connection ends, for the event. */
export interface Refusal {
  readonly error: ServerError;
  readonly text: string;
  readonly because: string;
}

/** Tells the client and closes. @param withState as of `errPacket`. */
export function errorTo(
  sequence: number,
  { error, text, because }: Refusal,
  withState: boolean,
): GatewayEffect[] {
  return [
    { kind: 'toClient', bytes: errPacket(sequence, error, text, withState) },
    { kind: 'close', because },
  ];
}

export function ended(
  effects: readonly GatewayEffect[],
  used: number,
): GatewayStep<{ readonly kind: 'over' }> {
  return { state: { kind: 'over' }, used, effects };
}

/** What comes of a step of the login that one side has taken. */
export function onLoginStep<State extends { readonly kind: string }>(
  state: State,
  step: LoginStep,
  from: 'client' | 'backend',
  refuse: (refusal: Refusal) => GatewayStep<State | { readonly kind: 'over' }>,
): GatewayStep<State | { readonly kind: 'login'; readonly login: Login } | { readonly kind: 'over' }> {
  switch (step.kind) {
    case 'more':
      return { state, used: 0, effects: [] };
    case 'pass': {
      const { used, bytes, login } = step;
      const kind = from === 'client' ? 'toBackend' : 'toClient';
      return { state: { kind: 'login', login }, used, effects: [{ kind, bytes }] };
    }
    case 'good':
      return ended([{ kind: 'toClient', bytes: step.bytes }, { kind: 'splice' }], step.used);
    case 'refused':
      return ended(
        [
          { kind: 'toClient', bytes: step.bytes },
          { kind: 'close', because: 'the server refused the login' },
        ],
        step.used,
      );
    case 'malformed': {
      const because = `the ${from} ${step.because}`;
      return refuse({ error: errors.outOfOrder, text: because, because });
    }
    case 'impossible':
      return refuse({ error: errors.authentication, text: step.because, because: step.because });
  }
}

/** What a server says first, as a gateway can use it; `payload` and `used`: of the packet. */
export type ServerHello =
  | { readonly kind: 'more' }
  | {
      readonly kind: 'greeting';
      readonly offered: number;
      readonly plugin: string | null;
      readonly payload: Buffer;
      readonly used: number;
    }
  | { readonly kind: 'error'; readonly code: number; readonly payload: Buffer; readonly used: number }
  /** Nothing of MySQL 4.1 or later, where the protocol of today begins. */
  | { readonly kind: 'odd' };

export function serverHello(unread: Buffer): ServerHello {
  const next = nextPacket(unread, 0);
  if (next.kind === 'more') return next;
  if (next.kind === 'malformed') return { kind: 'odd' };
  const { payload, used } = next;
  const greeting = readGreeting(payload);
  if (greeting.kind === 'malformed') return { kind: 'odd' };
  if (greeting.kind === 'error') return { kind: 'error', code: greeting.code, payload, used };
  const needed = capabilities.protocol41 | capabilities.secureConnection;
  if ((greeting.capabilities & needed) !== needed) return { kind: 'odd' };
  return { kind: 'greeting', offered: greeting.capabilities, plugin: greeting.plugin, payload, used };
}
