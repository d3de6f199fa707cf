/** What programs that deliver by themselves tell of their sessions with mail hosts, for whoever remembers that. */
import { z } from 'zod';
import { type Domain, parseDomain } from '../names/domain.ts';
import type { SessionNote } from '../policies/memory/track.ts';

/** What one session came to, told by whoever had it. */
export type Outcome = SessionNote;

/** In one request. */
const MOST_OUTCOMES = 1_000;

const domain = z.string().transform((text, context): Domain => {
  const parsed = parseDomain(text);
  if (parsed.kind === 'ok') return parsed.value;
  context.issues.push({ code: 'custom', message: parsed.because, input: text });
  return z.NEVER;
});

const outcome = z.strictObject({
  domain: domain.describe('Whose mail it was.'),
  host: domain.nullable().describe('The mail host; null: not told.'),
  reached: z
    .enum(['clear', 'failed', 'encrypt', 'authenticate'])
    .describe(
      'clear: it offered no TLS; failed: TLS began and did not come to be; authenticate: it proved what `match` or `tlsa` of the policy names.',
    ),
  proof: z.enum(['name', 'tlsa']).nullable().describe('By what; null unless authenticate.'),
  spki: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .describe('SHA-256 of the key of its certificate, hexadecimal; null: not known.'),
});

export const outcomesSchema = z.strictObject({
  outcomes: z.array(outcome).min(1).max(MOST_OUTCOMES),
});

export type ReadOutcomes =
  | { readonly kind: 'ok'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'invalid'; readonly because: string };

/** @param at when they are told. */
export function readOutcomes(body: unknown, at: number): ReadOutcomes {
  const read = outcomesSchema.safeParse(body, plainly);
  if (!read.success) return { kind: 'invalid', because: wordsOf(read.error) };
  const contrary = read.data.outcomes.find(
    ({ reached, proof }) => (reached === 'authenticate') !== (proof !== null),
  );
  if (contrary !== undefined) {
    const because = 'proof says what authenticated the host, and stands beside authenticate only';
    return { kind: 'invalid', because };
  }
  return { kind: 'ok', outcomes: read.data.outcomes.map((one) => ({ ...one, at, sessions: 1 })) };
}

/** How a request is parsed, so that what is left out is called that. */
export const plainly: z.core.ParseContext<z.core.$ZodIssue> = {
  error: ({ input, path = [] }) =>
    input === undefined ? (path.length === 0 ? 'it is no JSON' : 'it is missing') : undefined,
};

/** The first thing that is wrong. */
export function wordsOf({ issues }: z.ZodError): string {
  const [first] = issues;
  if (first === undefined) return 'it is not of the right form';
  return first.path.length === 0
    ? `the request: ${first.message}`
    : `${first.path.join('.')}: ${first.message}`;
}
