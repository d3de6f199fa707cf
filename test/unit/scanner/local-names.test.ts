import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { localhostUnasked } from '../../../src/scanner/local-names.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

/** What came of a question about a name, and whether the resolver was asked. */
async function ask(text: string): Promise<string> {
  const name = parseName(text);
  assert.ok(name.kind === 'ok');
  let asked = false;
  const answer = answerFrom({ 'x.localhost.test TXT': ['x'] }, 'secure');
  const resolve = localhostUnasked((question) => {
    asked = true;
    return Promise.resolve(answer(question));
  });
  const { kind } = await resolve({ name: name.value, type: types.TXT });
  return `${kind}${asked ? ', asked' : ''}`;
}

describe('RFC 6761 §6.3: no resolver is asked about names of this host', () => {
  for (const name of ['localhost', '_mta-sts.localhost', '_25._tcp.mail.localhost'])
    it(name, async () => assert.equal(await ask(name), 'absent'));

  for (const name of [
    '.',
    'test',
    'localhost.test',
    'mylocalhost',
    'x\\009localhost',
    'localhost.localdomain',
  ])
    it(`but about ${name}`, async () => assert.equal(await ask(name), 'absent, asked'));

  it('what is found there stays', async () => assert.equal(await ask('x.localhost.test'), 'found, asked'));
});
