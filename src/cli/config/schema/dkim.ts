/** `[[dkim]]`: the keys that sign what is submitted here. */
import { z } from 'zod';
import { parseDomain } from '../../../names/domain.ts';
import { parsePath, parseSelector } from '../values.ts';
import { text } from './kit.ts';

export const dkim = z.strictObject({
  domain: text(parseDomain, 'example.test').describe('Mail whose From field names this domain is signed.'),
  selector: text(parseSelector, 'mail2026').describe(
    'Name of the key: its public half stands in DNS at SELECTOR._domainkey.DOMAIN.',
  ),
  key: text(parsePath, 'dkim/mail2026.pem').describe(
    'File with the private key, PEM: Ed25519, or RSA of at least 1024 bits; 2048 are advised.',
  ),
  subdomains: z
    .boolean()
    .default(false)
    .describe('Whether it signs also for those domains below its own that have no key themselves.'),
});
