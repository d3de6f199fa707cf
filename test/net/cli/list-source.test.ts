/** Where a policy list comes from: files, and a web server, honest or not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import type { ListConfig } from '../../../src/cli/config/config.ts';
import { listSource, readListFiles } from '../../../src/cli/list-source.ts';
import type { ReadList } from '../../../src/lookup/list-keeper.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import { MAX_LIST_OCTETS } from '../../../src/policies/list/policy-list.ts';
import { createAuthority } from '../../support/certificates.ts';
import { nameOf } from '../../support/destinations.ts';
import { http, startWebHost, type WebHost, type WebHostOptions } from '../net/web-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-list-'));
after(() => rmSync(folder, { recursive: true }));

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['lists.test'] });
const other = await authority.issue({ names: ['other.test'] });
const context = outgoingContext([authority.certPem]);

function shown(read: ReadList): string {
  if (read.kind === 'failed') return `${read.tooLarge ? 'too large: ' : ''}${read.because}`;
  return `${Buffer.from(read.list).toString()} signed ${Buffer.from(read.signature).toString()}`;
}

describe('a list in a file', () => {
  const list = join(folder, 'policy.json');

  it('is read with the signature beside it, octet by octet', async () => {
    writeFileSync(list, 'the list\r\n');
    writeFileSync(`${list}.sig`, 'the signature\n');
    assert.equal(shown(await readListFiles(list, `${list}.sig`)), 'the list\r\n signed the signature\n');
    const config: ListConfig = { source: { kind: 'file', path: list }, keys: [], refreshMs: 1 };
    const source = listSource(config, () => assert.fail('nobody is asked'));
    assert.equal(source?.name, list);
    assert.equal(shown(await source.read()), 'the list\r\n signed the signature\n');
    assert.equal(
      listSource({ ...config, source: null }, () => assert.fail()),
      null,
    );
  });

  it('is not there without one of the two', async () => {
    assert.match(shown(await readListFiles(list, join(folder, 'none'))), / cannot be read: ENOENT/);
    assert.match(shown(await readListFiles(join(folder, 'none'), `${list}.sig`)), / cannot be read: ENOENT/);
  });

  it('is read up to its limit, and no octet further', async () => {
    writeFileSync(list, Buffer.alloc(MAX_LIST_OCTETS));
    assert.equal((await readListFiles(list, `${list}.sig`)).kind, 'read');
    writeFileSync(list, Buffer.alloc(MAX_LIST_OCTETS + 1));
    const because = `too large: ${list} has more than ${MAX_LIST_OCTETS} octets`;
    assert.equal(shown(await readListFiles(list, `${list}.sig`)), because);
  });
});

describe('a list over HTTPS', () => {
  const serve = (
    t: TestContext,
    respond: (path: string) => string,
    options: WebHostOptions = {},
  ): Promise<WebHost> => {
    const host = startWebHost(
      t,
      (socket) => {
        void host.then(({ requests }) => socket.write(respond(requests.at(-1)?.split(' ')[1] ?? '')));
      },
      { certificate, ...options },
    );
    return host;
  };
  const read = async (port: number): Promise<string> => {
    const url = `https://lists.test:${port}/a/policy.json`;
    const source = listSource(
      {
        source: { kind: 'url', url, host: nameOf('lists.test'), port, path: '/a/policy.json' },
        keys: [],
        refreshMs: 1,
      },
      () => ({
        addresses: () => Promise.resolve({ kind: 'found', addresses: ['127.0.0.1'] }),
        context,
        userAgent: 'waxwing/0.0.0',
      }),
    );
    assert.equal(source?.name, url);
    return shown(await source.read());
  };
  const both = (path: string): string => http(path.endsWith('.sig') ? 'the signature\n' : 'the list');

  it('is fetched from the host that the certificate names, be it inside the own network, the signature first', async (t) => {
    const host = await serve(t, both);
    assert.equal(await read(host.port), 'the list signed the signature\n');
    assert.deepEqual(
      host.requests.map((head) => head.split(' ')[1]),
      ['/a/policy.json.sig', '/a/policy.json'],
    );
    assert.deepEqual(host.serverNames, ['lists.test', 'lists.test']);
  });

  it('is not asked for where the certificate is for another name, which an address inside may have', async (t) => {
    const host = await serve(t, both, { certificate: other });
    assert.match(await read(host.port), /its certificate is for other\.test, not for lists\.test$/);
    assert.deepEqual(host.requests, []);
  });

  it('is none: a signature that is too much, and it is said that it is the signature', async (t) => {
    const host = await serve(t, () => http('s'.repeat(4097)));
    assert.match(await read(host.port), /^too large: .*\/a\/policy\.json\.sig: .*more than 4096 octets$/);
    assert.equal(host.requests.length, 1);
  });

  const answers: readonly (readonly [string, string, RegExp])[] = [
    [
      'a redirect',
      http('', { Location: 'https://other.test/' }, '302 Found'),
      /answers 302 instead of 200 \(a redirect to "https:\/\/other\.test\/" is not followed\)$/,
    ],
    [
      'no such page',
      http('', {}, '404 Not Found'),
      /^https:\/\/lists\.test:[0-9]+\/a\/policy\.json answers 404 instead of 200$/,
    ],
    [
      'a content encoding',
      http('x', { 'Content-Encoding': 'gzip' }),
      /a content encoding that was not asked for$/,
    ],
    ['no end', http('x', { 'Content-Length': null }), /does not say where it ends$/],
    [
      'too much',
      http('x', { 'Content-Length': String(MAX_LIST_OCTETS + 1) }),
      /^too large: https:\/\/lists\.test:[0-9]+\/a\/policy\.json: .*more than 4194304 octets$/,
    ],
  ];
  for (const [title, answer, reason] of answers) {
    it(`is none: ${title}`, async (t) => {
      const host = await serve(t, (path) => (path.endsWith('.sig') ? http('s') : answer));
      assert.match(await read(host.port), reason);
    });
  }
});
