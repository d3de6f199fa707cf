/** What was seen of one endpoint, as a recording writes it. */
import { z } from 'zod';
import { checkProtocols } from '../../findings/endpoint.ts';
import type { HelloProbes } from '../../findings/hello-seen.ts';
import type { Observation, VisitEnd } from '../../findings/observation.ts';
import { address, lines, milliseconds, octets, port, text } from './wire-values.ts';

/** Names of the protocols that a check speaks. */
export const protocol = z.literal(Object.keys(checkProtocols).filter(isProtocol));
export const tlsMode = z.enum(['starttls', 'implicit']);

function isProtocol(name: string): name is Observation['endpoint']['protocol'] {
  return Object.hasOwn(checkProtocols, name);
}

/** OpenSSL takes a list of at most 102,400 octets, be it one certificate or thousands of tiny ones. */
export const MOST_CERTIFICATE_OCTETS = 131_072;
const MOST_CERTIFICATES = 65_536;

/** The facts of one TLS session. */
export const tlsFacts = z.strictObject({
  version: text,
  cipher: text,
  group: text.nullable(),
  chain: z.array(octets(MOST_CERTIFICATE_OCTETS)).max(MOST_CERTIFICATES),
  path: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('trusted') }),
    z.strictObject({ kind: z.literal('untrusted'), code: text }),
    z.strictObject({ kind: z.literal('absent') }),
  ]),
  serverName: text.nullable(),
  alpn: text.nullable(),
});

const answer = z.strictObject({ code: z.int().nullable(), positive: z.boolean(), text });
const step = z.enum(['greeting', 'hello', 'starttls', 'handshake', 'inside', 'again', 'goodbye', 'probe']);

const end = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['complete', 'not-connected', 'without-tls']) }),
  z.strictObject({ kind: z.enum(['throttled', 'blocked', 'refused']), at: step, answer }),
  z.strictObject({ kind: z.literal('closed'), at: step }),
  z.strictObject({ kind: z.literal('timeout'), at: step, ms: milliseconds }),
  z.strictObject({ kind: z.literal('broken'), at: step, because: text }),
]) satisfies z.ZodType<VisitEnd>;

const connect = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('connected'), ms: milliseconds }),
  z.strictObject({
    kind: z.literal('failed'),
    how: z.enum(['refused', 'timeout', 'reset', 'unreachable', 'no-route', 'other']),
    because: text,
    ms: milliseconds,
  }),
]);

const upgrade = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['implicit', 'not-reached']) }),
  z.strictObject({ kind: z.literal('not-offered'), because: text }),
  z.strictObject({ kind: z.literal('refused'), answer }),
  z.strictObject({ kind: z.literal('bad-answer'), because: text }),
  z.strictObject({ kind: z.literal('injected'), because: text, text }),
  z.strictObject({
    kind: z.literal('handshake-failed'),
    because: text,
    alert: text.nullable(),
    closed: z.boolean().exactOptional(),
    ms: milliseconds,
  }),
  z.strictObject({ kind: z.literal('secured'), ms: milliseconds }),
]);

const visit = z.strictObject({
  connect,
  transcript: lines,
  greeting: z.strictObject({ ms: milliseconds, lines, code: z.int().nullable() }).nullable(),
  smtp: z
    .strictObject({
      hello: answer.nullable(),
      helo: answer.nullable(),
      helloInside: answer.nullable(),
      mailInClear: answer.nullable(),
    })
    .nullable(),
  mailbox: z.strictObject({ preauth: z.boolean(), loginInClear: answer.nullable() }).nullable(),
  clear: lines.nullable(),
  upgrade,
  tls: tlsFacts.nullable(),
  inside: lines.nullable(),
  again: answer.nullable(),
  end,
});

/** Of every probe: why nothing was seen. */
const notTested = z.strictObject({ kind: z.literal('not-tested'), because: text, end });
const seen = z.literal('seen');

const brokenOffBy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('alert'), alert: text }),
  z.strictObject({ kind: z.enum(['closed', 'own']) }),
]);

/** One handshake more; `also` stands beside what came of it. */
function handshake<Also extends z.ZodRawShape>(also: Also) {
  return z.union([
    z.strictObject({ kind: seen, result: z.literal('secured'), tls: tlsFacts, ...also }),
    z.strictObject({
      kind: seen,
      result: z.literal('failed'),
      because: text,
      by: brokenOffBy.exactOptional(),
      ...also,
    }),
    z.strictObject({ kind: seen, result: z.literal('not-offered'), ...also }),
    notTested,
  ]);
}

