/** What is decided about a domain, for programs: each host with what it has to show, and the same in words of mail servers. */
import { z } from 'zod';
import { failing, lineAnswer } from '../policies/answers/line.ts';
import { type DaneUse, postfixAnswer } from '../policies/answers/postfix.ts';
import { type PostfixAttributes, showPolicy } from '../policies/answers/postfix-text.ts';
import { decideAll, type HostVerdict } from '../policies/combine.ts';
import { showTlsa } from '../policies/dane/tlsa.ts';
import { formatIdentity } from '../policies/decide.ts';
import type { Rules } from '../policies/demand.ts';
import type { DestinationFacts } from '../policies/destination.ts';

const because = z.string().describe('One sentence.');

const hostSchema = z.strictObject({
  host: z.string(),
  preference: z.int().min(0).max(65_535),
  usable: z.boolean().describe('Whether mail may go there; else `because` says why not.'),
  forbidden: z.boolean().describe('Whether a policy forbids it; false where it could not be looked up.'),
  requires: z
    .enum(['none', 'encrypt', 'authenticate'])
    .describe('What a delivery has to reach in the handshake.'),
  by: z.enum(['override', 'message', 'dane', 'sts', 'list', 'memory', 'default']).describe('Who decides.'),
  because,
  tries: z.boolean().describe('Whether STARTTLS is to be tried at all.'),
  match: z
    .array(z.string())
    .describe(
      'Names, .suffixes and addresses of which the certificate may prove one; by DANE alone no name is needed.',
    ),
  tlsa: z
    .array(z.string())
    .describe('TLSA records of which one has to match where `binding`; long data by its SHA-256.'),
  binding: z.boolean().describe('Whether a certificate that matches none of the records is refused.'),
  provesName: z.boolean().describe('Whether one of `match` has to be proven beside the records.'),
  serverName: z.string().nullable().describe('The name to ask for in the handshake (SNI).'),
  addresses: z.array(z.string()),
});

export const policySchema = z
  .strictObject({
    schema: z.literal('waxwing.policy/1'),
    domain: z.string(),
    decision: z
      .enum(['deliver', 'defer', 'refuse'])
      .describe(
        'defer: no host may be used now, or it could not be learnt; refuse: there is nobody to send it to.',
      ),
    because,
    hosts: z.array(hostSchema).describe('In order of preference.'),
    postfix: z
      .strictObject({
        answer: z
          .enum(['policy', 'absent', 'later'])
          .describe('absent: nobody asks for anything; later: mail waits.'),
        text: z.string().nullable().describe('As in smtp_tls_policy_maps.'),
        because,
      })
      .describe('The same for a Postfix of the version of this listener.'),
    exim: z.string().describe('The same as a listener with protocol = "line" answers it.'),
  })
  .meta({ id: 'Policy' });

export type PolicyDocument = z.infer<typeof policySchema>;

/** As a socketmap can tell it. */
const MOST_TEXT = 100_000;

export function policyDocument(
  facts: DestinationFacts,
  rules: Rules,
  dane: DaneUse,
  attributes: PostfixAttributes,
): PolicyDocument {
  const verdict = decideAll(facts, rules);
  return {
    schema: 'waxwing.policy/1',
    domain: facts.domain,
    decision: verdict.kind,
    because: verdict.because,
    hosts: verdict.hosts.map(toHost),
    postfix: inPostfix(facts, rules, dane, attributes),
    exim: lineAnswer(facts, rules),
  };
}

/** Where nothing could be found out. */
export function unknownDocument(domain: string, why: string): PolicyDocument {
  return {
    schema: 'waxwing.policy/1',
    domain,
    decision: 'defer',
    because: why,
    hosts: [],
    postfix: { answer: 'later', text: null, because: why },
    exim: failing('defer', why),
  };
}

function inPostfix(
  facts: DestinationFacts,
  rules: Rules,
  dane: DaneUse,
  attributes: PostfixAttributes,
): PolicyDocument['postfix'] {
  const answer = postfixAnswer(facts, rules, dane);
  if (answer.kind === 'absent' || answer.kind === 'later')
    return { answer: answer.kind, text: null, because: answer.because };
  const text = showPolicy(answer, attributes, (one) => one.length <= MOST_TEXT) ?? null;
  return { answer: text === null ? 'later' : 'policy', text, because: answer.because };
}

function toHost(verdict: HostVerdict): PolicyDocument['hosts'][number] {
  const { host, preference } = verdict;
  if (verdict.kind === 'avoid') {
    return {
      host,
      preference,
      usable: false,
      forbidden: verdict.forbidden,
      requires: verdict.requires,
      by: verdict.by,
      because: verdict.because,
      tries: true,
      match: [],
      tlsa: [],
      binding: false,
      provesName: false,
      serverName: null,
      addresses: [...verdict.addresses],
    };
  }
  const { requires, by, because: why, tryTls, match, dane, provesName } = verdict.decision;
  return {
    host,
    preference,
    usable: true,
    forbidden: false,
    requires,
    by,
    because: why,
    tries: tryTls === 'yes',
    match: match.map(formatIdentity),
    tlsa: dane === null ? [] : dane.set.usable.map(showTlsa),
    binding: dane?.binding ?? false,
    provesName,
    serverName: verdict.serverName,
    addresses: [...verdict.facts.addresses],
  };
}
