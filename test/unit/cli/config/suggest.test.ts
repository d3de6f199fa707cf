import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearest, suggestKey } from '../../../../src/cli/config/suggest.ts';

it('the nearest of several candidates is meant, whatever the case', () => {
  assert.equal(nearest('conections', ['sessions', 'connections', 'connection']), 'connections');
  assert.equal(nearest('Hostname', ['data', 'hostname']), 'hostname');
});

it('a word that is like none of the candidates means none of them', () => {
  assert.equal(nearest('webhook', ['tls', 'data', 'relay']), undefined);
  assert.equal(nearest('', ['tls']), undefined);
});

it('a very long word is not compared', () => {
  assert.equal(nearest('x'.repeat(65), ['x'.repeat(65)]), undefined);
  assert.equal(nearest('x'.repeat(64), ['x'.repeat(64)]), 'x'.repeat(64));
});

it('a key of another table is found there; otherwise the table is listed', () => {
  assert.equal(suggestKey('limits', 'retry'), 'did you mean relay.retry?');
  assert.equal(suggestKey('route', 'matches'), 'did you mean route.match?');
  assert.equal(suggestKey('tls', 'memory_in_total'), 'known here: cert, key, ca, client_ca');
});
