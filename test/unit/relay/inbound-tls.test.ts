import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { parseMailbox } from '../../../src/names/mailbox.ts';
import { type InboundRule, refusalByRules } from '../../../src/relay/inbound-tls.ts';
import type { TlsFacts } from '../../../src/wire/tls-facts.ts';
import { createAuthority } from '../../support/certificates.ts';
import { tlsFacts } from '../../support/transcript.ts';

const authority = await createAuthority();
const leaf = new X509Certificate((await authority.issue({ names: ['mx1.partner.test'] })).certPem).raw;
const trusted: TlsFacts = { ...tlsFacts, chain: [leaf], path: { kind: 'trusted' } };
const expired: TlsFacts = { ...trusted, path: { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' } };

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function say(from: string | null, tls: TlsFacts | undefined, ...rules: readonly InboundRule[]): string {
  const sender = from === null ? null : parseMailbox(from);
  if (sender?.kind === 'invalid') assert.fail(sender.because);
  const refusal = refusalByRules(rules, sender?.value ?? null, { tls, introduced: false });
  return refusal === undefined ? 'taken' : `${refusal.code} ${refusal.enhanced} ${refusal.text}`;
}

const from = { kind: 'domain', domain: domain('partner.test') } as const;
const encrypt: InboundRule = { from, tls: 'encrypt', proofs: [] };
const named: InboundRule = {
  from,
  tls: 'authenticate',
  proofs: [{ kind: 'name', host: { kind: 'under', suffix: domain('partner.test') } }],
};
const pinned: InboundRule = {
  from,
  tls: 'authenticate',
  proofs: [{ kind: 'sha256', hex: createHash('sha256').update(leaf).digest('hex') }],
};
const elsewhere: InboundRule = {
  ...named,
  proofs: [{ kind: 'name', host: { kind: 'name', name: domain('mx.else.test') } }],
};

describe('mail of a domain that has to come over TLS', () => {
  // RFC 3207 §4 has X.7.0; the answer is temporary, as somebody on the path may have taken STARTTLS away.
  it('is sent away in clear, for the time being', () =>
    assert.equal(
      say('a@partner.test', undefined, encrypt),
      '450 4.7.0 mail of a@partner.test is taken over TLS only: use STARTTLS',
    ));
  it('is taken over TLS', () => assert.equal(say('a@partner.test', tlsFacts, encrypt), 'taken'));
  it('is that of the domain only', () => {
    assert.equal(say('a@sub.partner.test', undefined, encrypt), 'taken');
    assert.equal(say('a@other.test', undefined, encrypt), 'taken');
  });
  it('is not a notification: it has no sender', () => assert.equal(say(null, undefined, encrypt), 'taken'));
});

describe('mail that has to come with a certificate', () => {
  const cases: readonly [why: string, tls: TlsFacts | undefined, rule: InboundRule, says: RegExp][] = [
    ['in clear', undefined, named, /^450 4\.7\.0 .* use STARTTLS$/],
    ['without one', tlsFacts, named, /^450 4\.7\.0 .* you showed no certificate$/],
    ['with theirs', trusted, named, /^taken$/],
    ['with one that is not valid', expired, named, /^450 4\.7\.0 .*\(CERT_HAS_EXPIRED\)$/],
    ["with somebody else's", trusted, elsewhere, /^450 4\.7\.0 .* not the one of theirs$/],
    ['with the one of that digest', trusted, pinned, /^taken$/],
    ['with the one of that digest, which needs no root', expired, pinned, /^taken$/],
  ];
  for (const [why, tls, rule, says] of cases)
    it(why, () => assert.match(say('a@partner.test', tls, rule), says));

  it('all rules that apply have to be kept', () => {
    assert.match(say('a@partner.test', tlsFacts, encrypt, named), /no certificate/);
    assert.match(say('a@partner.test', trusted, named, elsewhere), /not the one of theirs/);
    assert.equal(say('a@partner.test', trusted, encrypt, named, pinned), 'taken');
  });
});
