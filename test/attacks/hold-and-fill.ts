/** Clients that hold or fill whoever serves them. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Assailant } from './assailant.ts';
import type { Cell } from './cell.ts';
import { assaults, type Scene } from './defender.ts';
import { honest, type Protocol } from './dialect.ts';

const patienceMs = 500;
/** Whoever is not gone by then stays: some times the patience of ours, and what a busy machine adds. */
const GONE_BY_MS = 2_500;
const EVERY_MS = 50;
/** Longer than any of it takes. */
const LATE_MS = 60_000;
const FLOOD_OCTETS = 8_000_000;
const REQUESTS = 500;

/** A beginning that promises more than anybody may keep. */
const PROMISE: Readonly<Partial<Record<Protocol, string>>> = {
  imap: 'a LOGIN {2147483647+}\r\n',
  sieve: 'AUTHENTICATE "PLAIN" {2147483647+}\r\n',
  ldap: '\x30\x84\x7f\xff\xff\xff',
  postgres: '\x7f\xff\xff\xff',
  mysql: '\xff\xff\xff\x01',
  xmpp: '<?xml ',
  'xmpp-server': '<?xml ',
};

/** The beginning of a record that holds a ClientHello, of 16 KB. */
const RECORD = `\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03${'\0'.repeat(200)}`;

const stays = async (client: Assailant): Promise<string | undefined> =>
  (await client.over(GONE_BY_MS)) ? undefined : 'it stays';

/** One octet after the other, until it is over. */
async function drip(client: Assailant, octets: string): Promise<string | undefined> {
  let at = 0;
  const timer = setInterval(() => client.say(octets.charAt(at++ % octets.length)), EVERY_MS);
  try {
    return await stays(client);
  } finally {
    clearInterval(timer);
  }
}

/** Says more than anybody may keep, for as long as it is taken. */
async function flood(socket: Socket): Promise<void> {
  const block = Buffer.alloc(65_536, 'x');
  for (let sent = 0; sent < FLOOD_OCTETS && !socket.destroyed; sent += block.length) {
    if (socket.write(block)) continue;
    const signal = AbortSignal.timeout(GONE_BY_MS);
    await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(
      () => undefined,
    );
    if (signal.aborted) return;
  }
}

/** Up to the request for TLS, which is answered, and no further. */
async function beforeHandshake({ come }: Scene): Promise<Assailant> {
  const client = await come();
  await client.reachGoAhead();
  return client;
}

export const holdAndFill: readonly Cell[] = assaults([
  {
    how: 'silence where a request should be',
    weak: ['endlessPatience'],
    patienceMs,
    attack: async ({ come }) => stays(await come()),
  },
  {
    how: 'an octet of a request now and then',
    weak: ['idleDeadline'],
    patienceMs,
    attack: async ({ come }) => drip(await come(), 'x'),
  },
  {
    how: 'silence in the handshake',
    weak: ['endlessPatience'],
    patienceMs,
    attack: async (scene) => stays(await beforeHandshake(scene)),
  },
  {
    how: 'a ClientHello octet by octet',
    weak: ['endlessPatience'],
    patienceMs,
    attack: async (scene) => drip(await beforeHandshake(scene), RECORD),
  },
  {
    how: 'a request without end, or of a length that nobody may keep',
    weak: ['endlessPatience'],
    // It is too much that ends it, not too late.
    patienceMs: LATE_MS,
    async attack({ come, dialect }) {
      const client = await come();
      if (dialect.greeting(honest) !== '') await client.answer('greeting');
      client.say(PROMISE[dialect.protocol] ?? '');
      await flood(client.socket);
      return stays(client);
    },
  },
  {
    how: `${REQUESTS} requests that lead nowhere`,
    weak: ['endlessPatience'],
    // It is too much that ends it, not too late.
    patienceMs: LATE_MS,
    async attack({ come, dialect }) {
      const client = await come();
      if (dialect.greeting(honest) !== '') await client.answer('greeting');
      client.say(dialect.probe('x').repeat(REQUESTS));
      return stays(client);
    },
  },
  {
    how: 'more connections than one may have',
    weak: ['takesEverybody'],
    maxConnections: 5,
    // Nobody is to leave for another reason.
    patienceMs: LATE_MS,
    roles: ['front', 'relay'],
    async attack({ come, maxConnections }) {
      const clients = await Promise.all(Array.from({ length: 3 * maxConnections }, () => come()));
      const staying = (): number => clients.filter(({ ended }) => !ended).length;
      const until = performance.now() + GONE_BY_MS;
      while (staying() > maxConnections && performance.now() < until) await sleep(10);
      return staying() > maxConnections ? `${staying()} are served at once` : undefined;
    },
  },
]);
