/** Who may use the HTTP API, and how often. */
import { blockTable, type Client, clientOf, clientTable, LOGIN_PERIOD, spend } from '../../net/clients.ts';
import { type Refused, refused } from './answers.ts';
import { type ApiKey, findApiKey, type Scope } from './api-key.ts';

export interface Gatekeeper {
  /** @param authorization the request header; @param address of the client. */
  admit(
    authorization: string | undefined,
    address: string,
  ): { readonly kind: 'ok'; readonly key: ApiKey } | Refused;
}

export interface GatekeeperParts {
  /** Asked for each request. */
  readonly keys: () => readonly ApiKey[];
  /** Wrong keys within ten minutes from one address. */
  readonly failures: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Somebody is sent away from now on. */
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

const MINUTE = 60_000;
const LOGIN_SECONDS = LOGIN_PERIOD / 1_000;

const NO_KEY = refused(401, 'an API key is missing: Authorization: Bearer KEY', { field: 'Authorization' });
const WRONG_KEY = refused(401, 'this API key is not known', { field: 'Authorization' });
const TOO_MANY_WRONG = refused(429, 'too many wrong API keys came from this address', {
  field: 'Authorization',
  retryAfter: LOGIN_SECONDS,
});

export function gatekeeper({ keys, failures, now, onOddity }: GatekeeperParts): Gatekeeper {
  const strangers = clientTable(now);
  const blocks = blockTable(now);
  /** By name: a key that a new configuration has, too, goes on with what it has used. */
  const uses = new Map<string, Client>();

  /** Wrong keys make nobody with a right one wait: behind one address there may be many, and no key can be guessed. */
  function fail(address: string): Refused {
    const client = clientOf(address);
    if (blocks.holds(client)) return TOO_MANY_WRONG;
    // The last one that is allowed does not fit any more.
    if (!spend(strangers.of(client), 'failures', failures() - 1, LOGIN_PERIOD, now())) {
      blocks.add(client);
      onOddity('too many wrong API keys', { client: address });
    }
    return WRONG_KEY;
  }

  function useOf(name: string): Client {
    const known = uses.get(name);
    if (known !== undefined) return known;
    for (const old of uses.keys()) if (!keys().some((key) => key.name === old)) uses.delete(old);
    const made: Client = { key: name, sessions: 0, seenAt: now(), buckets: {} };
    uses.set(name, made);
    return made;
  }

  return {
    admit(authorization, address) {
      if (authorization === undefined) return NO_KEY;
      const presented = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1];
      const key = presented === undefined ? undefined : findApiKey(presented, keys());
      if (key === undefined) return fail(address);
      const { name, requestsPerMinute: limit } = key;
      return spend(useOf(name), 'messages', limit, MINUTE, now())
        ? { kind: 'ok', key }
        : refused(429, `more than ${limit} requests a minute with this key`, {
            limit,
            retryAfter: Math.ceil(60 / limit),
          });
    },
  };
}

/** @param any one of these is enough. */
export function lacks(key: ApiKey, ...any: readonly Scope[]): Refused | undefined {
  if (any.some((scope) => key.scopes.includes(scope))) return undefined;
  return refused(403, `the key ${key.name} lacks the scope ${any.join(' or ')}`, { field: 'Authorization' });
}
