import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { serveTextPage, type TextPage } from '../../../src/net/text-page.ts';

async function page(t: TestContext, text: () => Promise<string>, errors: string[] = []): Promise<TextPage> {
  const served = await serveTextPage({
    address: '127.0.0.1',
    port: 0,
    path: '/metrics',
    contentType: 'text/plain; version=0.0.4',
    text,
    onError: (what) => errors.push(what),
  });
  t.after(() => served.close());
  return served;
}

describe('a page of text', () => {
  it('is at its path, and nothing is elsewhere', async (t) => {
    const { port } = await page(t, () => Promise.resolve('a 1\n'));
    const got = await fetch(`http://127.0.0.1:${port}/metrics?x=1`);
    assert.equal(got.status, 200);
    assert.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4');
    assert.equal(await got.text(), 'a 1\n');
    const elsewhere = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(elsewhere.status, 404);
    assert.equal(await elsewhere.text(), 'it is at /metrics\n');
  });

  it('can be read and nothing else', async (t) => {
    const { port } = await page(t, () => Promise.resolve('a 1\n'));
    const head = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), '4');
    assert.equal(await head.text(), '');
    const posted = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST', body: 'x' });
    assert.equal(posted.status, 405);
  });

  it('that cannot be made closes the connection and says so', async (t) => {
    const errors: string[] = [];
    const { port } = await page(t, () => Promise.reject(new Error('no')), errors);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
    assert.deepEqual(errors, ['showing /metrics']);
  });

  it('says that its address is taken', async (t) => {
    const { port } = await page(t, () => Promise.resolve(''));
    await assert.rejects(
      serveTextPage({
        address: '127.0.0.1',
        port,
        path: '/',
        contentType: 'text/plain',
        text: () => Promise.resolve(''),
        onError: () => undefined,
      }),
      { code: 'EADDRINUSE' },
    );
  });
});
