import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drive } from '../../../src/lookup/drive.ts';
import { type Consent, consentAt, consentOf, consentRecord } from '../../../src/scanner/consent.ts';
import { nameOf } from '../../support/destinations.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

const now = Date.parse('2027-01-15T12:00:00Z');

/** What the zone says, TXT records by name. */
function consentIn(host: string, zone: Readonly<Record<string, string>>): Promise<Consent> {
  const records = Object.entries(zone).map(([name, text]) => [`${name} TXT`, [`"${text}"`]]);
  const answer = answerFrom(Object.fromEntries(records));
  return drive(consentOf(nameOf(host), 'scanner.test', now), {
    resolve: (question) => Promise.resolve(answer(question)),
    fetch: () => assert.fail('nothing is fetched'),
    recall: () => assert.fail('nothing is recalled'),
  });
}

describe('consent to intrusive questions', () => {
  const cases: [what: string, host: string, zone: Record<string, string>, kind: Consent['kind']][] = [
    ['nothing published', 'mx.example.test', {}, 'missing'],
    [
      'at the host',
      'mx.example.test',
      { '_waxwing-check.mx.example.test': 'v=waxwing1; intrusive=scanner.test' },
      'given',
    ],
    [
      'at the domain it is in',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing1;intrusive=Scanner.Test;' },
      'given',
    ],
    [
      'of a whole registry: no owner speaks there',
      'mx.example.test',
      { '_waxwing-check.test': 'v=waxwing1; intrusive=scanner.test' },
      'missing',
    ],
    [
      'for somebody else',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing1; intrusive=other.test' },
      'missing',
    ],
    [
      'until today',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing1; intrusive=scanner.test; until=2027-01-15' },
      'given',
    ],
    [
      'that has ended',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing1; intrusive=scanner.test; until=2027-01-13' },
      'missing',
    ],
    [
      'in another form',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing2; intrusive=scanner.test' },
      'missing',
    ],
    [
      'with more than it may have',
      'mx.example.test',
      { '_waxwing-check.example.test': 'v=waxwing1; intrusive=scanner.test; until=tomorrow' },
      'missing',
    ],
  ];
  for (const [what, host, zone, kind] of cases) {
    it(`${what}: ${kind}`, async () => assert.equal((await consentIn(host, zone)).kind, kind));
  }

  it('says which record gives it, and that record does', async () => {
    const { because } = await consentIn('mx.example.test', {});
    const record = consentRecord(nameOf('mx.example.test'), 'scanner.test');
    assert.ok(because.endsWith(record), because);
    const [, name = '', text = ''] = /^(\S+)\. IN TXT "(.*)"$/.exec(record) ?? [];
    assert.equal((await consentIn('mx.example.test', { [name]: text })).kind, 'given');
  });
});

describe('consent for an address', () => {
  const consents = (...places: string[]): Record<string, readonly string[]> =>
    Object.fromEntries(
      places.map((place) => [`_waxwing-check.${place} TXT`, ['"v=waxwing1; intrusive=scanner.test"']]),
    );
  const cases: [what: string, zone: Record<string, readonly string[]>, kind: Consent['kind']][] = [
    [
      'whose name is that of the host',
      { ...consents('example.test'), '1.2.0.192.in-addr.arpa PTR': ['mx.example.test.'] },
      'given',
    ],
    [
      'whose name is another one of the same owner',
      { ...consents('example.test'), '1.2.0.192.in-addr.arpa PTR': ['other.test.', 'out.example.test.'] },
      'given',
    ],
    [
      'whose name is a stranger’s: whoever has a zone can have its names lead anywhere',
      { ...consents('example.test'), '1.2.0.192.in-addr.arpa PTR': ['mail.victim.test.'] },
      'missing',
    ],
    ['that has no name', consents('example.test'), 'missing'],
    [
      'whose own name alone consents: it is the host that is asked',
      { ...consents('victim.test'), '1.2.0.192.in-addr.arpa PTR': ['mail.victim.test.'] },
      'missing',
    ],
  ];
  for (const [what, zone, kind] of cases) {
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1']) {
      it(`${kind}: ${what} (${address})`, async () => {
        const answer = answerFrom(zone);
        const consent = await drive(consentAt(nameOf('mx.example.test'), address, 'scanner.test', now), {
          resolve: (question) => Promise.resolve(answer(question)),
          fetch: () => assert.fail('nothing is fetched'),
          recall: () => assert.fail('nothing is recalled'),
        });
        assert.equal(consent.kind, kind);
      });
    }
  }
});
