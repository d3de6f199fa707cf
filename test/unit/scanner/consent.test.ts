import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drive } from '../../../src/lookup/drive.ts';
import { type Consent, consentOf, consentRecord } from '../../../src/scanner/consent.ts';
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
