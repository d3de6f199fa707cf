import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isHttpRequest } from '../../../src/protocols/http-request.ts';

describe('a request of HTTP', () => {
  it('is known by its method and the space behind it, in any case', () => {
    for (const line of [
      'GET / HTTP/1.1',
      'post /x HTTP/1.0',
      'OPTIONS * HTTP/1.1',
      'PRI * HTTP/2.0',
      'CONNECT a:1',
    ])
      assert.ok(isHttpRequest(line), line);
    for (const line of ['GET', 'GETS x', 'a GET x', ' GET /', 'a NOOP', ''])
      assert.ok(!isHttpRequest(line), line);
  });
});
