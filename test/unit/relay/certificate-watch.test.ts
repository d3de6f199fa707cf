import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../../../src/net/tls.ts';
import { type CertificateWatch, watchCertificates } from '../../../src/relay/certificate-watch.ts';
import { createAuthority } from '../../support/certificates.ts';

const DAY_MS = 86_400_000;
const authority = await createAuthority();
const issue = (days = 90): Promise<KeyPair> =>
  authority.issue({ names: ['relay.test'], notAfter: new Date(Date.now() + days * DAY_MS) });
const [old, next, other, soon, gone] = await Promise.all([
  issue(),
  issue(),
  issue(),
  issue(13.9),
  issue(-0.1),
]);

interface Watched {
  readonly watch: CertificateWatch;
  readonly folder: string;
  /** The pairs that were put in force, each time all of them. */
  readonly replaced: KeyPair[][];
  readonly told: string[];
  /** What time it is from now on. */
  readonly later: (ms: number) => void;
  readonly write: (part: 'cert' | 'key', text: string) => Promise<void>;
}

interface Options {
  readonly first?: KeyPair;
  readonly everyMs?: number;
  readonly refuses?: true;
}

/** Two pairs of files, of which the second never changes. */
async function watched(
  t: TestContext,
  { first = old, everyMs = 3_600_000, refuses }: Options = {},
): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-watch-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const write = (part: 'cert' | 'key', text: string): Promise<void> => writeFile(file(`${part}.pem`), text);
  await Promise.all([
    write('cert', first.certPem),
    write('key', first.keyPem),
    writeFile(file('other-cert.pem'), other.certPem),
    writeFile(file('other-key.pem'), other.keyPem),
  ]);
  const replaced: KeyPair[][] = [];
  const told: string[] = [];
  let ahead = 0;
  const watch = watchCertificates({
    files: [
      { certFile: file('cert.pem'), keyFile: file('key.pem') },
      { certFile: file('other-cert.pem'), keyFile: file('other-key.pem') },
    ],
    pairs: [first, other],
    certificates: {
      replace: (pairs) => {
        if (refuses === true) throw new Error('ee key too small');
        replaced.push([...pairs]);
      },
    },
    now: () => Date.now() + ahead,
    everyMs,
    tell: (level, what) => told.push(`${level}: ${what.replaceAll(`${folder}/`, '')}`),
  });
  t.after(() => watch.close());
  return {
    watch,
    folder,
    replaced,
    told,
    write,
    later: (ms) => {
      ahead += ms;
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 6000, 'it never comes to that');
    await sleep(5);
  }
}

describe('a certificate that is renewed', () => {
  it('is in use from then on, beside those that stayed', async (t) => {
    const { watch, replaced, told, write } = await watched(t);
    await watch.check();
    assert.deepEqual([replaced, told], [[], []], 'nothing happens while nothing changes');
    await write('cert', next.certPem);
    await write('key', next.keyPem);
    await watch.check();
    await watch.check();
    assert.deepEqual(replaced, [[next, other]]);
    assert.match(
      told.join('\n'),
      /^info: the certificate in cert\.pem was renewed and is in use; it is valid until 2/,
    );
    assert.equal(told.length, 1);
  });

  it('is seen without being asked for', async (t) => {
    const { replaced, write } = await watched(t, { everyMs: 5 });
    await write('key', next.keyPem);
    await write('cert', next.certPem);
    await until(() => replaced.length === 1);
    assert.deepEqual(replaced, [[next, other]]);
  });

  it('is no error while only one of its two files is there, for a few seconds', async (t) => {
    const { replaced, told, write, later } = await watched(t, { everyMs: 5 });
    await write('cert', next.certPem);
    await sleep(50);
    later(9_000);
    await sleep(50);
    assert.deepEqual([replaced, told], [[], []]);
    await write('key', next.keyPem);
    await until(() => replaced.length === 1);
    assert.equal(told.length, 1);
  });

  it('is said to be bad, once, where the second file does not come', async (t) => {
    const { replaced, told, write, later } = await watched(t, { everyMs: 5 });
    await write('cert', next.certPem);
    await sleep(50);
    later(10_001);
    await until(() => told.length > 0);
    await sleep(50);
    assert.equal(told.length, 1, told.join('\n'));
    assert.match(
      told[0] ?? '',
      /^error: the certificate was changed and cannot be used, the old one stays: .*key/,
    );
    await write('key', next.keyPem);
    await until(() => replaced.length === 1);
    assert.deepEqual(replaced, [[next, other]]);
  });
});

