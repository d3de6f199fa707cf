/**
 * What a handshake proves that somebody else had: the same judgement as of our own, for programs whose TLS library knows neither DANE
 * nor whose name a certificate has to prove.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Domain, parseDomain } from '../names/domain.ts';
import { decideAll } from '../policies/combine.ts';
import type { Rules } from '../policies/demand.ts';
import type { DestinationFacts } from '../policies/destination.ts';
import { judgePeer } from '../policies/judge.ts';
import { MOST_CERTIFICATES } from '../tls/path.ts';
import { readPublicKeyInfo } from '../tls/raw-certificate.ts';
import type { ChainPath } from '../wire/tls-facts.ts';

/** Of one certificate, in base64. */
const MOST_CERTIFICATE = 64 * 1024;

const name = z.string().transform((text, context): Domain => {
  const parsed = parseDomain(text);
  if (parsed.kind === 'ok') return parsed.value;
  context.issues.push({ code: 'custom', message: parsed.because, input: text });
  return z.NEVER;
});

export const handshakeSchema = z
  .strictObject({
    domain: name.describe('Whose mail it is.'),
    host: name.describe('The mail host, as `hosts` of the policy names it.'),
    chain: z
      .array(z.base64().max(MOST_CERTIFICATE))
      .max(MOST_CERTIFICATES)
      .describe('The certificates that it presented, its own first, as DER in base64.'),
    path: z
      .string()
      .regex(/^[A-Z0-9_]{1,64}$/)
      .nullable()
      .describe(
        'null: they lead to an authority that you trust, whatever the names; else the failure by its name in OpenSSL, as `DEPTH_ZERO_SELF_SIGNED_CERT`.',
      ),
  })
  .meta({ id: 'Handshake' });

export type Handshake = z.infer<typeof handshakeSchema>;

export const judgementSchema = z
  .strictObject({
    meets: z.boolean().describe('Whether mail for the domain may be handed over on this connection.'),
    reached: z
      .enum(['encrypt', 'authenticate'])
      .describe('As in an outcome. encrypt: TLS without proof of a name that the path could not choose.'),
    proof: z.enum(['name', 'tlsa']).nullable().describe('What authenticated the host; as in an outcome.'),
    spki: z
      .string()
      .nullable()
      .describe('SHA-256 of the key of its certificate, hexadecimal; as in an outcome.'),
    because: z.string().describe('One sentence.'),
  })
  .meta({ id: 'Judgement' });

export type Judgement = z.infer<typeof judgementSchema>;

/** @param now milliseconds since 1970. */
export function judgementOf(
  handshake: Handshake,
  facts: DestinationFacts,
  rules: Rules,
  now: number,
): Judgement {
  const { host } = handshake;
  const verdict = decideAll(facts, rules).hosts.find((one) => one.host === host);
  if (verdict === undefined)
    return unproved(handshake, `${host} is no mail host of ${facts.domain}, or is none any more`);
  if (verdict.kind === 'avoid') return unproved(handshake, verdict.because);
  const chain = handshake.chain.map((one) => Buffer.from(one, 'base64'));
  const { proof, meets } = judgePeer({ chain, path: pathOf(handshake) }, verdict.decision, host, now);
  const isProved = proof.kind === 'authenticated';
  const by = proof.tlsa === null ? 'name' : 'tlsa';
  return {
    meets,
    reached: isProved ? 'authenticate' : 'encrypt',
    proof: isProved ? by : null,
    spki: keyOf(handshake),
    because: proof.because,
  };
}

/** Where it could not be judged. */
export function unproved(handshake: Handshake, because: string): Judgement {
  return { meets: false, reached: 'encrypt', proof: null, spki: keyOf(handshake), because };
}

/** Equal for handshakes that show the same. */
export function handshakeKey({ domain, host, path, chain }: Handshake): string {
  const digest = createHash('sha256').update(chain.join(' ')).digest('hex');
  return `handshake ${domain} ${host} ${path ?? ''} ${digest}`;
}

function pathOf({ chain, path }: Handshake): ChainPath {
  if (chain.length === 0) return { kind: 'absent' };
  return path === null ? { kind: 'trusted' } : { kind: 'untrusted', code: path };
}

function keyOf({ chain: [leaf] }: Handshake): string | null {
  const key = leaf === undefined ? undefined : readPublicKeyInfo(Buffer.from(leaf, 'base64'));
  return key === undefined ? null : createHash('sha256').update(key).digest('hex');
}
