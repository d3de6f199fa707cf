import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import { routeFor } from '../../../src/policies/overrides/route.ts';
import { type LocalDomain, openDomains, routesOf } from '../../../src/relay/domains.ts';

function domain(text: string) {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const local = (name: string, recipients: LocalDomain['recipients']): LocalDomain => ({
  name: domain(name),
  backend: { protocol: 'lmtp', host: { kind: 'ip', address: '127.0.0.1' }, port: 24 },
  tls: null,
  requireTls: null,
  names: [],
  aliases: [],
  recipients,
});

const table = local('table.test', { kind: 'table', locals: new Set(['anna', 'Bert.Big', 'a%b', 'jürgen']) });
const any = local('any.test', { kind: 'any' });
const asked = local('asked.test', { kind: 'callout' });
const domains = openDomains([table, any, asked]);

describe('the residence of a mailbox', () => {
  const cases: readonly [address: string, kind: string, why: string][] = [
    ['anna@table.test', 'known', 'it is listed'],
    ['ANNA@TABLE.test', 'known', 'the case of A to Z does not count'],
    ['bert.big@table.test', 'known', 'nor does it in the list'],
    ['"anna"@table.test', 'known', 'needless quotes mean nothing (RFC 5321 §4.1.2)'],
    ['"an\\na"@table.test', 'known', 'nor does a needless backslash'],
    ['jürgen@table.test', 'known', 'it is listed as it is'],
    ['jÜrgen@table.test', 'unknown', 'case beyond A to Z counts'],
    ['anna+tag@table.test', 'unknown', 'subaddresses are not invented'],
    ['eve@table.test', 'unknown', 'it is not listed'],
    ['" anna"@table.test', 'unknown', 'a space counts'],
    ['a%b@table.test', 'known', 'it is listed'],
    ['anna%other.test@table.test', 'unknown', 'it is not listed'],
    ['whoever@any.test', 'known', 'the backend takes all'],
    ['eve%other.test@any.test', 'unknown', 'the backend might send it on'],
    ['other.test!eve@any.test', 'unknown', 'the backend might send it on'],
    ['"eve@other.test"@any.test', 'unknown', 'the backend might send it on'],
    ['"eve\\@other.test"@any.test', 'unknown', 'a backslash hides nothing'],
    ['eve@asked.test', 'callout', 'the backend knows'],
    ['eve%other.test@asked.test', 'unknown', 'the backend might send it on'],
    ['postmaster@table.test', 'known', 'RFC 5321 §4.5.1'],
    ['PostMaster@asked.test', 'known', 'RFC 5321 §4.5.1'],
    ['postmaster@other.test', 'elsewhere', 'it is the postmaster of others'],
    ['anna@sub.table.test', 'elsewhere', 'a domain stands for itself only'],
    ['anna@test', 'elsewhere', 'so does its parent'],
    ['anna@[127.0.0.1]', 'elsewhere', 'an address is no domain'],
    ['anna@tаble.test', 'elsewhere', 'the second letter is Cyrillic'],
  ];
  for (const [address, kind, why] of cases) {
    it(`${address} is ${kind}: ${why}`, () => assert.equal(domains.residence(mailbox(address)).kind, kind));
  }

  it('of no domain is here where there are none', () => {
    assert.equal(openDomains([]).residence(mailbox('anna@table.test')).kind, 'elsewhere');
  });
});

describe('a bare postmaster', () => {
  it('lives at the first domain', () =>
    assert.deepEqual(domains.postmasterAt, { kind: 'domain', domain: table.name }));
  it('lives nowhere without domains', () => assert.equal(openDomains([]).postmasterAt, undefined));
});

describe('routesOf', () => {
  const hello = { kind: 'domain', domain: domain('relay.test') } as const;

  it('sends mail for a domain of ours, and for no other, to its backend', () => {
    const routes = routesOf([table, any], hello);
    assert.equal(routeFor({ kind: 'domain', domain: any.name }, routes)?.to, any.backend);
    assert.equal(routeFor({ kind: 'domain', domain: domain('sub.any.test') }, routes), undefined);
    assert.equal(routeFor({ kind: 'literal', address: '127.0.0.1' }, routes), undefined);
  });

  it('ends on this host where the backend is on a loopback address', () => {
    const behind = (host: LocalDomain['backend']['host']) =>
      routesOf([{ ...any, backend: { ...any.backend, host } }], hello)[0]?.endsHere;
    assert.deepEqual(
      [
        behind({ kind: 'ip', address: '127.0.0.5' }),
        behind({ kind: 'ip', address: '::1' }),
        behind({ kind: 'name', name: domain('localhost') }),
        behind({ kind: 'ip', address: '192.0.2.1' }),
        behind({ kind: 'name', name: domain('imap.test') }),
      ],
      [true, true, true, false, false],
    );
  });

  it('keeps what is said of TLS, and logs in nowhere', () => {
    const names = [{ kind: 'domain', domain: domain('imap.test') }] as const;
    const [route] = routesOf([{ ...any, tls: 'authenticate', names }], hello);
    assert.deepEqual(
      [route?.tls, route?.names, route?.login, route?.hello],
      ['authenticate', names, null, hello],
    );
  });
});
