/**
 * A recording as JSON and back, so that a run can be judged again without the network.
 *
 * Certificates stand once each in a table, by the SHA-256 of their DER: servers of one provider have the same ones.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Recording } from '../../findings/recording.ts';
import type { Parsed } from '../../names/domain.ts';
import { onceEach } from '../../tls/once-each.ts';
import { MOST_CERTIFICATE_OCTETS } from './observation-schema.ts';
import { recordingSchema } from './recording-schema.ts';
import { schemaWriter } from './schema-writer.ts';

/** A recording with its certificates beside it; their keys are SHA-256 in hexadecimal, their values DER in base64. */
const writtenSchema = z.strictObject({
  certificates: z
    .record(z.string().regex(/^[0-9a-f]{64}$/), z.string().max(Math.ceil(MOST_CERTIFICATE_OCTETS / 3) * 4))
    .refine((table) => Object.keys(table).length <= MOST_CERTIFICATES, {
      error: 'has too many certificates',
    }),
  seen: z.record(z.string(), z.unknown()),
});

export type WrittenRecording = z.output<typeof writtenSchema>;

/** A server may make each of a list of tiny ones another, for each of its doors. */
const MOST_CERTIFICATES = 1_000_000;
/** Deeper than any recording. */
const MOST_DEPTH = 20;

/** Of a provider the same certificates come a thousand times. */
const entryOf = onceEach((der: Uint8Array) => ({
  sha256: createHash('sha256').update(der).digest('hex'),
  base64: Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64'),
}));

const writeSeen = schemaWriter(recordingSchema, 'chain');

/** The recording as plain JSON; it is not checked, as nobody but us made it. */
export function writeRecording(recording: Recording): WrittenRecording {
  const certificates: Record<string, string> = {};
  const seen = writeSeen(recording, (der) => {
    const { sha256, base64 } = entryOf(der);
    certificates[sha256] = base64;
    return sha256;
  });
  return { certificates, seen };
}

/** Reads what {@link writeRecording} wrote; it may come from anybody. */
export function readRecording(value: unknown): Parsed<Recording> {
  const written = writtenSchema.safeParse(value);
  if (!written.success) return invalid(written.error);
  const { certificates, seen } = written.data;
  const missing: string[] = [];
  const whole = mapChains(seen, (sha256) => {
    const der = Object.hasOwn(certificates, sha256) ? certificates[sha256] : undefined;
    if (der === undefined) missing.push(sha256);
    return der ?? '';
  });
  const [first] = missing;
  if (first !== undefined) {
    return { kind: 'invalid', because: `the certificate ${first.slice(0, 64)} is not in the table` };
  }
  const recording = recordingSchema.safeDecode(whole);
  return recording.success ? { kind: 'ok', value: recording.data } : invalid(recording.error);
}

/** The tree with each text of each chain of certificates replaced; chains of DNSSEC hold no texts. */
function mapChains(value: unknown, replace: (text: string) => string, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MOST_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => mapChains(item, replace, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => [
      key,
      key === 'chain' && isTexts(part) ? part.map(replace) : mapChains(part, replace, depth + 1),
    ]),
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The first thing that is wrong, and where. */
function invalid(error: z.ZodError): Parsed<never> {
  const [issue] = error.issues;
  const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
  return { kind: 'invalid', because: `${at}${issue?.message ?? 'it is no recording'}` };
}