describe('the old certificate stays', () => {
  const cases: readonly (readonly [string, (watched: Watched) => Promise<unknown>, RegExp])[] = [
    ['where the new key is another one', ({ write }) => write('key', next.keyPem), /it is not the key of/],
    ['where the new one is damaged', ({ write }) => write('cert', 'x'), /there is no PEM certificate/],
    ['where a file is gone', ({ folder }) => rm(join(folder, 'key.pem')), /cannot be read: ENOENT/],
    [
      'where the new one has expired',
      async ({ write }) => Promise.all([write('cert', gone.certPem), write('key', gone.keyPem)]),
      /cert\.pem expired at /,
    ],
    [
      'where the file is larger than any chain',
      ({ write }) => write('cert', next.certPem + '\n'.repeat(4 * 1024 * 1024)),
      /is larger than 4194304 bytes/,
    ],
  ];
  for (const [why, change, message] of cases) {
    it(`${why}; whoever asks is told at once, and not again`, async (t) => {
      const all = await watched(t);
      await change(all);
      await all.watch.check();
      await all.watch.check();
      assert.equal(all.told.length, 1, all.told.join('\n'));
      assert.match(
        all.told[0] ?? '',
        /^error: the certificate was changed and cannot be used, the old one stays: /,
      );
      assert.match(all.told[0] ?? '', message);
      assert.deepEqual(all.replaced, []);
      await all.write('cert', next.certPem);
      await all.write('key', next.keyPem);
      await all.watch.check();
      assert.deepEqual(all.replaced, [[next, other]]);
    });
  }

  it('where OpenSSL does not take the new one', async (t) => {
    const { watch, told, write } = await watched(t, { refuses: true });
    await write('cert', next.certPem);
    await write('key', next.keyPem);
    await watch.check();
    assert.match(told.join('\n'), /^error: .*the old one stays: .*ee key too small$/);
  });
});

describe('a certificate that runs out', () => {
  it('is named 14 days before, once a day, until it is renewed', async (t) => {
    const { watch, told, write, later } = await watched(t, { first: soon });
    await watch.check();
    await watch.check();
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^warn: the certificate in cert\.pem has to be renewed: it is valid until 2/);
    later(DAY_MS);
    await watch.check();
    assert.equal(told.length, 2);
    await write('cert', next.certPem);
    await write('key', next.keyPem);
    later(DAY_MS);
    await watch.check();
    assert.equal(told.filter((line) => line.startsWith('warn')).length, 2);
  });

  it('is not named 15 days before', async (t) => {
    const { watch, told } = await watched(t, { first: await issue(15) });
    await watch.check();
    assert.deepEqual(told, []);
  });

  it('is named a day after the start where it was out of date then, as the start says so itself', async (t) => {
    const { watch, told, later } = await watched(t, { first: gone });
    await watch.check();
    assert.deepEqual(told, []);
    later(DAY_MS);
    await watch.check();
    assert.equal(told.length, 1);
  });
});

it('once it is closed nothing is changed any more', async (t) => {
  const { watch, replaced, write } = await watched(t, { everyMs: 5 });
  watch.close();
  await write('cert', next.certPem);
  await write('key', next.keyPem);
  await watch.check();
  await sleep(30);
  assert.deepEqual(replaced, []);
});
