/** Policy lists, as tests of what goes by them write and sign them. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { OfferedList } from '../../src/policies/list/accept.ts';
import { type KeptListed, type ListFacts, type ListHead, listFor } from '../../src/policies/list/facts.ts';
import { type ListMode, parsePolicyList } from '../../src/policies/list/policy-list.ts';
import { type ListKey, listKeyOf, signList } from '../../src/policies/list/signature.ts';
import { DOMAIN } from './destinations.ts';

export const DAY = 24 * 60 * 60_000;
export const NOON = Date.UTC(2026, 10, 28, 12);

export interface Signer {
  readonly private: KeyObject;
  readonly public: ListKey;
}

export function newSigner(): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { private: privateKey, public: listKeyOf(privateKey) };
}

/** The fields of a list, of which each may be another; made at noon, for two weeks. */
export function listText(change: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    timestamp: new Date(NOON).toISOString(),
    expires: new Date(NOON + 14 * DAY).toISOString(),
    version: '0.1',
    author: 'Example https://lists.test',
    'policy-aliases': { big: { mode: 'enforce', mxs: ['.big.test'] } },
    policies: {
      'example.test': { mode: 'enforce', mxs: ['mx1.example.test', '.mx.example.test'] },
      'tried.test': { mode: 'testing', mxs: ['mx.tried.test'] },
      'alias.test': { 'policy-alias': 'big' },
    },
    ...change,
  });
}

export function signed(text: string, ...signers: readonly Signer[]): OfferedList {
  const list = Buffer.from(text);
  return { list, signature: Buffer.from(signers.map((one) => signList(list, one.private)).join('')) };
}

export const listHead: ListHead = {
  timestamp: NOON,
  expires: NOON + 14 * DAY,
  author: 'Example',
  signers: ['0123456789abcdef'],
  digest: 'ab',
  source: '/etc/waxwing/policy.json',
  acceptedAt: NOON,
  domains: 1,
  ended: false,
};

/** What is kept for example.test. */
export function keptOf(mode: ListMode, ...mxs: readonly string[]): KeptListed {
  const parsed = parsePolicyList(Buffer.from(listText({ policies: { 'example.test': { mode, mxs } } })));
  if (parsed.kind === 'invalid') assert.fail(parsed.because);
  return { head: listHead, listed: parsed.value.domains.get(DOMAIN) };
}

/** What a list that is in force says of example.test. */
export function listOf(mode: ListMode, ...mxs: readonly string[]): ListFacts {
  return listFor(DOMAIN, keptOf(mode, ...mxs), NOON);
}
