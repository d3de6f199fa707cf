import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { apiApp } from '../../../../src/relay/http-api/app.ts';
import { openApiDocument } from '../../../../src/relay/http-api/openapi.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const published = JSON.parse(readFileSync('docs/schema/openapi.json', 'utf8')) as Document;

function theApp() {
  const nothing = (): never => assert.fail('nothing is asked');
  return apiApp({
    store: { list: nothing, show: nothing, nudge: nothing },
    suppressions: { list: nothing, lift: nothing },
    relay: { submit: nothing, retry: nothing, carryOut: nothing, wordsOf: nothing },
    world: { now: nothing, random: nothing },
    bodies: { read: nothing },
    once: nothing,
    limits: nothing,
    gate: { admit: nothing },
    explain: nothing,
    pulse: nothing,
    version: '0',
    onEvents: nothing,
    onError: nothing,
  });
}

describe('the OpenAPI document', () => {
  it('is the one that is published; docs/schema/openapi.json is made from it', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(openApiDocument('0'))), published);
  });

  it('is served to anybody, and made once', async (t) => {
    const app = theApp();
    const stringified = t.mock.method(JSON, 'stringify');
    const answers = [await app.request('/openapi.json'), await app.request('/openapi.json')];
    assert.equal(stringified.mock.callCount(), 0);
    for (const answer of answers) {
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.deepEqual(await answer.json(), published);
    }
  });

  it('names each route that there is, and no other', () => {
    const served = theApp()
      .routes.filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const documented = Object.entries(published.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual([...new Set(served)].toSorted(byText), documented.toSorted(byText));
  });
});

function byText(a: string, b: string): number {
  return a.localeCompare(b);
}