/** Of two octets, as on the wire; three of a kind of cipher of SSL 2.0. */
const code = z.int().min(0).max(0xffff);
const MOST_SUITES = 1_000;
/** The chain is bounded by what is read of one answer to a hello. */
const shown = z.array(octets(MOST_CERTIFICATE_OCTETS)).max(20);

const session = z.strictObject({
  version: code,
  suite: code,
  compression: z.int().min(0).max(0xff),
  extendedMasterSecret: z.boolean(),
  renegotiationInfo: z.boolean(),
  couldSpeak: code.nullable(),
  group: code.nullable(),
  prime: octets(65_535).nullable(),
  signatureScheme: code.nullable(),
  chain: shown,
  cut: z.literal(true).exactOptional(),
});

/** What one hello was answered with; `also` stands beside it. */
function helloSeen<Also extends z.ZodRawShape>(also: Also) {
  const here = { kind: seen, ...also };
  return z.union([
    z.strictObject({ ...here, result: z.literal('agreed'), session }),
    z.strictObject({ ...here, result: z.literal('retry'), group: code.nullable(), suite: code }),
    z.strictObject({
      ...here,
      result: z.literal('sslv2'),
      cipherKinds: z.array(z.int().min(0).max(0xffffff)).max(65_536),
      chain: z.array(octets(MOST_CERTIFICATE_OCTETS)).max(1),
      cut: z.literal(true).exactOptional(),
    }),
    z.strictObject({ ...here, result: z.literal('refused'), alert: z.int().min(0).max(0xff).nullable() }),
    z.strictObject({ ...here, result: z.literal('broken'), because: text }),
    z.strictObject({ ...here, result: z.literal('not-offered') }),
    notTested,
  ]);
}

const hello = helloSeen({}).exactOptional();

const hellos = z.strictObject({
  retry: hello,
  weakFirst: hello,
  weakNamed: hello,
  bestFirst: hello,
  old: hello,
  older: hello,
  ssl3: hello,
  ssl2: hello,
  weak: z
    .array(helloSeen({ without: z.array(text).max(MOST_SUITES), version: code.exactOptional() }))
    .max(20)
    .exactOptional(),
  anonymous: hello,
  prime: hello,
  weakCurves: hello,
  sha1: hello,
  fallback: helloSeen({ version: code }).exactOptional(),
  large: helloSeen({ octets: z.int().min(0) }).exactOptional(),
  suites: z
    .strictObject({
      connections: z.int().min(0),
      versions: z
        .array(
          z.strictObject({
            version: code,
            suites: z.array(code).max(MOST_SUITES),
            ownOrder: z.boolean().nullable(),
            unfinished: text.nullable(),
          }),
        )
        .max(10),
    })
    .exactOptional(),
}) satisfies z.ZodType<HelloProbes>;

const probes = z.strictObject({
  hello: hellos.exactOptional(),
  otherKey: handshake({ key: z.enum(['rsa', 'ecdsa']) }).exactOptional(),
  noServerName: handshake({}).exactOptional(),
  legacy: handshake({}).exactOptional(),
  upToTls12: handshake({}).exactOptional(),
  otherHello: z
    .union([z.strictObject({ kind: seen, helloName: text, clear: lines }), notTested])
    .exactOptional(),
  injection: z
    .union([
      z.strictObject({ kind: seen, answered: z.enum(['never', 'clear', 'inside']), transcript: lines }),
      notTested,
    ])
    .exactOptional(),
  state: z
    .union([z.strictObject({ kind: seen, kept: z.boolean(), what: text, transcript: lines }), notTested])
    .exactOptional(),
  alpn: z
    .union([
      z.strictObject({ kind: seen, offered: text, agreed: text.nullable() }),
      z.strictObject({ kind: seen, refused: text, by: brokenOffBy.exactOptional() }),
      notTested,
    ])
    .exactOptional(),
  intrusive: z
    .strictObject({ vrfy: answer.nullable(), expn: answer.nullable(), relay: answer.nullable() })
    .exactOptional(),
});

/** One door with all that was seen there. */
export const observation = z.strictObject({
  endpoint: z.strictObject({ address, port, protocol, tls: tlsMode, serverName: text.nullable() }),
  at: milliseconds,
  connections: z.int().min(0).max(1_000),
  base: visit,
  probes,
}) satisfies z.ZodType<Observation>;
