/** A whole recording as JSON has it, read strictly: it may come from anybody. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Answer } from '../../dns/answer.ts';
import type { Target } from '../../findings/case.ts';
import { depths } from '../../findings/endpoint.ts';
import type { PolicyFetch, Recording } from '../../findings/recording.ts';
import { MAX_POLICY_OCTETS } from '../../policies/mta-sts/policy.ts';
import { observation, protocol, tlsFacts, tlsMode } from './observation-schema.ts';
import { parseTarget } from './target.ts';
import { address, dnsName, domain, milliseconds, octets, orUndefined, port, text } from './wire-values.ts';

const MOST_RECORD_OCTETS = 65_535;
/** More than a message of the DNS, which has at most 65,535 octets, can hold of anything. */
const MOST_RECORDS = 16_384;
const MOST_ITEMS = 20_000;

const status = z.enum(['secure', 'insecure', 'bogus', 'indeterminate']);
const type = z.int().min(0).max(65_535);
const records = z.array(octets(MOST_RECORD_OCTETS)).max(MOST_RECORDS);

const common = {
  question: z.strictObject({ name: dnsName, type }),
  status,
  ttl: z.number().min(0),
  signedSince: z.number().nullable(),
  signedUntil: z.number().nullable(),
  owner: dnsName,
  aliases: z
    .array(z.strictObject({ from: dnsName, to: dnsName, by: z.enum(['CNAME', 'DNAME']), status }))
    .max(MOST_RECORDS),
  chain: z
    .array(
      z.strictObject({
        kind: z.enum(['anchor', 'keys', 'delegation', 'alias', 'answer', 'denial']),
        name: dnsName,
        type,
        status,
        because: text,
      }),
    )
    .max(MOST_RECORDS),
  because: text,
  errors: z.array(z.strictObject({ code: z.int().min(0).max(65_535), text })).max(MOST_RECORDS),
};

const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('found'), ...common, records }),
  z.strictObject({ kind: z.literal('absent'), ...common, what: z.enum(['no-such-name', 'no-such-record']) }),
  z.strictObject({ kind: z.literal('unknown'), ...common, unproven: records }),
]) satisfies z.ZodType<Answer>;

const fault = z.enum(['dns', 'address', 'tcp', 'tls', 'tls-webpki', 'http', 'too-big', 'timeout']);
const course = z
  .strictObject({
    ms: milliseconds,
    failed: z
      .array(z.strictObject({ address: text, fault, noRoute: z.boolean(), because: text }))
      .max(MOST_ITEMS),
  })
  .exactOptional();

const fetched = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answered'),
    answer: z.strictObject({
      status: z.int(),
      contentType: orUndefined(text),
      contentEncoding: orUndefined(text),
      location: orUndefined(text),
      body: octets(MAX_POLICY_OCTETS),
      address: text,
      tls: tlsFacts,
    }),
    course,
  }),
  z.strictObject({ kind: z.literal('failed'), fault, because: text, tls: orUndefined(tlsFacts), course }),
]) satisfies z.ZodType<PolicyFetch>;

const policy = z.strictObject({
  mode: z.enum(['enforce', 'testing', 'none']),
  mx: z.array(z.strictObject({ wildcard: z.boolean(), domain })).max(MOST_RECORDS),
  maxAgeSeconds: z.int().min(0),
  lines: z.array(z.string().max(MAX_POLICY_OCTETS)).max(MAX_POLICY_OCTETS),
  warnings: z.array(text).max(MAX_POLICY_OCTETS),
});

const remembered = z.strictObject({
  domain,
  known: z.strictObject({ id: text, policy, fetchedAt: milliseconds, expiresAt: milliseconds }).nullable(),
  failures: z
    .strictObject({
      id: text,
      type: z.enum(['sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid']),
      because: text,
      count: z.int().min(0),
      since: milliseconds,
      retryAt: milliseconds,
    })
    .nullable(),
  attemptedAt: milliseconds,
  refreshAt: milliseconds.nullable(),
  usedAt: milliseconds,
  clock: milliseconds,
});

const recalled = z.strictObject({
  sts: orUndefined(remembered),
  overrides: z
    .array(
      z.strictObject({
        domain,
        level: z.enum(['off', 'may', 'encrypt', 'authenticate']),
        until: milliseconds.nullable(),
        reason: text,
        setAt: milliseconds,
      }),
    )
    .max(MOST_RECORDS),
});

const door = { port, protocol, tls: tlsMode };

const OTHER = { error: 'is written as another one' };

/** A recording may come from anybody, and nobody's name is to stand above what was seen of another one. */
function isWrittenSo(target: Extract<Target, { kind: 'host' | 'address' }>): boolean {
  const { protocol: spoken, tls, written } = target;
  if (written === undefined) return true;
  const read = parseTarget(written, { protocol: spoken, tls });
  return read.kind === 'ok' && isDeepStrictEqual(read.value, target);
}

/** All that one check has learnt. */
export const recordingSchema: z.ZodType<Recording> = z.strictObject({
  target: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('domain'), domain }),
    z
      .strictObject({ kind: z.literal('host'), host: domain, ...door, written: z.exactOptional(z.string()) })
      .refine(isWrittenSo, OTHER),
    z
      .strictObject({ kind: z.literal('address'), address, ...door, written: z.exactOptional(z.string()) })
      .refine(isWrittenSo, OTHER),
  ]),
  startedAt: milliseconds,
  durationMs: milliseconds,
  depth: z.enum(depths),
  intrusive: z.boolean(),
  answers: z.array(answer).max(MOST_ITEMS),
  fetched: z.array(z.strictObject({ domain, outcome: fetched })).max(MOST_ITEMS),
  recalled: z.array(z.strictObject({ domain, recalled })).max(MOST_ITEMS),
  observations: z.array(observation).max(MOST_ITEMS),
  withoutConsent: z.array(z.strictObject({ host: text, because: text })).max(MOST_ITEMS),
  skipped: z
    .array(
      z.strictObject({
        host: text,
        address,
        port,
        kind: z.enum(['private', 'opted-out', 'throttled', 'too-many']),
        because: text,
        retryAt: milliseconds.nullable(),
      }),
    )
    .max(MOST_ITEMS),
});
