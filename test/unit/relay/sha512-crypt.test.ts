import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSha512Crypt, sha512Crypt } from '../../../src/relay/sha512-crypt.ts';

async function crypt(password: string, text: string): Promise<string | undefined> {
  const parsed = parseSha512Crypt(text);
  if (parsed === undefined) return undefined;
  const computed = await sha512Crypt(password, parsed);
  return computed === undefined ? 'too long' : Buffer.from(computed).toString('latin1');
}
const hashOf = (text: string): string => text.slice(text.lastIndexOf('$') + 1);

describe('SHA-512 crypt', () => {
  /** The examples of the specification, but for those with fewer or more rounds than are taken. */
  const made: readonly (readonly [password: string, text: string])[] = [
    [
      'Hello world!',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    [
      'Hello world!',
      '$6$rounds=10000$saltstringsaltstring$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
    ],
    [
      'This is just a test',
      '$6$rounds=5000$toolongsaltstring$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0',
    ],
    [
      'a very much longer text to encrypt.  This one even stretches over morethan one line.',
      '$6$rounds=1400$anotherlongsaltstring$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
    ],
  ];
  for (const [password, text] of made)
    it(`gives what the specification has for ${text.slice(0, 30)}…`, async () =>
      assert.equal(await crypt(password, text), hashOf(text)));

  it('is not read where it asks for too little, too much, or is cut', () => {
    const [, text = ''] = made[1] ?? [];
    for (const bad of [
      text.replace('10000', '999'),
      text.replace('10000', '1000001'),
      text.replace('10000', '010000'),
      text.slice(0, -1),
      `${text}.`,
      text.replace('$6$', '$5$'),
      text.replace('$6$', '$1$'),
    ])
      assert.equal(parseSha512Crypt(bad), undefined, bad);
    assert.notEqual(parseSha512Crypt(text.replace('10000', '1000000')), undefined);
  });

  it('is not computed for a password beyond 1,024 octets, as the work grows with its square', async () => {
    const [, text = ''] = made[3] ?? [];
    assert.notEqual(await crypt('x'.repeat(1_024), text), 'too long');
    assert.equal(await crypt('x'.repeat(1_025), text), 'too long');
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await crypt('x', made[1]?.[1] ?? '');
    clearInterval(timer);
    assert.ok(turns >= 3, `${turns} turns`);
  });
});
